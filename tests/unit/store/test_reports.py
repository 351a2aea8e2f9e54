"""Reports of others: kept once by content, in whole transactions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from semsearch.records import Report
from semsearch.store.database import Store
from semsearch.store.reports import Pointing, Reports
from semsearch.store.times import to_us

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ONE = Report("u1", NOW, "report", "이용자 신고", "listing", "p1", "도배")
TWO = Report("u1", NOW - timedelta(days=1), "sanction", "키워드 룰")


def test_what_is_read_again_adds_nothing(store: Store) -> None:
    reports = Reports(store)
    first = reports.add([ONE, TWO, ONE])
    assert (first.n_new, first.n_known, first.n_copies, first.n_total) == (2, 0, 1, 2)
    again = reports.add([TWO, ONE, TWO, replace(ONE, reason="")])
    assert (again.n_new, again.n_known, again.n_copies, again.n_total) == (1, 2, 1, 3)
    oldest, *same_time = reports.of("u1")
    assert (oldest, set(same_time)) == (TWO, {ONE, replace(ONE, reason="")})
    assert reports.of("u2") == []


def test_the_same_at_a_time_of_another_zone_is_counted(store: Store) -> None:
    reports = Reports(store)
    first = reports.add([ONE, TWO, replace(ONE, at=NOW + timedelta(hours=1))])
    assert (first.n_moved, first.moved_us) == (0, 0)  # only what was there before counts
    hour = timedelta(hours=1)
    again = reports.add([
        replace(TWO, at=TWO.at - 9 * hour),
        replace(ONE, at=NOW - 9 * hour),
        replace(ONE, at=NOW + 3 * hour, reason="x"),
        replace(ONE, at=NOW + timedelta(minutes=7)),
        replace(TWO, at=TWO.at + 27 * hour),
    ])  # fmt: skip
    assert (again.n_new, again.n_moved, again.moved_us) == (5, 2, -9 * 3_600_000_000)


def test_every_field_makes_another_report(store: Store) -> None:
    changes = (
        {"author_id": "u2"}, {"at": NOW + timedelta(microseconds=1)}, {"kind": "sanction"}, {"route": "x"},
        {"namespace": None}, {"post_id": None}, {"reason": "x"}, {"namespace": "p1", "post_id": "listing"},
    )  # fmt: skip
    assert Reports(store).add([ONE, *(replace(ONE, **change) for change in changes)]).n_new == 9


def test_the_digest_is_of_what_is_there_whatever_the_order(store: Store, tmp_path) -> None:
    with Store.open(tmp_path / "other.sqlite", now=NOW) as second:
        Reports(second).add([TWO])
        assert Reports(second).add([ONE]).digest == Reports(store).add([ONE, TWO]).digest
        assert Reports(second).add([replace(ONE, author_id="u2")]).digest != Reports(store).add([]).digest


def test_each_account_route_and_kind_has_its_first_time(store: Store) -> None:
    Reports(store).add([ONE, replace(ONE, at=NOW + timedelta(days=1)), TWO])
    assert Reports(store).pointings() == [
        Pointing("u1", "이용자 신고", "report", to_us(NOW)),
        Pointing("u1", "키워드 룰", "sanction", to_us(TWO.at)),
    ]


def test_what_breaks_on_the_way_keeps_nothing(store: Store) -> None:
    def coming() -> Iterator[Report]:
        yield from (replace(ONE, author_id=f"u{n}") for n in range(1_500))
        raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        Reports(store).add(coming())
    assert Reports(store).pointings() == []
    many = [replace(ONE, author_id=f"u{n % 1_200}") for n in range(2_400)]
    added = Reports(store).add(many)
    assert (added.n_new, added.n_known, added.n_copies) == (1_200, 0, 1_200)
