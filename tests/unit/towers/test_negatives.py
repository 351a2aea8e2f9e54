from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.towers.batches import Pairs
from semsearch.towers.features import Ragged, TokenRows
from semsearch.towers.negatives import NONE, Hard, Negatives, Sampler, log_probabilities


def rows(n: int) -> TokenRows:
    return TokenRows(np.arange(n, dtype=np.int32), np.arange(n + 1))


def lists(*values: list[int]) -> Ragged:
    keys = [i for i, some in enumerate(values) for _ in some]
    return Ragged.of(np.array(keys, np.int64), np.array([v for some in values for v in some], np.int64), len(values))


def pairs(query_rows: list[int], item_rows: list[int], clusters: list[int], known: Ragged | None = None) -> Pairs:
    n_queries = len(known) if known is not None else max(query_rows) + 1
    weights = np.ones(len(query_rows), np.float32)
    sides = rows(n_queries), rows(len(clusters))
    return Pairs(*sides, np.array(query_rows), np.array(item_rows), weights, np.array(clusters), known)


def masked(held: Pairs, numbers: list[int], negatives: Negatives | None = None, seed: int = 0) -> set[tuple[int, int]]:
    drawn = Sampler(held, negatives or Negatives()).draw(np.array(numbers), np.random.default_rng(seed))
    return set(zip(*(side.tolist() for side in drawn.masked), strict=True))


def test_the_same_item_and_its_near_duplicates_are_no_negatives() -> None:
    # items 0 and 1 are near-duplicates; pairs 0 and 3 have the same item
    held = pairs([0, 1, 2, 3], [0, 1, 2, 0], [7, 7, 8])
    assert masked(held, [0, 1, 2, 3]) == {(0, 1), (0, 3), (1, 0), (1, 3), (3, 0), (3, 1)}


def test_what_is_known_to_suit_a_query_is_no_negative_of_any_of_its_rows() -> None:
    # query 0 is known to want clusters 0, 2 and one that the batch lacks; it stands in rows 0 and 2
    held = pairs([0, 1, 0], [0, 1, 2], [0, 1, 2, 3], known=lists([0, 2, 3], [1]))
    assert masked(held, [0, 1, 2]) == {(0, 2), (2, 0)}


def test_uniform_columns_come_from_the_pool_and_are_masked_alike() -> None:
    held = pairs([0, 1], [0, 1], [0, 1, 1, 0])
    negatives = Negatives(np.array([3]), uniform=2)
    drawn = Sampler(held, negatives).draw(np.array([0, 1]), np.random.default_rng(0))
    assert drawn.uniform.tolist() == [3, 3]
    assert masked(held, [0, 1], negatives) == {(0, 2), (0, 3)}


def test_uniform_negatives_of_an_empty_pool() -> None:
    with pytest.raises(UsageError, match="no live item"):
        Sampler(pairs([0], [0], [0]), Negatives(uniform=1))


@settings(max_examples=60)
@given(st.data())
def test_the_mask_is_that_of_the_definition(data: st.DataObject) -> None:
    n_items, n_queries, n_pairs = 9, 4, 12

    def drawn(high: int, n: int) -> list[int]:
        return data.draw(st.lists(st.integers(0, high - 1), min_size=n, max_size=n))

    clusters = drawn(6, n_items)
    known = [data.draw(st.lists(st.integers(0, 5), max_size=4)) for _ in range(n_queries)]
    held = pairs(drawn(n_queries, n_pairs), drawn(n_items, n_pairs), clusters, lists(*known))
    numbers = data.draw(st.permutations(range(n_pairs)))[:7]
    negatives = Negatives(np.arange(n_items), uniform=5)
    uniform = Sampler(held, negatives).draw(np.array(numbers), np.random.default_rng(1)).uniform.tolist()
    columns = [held.item_rows[number] for number in numbers] + uniform
    expected = {
        (i, j)
        for i, number in enumerate(numbers)
        for j, item in enumerate(columns)
        if i != j and clusters[item] in {clusters[columns[i]], *known[held.query_rows[number]]}
    }
    assert masked(held, numbers, negatives, seed=1) == expected


def hard(held: Pairs, numbers: list[int], negatives: Negatives, seed: int = 0) -> list[list[int]]:
    return Sampler(held, negatives).draw(np.array(numbers), np.random.default_rng(seed)).hard.tolist()


def test_the_hardest_and_all() -> None:
    held = pairs([0, 1, 2], [0, 0, 0], [0, 1, 2, 3])
    given_ = lists([3, 1, 2], [2], [])
    assert hard(held, [0, 1, 2], Negatives(hard=(Hard(given_, 2, "hardest"),))) == [[3, 1], [2, NONE], [NONE] * 2]
    everything = [[2, NONE, NONE], [3, 1, 2]]
    assert hard(held, [1, 0], Negatives(hard=(Hard(given_, 0, "all"),))) == everything
    assert hard(held, [0], Negatives()) == [[]]


def test_sources_stand_side_by_side() -> None:
    held = pairs([0, 1], [0, 0], [0, 1, 2, 3])
    sources = Hard(lists([3], []), 1), Hard(lists([], []), 4), Hard(lists([1, 2], [2]), 2, "hardest")
    assert hard(held, [0, 1], Negatives(hard=sources)) == [[3, 1, 2], [NONE, 2, NONE]]


def test_a_hard_item_that_suits_the_query_or_repeats_the_positive_is_left_out() -> None:
    # item 1 is known to suit query 0, item 2 is a near-duplicate of the positive
    held = pairs([0], [0], [0, 1, 0, 3], known=lists([1]))
    assert hard(held, [0], Negatives(hard=(Hard(lists([1, 2, 3]), 3, "hardest"),))) == [[NONE, 3, NONE]]


def test_random_hard_items_are_different_and_each_as_likely() -> None:
    held = pairs([0] * 3000, [0] * 3000, list(range(9)))
    some = np.array(hard(held, list(range(3000)), Negatives(hard=(Hard(lists([1, 2, 3, 4, 5, 6, 7]), 3),))))
    assert all(len(set(row)) == 3 for row in some.tolist())
    share = np.bincount(some.ravel(), minlength=9)[1:8] / some.size
    np.testing.assert_allclose(share, 1 / 7, atol=0.02)  # four standard errors of 9,000 draws
    short = hard(held, [0], Negatives(hard=(Hard(lists([4, 5]), 3),)))
    assert short == [[4, 5, NONE]]


def test_q_is_that_of_the_mixture() -> None:
    held = pairs([0, 1, 2, 3], [0, 0, 0, 1], [0, 1, 2, 3])
    # B = 6, U = 2, pool of items 1 and 2: item 3 is drawn by nobody and gets the smallest Q of the others
    q = np.exp(log_probabilities(held, Negatives(np.array([1, 2]), uniform=2), batch=6))
    expected = [6 * 0.75 / 8, (6 * 0.25 + 2 * 0.5) / 8, 2 * 0.5 / 8, 2 * 0.5 / 8]
    np.testing.assert_allclose(q, expected, rtol=1e-6)
    np.testing.assert_allclose(np.exp(log_probabilities(held, Negatives(), batch=6)), [0.75, 0.25, 0.25, 0.25])


def test_a_column_is_drawn_as_often_as_q_says() -> None:
    held = pairs(list(range(50)), [0] * 30 + [1] * 20, [0, 1, 2])
    negatives = Negatives(np.array([0, 2]), uniform=10)
    sampler, rng = Sampler(held, negatives), np.random.default_rng(0)
    met = np.zeros(3)
    for _ in range(400):
        numbers = rng.permutation(50)[:10]
        met += np.bincount(held.item_rows[numbers], minlength=3)
        met += np.bincount(sampler.draw(numbers, rng).uniform, minlength=3)
    np.testing.assert_allclose(met / met.sum(), np.exp(log_probabilities(held, negatives, 10)), atol=0.02)
