"""What people decided: appended, never changed, and chained by digests so that a change from outside is found.

A decision's digest is the SHA-256 of its record: its fields and the ids of the posts that it covers, never their text,
so that a post can be erased. A link of the chain is the SHA-256 of the link before it and of the digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from semsearch.errors import Busy
from semsearch.records import Decision, Rulings
from semsearch.store.database import Store
from semsearch.store.rulings import in_force, rulings, verdicts
from semsearch.store.tables import decision_head, decision_members, decisions, posts
from semsearch.store.times import from_us, to_us

PAGE = 500


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the chain found."""

    n: int
    """Decisions that were looked at."""
    head: str
    """The end of the chain as it is stored: written down elsewhere, it shows later that nothing was rewritten."""
    first_broken: int | None = None
    """The first decision that is not as it was written, or is missing; None when the chain is whole."""
    told: str = ""
    """What is wrong with it."""


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

    def of(self, subjects: Collection[str]) -> list[Decision]:
        """Decisions about these alerts, campaigns or authors, and what undid them."""
        about = [each for each in self._read(members=False) if each.kind != "undo" and each.subject in subjects]
        numbers = {str(each.decision_id) for each in about}
        undone = [each for each in self._read(members=False) if each.kind == "undo" and each.subject in numbers]
        wanted = [each.decision_id for each in (*about, *undone)]
        return self._read(only=wanted)

    def get(self, decision_id: int) -> Decision | None:
        """One decision; None when there is none of that number."""
        return next(iter(self._read(only=[decision_id])), None)

    def rulings(self, now: datetime) -> Rulings:
        """What is in force at `now`."""
        found = self._read()
        confirmed = [each for each in verdicts(in_force(found)).values() if each.kind == "confirm"]
        return rulings(found, now, frozenset(author for author, _ in self.authors(confirmed)))

    def authors(self, confirmed: Iterable[Decision]) -> list[tuple[str, int]]:
        """(author, decision) for the covered posts of these decisions, each pair once, in that order."""
        wanted = [each.decision_id for each in confirmed]
        same = (posts.c.post_id == decision_members.c.post_id) & (posts.c.revision == decision_members.c.revision)
        joined = decision_members.join(posts, same & (posts.c.namespace == decision_members.c.namespace))
        pairs = select(posts.c.author_id, decision_members.c.decision_id).select_from(joined).distinct()
        found: list[tuple[str, int]] = []
        with self._store.reading() as connection:
            for start in range(0, len(wanted), PAGE):
                page = pairs.where(decision_members.c.decision_id.in_(wanted[start : start + PAGE]))
                found += [(author, number) for author, number in connection.execute(page)]
        return sorted(found)

    def verify(self) -> Verified:
        """Walk the whole chain; stops at the first decision that is not as it was written."""
        with self._store.reading() as connection:
            head = connection.execute(select(decision_head.c.n_decisions, decision_head.c.chain)).one_or_none()
            rows = connection.execute(select(decisions).order_by(decisions.c.decision_id)).all()
            covered = _covered(connection, None)
            namespaces = _namespaces(connection)
        chain = ""
        for expected, row in enumerate(rows, start=1):
            wrong = _wrong(row, expected, covered.pop(row.decision_id, ()), namespaces, chain)
            if wrong:
                return Verified(len(rows), head.chain if head else "", expected, wrong)
            chain = row.chain
        return _ended(head, len(rows), chain, covered)

    def _read(self, only: Sequence[int] | None = None, *, members: bool = True) -> list[Decision]:
        wanted = select(decisions).order_by(decisions.c.decision_id)
        if only is not None:
            wanted = wanted.where(decisions.c.decision_id.in_(only))
        with self._store.reading() as connection:
            rows = connection.execute(wanted).all()
            covered = _covered(connection, only) if members else {}
        return [_decision(row, covered.get(row.decision_id, ())) for row in rows]


Pairs = Sequence[tuple[str, int]]


def _insert(connection: Connection, decision: Decision, before: str) -> str:
    digest = _digest(_record(decision))
    chain = _link(before, digest)
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
            "detail": _json(dict(decision.detail)),
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


def _record(decision: Decision) -> list[Any]:
    """All that a decision says, in a fixed order."""
    until = None if decision.until is None else to_us(decision.until)
    pairs = [list(pair) for pair in decision.members]
    told = [decision.by, decision.kind, decision.subject, decision.reason, until, _json(dict(decision.detail))]
    return [decision.decision_id, to_us(decision.at), *told, len(pairs), pairs]


def _digest(record: list[Any]) -> str:
    return hashlib.sha256(_json(record).encode()).hexdigest()


def _link(before: str, digest: str) -> str:
    return hashlib.sha256(f"{before}{digest}".encode()).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _decision(row: Row[*tuple[Any, ...]], members: Pairs) -> Decision:
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


def _namespaces(connection: Connection) -> dict[int, set[str]]:
    named = decision_members.c
    found: dict[int, set[str]] = {}
    for number, namespace in connection.execute(select(named.decision_id, named.namespace).distinct()):
        found.setdefault(number, set()).add(namespace)
    return found


def _wrong(
    row: Row[*tuple[Any, ...]], expected: int, members: Pairs, namespaces: dict[int, set[str]], chain: str
) -> str:
    """What is wrong with a row; empty when it is as it was written."""
    if row.decision_id != expected:
        return "it is missing"
    told = [row.at_us, row.by, row.kind, row.subject, row.reason, row.until_us, row.detail, row.n_members]
    if _digest([expected, *told, [list(pair) for pair in members]]) != row.digest:
        return "it does not say what it said when it was made"
    if _link(chain, row.digest) != row.chain:
        return "it does not follow from the one before it"
    if namespaces.get(expected, set()) - {json.loads(row.detail).get("namespace", "")}:
        return "it covers posts of another namespace than when it was made"
    return ""


def _ended(head: Row[*tuple[Any, ...]] | None, n: int, chain: str, left: dict[int, list[tuple[str, int]]]) -> Verified:
    """The end of a chain that is whole up to decision `n`: none is missing after it, no row is left over."""
    if head is None or head.n_decisions != n:
        return Verified(n, head.chain if head else "", n + 1, "it is missing")
    if head.chain != chain:
        return Verified(n, head.chain, n, "the chain does not end with it")
    if left:
        return Verified(n, chain, min(left), "posts are said to be covered by it, and there is no such decision")
    return Verified(n, chain)
