"""Distinct vectors and the map from rows to them."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.errors import UsageError
from semsearch.index.dense import best, ordered
from semsearch.index.vectors import Vectors, distinct

A, B, C, ZERO = [1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.0, 0.0]


def rows(*vectors):
    return np.array(vectors, np.float32)


def test_each_distinct_vector_once_in_order_of_first_appearance():
    vectors = distinct("e1", rows(B, A, ZERO, B, C))
    np.testing.assert_array_equal(vectors.matrix, rows(B, A, C))
    assert vectors.vector_of.tolist() == [0, 1, -1, 0, 2]
    assert (vectors.n_items, vectors.n_vectors, vectors.n_empty, vectors.plain) == (5, 3, 1, False)
    assert vectors.rows_of(np.array([0, 2])).tolist() == [0, 3, 4]


def test_minus_zero_is_zero():
    assert distinct("e1", rows([1.0, 0.0], [1.0, -0.0])).n_vectors == 1


def test_scores_are_cosines_and_minus_infinity_without_a_vector():
    vectors = distinct("e1", rows(A, ZERO, C))
    query = np.array([0.8, 0.6], np.float32)
    # 1·0.8; none; 0.6·0.8 + 0.8·0.6
    np.testing.assert_allclose(vectors.scores(query, np.arange(3)), [0.8, -np.inf, 0.96], atol=1e-6)
    np.testing.assert_array_equal(vectors.all_scores(query), vectors.scores(query, np.arange(3)))


def test_background_is_the_mean_cosine_with_distinct_vectors():
    vectors = distinct("e1", rows(A, A, B))
    assert vectors.background(np.array([0.6, 0.8], np.float32)) == pytest.approx((0.6 + 0.8) / 2)


def test_saved_vectors_open_equal(tmp_path):
    made = distinct("e1", rows(B, A, ZERO, B))
    made.save(tmp_path)
    found = Vectors.open(tmp_path)
    np.testing.assert_array_equal(found.matrix, made.matrix)
    np.testing.assert_array_equal(found.vector_of, made.vector_of)
    np.testing.assert_array_equal(found.centre, made.centre)
    assert found.encoder_id == "e1"


def test_one_row_is_not_a_matrix():
    with pytest.raises(UsageError, match="shape"):
        distinct("e1", np.array(A, np.float32))


def test_best_keeps_all_ties_of_the_last_place():
    scores = np.array([1, 3, 2, 2, 2, -np.inf], np.float32)
    assert sorted(best(scores, 2).tolist()) == [1, 2, 3, 4]
    assert sorted(best(scores, 9).tolist()) == [0, 1, 2, 3, 4]
    assert best(np.full(4, -np.inf, np.float32), 2).size == 0


def test_ordered_breaks_ties_by_row():
    ranked = ordered(np.array([7, 3, 5]), np.array([1, 1, 2], np.float32), 2)
    assert ranked.rows.tolist() == [5, 3]
