"""Head, torso and tail by hand-counted searches."""

from __future__ import annotations

from typing import get_args

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from semsearch.evaluation.demand import BANDS, bands, n_searches
from semsearch.settings import LongtailSettings
from semsearch.training.gate.bands import joined_bands


def test_the_head_makes_up_half_and_the_torso_reaches_four_fifths():
    # 100 searches; middles of their spans: 0.25, 0.575, 0.75, and the three single ones share 0.985
    counted = {"아이폰": 50, "갤럭시": 15, "노트북": 20, "a": 5, "b": 5, "c": 5}
    assert bands(counted) == {
        "아이폰": "head", "노트북": "torso", "갤럭시": "torso", "a": "tail", "b": "tail", "c": "tail",
    }  # fmt: skip


def test_one_query_that_is_most_of_the_demand_is_head():
    assert bands({"아이폰": 80, "갤럭시": 20}) == {"아이폰": "head", "갤럭시": "tail"}


def test_queries_asked_equally_often_share_a_band_and_asked_once_or_never_is_tail():
    assert set(bands({str(n): 2 for n in range(9)}).values()) == {"head"}
    assert set(bands({str(n): 1 for n in range(9)}).values()) == {"tail"}
    assert bands({"a": 3, "never": 0}) == {"a": "head", "never": "tail"}
    assert bands({"never": 0}) == {"never": "tail"}
    assert bands({}) == {}


def test_searches_are_counted_in_the_search_view():
    log = pl.DataFrame(
        {
            "kind": ["search", "search", "search", "click", "search", "search"],
            "query": ["iPhone 14", " IPHONE  14", "ㅋㅋ", "iphone 14", None, " "],
        }
    )
    assert n_searches(log) == {"iphone 14": 2, "ㅋㅋ": 1}
    assert n_searches(log.clear().lazy()) == {}


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 9)), st.randoms(use_true_random=False))
def test_bands_fall_with_demand_and_do_not_depend_on_order(counted, random):
    pairs = list(counted.items())
    random.shuffle(pairs)
    found = bands(counted)
    assert list(found.items()) == list(bands(dict(pairs)).items())
    place = {"head": 0, "torso": 1, "tail": 2}
    ranks = [place[band] for band in found.values()]
    assert ranks == sorted(ranks)
    assert [counted[query] for query in found] == sorted(counted.values(), reverse=True)


def test_settings_and_cohorts_know_the_same_bands():
    each = get_args(LongtailSettings.model_fields["bands"].annotation)[0]
    assert get_args(each) == BANDS
    assert tuple(joined_bands(dict.fromkeys(reversed(BANDS), 30), 30)) == BANDS
