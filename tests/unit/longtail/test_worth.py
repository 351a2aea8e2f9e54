"""How well each part alone tells failures, by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from semsearch.longtail.predictors import PREDICTORS
from semsearch.longtail.worth import FEWEST, worth


def table(values: np.ndarray, missed: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({p.name: values for p in PREDICTORS} | {"engaged_missed": missed})


@pytest.mark.parametrize("n_failed", [FEWEST - 1, 100 - FEWEST + 1])
def test_too_few_on_one_side_say_nothing(n_failed: int):
    missed = (np.arange(100) < n_failed).astype(float)
    assert {row["auc"] for row in worth(table(np.arange(100.0), missed))} == {None}


def test_parts_that_read_the_engagements_are_left_out_and_unknown_values_passed_over():
    n = 40
    columns = {predictor.name: [None, *np.linspace(0, 1, n - 1)] for predictor in PREDICTORS}
    columns["engaged_missed"] = [0.0] * (n // 2) + [1.0] * (n // 2)
    rows = {row["name"]: row for row in worth(pl.DataFrame(columns))}
    assert set(rows) == {predictor.name for predictor in PREDICTORS if not predictor.needs_log}
    assert (rows["mismatch"]["n"], rows["mismatch"]["n_failed"], rows["mismatch"]["auc"]) == (n - 1, n // 2, 1.0)
