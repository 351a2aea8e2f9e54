"""The chain of digests over decisions, and the walk that finds what was changed from outside.

A decision's digest is the SHA-256 of its record: its fields and the ids of the posts that it covers, never their text,
so that a post can be erased. A link of the chain is the SHA-256 of the link before it and of the digest. One row beside
the decisions keeps their number and the last link, so that missing last ones are noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, Table, Text, cast, select

from semsearch.records import Decision
from semsearch.store.tables import decision_head, decision_members, decisions
from semsearch.store.times import to_us

Covered = tuple[str, int, str]
"""(post_id, revision, namespace)."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the chain found."""

    n: int
    """Decisions that are there."""
    head: str
    """The end of the chain."""
    first_broken: int | None = None
    """The first decision that is not as it was written, or is missing; None when the chain is whole."""
    told: str = ""
    """What is wrong with it."""


def record(decision: Decision) -> list[Any]:
    """All that a decision says, in a fixed order."""
    until = None if decision.until is None else to_us(decision.until)
    told = [decision.by, decision.kind, decision.subject, decision.reason, until, text_of(dict(decision.detail))]
    namespace = decision.detail.get("namespace", "")
    covered = [[post_id, revision, namespace] for post_id, revision in decision.members]  # in the tables' order
    return [decision.decision_id, to_us(decision.at), *told, len(covered), covered]


def digest_of(told: list[Any]) -> str:
    """Of a record, 64 hex digits."""
    return hashlib.sha256(text_of(told).encode()).hexdigest()


def link(before: str, digest: str) -> str:
    """The chain after a decision, from the chain before it and its digest."""
    return hashlib.sha256(f"{before}{digest}".encode()).hexdigest()


def text_of(value: Any) -> str:
    """`value` as the one JSON text that says it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def walk(connection: Connection) -> Verified:
    """Look at every decision, oldest first; stops at the first that is not as it was written."""
    rows = _raw(connection, decisions)
    head = (_raw(connection, decision_head) or [{"n_decisions": 0, "chain": ""}])[0]
    covered: dict[int, list[Covered]] = {}
    for one in _raw(connection, decision_members):
        covered.setdefault(one["decision_id"], []).append((one["post_id"], one["revision"], one["namespace"]))
    chain = ""
    for number, row in enumerate(rows, start=1):
        wrong = _wrong(row, number, covered.pop(number, ()), chain)
        if wrong:
            return Verified(len(rows), head["chain"], number, wrong)
        chain = row["chain"]
    return _ended(head, len(rows), chain, covered)


def _raw(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """All rows by their key; text is read as bytes, of which those that are no UTF-8 any more stay visible."""
    wanted: list[ColumnElement[Any]] = [
        cast(column, LargeBinary).label(column.name) if isinstance(column.type, Text) else column
        for column in table.columns
    ]
    rows = connection.execute(select(*wanted).order_by(*table.primary_key.columns)).mappings()
    return [{name: _text(value) for name, value in row.items()} for row in rows]


def _text(value: Any) -> Any:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _wrong(row: Mapping[str, Any], number: int, covered: Sequence[Covered], chain: str) -> str:
    """What is wrong with a row; empty when it is as it was written."""
    if row["decision_id"] != number:
        return "it is missing"
    names = ("at_us", "by", "kind", "subject", "reason", "until_us", "detail", "n_members")
    told = [number, *(row[name] for name in names), [list(one) for one in covered]]
    if digest_of(told) != row["digest"]:
        return "it does not say what it said when it was made"
    if link(chain, row["digest"]) != row["chain"]:
        return "it does not follow from the one before it"
    return ""


def _ended(head: Mapping[str, Any], n: int, chain: str, left: Mapping[int, Sequence[Covered]]) -> Verified:
    """The end of a chain that is whole up to decision `n`: none is missing after it, no row is left over."""
    if head["n_decisions"] > n:
        return Verified(n, head["chain"], n + 1, "it is missing")
    if head["n_decisions"] < n or head["chain"] != chain:
        return Verified(n, head["chain"], max(n, 1), "the chain as it was noted last does not end with it")
    if left:
        return Verified(n, chain, min(left), "there is no such decision, but posts that it should cover")
    return Verified(n, chain)
