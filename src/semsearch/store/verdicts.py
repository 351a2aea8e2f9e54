"""What LLMs said of posts: one verdict a text, profile, prompt and model. People decide; nothing here acts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, delete, func, or_, select

from semsearch.records import Post, Verdict
from semsearch.store.appending import digest_of
from semsearch.store.database import Store
from semsearch.store.tables import verdicts
from semsearch.store.times import from_us, to_us

PAGE = 1_000
"""Posts that are looked for in one statement."""
Text = tuple[str, str, bytes]
"""(namespace, post_id, digest): one text of one post, which is what a verdict is about."""
_NUSD = 1_000_000_000
"""Billionths of a US dollar."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many verdicts there are; one a text, profile, prompt and model."""

    n: int = 0
    n_flagged: int = 0
    """Those that stand."""
    n_abstained: int = 0


class Verdicts:
    """All verdicts that were kept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, given: Sequence[Verdict]) -> None:
        """Keep verdicts in one transaction; each takes the place of an earlier one of the same key.

        The key: text, profile, prompt and model. Of several with one key in `given` the last one stays.
        """
        kept = {_key(each): _row(each) for each in given}
        if not kept:
            return
        with self._store.writing() as connection:
            connection.execute(_same, [{f"of_{name}": row[name] for name in _KEY} for row in kept.values()])
            connection.execute(verdicts.insert(), list(kept.values()))

    def of(self, given: Iterable[Post]) -> dict[Text, list[Verdict]]:
        """The verdicts of these posts' texts as they are, in the order in which they were asked."""
        wanted = {text_of(post) for post in given}
        found: dict[Text, list[Verdict]] = {}
        for namespace in sorted({each[0] for each in wanted}):
            names = sorted({post_id for own, post_id, _ in wanted if own == namespace})
            for start in range(0, len(names), PAGE):
                page = (verdicts.c.namespace == namespace, verdicts.c.post_id.in_(names[start : start + PAGE]))
                for verdict in self._read(_verdicts.where(*page).order_by(*_ASKED)):
                    if about(verdict) in wanted:
                        found.setdefault(about(verdict), []).append(verdict)
        return found

    def by_author(self, author_id: str) -> list[Verdict]:
        """The verdicts of an author's posts, in the order in which they were asked."""
        return self._read(_verdicts.where(verdicts.c.author_id == author_id).order_by(*_ASKED))

    def flagged(self, namespace: str | None = None, profile_ids: Collection[str] | None = None) -> list[Verdict]:
        """What stands as spam, newest post first; with only these profiles when they are given.

        A later answer of the same profile to the same text (by another prompt or model) takes the place of an earlier
        one, an abstention does not. Several profiles may flag one text: a verdict each.
        """
        wanted = _verdicts.where(stands_as_spam())
        wanted = wanted if namespace is None else wanted.where(verdicts.c.namespace == namespace)
        wanted = wanted if profile_ids is None else wanted.where(verdicts.c.profile_id.in_(sorted(profile_ids)))
        newest = (verdicts.c.posted_us.desc(), verdicts.c.namespace, verdicts.c.post_id, *_ASKED)
        return self._read(wanted.order_by(*newest))

    def counts(self) -> dict[str, Counts]:
        """By namespace; by the index of flagged ones alone, but for those that flag."""
        by = select(verdicts.c.namespace, verdicts.c.is_spam, func.count()).group_by(
            verdicts.c.namespace, verdicts.c.is_spam
        )
        standing = select(verdicts.c.namespace, func.count()).where(stands_as_spam()).group_by(verdicts.c.namespace)
        found: dict[str, Counts] = {}
        with self._store.reading() as connection:
            for namespace, is_spam, n in connection.execute(by):
                before = found.get(namespace, Counts())
                n_abstained = n if is_spam is None else before.n_abstained
                found[namespace] = replace(before, n=before.n + n, n_abstained=n_abstained)
            for namespace, n in connection.execute(standing):
                found[namespace] = replace(found[namespace], n_flagged=n)
        return found

    def _read(self, wanted: Select[*tuple[Any, ...]]) -> list[Verdict]:
        with self._store.reading() as connection:
            return [_verdict(row) for row in connection.execute(wanted)]


_KEY = ("namespace", "post_id", "digest", "profile_id", "prompt_hash", "model")
_verdicts = select(verdicts)
_same = delete(verdicts).where(*(verdicts.c[name] == bindparam(f"of_{name}") for name in _KEY))
_ASKED = (verdicts.c.at_us, verdicts.c.profile_id, verdicts.c.prompt_hash, verdicts.c.model)
"""When a verdict was asked; what was asked at once, by name."""


def text_of(post: Post) -> Text:
    """What a verdict about this post as it is would be about; raises UsageError for text that is no UTF-8."""
    return post.namespace, post.post_id, digest_of(post)


def about(verdict: Verdict) -> Text:
    """The text that a verdict is about."""
    return verdict.namespace, verdict.post_id, verdict.digest


def stands_as_spam() -> ColumnElement[bool]:
    """Condition on a row of `verdicts`: it flags its text, and no later answer of its profile took that back.

    An answer by another prompt or model does, an abstention does not: of `spam` at 9:00, `null` at 10:00 the row of
    9:00 stands, of `spam` at 9:00, `no spam` at 10:00 none does. Of the same moment the one that denies counts.
    """
    other = verdicts.alias("other")
    same = [other.c[name] == verdicts.c[name] for name in ("namespace", "post_id", "digest", "profile_id")]
    at_once = and_(other.c.at_us == verdicts.c.at_us, other.c.is_spam.is_(False))
    later = and_(other.c.at_us > verdicts.c.at_us, other.c.is_spam.is_not(None))
    denied = select(other.c.post_id).where(*same, or_(later, at_once)).correlate(verdicts)
    return and_(verdicts.c.is_spam.is_(True), ~denied.exists())


def _key(verdict: Verdict) -> tuple[Any, ...]:
    return tuple(getattr(verdict, name) for name in _KEY)


def _row(verdict: Verdict) -> dict[str, Any]:
    told = {name: getattr(verdict, name) for name in (*_KEY, *_AS_IT_IS)}
    return told | {
        "posted_us": to_us(verdict.posted_at),
        "quotes": json.dumps(verdict.quotes, ensure_ascii=False),
        "cost_nusd": round(verdict.cost_usd * _NUSD),
        "at_us": 0 if verdict.at is None else to_us(verdict.at),
    }


_AS_IT_IS = ("author_id", "is_spam", "reason", "cause", "instructed", "n_in", "n_out")


def _verdict(row: Row[*tuple[Any, ...]]) -> Verdict:
    held = {name: getattr(row, name) for name in (*_KEY, *_AS_IT_IS)}
    return Verdict(
        **held,
        posted_at=from_us(row.posted_us),
        quotes=tuple(json.loads(row.quotes)),
        cost_usd=row.cost_nusd / _NUSD,
        at=from_us(row.at_us) if row.at_us else None,
    )
