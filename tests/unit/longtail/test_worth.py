"""How well each part alone tells failures, by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from semsearch.longtail.predictors import PREDICTORS
from semsearch.longtail.worth import FEWEST, auc, worth


def test_the_area_counts_pairs_in_order_and_ties_half():
    values = np.array([1.0, 2.0, 2.0, 3.0] * FEWEST)
    failed = np.array([False, False, True, True] * FEWEST)
    # pairs: (1,2) above, (1,3) above, (2,2) tie, (2,3) above: 3.5 of 4
    assert auc(values, failed) == pytest.approx(3.5 / 4)


def test_the_area_equals_the_library():
    rng = np.random.default_rng(3)
    values, failed = rng.integers(0, 9, 500).astype(float), rng.random(500) < 0.2
    assert auc(values, failed) == pytest.approx(roc_auc_score(failed, values))


def test_too_few_on_one_side_say_nothing():
    failed = np.arange(100) < FEWEST - 1
    assert auc(np.arange(100.0), failed) is None


def test_parts_that_read_the_engagements_are_left_out_and_unknown_values_passed_over():
    n = 40
    columns = {predictor.name: [None, *np.linspace(0, 1, n - 1)] for predictor in PREDICTORS}
    columns["engaged_missed"] = [0.0] * (n // 2) + [1.0] * (n // 2)
    rows = {row["name"]: row for row in worth(pl.DataFrame(columns))}
    assert set(rows) == {predictor.name for predictor in PREDICTORS if not predictor.needs_log}
    assert (rows["mismatch"]["n"], rows["mismatch"]["n_failed"], rows["mismatch"]["auc"]) == (n - 1, n // 2, 1.0)
