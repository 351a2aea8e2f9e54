"""Positive examples from hand-made engagements; times are minutes after one start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.evaluation.attribution import Share
from semsearch.records import Item, schema
from semsearch.settings import LogSettings
from semsearch.training.log.examples import Examples, examples

START = datetime(2026, 1, 1, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")
COLUMNS = {
    "ts": TIME, "asked_at": TIME, "actor_id": pl.String, "session_id": pl.String, "kind": pl.String,
    "query": pl.String, "item_id": pl.String, "region_id": pl.String,
}  # fmt: skip
REWARDS = LogSettings(window_s=3600.0)
LIVES = {"i1": (None, None), "i2": (None, None), "i3": (None, None), "late": (50, None), "ended": (0, 10)}


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def row(minute, kind="chat", item="i1", query="폰", actor="a", session="s", region="1", ts=None) -> tuple:
    return (at(minute if ts is None else ts), at(minute), actor, session, kind, query, item, region)


def engaged(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=COLUMNS, orient="row")


ITEMS = pl.DataFrame(
    [(item, *(None if m is None else at(m) for m in life)) for item, life in LIVES.items()],
    schema={name: schema(Item)[name] for name in ("item_id", "created_at", "ended_at")},
    orient="row",
)


def made(*rows: tuple, side="query", arm="both") -> Examples:
    return examples(engaged(*rows), ITEMS, side, arm, REWARDS)


def pairs(result: Examples) -> list[tuple]:
    return result.frame.select("key", "item_id").rows()


def test_the_arm_decides_what_counts_and_the_reward_how_much():
    rows = [row(n, kind, item=f"i{n}") for n, kind in ((1, "chat"), (2, "click"), (3, "favorite"))]
    rows.append(row(4, "purchase", item="i1", actor="b"))
    weights = {
        arm: made(*rows, arm=arm).frame.select("item_id", "weight").rows() for arm in ("chats", "clicks", "both")
    }
    click = pytest.approx(0.1)
    assert weights["chats"] == [("i1", 1.0), ("i1", 1.0)]
    assert weights["clicks"] == [("i2", click), ("i3", 0.5)]
    assert weights["both"] == [("i1", 1.0), ("i2", click), ("i3", 0.5), ("i1", 1.0)]
    assert made(*rows).frame.schema["weight"] == pl.Float32


def test_a_kind_of_weight_zero_does_not_count():
    result = examples(engaged(row(1, "click"), row(2)), ITEMS, "query", "both", LogSettings(click=0.0))
    assert (result.counts.n_rows, result.counts.n_counted, result.frame["kind"].to_list()) == (2, 1, ["chat"])


def test_the_key_is_the_query_in_the_search_view():
    result = made(
        row(1, query="iPhone １４"), row(2, query=" iphone 14 ", item="i2"), row(3, query="\u200b"), row(4, query=None)
    )
    assert pairs(result) == [("iphone 14", "i1"), ("iphone 14", "i2")]
    assert result.frame.select("query", "region_id").rows()[0] == ("iPhone １４", "1")
    assert result.counts.dropped["no key"] == 2


def test_repeated_engagements_merge_into_the_earliest_of_the_highest_weight():
    rows = [row(1, "click"), row(2, "chat"), row(3, "chat", region="2"), row(4, "click", actor="b")]
    result = made(*rows)
    assert result.frame.select("kind", "asked_at", "actor_id").rows() == [("chat", at(2), "a"), ("click", at(4), "b")]
    assert (result.counts.n_counted, result.counts.n_merged, result.counts.n_examples) == (4, 2, 2)
    assert (result.counts.n_keys, result.counts.n_actors, result.counts.n_items) == (1, 2, 1)


def test_impossible_rows_are_dropped_and_counted_by_their_first_reason():
    result = made(
        row(1, item="gone"), row(49, item="late"), row(50, item="late"), row(9.9, item="ended"),
        row(10, item="ended"), row(1, item="gone", query=None),
    )  # fmt: skip
    assert pairs(result) == [("폰", "ended"), ("폰", "late")]
    assert result.counts.dropped == {"no key": 1, "unknown item": 1, "not created yet": 1, "ended": 1}


def test_a_chat_after_the_item_ended_counts_when_its_click_came_before():
    assert pairs(made(row(9, item="ended", ts=12))) == [("폰", "ended")]


@pytest.mark.parametrize("side", ["query", "item", "actor"])
def test_nothing_one_row_and_an_empty_catalogue_are_answered(side):
    assert len(made(side=side).frame) == 0
    assert len(made(row(1), side=side).frame) == (0 if side == "item" else 1)
    none = examples(engaged(row(1)), ITEMS.clear(), side, "both", REWARDS)
    assert (len(none.frame), none.counts.n_examples, sum(none.counts.dropped.values())) == (0, 0, 1)


def test_shares_are_handed_through():
    shares = {"chat": Share(3, 0, 2, 1)}
    assert examples(engaged(), ITEMS, "query", "chats", REWARDS, shares=shares).counts.shares == shares


def test_an_item_is_asked_with_the_one_before_it():
    rows = [
        row(1, "click", "i1"), row(2, "click", "i2"), row(2, "chat", "i2"), row(3, "click", "i2"),
        row(4, "click", "i1"), row(9, "click", "i3", actor="b"),
    ]  # fmt: skip
    clicks = made(*rows, side="item")
    assert clicks.frame.select("key", "anchor_id", "item_id", "kind", "asked_at").rows() == [
        ("i1", "i1", "i2", "chat", at(2)), ("i2", "i2", "i1", "click", at(4)),
    ]  # fmt: skip
    # a click is enough of a look to ask with, but only chats count as wanted
    assert pairs(made(*rows, side="item", arm="chats")) == [("i1", "i2")]


@pytest.mark.parametrize(
    ("minute", "of_first", "of_second", "n"),
    [(61, "s", "s", 1), (62, "s", "s", 0), (2, "s", "t", 0), (2, None, "t", 1), (2, None, None, 1)],
)
def test_an_anchor_is_of_the_same_session_and_within_the_window(minute, of_first, of_second, n):
    rows = row(1, item="i1", session=of_first), row(minute, item="i2", session=of_second)
    assert len(made(*rows, side="item").frame) == n


def test_an_anchor_that_is_not_in_the_catalogue_is_unknown_but_may_have_ended():
    dropped = made(row(1, item="gone"), row(2, item="i1"), side="item").counts.dropped
    assert (dropped["no key"], dropped["unknown item"]) == (1, 1)
    assert pairs(made(row(9, item="ended"), row(20, item="i1"), side="item")) == [("ended", "i1")]


def test_an_actor_is_asked_with_himself():
    result = made(row(1, query=None), row(2, item="i2"), row(3, query="책"), side="actor")
    assert pairs(result) == [("a", "i1"), ("a", "i2")]
    assert "query" not in result.frame.columns


ROW = st.builds(
    row, st.integers(0, 60), st.sampled_from(["click", "favorite", "chat"]), st.sampled_from([*LIVES, "gone"]),
    st.sampled_from(["폰", "책", None]), st.sampled_from(["a", "b"]), st.sampled_from(["s", "t", None]),
    st.sampled_from(["1", None]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ROW, max_size=12), st.sampled_from(["query", "item", "actor"]),
    st.sampled_from(["chats", "clicks", "both"]), st.randoms(use_true_random=False),
)  # fmt: skip
def test_row_order_never_matters_and_every_row_is_accounted_for(rows, side, arm, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = made(*rows, side=side, arm=arm), made(*shuffled, side=side, arm=arm)
    assert one.frame.equals(other.frame)
    assert one.counts == other.counts
    c = one.counts
    assert c.n_counted == sum(c.dropped.values()) + c.n_merged + c.n_examples
    assert not one.frame.select("key", "item_id", "actor_id").is_duplicated().any()
    if side == "item":
        assert (one.frame["key"] != one.frame["item_id"]).all()
