"""Draws by stratum: how many of each, and with what probability."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.labelled import label

from semsearch.records import Facet
from semsearch.review.labelling.strata import STARTS, Stratum, allocation, draw, intents_of, rounded, values_of

SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=12)


def test_small_strata_get_more_than_their_share() -> None:
    # roots 1, 2, 7: 20 queries are 2 to a unit
    assert allocation(np.array([4, 4, 49]), 22).tolist() == pytest.approx([4, 4, 14])
    assert allocation(np.array([1, 4, 49]), 10).tolist() == pytest.approx([1, 2, 7])


def test_what_does_not_fit_a_small_stratum_goes_to_the_others() -> None:
    # 20 by roots 1, 2, 7 would be 2, 4, 14: the first has one query only, the others share 19 by 2 and 7
    assert allocation(np.array([1, 4, 49]), 20).tolist() == pytest.approx([1, 4, 15])
    assert allocation(np.array([3, 5]), 8).tolist() == [3, 5]


@given(SIZES, st.integers(0, 700), st.integers(0, STARTS - 1))
def test_whole_numbers_add_up_and_never_pass_a_stratum(sizes: list[int], n: int, start: int) -> None:
    n = min(n, sum(sizes))
    expected = allocation(np.array(sizes), n)
    counts = rounded(expected, start / STARTS)
    assert counts.sum() == n
    assert (counts >= 0).all()
    assert (counts <= sizes).all()
    assert (np.abs(counts - expected) < 1 + 1e-6).all()


def test_each_query_comes_as_often_as_its_probability_says() -> None:
    queries = {f"a{i}": ("a",) for i in range(9)} | {"b0": ("b",)}
    # roots 3 and 1: of 2 draws 1.5 are expected of the nine, 0.5 of the one
    n, seen = 4000, Counter[str]()
    for seed in range(n):
        found = draw(queries, 2, np.random.default_rng(seed))
        assert len(found.probabilities) == 2
        seen.update(found.probabilities.keys())
        for key, chance in found.probabilities.items():
            assert chance == pytest.approx(1.5 / 9 if key[0] == "a" else 0.5)
    # binomial: 4 standard errors
    assert abs(seen["b0"] / n - 0.5) < 4 * (0.25 / n) ** 0.5
    assert all(abs(seen[f"a{i}"] / n - 1 / 6) < 4 * (5 / 36 / n) ** 0.5 for i in range(9))


def test_a_draw_depends_on_the_seed_and_not_on_the_order_of_queries() -> None:
    queries = {f"q{i}": (str(i % 3),) for i in range(30)}
    found = draw(queries, 5, np.random.default_rng(1))
    turned = draw(dict(reversed(queries.items())), 5, np.random.default_rng(1))
    assert found.probabilities == turned.probabilities
    assert found.probabilities.keys() != draw(queries, 5, np.random.default_rng(2)).probabilities.keys()


def test_all_are_drawn_when_there_are_no_more_and_empty_strata_are_counted() -> None:
    queries = {"a": ("head", "x"), "b": ("head", "x"), "c": ("tail", "y")}
    found = draw(queries, None, np.random.default_rng(0))
    assert found.probabilities == {"a": 1.0, "b": 1.0, "c": 1.0}
    assert found.strata == (Stratum(("head", "x"), 2, 2, 1.0), Stratum(("tail", "y"), 1, 1, 1.0))
    assert found.without_queries == 2  # head y, tail x
    assert draw(queries, 9, np.random.default_rng(0)).probabilities == found.probabilities


def test_what_a_query_is_comes_from_its_table_then_the_log_its_hits_and_labels() -> None:
    shoes, bags = {"category": "fashion > shoes", "region_id": "01"}, {"category": "fashion > bags"}
    hits = {
        "nike": [shoes, bags, {"category": "toys"}],
        "rare": [{"category": "a"}, {"category": "b"}, {"category": "c"}],
        "bare": [{}],
    }
    found = values_of(hits, columns={"region": {"rare": "seoul"}}, bands={"nike": "head"}, intents={"nike": "brand"})
    assert found == {
        "nike": ("head", "fashion", "01", "brand"),
        "rare": ("tail", "several", "seoul", "unknown"),
        "bare": ("tail", "unknown", "unknown", "unknown"),
    }
    assert values_of({"bare": [{}]}, columns={}, bands=None, intents={})["bare"][0] == "unknown"


def test_the_intent_of_a_query_is_the_core_that_the_newest_facets_name() -> None:
    shoes = Facet("item", "운동화", True)
    first = label(facets=(shoes,), origin="facets")
    later = label(facets=(shoes, Facet("brand", "나이키", True)), origin="facets", minute=1)
    assert intents_of([later, first]) == {"에어팟 프로": "brand"}
    assert intents_of([first, label(minute=2)]) == {"에어팟 프로": "item"}
    assert intents_of([label()]) == {}
