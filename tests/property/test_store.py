"""No byte of a decision changes unnoticed; what is appended again adds nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from semsearch.records import Decision, Post
from semsearch.store.chain import walk
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TABLES = {
    "decisions": (
        *("decision_id", "at_us", "by", "kind", "subject", "reason", "until_us", "detail", "n_members"),
        *("digest", "chain"),
    ),
    "decision_members": ("decision_id", "post_id", "revision", "namespace"),
    "decision_head": ("n_decisions", "chain"),
}


class UndoneError(Exception):
    """Takes a change back."""


@pytest.fixture(scope="module")
def decided() -> Iterator[Store]:
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "moderation.sqlite", now=NOW) as store:
        posts = tuple((f"p{n}", n % 2) for n in range(4))
        about = {"namespace": "listing", "campaign": "c1"}
        Decisions(store).append(
            Decision(0, NOW, "민지", "confirm", "a1", posts, "같은 번호", None, about),
            Decision(0, NOW, "joon", "snooze", "a2", posts[:1], "", NOW + timedelta(days=3), about),
            Decision(0, NOW, "joon", "undo", "1"),
            Decision(0, NOW, "민지", "allow", "u1", (), "shop", NOW + timedelta(days=9)),
        )
        yield store


def changed(value: Any, at: int, bit: int) -> Any:
    """`value` with one bit turned; a missing one becomes a number."""
    if value is None:
        return 1 << bit
    if isinstance(value, int):
        return value ^ (1 << bit)
    raw = bytearray(value.encode())
    if not raw:
        return bytes([1 << bit])
    raw[at % len(raw)] ^= 1 << bit
    return bytes(raw)


def change(connection: Connection, table: str, column: str, row: int, at: int, bit: int) -> None:
    for name in ("decisions", "decision_members"):
        for kind in ("update", "delete"):
            connection.exec_driver_sql(f"DROP TRIGGER {name}_no_{kind}")
    rows = connection.exec_driver_sql(f'SELECT rowid, "{column}" FROM {table} ORDER BY rowid').all()
    rowid, value = rows[row % len(rows)]
    new = changed(value, at, bit)
    put = "CAST(? AS TEXT)" if isinstance(new, bytes) else "?"
    connection.exec_driver_sql(f'UPDATE OR REPLACE {table} SET "{column}" = {put} WHERE rowid = ?', (new, rowid))


@pytest.mark.parametrize(("table", "column"), [(table, name) for table, names in TABLES.items() for name in names])
@settings(max_examples=25, deadline=None)
@given(row=st.integers(0, 9), at=st.integers(0, 99), bit=st.integers(0, 7))
def test_one_changed_bit_is_found(decided: Store, table: str, column: str, row: int, at: int, bit: int) -> None:
    with pytest.raises(UndoneError), decided.writing() as connection:
        change(connection, table, column, row, at, bit)
        assert walk(connection).first_broken is not None
        raise UndoneError
    assert Decisions(decided).verify().first_broken is None


@pytest.mark.parametrize("table", ["decisions", "decision_members"])
def test_a_deleted_row_is_found(decided: Store, table: str) -> None:
    with decided.reading() as connection:
        n = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
    for row in range(n):
        with pytest.raises(UndoneError), decided.writing() as connection:
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_delete")
            rowids = connection.exec_driver_sql(f"SELECT rowid FROM {table} ORDER BY rowid").scalars().all()
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE rowid = ?", (rowids[row],))
            assert walk(connection).first_broken is not None
            raise UndoneError


posts = st.builds(
    lambda number, text, minute, revision: Post(
        "listing", f"p{number}", "u", NOW + timedelta(minutes=minute), text, revision
    ),
    st.integers(0, 2), st.sampled_from("ABC"), st.integers(-2, 4), st.none() | st.none() | st.integers(0, 3),
)  # fmt: skip


def read(journal: Journal) -> list[tuple[int, Post]]:
    return [(seq, post) for batch in journal.batches("listing", 0) for seq, post in batch]


def journal_of(batches: Sequence[Sequence[Post]]) -> tuple[list[tuple[int, Post]], list[Any]]:
    """What the journal holds after these batches, and what the same posts add when they come once more."""
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "moderation.sqlite", now=NOW) as store:
        journal = Journal(store)
        for batch in batches:
            journal.append(batch)
        held = read(journal)
        again = [journal.append(batch) for batch in batches]
        assert read(journal) == held
        return held, again


@settings(max_examples=20, deadline=None)
@given(stream=st.lists(posts, max_size=14), cuts=st.lists(st.integers(0, 14), max_size=4))
def test_appending_again_adds_nothing_and_batches_do_not_matter(stream: list[Post], cuts: list[int]) -> None:
    ends = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    held, again = journal_of([stream[start:end] for start, end in pairwise(ends)])
    assert all(each.n_new == each.n_revised == 0 for each in again)
    assert journal_of([stream])[0] == held
