"""What models answered, by the content of the question: an answer that is here is never paid for again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from semsearch.store.database import Store
from semsearch.store.tables import llm_answers
from semsearch.store.times import from_us, to_us

PAGE = 500
"""Answers that are looked for in one statement."""
_columns = (
    llm_answers.c.key,
    llm_answers.c.at_us,
    llm_answers.c.prompt_id,
    llm_answers.c.prompt_hash,
    llm_answers.c.model,
    llm_answers.c.content,
    llm_answers.c.finish,
    llm_answers.c.n_in,
    llm_answers.c.n_out,
    llm_answers.c.cost_nusd,
)
_insert = insert(llm_answers)
_wanted = select(*_columns).where(llm_answers.c.key.in_(bindparam("keys", expanding=True)))


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One answer as it came, before anything was read out of it: a refusal and a cut answer were paid for too."""

    key: str
    at: datetime
    """UTC; when it came."""
    prompt_id: str
    prompt_hash: str
    model: str
    content: str
    """The words of the model."""
    finish: str
    """Why they end: stop, length, content_filter; refusal for one that the endpoint marked so."""
    n_in: int
    """Tokens that were sent; 0 when the endpoint does not count."""
    n_out: int
    """Tokens that came back; 0 when the endpoint does not count."""
    cost_nusd: int
    """Billionths of a US dollar, with attempts that failed and may be billed."""


class Answers:
    """The answers of one workspace; threads may read and one may write at the same time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, keys: Collection[str]) -> dict[str, KeptAnswer]:
        """The answers that are kept under these keys."""
        wanted = sorted(set(keys))
        found: dict[str, KeptAnswer] = {}
        if not wanted:
            return found
        with self._store.reading() as connection:
            for start in range(0, len(wanted), PAGE):
                for key, at_us, *rest in connection.execute(_wanted, {"keys": wanted[start : start + PAGE]}):
                    found[key] = KeptAnswer(key, from_us(at_us), *rest)
        return found

    def keep(self, rows: Iterable[KeptAnswer], *, waits: bool = True) -> None:
        """Keep answers in one transaction; of two with one key the first stays.

        They outlive a killed process when this returns; a loss of power before the next decision, verdict or scan may
        cost the last of them. Raises UsageError for a full disk, Busy when another process writes all the while (at
        once, unless it `waits`); then none is kept.
        """
        given = [_values(row) for row in rows]
        try:
            with self._store.writing(at_once=False, waits=waits) as connection:
                connection.execute(_insert, given)
        except IntegrityError:  # another process asked the same at the same time
            self._keep_fresh(given, waits=waits)

    def _keep_fresh(self, given: Sequence[Mapping[str, object]], *, waits: bool) -> None:
        fresh = {row["key"]: row for row in reversed(given)}
        with self._store.writing(at_once=False, waits=waits) as connection:
            for key in connection.execute(_wanted, {"keys": list(fresh)}).scalars():
                del fresh[key]
            if fresh:
                connection.execute(_insert, list(fresh.values()))


def _values(row: KeptAnswer) -> dict[str, object]:
    return {
        "key": row.key,
        "at_us": to_us(row.at),
        "prompt_id": row.prompt_id,
        "prompt_hash": row.prompt_hash,
        "model": row.model,
        "content": row.content,
        "finish": row.finish,
        "n_in": row.n_in,
        "n_out": row.n_out,
        "cost_nusd": row.cost_nusd,
    }
