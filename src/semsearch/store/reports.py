"""Reports and sanctions that others made. The id is of the content: what is read again adds nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

from sqlalchemy import Connection, func, select

from semsearch.records import Report
from semsearch.store.chain import text_of
from semsearch.store.database import Store
from semsearch.store.tables import reports
from semsearch.store.times import from_us, to_us

PAGE = 1_000
"""Reports that are looked for in one statement."""
ZONE_STEP_US, ZONES_US = 15 * 60 * 1_000_000, 26 * 3_600 * 1_000_000
"""Time zones are whole quarters of an hour apart, 26 hours at most."""


@dataclass(frozen=True, slots=True)
class Added:
    """What adding came to; `n_new + n_known + n_copies` are the reports that came."""

    n_new: int
    n_known: int
    """There before."""
    n_copies: int
    """Said twice among those that came."""
    n_total: int
    """There now."""
    digest: str
    """Of all that is there, whatever the order in which it came."""
    n_moved: int = 0
    """New ones that were there before but for their time: as of a file that was read with another time zone."""
    moved_us: int = 0
    """By how much most of these are later than what was there, in microseconds; negative for earlier."""


@dataclass(frozen=True, slots=True)
class Pointing:
    """An account, a route that pointed at it, and when it did so first."""

    author_id: str
    route: str
    """As it was imported."""
    kind: str
    """report or sanction."""
    at_us: int
    """Microseconds UTC."""


class Reports:
    """All that was imported."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, given: Iterable[Report]) -> Added:
        """Keep reports in one transaction, page by page."""
        n_came = 0
        new: set[str] = set()
        known: set[str] = set()
        moved: Counter[int] = Counter()
        coming = iter(given)
        with self._store.writing() as connection:
            while page := list(islice(coming, PAGE)):
                n_came += len(page)
                rows = {report_id(each): each for each in page}
                known |= _known(connection, list(rows)) - new
                fresh = {key: each for key, each in rows.items() if key not in known and key not in new}
                if fresh:
                    moved.update(_moved(connection, fresh.values(), new))
                    connection.execute(reports.insert(), [_row(key, each) for key, each in fresh.items()])
                new |= fresh.keys()
            n_total, digest = _all(connection)
        counts = (len(new), len(known), n_came - len(new) - len(known), n_total)
        return Added(*counts, digest, moved.total(), moved.most_common(1)[0][0] if moved else 0)

    def of(self, author_id: str) -> list[Report]:
        """What was said of one account, oldest first."""
        wanted = _reports.where(reports.c.author_id == author_id).order_by(reports.c.at_us, reports.c.report_id)
        with self._store.reading() as connection:
            return [_report(row) for row in connection.execute(wanted)]

    def pointings(self) -> list[Pointing]:
        """Each account, route and kind once, with the first time."""
        by = (reports.c.author_id, reports.c.route, reports.c.kind)
        wanted = select(*by, func.min(reports.c.at_us)).group_by(*by).order_by(*by)
        with self._store.reading() as connection:
            return [Pointing(*row) for row in connection.execute(wanted)]


def report_id(report: Report) -> str:
    """Of all that a report says, 32 hex digits."""
    told = [report.author_id, to_us(report.at), report.kind, report.route]
    return hashlib.sha256(text_of([*told, report.namespace, report.post_id, report.reason]).encode()).hexdigest()[:32]


_FIELDS = tuple("at_us" if each.name == "at" else each.name for each in fields(Report))
_reports = select(*(reports.c[name] for name in _FIELDS))


def _row(key: str, report: Report) -> dict[str, Any]:
    told = {each.name: getattr(report, each.name) for each in fields(Report) if each.name != "at"}
    return told | {"report_id": key, "at_us": to_us(report.at)}


def _report(row: Sequence[Any]) -> Report:
    author_id, at_us, *rest = row
    return Report(author_id, from_us(at_us), *rest)


def _known(connection: Connection, keys: Sequence[str]) -> set[str]:
    return set(connection.scalars(select(reports.c.report_id).where(reports.c.report_id.in_(keys))))


def _moved(connection: Connection, fresh: Iterable[Report], new: Collection[str]) -> list[int]:
    """Of each that differs from one there before (not `new`) by what two time zones can: later by how much."""
    given = list(fresh)
    named = select(reports.c.report_id, *_reports.selected_columns)
    before: dict[tuple[object, ...], list[int]] = {}
    for key, *row in connection.execute(named.where(reports.c.author_id.in_({each.author_id for each in given}))):
        if key not in new:
            report = _report(row)
            before.setdefault(_but_time(report), []).append(to_us(report.at))
    found = []
    for each in given:
        later = [to_us(each.at) - at_us for at_us in before.get(_but_time(each), ())]
        apart = [us for us in later if us % ZONE_STEP_US == 0 and abs(us) <= ZONES_US]
        found += sorted(apart, key=abs)[:1]
    return found


def _but_time(report: Report) -> tuple[object, ...]:
    return report.author_id, report.kind, report.route, report.namespace, report.post_id, report.reason


def _all(connection: Connection) -> tuple[int, str]:
    """How many there are, and the digest of their ids in order."""
    whole = hashlib.sha256()
    keys = connection.scalars(select(reports.c.report_id).order_by(reports.c.report_id)).all()
    for key in keys:
        whole.update(key.encode())
    return len(keys), whole.hexdigest()[:32]
