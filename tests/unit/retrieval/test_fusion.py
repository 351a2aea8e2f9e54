"""Fusion by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.index.dense import Ranked
from semsearch.retrieval.fusion import Weights, convex, enough_of, reciprocal_rank, union, unit

DENSE = Ranked(np.array([4, 2, 9]), np.array([0.9, 0.5, 0.1], np.float32))
LEXICAL = Ranked(np.array([2, 7]), np.array([8.0, 4.0], np.float32))


def test_reciprocal_rank():
    fused = reciprocal_rank(DENSE, LEXICAL, 10)
    # 2: 1/62 + 1/61; 4: 1/61; 7: 1/62; 9: 1/63
    assert fused.rows.tolist() == [2, 4, 7, 9]
    assert fused.scores == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62, 1 / 63])


def test_reciprocal_rank_breaks_ties_by_row_and_cuts():
    one = Ranked(np.array([5]), np.array([1.0], np.float32))
    other = Ranked(np.array([3]), np.array([1.0], np.float32))
    assert reciprocal_rank(one, other, 1).rows.tolist() == [3]


def test_convex():
    rows = union(DENSE, LEXICAL)
    assert rows.tolist() == [2, 4, 7, 9]
    dense = np.array([0.5, 0.9, -np.inf, 0.1], np.float32)  # 7 has no vector
    lexical = np.array([8, 0, 4, 0], np.float32)
    fused = convex(rows, dense, lexical, background=0.1, n=10, weights=Weights(dense=0.5))
    # dense: (s - 0.1) / 0.8 is 0.5, 1, 0, 0; lexical: s / 8 is 1, 0, 0.5, 0
    assert fused.rows.tolist() == [2, 4, 7, 9]
    assert fused.scores == pytest.approx([0.75, 0.5, 0.25, 0.0], abs=1e-6)


def test_from_enough_upwards_words_decide_and_cosines_break_ties():
    rows = np.array([1, 2, 3, 4])
    dense = np.array([0.9, 0.6, 0.5, 0.3], np.float32)
    lexical = np.array([4, 8, 8, 0], np.float32)
    fused = convex(rows, dense, lexical, background=0.1, enough=0.5, n=10, weights=Weights(dense=0.5))
    # dense: 1, 1, 1, 0.5 plus ties; lexical: 0.5, 1, 1, 0
    assert fused.rows.tolist() == [2, 3, 1, 4]
    assert fused.scores == pytest.approx([1.0, 1.0, 0.75, 0.25], abs=1e-3)
    assert fused.scores[0] > fused.scores[1]


def test_enough_is_a_rank_of_the_dense_leg():
    assert enough_of(DENSE, Weights(enough=2)) == pytest.approx(0.5)
    assert enough_of(DENSE, Weights(enough=50)) == pytest.approx(0.1)
    assert enough_of(Ranked(np.zeros(0, np.int64), np.zeros(0, np.float32))) == np.inf


def test_unit_of_nothing_above_the_floor_is_zero():
    assert unit(np.array([0.1, -np.inf], np.float32), 0.2).tolist() == [0, 0]
    assert unit(np.zeros(0, np.float32), 0.0).size == 0


scores = st.lists(st.floats(0.5, 100, width=32), min_size=1, max_size=20)


@given(scores, st.floats(0.5, 20))
def test_convex_does_not_change_with_the_scale_of_a_leg(values, factor):
    rows = np.arange(len(values))
    near = np.linspace(0.1, 0.9, len(values)).astype(np.float32)
    one = convex(rows, near, np.array(values, np.float32), background=0.0, n=5)
    other = convex(rows, near, np.array(values, np.float32) * np.float32(factor), background=0.0, n=5)
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)


@given(st.permutations(list(range(12))))
def test_reciprocal_rank_is_symmetric_in_the_legs(order):
    a = Ranked(np.array(order[:8]), np.linspace(1, 0, 8).astype(np.float32))
    b = Ranked(np.array(order[4:]), np.linspace(1, 0, 8).astype(np.float32))
    one, other = reciprocal_rank(a, b, 12), reciprocal_rank(b, a, 12)
    assert one.rows.tolist() == other.rows.tolist()
