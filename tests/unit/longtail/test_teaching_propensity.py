"""How often a position is looked at: counts that can be worked out by hand, and a market that knows the truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from semsearch.longtail.teaching.propensity import MIN_PAIRS, MOST, Propensities, _filled, fitted, propensities
from semsearch.records import Interaction, schema
from semsearch.simulate import market

START = datetime(2026, 3, 1, tzinfo=UTC)
LATER = START + timedelta(days=90)


def rows(*groups: tuple[str, str, int | None, int, int]) -> pl.LazyFrame:
    """A log of groups: query, item, position, times shown, times clicked."""
    made = [
        {"ts": START, "actor_id": f"u{n}", "kind": kind, "query": query, "item_id": item, "position": position}
        for query, item, position, shown, clicked in groups
        for kind, times in (("impression", shown), ("click", clicked))
        for n in range(times)
    ]
    return pl.DataFrame(made, schema=schema(Interaction)).lazy()


def fit(*table: tuple[int, int, float, float]) -> list[float]:
    pair, place, shown, clicks = np.array(table).T
    return fitted(pair.astype(int), place.astype(int), shown, clicks).tolist()


def test_a_look_is_half_as_likely_where_the_same_item_is_clicked_half_as_often() -> None:
    assert fit((0, 0, 100, 40), (0, 1, 100, 20)) == pytest.approx([1.0, 0.5], abs=1e-4)


def test_items_that_are_shown_low_because_they_attract_less_do_not_hide_the_looks() -> None:
    # Attraction 0.8 and 0.1, looks 1 and 0.5; the good one mostly on top, the bad one mostly below.
    table = ((0, 0, 90, 72.0), (0, 1, 10, 4.0), (1, 0, 10, 1.0), (1, 1, 90, 4.5))
    assert fit(*table) == pytest.approx([1.0, 0.5], abs=1e-4)
    clicks, shown = (72 + 1, 4 + 4.5), (100, 100)
    assert (clicks[1] / shown[1]) / (clicks[0] / shown[0]) < 0.12  # what counting alone would say


def test_a_chain_of_pairs_joins_positions_that_no_pair_was_shown_at_together() -> None:
    looks = fit((0, 0, 100, 50), (0, 1, 100, 25), (1, 1, 100, 50), (1, 2, 100, 25))
    assert looks == pytest.approx([1.0, 0.5, 0.25], abs=1e-3)


def test_a_position_that_nobody_clicked_is_unknown_and_takes_that_of_the_one_above() -> None:
    looks = np.array(fit((0, 0, 100, 50), (0, 1, 100, 25), (0, 2, 100, 0)))
    assert np.isnan(looks[2])
    assert _filled(looks, np.array([500.0, 500.0, 0.0])).tolist() == pytest.approx([1.0, 0.5, 0.5], abs=1e-4)
    assert _filled(np.array([1.0, 3.0, 0.4]), np.array([99.0, 2.0, 60.0])).tolist() == [1.0, 1.0, 0.4]
    assert _filled(np.array([1.0, 3.0]), np.array([1.0, 2.0])).tolist() == [1.0, 1.0]


def test_the_simulated_markets_looks_are_found_from_its_log_alone() -> None:
    made = market(1500, seed=906, n_searches=25_000, per_kind=1)
    found = propensities(made.interactions.lazy(), before=made.end)
    truth = np.arange(1, 13) ** -0.7
    assert not found.told
    assert len(found.looks) == 12
    assert found.looks == pytest.approx(truth, rel=0.12)
    shuffled = made.interactions.sample(fraction=1.0, shuffle=True, seed=1)
    assert propensities(shuffled.lazy(), before=made.end).looks == pytest.approx(found.looks, abs=1e-9)


def enough(position: int | None = 2) -> list[tuple[str, str, int | None, int, int]]:
    """Pairs enough: shown twice at 1 with two clicks, twice below with one."""
    return [
        (f"q{n}", "i", place, 2, clicks) for n in range(MIN_PAIRS) for place, clicks in ((1, 2), (position, 1))
    ]  # fmt: skip


def test_what_comes_after_the_moment_is_not_read() -> None:
    log = rows(*enough())
    later = log.with_columns(pl.lit(LATER).alias("ts"), pl.lit(1, pl.Int64).alias("position").cast(pl.Int32))
    both = pl.concat([log, later.select(log.collect_schema().names()).cast(log.collect_schema())])
    assert propensities(both, before=LATER) == propensities(log, before=LATER)
    assert propensities(log, before=LATER).looks == pytest.approx((1.0, 0.5), abs=1e-3)


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (rows(), "the log has no impressions with a position"),
        (rows(("q", "i", None, 9, 3)), "the log has no impressions with a position"),
        (rows(("q", "i", 0, 9, 3)), "the log has no impressions with a position"),
        (rows(("q", "i", 1, 0, 3)), "the log has no impressions with a position"),
        (rows(*enough(1)), "only 0 clicked pairs of query and item were shown at more than one position"),
        (rows(*enough()[2:]), f"only {MIN_PAIRS - 1} clicked pairs of query and item"),
    ],
)
def test_without_enough_to_see_nothing_is_corrected_and_it_says_so(log: pl.LazyFrame, told: str) -> None:
    found = propensities(log, before=LATER)
    assert told in found.told
    assert found.weights(pl.Series([1, 7, None], dtype=pl.Int32), 10.0).tolist() == [1.0, 1.0, 1.0]


def test_clicks_weigh_as_much_as_their_position_is_overlooked_up_to_a_cap() -> None:
    looks = Propensities((1.0, 0.5, 0.04))
    weights = looks.weights(pl.Series([1, 2, 3, 50, None, 0], dtype=pl.Int32), 10.0)
    assert weights.tolist() == [1.0, 2.0, 10.0, 10.0, 1.0, 1.0]


def test_positions_without_end_do_not_make_a_table_without_end() -> None:
    assert len(propensities(rows(*enough(2_000_000)), before=LATER).looks) == MOST
