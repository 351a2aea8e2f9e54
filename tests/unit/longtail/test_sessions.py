"""Which session each search and engagement is in, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.longtail.sessions import SILENCE_S, in_sessions

START = datetime(2026, 3, 1, tzinfo=UTC)
TEXTS = {"actor_id": pl.String, "session_id": pl.String, "key": pl.String}
Row = tuple[int, str, str | None, str]


def frame(rows: list[Row], time: str) -> pl.DataFrame:
    given = [(START + timedelta(seconds=at), *rest) for at, *rest in rows]
    return pl.DataFrame(given, schema={time: pl.Datetime("us", "UTC"), **TEXTS}, orient="row")


def sessions(searches: list[Row], engaged: list[Row] = []) -> list[tuple[str, bool, str]]:  # noqa: B006 - only read
    later = frame(engaged, "asked_at").with_columns((pl.col("asked_at") + timedelta(days=9)).alias("ts"))
    found = in_sessions(frame(searches, "ts"), later)
    return found.select("key", "engaged", "session").rows()


def test_silence_ends_a_session_and_whatever_an_actor_does_is_no_silence() -> None:
    found = sessions(
        [
            (0, "a", None, "x"),
            (2 * SILENCE_S, "a", None, "y"),
            (3 * SILENCE_S + 1, "a", None, "z"),
            (0, "b", None, "x"),
        ],
        [(SILENCE_S, "a", None, "x")],
    )
    assert found == [
        ("x", False, "a 1"),
        ("x", True, "a 1"),
        ("y", False, "a 1"),
        ("z", False, "a 2"),
        ("x", False, "b 1"),
    ]


def test_the_session_of_the_log_is_taken_and_that_of_the_search_before() -> None:
    searches = [(0, "a", "s1", "x"), (5, "a", "s2", "y"), (9, "a", None, "z")]
    engaged = [(0, "a", None, "x"), (6, "a", None, "x"), (7, "a", "s3", "y"), (9, "a", None, "z"), (9, "a", None, "w")]
    found = [(key, session) for key, is_engaged, session in sessions(searches, engaged) if is_engaged]
    assert sorted(found) == [("w", "a 1"), ("x", "s1"), ("x", "s1"), ("y", "s3"), ("z", "a 1")]


rows = st.lists(
    st.tuples(
        st.integers(0, 9000), st.sampled_from("ab"), st.sampled_from(["s1", "s2", None]), st.sampled_from("xyz")
    ),
    max_size=12,
)  # fmt: skip


@given(rows, rows)
@settings(deadline=None)
def test_every_row_is_in_one_and_the_order_of_rows_does_not_matter(searches: list[Row], engaged: list[Row]) -> None:
    found = sessions(searches, engaged)
    assert len(found) == len(searches) + len(engaged)
    assert found == sessions(searches[::-1], engaged[::-1])
    assert None not in {session for _, _, session in found}
