"""Which click a chat belongs to: hand-made logs, minutes after one start."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.evaluation.attribution import Attribution, attribute
from semsearch.records import Interaction, schema

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR_S = 3600.0


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def row(minute, kind, item="i1", query=None, actor="a", session="s", region=None) -> Interaction:
    return Interaction(at(minute), actor, kind, query, item, session, region_id=region)


def frame(*rows: Interaction) -> pl.DataFrame:
    names = list(schema(Interaction))
    return pl.DataFrame([[getattr(r, n) for n in names] for r in rows], schema=schema(Interaction), orient="row")


def chats(result: Attribution) -> list[tuple]:
    kept = result.engagements.filter(pl.col("kind") != "click")
    return [(q, (t - START).total_seconds() / 60) for q, t in kept.select("query", "asked_at").iter_rows()]


def test_a_chat_takes_query_time_and_region_of_the_last_click_on_its_item():
    log = frame(
        row(0, "click", query="아이폰", region="1"),
        row(5, "click", query="아이폰 14", region="1"),
        row(6, "click", item="i2", query="갤럭시"),
        row(7, "click", query="폰", actor="b"),
        row(9, "chat"),
        row(12, "click", query="later"),
    )
    result = attribute(log, HOUR_S)
    assert chats(result) == [("아이폰 14", 5)]
    assert result.engagements.filter(pl.col("kind") == "chat")["region_id"].to_list() == ["1"]
    assert (result.shares["chat"].n, result.shares["chat"].n_attributed, result.shares["chat"].share) == (1, 1, 1.0)
    assert result.engagements["ts"].is_sorted()


def test_a_row_with_a_query_keeps_it_and_its_own_time():
    result = attribute(frame(row(0, "click", query="a"), row(1, "favorite", query="b"), row(2, "favorite")), HOUR_S)
    assert chats(result) == [("b", 1), ("a", 0)]
    share = result.shares["favorite"]
    assert (share.n, share.n_own, share.n_attributed, share.share) == (2, 1, 1, 1.0)


@pytest.mark.parametrize(("minute", "query"), [(60, "폰"), (60.01, None)])
def test_the_window_is_counted_to_its_end(minute, query):
    result = attribute(frame(row(0, "click", query="폰"), row(minute, "purchase")), HOUR_S)
    assert chats(result) == [(query, 0 if query else minute)]


@pytest.mark.parametrize(
    ("of_click", "of_chat", "query"),
    [("s", "s", "폰"), ("s", "t", None), (None, "t", "폰"), ("s", None, "폰"), (None, None, "폰"), ("", " ", "폰")],
)
def test_sessions_must_agree_where_both_are_known(of_click, of_chat, query):
    result = attribute(frame(row(0, "click", query="폰", session=of_click), row(1, "chat", session=of_chat)), HOUR_S)
    assert chats(result)[0][0] == query


def test_the_later_click_counts_whether_or_not_it_names_its_session():
    log = frame(
        row(0, "click", query="named"), row(1, "click", query="unnamed", session=None), row(2, "chat"),
        row(3, "click", query="other", session="t"), row(4, "click", query="named again"), row(5, "chat"),
    )  # fmt: skip
    assert chats(attribute(log, HOUR_S)) == [("unnamed", 1), ("named again", 4)]


def test_a_click_in_a_feed_hands_down_its_time_but_no_query():
    result = attribute(frame(row(0, "click", query="폰"), row(3, "click", query=" "), row(4, "chat")), HOUR_S)
    assert chats(result) == [(None, 3)]
    assert result.shares["chat"].share == 0


def test_clocks_that_run_backwards_are_counted_and_not_attributed():
    result = attribute(frame(row(1, "chat"), row(2, "click", query="폰"), row(200, "click", item="i2")), HOUR_S)
    assert chats(result) == [(None, 1)]
    assert (result.shares["chat"].n_attributed, result.shares["chat"].n_early) == (0, 1)


def test_at_the_same_moment_the_click_counts_and_of_two_the_last_by_query():
    log = frame(row(0, "chat"), row(0, "click", query="a"), row(0, "click", query="b"), row(0, "click"))
    assert chats(attribute(log, HOUR_S)) == [("b", 0)]
    assert chats(attribute(log.reverse(), HOUR_S)) == [("b", 0)]


def test_incomplete_rows_are_counted_and_other_kinds_passed_over():
    log = frame(
        row(0, "search", item=None, query="폰"), row(0, "impression", query="폰"), row(0, "swipe"),
        row(1, "click", item=None, query="폰"), row(2, "chat", item=None),
        Interaction(at(3), None, "chat", item_id="i1"), Interaction(None, "a", "chat", item_id="i1"),  # type: ignore[arg-type]
    )  # fmt: skip
    result = attribute(log, HOUR_S)
    assert (len(result.engagements), result.n_incomplete) == (0, 4)
    assert math.isnan(result.shares["chat"].share)


def test_an_empty_log_has_no_engagement():
    result = attribute(frame(), HOUR_S)
    assert result.engagements.columns[:3] == ["ts", "asked_at", "actor_id"]
    assert len(result.engagements) == 0


def test_a_lazy_log_and_unused_columns_give_the_same():
    log = frame(row(0, "click", query="폰"), row(1, "chat"))
    slim = log.drop("position", "n_results", "surface", "arm").lazy()
    assert attribute(slim, HOUR_S).engagements.equals(attribute(log, HOUR_S).engagements)


ROWS = st.builds(
    row,
    st.integers(0, 90),
    st.sampled_from(["click", "click", "favorite", "chat", "purchase", "impression"]),
    st.sampled_from(["i1", "i2", None]),
    st.sampled_from(["폰", "노트북", "", None]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["s", "t", None]),
    st.sampled_from(["1", None]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, max_size=12), st.randoms(use_true_random=False))
def test_row_order_never_matters_and_every_row_is_kept_once(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = attribute(frame(*rows), HOUR_S), attribute(frame(*shuffled), HOUR_S)
    assert one.engagements.equals(other.engagements)
    assert one.shares == other.shares
    assert len(one.engagements) + one.n_incomplete == sum(r.kind != "impression" for r in rows)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, max_size=12))
def test_the_joins_agree_with_a_plain_loop(rows):
    def expected(wanted: Interaction) -> tuple:
        fits = [
            c for c in rows
            if c.kind == "click" and c.item_id == wanted.item_id and c.actor_id == wanted.actor_id
            and timedelta(0) <= wanted.ts - c.ts <= timedelta(hours=1)
            and (c.session_id is None or wanted.session_id is None or c.session_id == wanted.session_id)
        ]  # fmt: skip
        if (wanted.query or "") or not fits:
            return ((wanted.query or None), wanted.ts), {(wanted.query or None)}
        last = max(c.ts for c in fits)
        return ((wanted.query or None), last), {c.query or None for c in fits if c.ts == last}

    found = attribute(frame(*rows), HOUR_S).engagements.filter(pl.col("kind") != "click")
    waiting = [r for r in rows if r.kind in ("favorite", "chat", "purchase") and r.item_id]
    assert sorted(t for (_, t), _ in map(expected, waiting)) == sorted(found["asked_at"].to_list())
    for given_row in waiting:
        (_, when), queries = expected(given_row)
        mine = found.filter(
            (pl.col("ts") == given_row.ts) & (pl.col("kind") == given_row.kind) & (pl.col("asked_at") == when)
            & (pl.col("actor_id") == given_row.actor_id) & (pl.col("item_id") == given_row.item_id)
        )  # fmt: skip
        assert queries & set(mine["query"].to_list())
