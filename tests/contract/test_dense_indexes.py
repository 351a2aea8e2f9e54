"""Every dense index against exact search written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.errors import MismatchError, UsageError
from semsearch.index.exact import ExactIndex
from semsearch.index.hnsw import HnswIndex, build_hnsw
from semsearch.index.vectors import Vectors, distinct

DIM, N = 24, 3_000


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def rows():
    """3,000 item rows: clustered, every tenth a duplicate of row 0, every 50th empty."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, DIM))
    made = unit(centres[rng.integers(0, 40, N)] + 0.6 * rng.normal(size=(N, DIM)))
    made[10::10] = made[0]
    made[25::50] = 0
    return made


@pytest.fixture(scope="module")
def queries():
    return unit(np.random.default_rng(1).normal(size=(40, DIM)))


@pytest.fixture(scope="module", params=["exact", "hnsw", "hnsw loaded"])
def index(request, rows, tmp_path_factory):
    vectors = distinct("e1", rows)
    if request.param == "exact":
        return ExactIndex(vectors)
    built = build_hnsw(vectors)
    if request.param == "hnsw":
        return built
    folder = tmp_path_factory.mktemp("dense")
    vectors.save(folder)
    built.save(folder)
    return HnswIndex.open(folder, Vectors.open(folder))


def oracle(rows, query, k, allowed=None):
    """Rows by cosine in float64, ties by row; empty rows and disallowed rows never."""
    scores = rows.astype(np.float64) @ query.astype(np.float64)
    keep = rows.any(axis=1) if allowed is None else rows.any(axis=1) & allowed
    return sorted(np.flatnonzero(keep), key=lambda r: (-round(scores[r], 6), r))[:k]


def recall(found, wanted):
    return len(set(found.tolist()) & set(wanted)) / max(len(wanted), 1)


def test_finds_what_brute_force_finds(index, rows, queries):
    figures = [
        recall(ranked.rows, oracle(rows, q, 10)) for q, ranked in zip(queries, index.search(queries, 10), strict=True)
    ]
    assert np.mean(figures) >= (1.0 if isinstance(index, ExactIndex) else 0.98)


def test_scores_are_cosines_best_first_ties_by_row(index, rows, queries):
    for query, ranked in zip(queries, index.search(queries, 50), strict=True):
        np.testing.assert_allclose(ranked.scores, rows[ranked.rows] @ query, atol=1e-6)
        pairs = list(zip((-ranked.scores).tolist(), ranked.rows.tolist(), strict=True))
        assert pairs == sorted(pairs)


def test_duplicates_all_appear_in_row_order(index, rows):
    """291 rows share the vector of row 0 (300 multiples of ten, less none at 25 + 50 i); the first 100 win."""
    same = np.flatnonzero((rows == rows[0]).all(axis=1))
    found = index.search(rows[:1], 100)[0]
    assert found.rows.tolist() == same[:100].tolist()


@pytest.mark.parametrize("share", [0.9, 0.6, 0.3, 0.01])
def test_filters_keep_out_and_lose_nothing(index, rows, queries, share):
    allowed = np.random.default_rng(3).random(N) < share
    figures = []
    for query, ranked in zip(queries, index.search(queries, 10, allowed), strict=True):
        assert allowed[ranked.rows].all()
        wanted = oracle(rows, query, 10, allowed)
        assert len(ranked.rows) == len(wanted)
        figures.append(recall(ranked.rows, wanted))
    assert np.mean(figures) >= (0.98 if share > 0.5 and not isinstance(index, ExactIndex) else 1.0)


def test_fewer_than_k_is_a_shorter_list(index, rows, queries):
    allowed = np.zeros(N, bool)
    allowed[[1, 25, 2]] = True  # row 25 is empty
    assert sorted(index.search(queries[:1], 10, allowed)[0].rows.tolist()) == [1, 2]
    assert index.search(queries[:1], 10, np.zeros(N, bool))[0].rows.size == 0
    assert index.search(queries[:1], 10 * N)[0].rows.size == np.count_nonzero(rows.any(axis=1))


def test_k_of_1_is_the_head_of_k_of_100(index, queries):
    for one, many in zip(index.search(queries, 1), index.search(queries, 100), strict=True):
        assert one.rows[0] == many.rows[0]
        assert one.scores[0] == many.scores[0]


def test_a_batch_answers_like_single_queries(index, queries):
    for query, ranked in zip(queries, index.search(queries, 20), strict=True):
        alone = index.search(query, 20)[0]
        np.testing.assert_array_equal(ranked.rows, alone.rows)
        np.testing.assert_array_equal(ranked.scores, alone.scores)


def test_a_zero_query_has_no_neighbours(index):
    assert index.search(np.zeros((1, DIM), np.float32), 5)[0].rows.size == 0


def test_bad_queries_are_refused(index, queries):
    with pytest.raises(MismatchError, match="index build"):
        index.search(np.ones((1, DIM + 1), np.float32), 5)
    with pytest.raises(UsageError, match="not finite"):
        index.search(np.full((1, DIM), np.nan, np.float32), 5)
    with pytest.raises(UsageError, match="at least 1"):
        index.search(queries, 0)


@pytest.mark.parametrize("chunk", [1, 7, 1_000, N])
def test_exact_does_not_depend_on_the_chunk_size(rows, queries, chunk):
    vectors = distinct("e1", rows)
    for a, b in zip(
        ExactIndex(vectors, chunk).search(queries, 30), ExactIndex(vectors).search(queries, 30), strict=True
    ):
        np.testing.assert_array_equal(a.rows, b.rows)
        np.testing.assert_array_equal(a.scores, b.scores)


def test_exact_does_not_depend_on_the_order_of_items(rows, queries):
    order = np.random.default_rng(5).permutation(N)
    straight = ExactIndex(distinct("e1", rows)).search(queries, 30)
    shuffled = ExactIndex(distinct("e1", rows[order])).search(queries, 30)
    for a, b in zip(straight, shuffled, strict=True):
        np.testing.assert_array_equal(a.scores, b.scores)


def test_a_filter_of_all_is_no_filter(index, queries):
    for a, b in zip(index.search(queries, 20, np.ones(N, bool)), index.search(queries, 20), strict=True):
        np.testing.assert_array_equal(a.scores, b.scores)
