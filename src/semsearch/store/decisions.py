"""What people decided: appended, never changed, and chained (see `store.chain`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from semsearch.errors import Busy
from semsearch.records import Decision, Rulings
from semsearch.store.chain import Verified, digest_of, link, record, text_of, walk
from semsearch.store.database import Store
from semsearch.store.rulings import MOVES, in_force, rulings, standing
from semsearch.store.tables import decision_head, decision_members, decisions, posts
from semsearch.store.times import from_us, to_us

__all__ = ["Decisions", "Verified"]
PAGE = 500
"""Decisions that one statement looks for."""


class Decisions:
    """All decisions, oldest first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, *given: Decision, after: int | None = None) -> tuple[Decision, ...]:
        """Keep decisions in one transaction, numbered on from the last one; their own `decision_id` is not looked at.

        `after` is the `version()` that they were made on: raises Busy when somebody has decided since.
        """
        with self._store.writing() as connection:
            head = connection.execute(select(decision_head.c.n_decisions, decision_head.c.chain)).one()
            if after is not None and head.n_decisions != after:
                raise Busy("Somebody decided at the same time.", "Next: look again: semsearch alerts list")
            number, chain = head
            kept = []
            for decision in given:
                number += 1
                numbered = replace(decision, decision_id=number, members=tuple(sorted(set(decision.members))))
                chain = _insert(connection, numbered, chain)
                kept.append(numbered)
            connection.execute(update(decision_head).values(n_decisions=number, chain=chain))
        return tuple(kept)

    def version(self) -> int:
        """Number of the last decision; 0 when there is none. Cheap: a scan asks before every batch."""
        with self._store.reading() as connection:
            return connection.scalar(select(decision_head.c.n_decisions)) or 0

    def all(self) -> list[Decision]:
        """Every decision, undone ones and undoings too."""
        return self._read()

    def rulings(self, now: datetime, namespace: str | None = None) -> Rulings:
        """What is in force at `now`; moved posts only of `namespace`, as the id of a post is unique in one alone."""
        forced = in_force(self._read(members=False))
        confirmed = [each for held in standing(forced).values() for each in held if each.kind == "confirm"]
        moves = [each for each in forced if each.kind in MOVES and namespace in (None, each.detail["namespace"])]
        found = [each for each in forced if each.kind not in MOVES]
        found += self._read(only=[each.decision_id for each in moves])
        found.sort(key=lambda each: each.decision_id)
        return rulings(found, now, frozenset(author for author, _, _ in self.authors(confirmed)))

    def authors(self, confirmed: Iterable[Decision]) -> list[tuple[str, int, int]]:
        """(author, decision, posts) for the covered posts of these decisions, each pair once, in that order."""
        wanted = [each.decision_id for each in confirmed]
        same = (posts.c.post_id == decision_members.c.post_id) & (posts.c.revision == decision_members.c.revision)
        joined = decision_members.join(posts, same & (posts.c.namespace == decision_members.c.namespace))
        by = (posts.c.author_id, decision_members.c.decision_id)
        pairs = select(*by, func.count()).select_from(joined).group_by(*by)
        found: list[tuple[str, int, int]] = []
        with self._store.reading() as connection:
            for start in range(0, len(wanted), PAGE):
                page = pairs.where(decision_members.c.decision_id.in_(wanted[start : start + PAGE]))
                found += [(author, number, n) for author, number, n in connection.execute(page)]
        return sorted(found)

    def verify(self) -> Verified:
        """Walk the whole chain; stops at the first decision that is not as it was written."""
        with self._store.reading() as connection:
            return walk(connection)

    def _read(self, only: Sequence[int] | None = None, *, members: bool = True) -> list[Decision]:
        wanted = select(decisions).order_by(decisions.c.decision_id)
        if only is not None:
            wanted = wanted.where(decisions.c.decision_id.in_(only))
        with self._store.reading() as connection:
            rows = connection.execute(wanted).all()
            covered = _covered(connection, only) if members else {}
        return [_decision(row, covered.get(row.decision_id, ())) for row in rows]


def _insert(connection: Connection, decision: Decision, before: str) -> str:
    digest = digest_of(record(decision))
    chain = link(before, digest)
    connection.execute(
        decisions.insert(),
        {
            "decision_id": decision.decision_id,
            "at_us": to_us(decision.at),
            "by": decision.by,
            "kind": decision.kind,
            "subject": decision.subject,
            "reason": decision.reason,
            "until_us": None if decision.until is None else to_us(decision.until),
            "detail": text_of(dict(decision.detail)),
            "n_members": len(decision.members),
            "digest": digest,
            "chain": chain,
        },
    )
    namespace = decision.detail.get("namespace", "")
    rows = [(decision.decision_id, post_id, revision, namespace) for post_id, revision in decision.members]
    if rows:
        connection.exec_driver_sql(str(decision_members.insert().compile(dialect=connection.dialect)), rows)
    return chain


def _decision(row: Row[*tuple[Any, ...]], members: Sequence[tuple[str, int]]) -> Decision:
    until = None if row.until_us is None else from_us(row.until_us)
    told = (row.by, row.kind, row.subject, tuple(members), row.reason, until, json.loads(row.detail))
    return Decision(row.decision_id, from_us(row.at_us), *told)


def _covered(connection: Connection, only: Sequence[int] | None) -> dict[int, list[tuple[str, int]]]:
    """Covered posts by decision, sorted."""
    named = decision_members.c
    wanted = select(named.decision_id, named.post_id, named.revision)
    if only is not None:
        wanted = wanted.where(named.decision_id.in_(only))
    found: dict[int, list[tuple[str, int]]] = {}
    for number, post_id, revision in connection.execute(
        wanted.order_by(named.decision_id, named.post_id, named.revision)
    ):
        found.setdefault(number, []).append((post_id, revision))
    return found
