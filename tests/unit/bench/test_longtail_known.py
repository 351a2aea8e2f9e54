"""Areas of induced failures, by hand."""

import math

import polars as pl
from bench.longtail_known import BEST, COMBINED, NAMES, PLAIN, Result, area_cell

NAN = float("nan")


def queries(kind, failing, values):
    given = dict.fromkeys((*NAMES, COMBINED), [0.5] * len(values)) | {PLAIN: values}
    return pl.DataFrame({"kind": [kind] * len(values), "failing": failing, **given})


def test_areas_of_a_kind_and_beside_clean_queries():
    typo = queries("typo", [True] * 5 + [False] * 5, [2.0] * 5 + [1.0] * 4 + [2.0])
    clean = queries("clean", [False] * 10 + [True], [1.0] * 10 + [9.0])
    result = Result(pl.concat([typo, clean]))
    # within: 4 of 5 others are lower, one ties; with clean 10 more are lower, the failing clean query is left out
    assert result.areas("typo")[PLAIN] == 0.9
    assert result.areas("typo", with_clean=True)[PLAIN] == (14 + 0.5) / 15
    assert result.areas("typo")[COMBINED] == 0.5
    assert result.areas("typo")[BEST] == 0.9
    assert math.isnan(result.areas("clean")[PLAIN])  # one failure is too few


def test_few_failures_are_pooled():
    assert area_cell([NAN, 0.8, 0.7]) == "0.700 (pooled)"
    assert area_cell([NAN, NAN, NAN]) == "-"
    assert area_cell([0.5, 0.5, NAN, 0.9]) == "0.500 [0.500, 0.500] (2 of 3 seeds)"
