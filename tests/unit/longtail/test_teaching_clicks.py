"""Clicks to pairs, on a log small enough to work out every weight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.longtail.teaching.clicks import MOST, Clicked, clicked
from semsearch.longtail.teaching.propensity import Propensities
from semsearch.longtail.teaching.routing import route
from semsearch.records import Interaction, Item, schema
from semsearch.settings import Settings
from semsearch.training.log.evidence import Evidence

START = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE = START + timedelta(minutes=1000)
LOOKS = Propensities((1.0, 0.5, 0.02))


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


ITEMS = pl.DataFrame(
    {
        "item_id": ["i1", "i2", "gone"],
        "created_at": [None, None, None],
        "ended_at": [None, None, at(0)],
    },
    schema={name: schema(Item)[name] for name in ("item_id", "created_at", "ended_at")},
)


def click(
    minute: float,
    actor: str,
    item: str = "i1",
    position: int | None = 1,
    query: str | None = "에어팟",
    kind: str = "click",
) -> dict[str, Any]:
    return {
        "ts": at(minute), "actor_id": actor, "kind": kind, "query": query, "item_id": item, "position": position,
        "region_id": f"r{actor}",
    }  # fmt: skip


def cleaned(rows: list[dict[str, Any]], keys: tuple[str, ...] = ("에어팟",), looks: Propensities = LOOKS) -> Clicked:
    log = pl.DataFrame(rows, schema=schema(Interaction)).lazy()
    chosen = Settings()
    evidence = Evidence.of(log, ITEMS, "query", "chats", chosen.log)
    return clicked(evidence, ITEMS, keys, looks, chosen, before=BEFORE)


def weights(found: Clicked) -> dict[tuple[str, str], float]:
    return {(key, item): weight for key, item, weight in found.pairs.select("key", "item_id", "weight").iter_rows()}


def test_each_actor_counts_once_for_the_position_that_he_clicked_first() -> None:
    found = cleaned([click(1, "a", position=2), click(2, "a", position=1), click(3, "a"), click(4, "b")])
    assert weights(found) == {("에어팟", "i1"): 2.0 + 1.0}
    assert found.pairs["n_actors"].to_list() == [2]
    assert (found.counts.n_clicks, found.counts.n_repeated, found.counts.n_pairs) == (4, 2, 1)


def test_a_rare_position_counts_for_no_more_than_the_cap() -> None:
    found = cleaned([click(1, "a", position=3), click(2, "b", position=9), click(3, "c", position=None)])
    assert weights(found) == {("에어팟", "i1"): MOST + MOST + 1.0}


def test_a_favorite_is_the_click_before_it() -> None:
    rows = [click(1, "a", position=2), click(2, "a", position=None, kind="favorite"), click(3, "b")]
    assert weights(cleaned(rows)) == {("에어팟", "i1"): 3.0}


def test_a_query_needs_several_actors_in_all_not_a_pair() -> None:
    one = [click(1, "a"), click(2, "a", "i2")]
    assert cleaned(one).pairs.is_empty()
    assert (cleaned(one).counts.n_few, cleaned(one).counts.n_taught) == (1, 0)
    assert set(weights(cleaned([*one, click(3, "b", "i2")]))) == {("에어팟", "i1"), ("에어팟", "i2")}


def test_only_living_items_before_the_moment_and_only_of_the_queries_that_were_asked_for() -> None:
    rows = [
        click(1, "a"), click(2, "b"), click(3, "a", "gone"), click(4, "a", "unknown"), click(5, "a", query="의자"),
        click(6, "a", query=None), click(1000, "c"), click(1001, "a", "i2"), click(7, "a", kind="chat", query=None),
    ]  # fmt: skip
    found = cleaned(rows, ("에어팟", "없는 말"))
    assert weights(found) == {("에어팟", "i1"): 2.0}
    assert (found.counts.n_keys, found.counts.n_without, found.counts.n_taught) == (2, 1, 1)


def test_spellings_of_one_key_are_one_query_and_the_last_one_speaks() -> None:
    found = cleaned([click(1, "a", query="  에어팟 "), click(2, "b", query="에어팟", kind="click")])
    row = found.pairs.row(0, named=True)
    assert (row["key"], row["weight"], row["actor_id"], row["region_id"]) == ("에어팟", 2.0, "b", "rb")
    assert row["asked_at"] == at(2)


def test_without_correction_every_actor_weighs_one() -> None:
    found = cleaned([click(1, "a", position=9), click(2, "b", position=1)], looks=Propensities(told="no impressions"))
    assert weights(found) == {("에어팟", "i1"): 2.0}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            click,
            st.integers(0, 999),
            st.sampled_from("abc"),
            st.sampled_from(["i1", "i2", "gone"]),
            st.sampled_from([1, 2, 3, None]),
            st.sampled_from(["에어팟", "에어팟 ", "의자"]),
        ),
        max_size=12,
        unique_by=lambda row: (row["ts"], row["actor_id"], row["item_id"]),
    ),
    st.randoms(use_true_random=False),
)
def test_weights_lie_between_one_an_actor_and_the_cap_and_the_order_of_rows_is_nothing(rows: list, random: Any) -> None:
    keys = ("에어팟", "의자")
    found = cleaned(rows, keys)
    for weight, n in found.pairs.select("weight", "n_actors").iter_rows():
        assert n <= weight <= MOST * n
    assert found.pairs.select("key", "item_id").is_unique().all()
    counts = found.counts
    assert counts.n_taught + counts.n_few + counts.n_without == counts.n_keys == 2
    other = list(rows)
    random.shuffle(other)
    assert cleaned(other, keys).pairs.equals(found.pairs)


# --- routing ---------------------------------------------------------------------------------


def scanned(*chances: float | None) -> pl.DataFrame:
    return pl.DataFrame({"key": [f"q{n}" for n in range(len(chances))], "chance": pl.Series(chances, dtype=pl.Float64)})


def test_queries_at_the_bound_or_above_are_routed_and_unknown_ones_are_not() -> None:
    assert route(scanned(0.9, 0.5, 0.49, None, float("nan"))[::-1], 0.5) == ["q0", "q1"]


@pytest.mark.parametrize(
    ("chances", "told"), [((0.2, 0.31), "the highest is 0.31"), ((), "none was scanned"), ((None,), "none was scanned")]
)
def test_nothing_above_the_bound_is_told_with_what_there_was(chances: tuple, told: str) -> None:
    with pytest.raises(UsageError, match=told) as raised:
        route(scanned(*chances), 0.5)
    assert "Next: semsearch" in str(raised.value)
