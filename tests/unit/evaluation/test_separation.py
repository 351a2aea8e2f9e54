"""The area under the ROC curve, by hand and beside a library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from semsearch.evaluation.separation import auc


def area(values: list[float], wanted: list[int]) -> float:
    return auc(np.array(values, np.float64), np.array(wanted, bool))


def test_pairs_in_order_count_and_ties_half() -> None:
    # 2 wanted × 2 others: 3 > 1, 3 > 2, 2 > 1, and 2 against 2 is half
    assert area([3, 2, 1, 2], [1, 1, 0, 0]) == 3.5 / 4
    assert area([0, 1], [1, 0]) == 0
    assert area([5, 5, 5], [1, 0, 0]) == 0.5


@pytest.mark.parametrize("wanted", [[1, 1], [0, 0], []])
def test_without_one_side_there_is_no_area(wanted: list[int]) -> None:
    assert math.isnan(area([0.0, 1.0][: len(wanted)], wanted))


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=40))
def test_it_is_that_of_sklearn(rows: list[tuple[float, int]]) -> None:
    values, wanted = zip(*rows, strict=True)
    if len(set(wanted)) == 2:
        assert area(list(values), list(wanted)) == pytest.approx(roc_auc_score(wanted, values))
