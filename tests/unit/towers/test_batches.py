from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.towers.batches import Pairs, n_batches, shuffled
from semsearch.towers.features import Ragged, TokenRows, joined
from semsearch.towers.loop import _hide


@given(st.integers(1, 80), st.integers(1, 90), st.integers(0, 5))
def test_a_pass_meets_every_pair_once_in_batches_of_almost_one_size(n: int, size: int, seed: int) -> None:
    batches = shuffled(n, size, np.random.default_rng(seed))
    assert len(batches) == n_batches(n, size)
    assert sorted(np.concatenate(batches)) == list(range(n))
    lengths = {len(batch) for batch in batches}
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1


def test_same_seed_same_batches() -> None:
    def batches(seed: int) -> list[list[int]]:
        return [b.tolist() for b in shuffled(50, 8, np.random.default_rng(seed))]

    assert batches(3) == batches(3)
    assert batches(3) != batches(4)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_a_pair_without_weight_is_refused(weight: float) -> None:
    one = np.zeros(1, np.int64)
    with pytest.raises(UsageError, match="weight"):
        Pairs(ROWS, ROWS, one, one, np.array([weight], np.float32), np.arange(3))


ROWS = TokenRows(np.array([5, 6, 7, 8, 9], np.int32), np.array([0, 2, 2, 5]))


def test_rows_are_taken_in_the_asked_order() -> None:
    taken = ROWS.take(np.array([2, 1, 0, 2]))
    assert taken.ids.tolist() == [7, 8, 9, 5, 6, 7, 8, 9]
    assert taken.starts.tolist() == [0, 3, 3, 5, 8]


def test_rows_of_two_sources_follow_each_other() -> None:
    both = joined(ROWS, ROWS.take(np.array([1, 0])))
    assert both.ids.tolist() == [5, 6, 7, 8, 9, 5, 6]
    assert both.starts.tolist() == [0, 2, 2, 5, 5, 7]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 99)), max_size=30), st.lists(st.integers(0, 4), max_size=9))
def test_lists_keep_the_order_in_which_their_values_came(entries: list[tuple[int, int]], rows: list[int]) -> None:
    keys, values = (
        (np.array(column, np.int64) for column in zip(*entries, strict=True)) if entries else np.zeros((2, 0), int)
    )
    lists = Ragged.of(keys, values, 5)
    expected = [[value for key, value in entries if key == row] for row in rows]
    taken = lists.take(np.array(rows, np.int64))
    assert [part.tolist() for part in np.split(taken.values, taken.starts[1:-1])][: len(rows)] == expected
    assert taken.lengths.tolist() == [len(part) for part in expected]
    assert taken.keys.tolist() == [i for i, part in enumerate(expected) for _ in part]


def test_hidden_items_lose_the_querys_tokens_and_are_never_emptied() -> None:
    items = TokenRows(np.array([1, 2, 3, 4, 4, 1, 2], np.int32), np.array([0, 3, 5, 7]))
    queries = TokenRows(np.array([2, 4, 2], np.int32), np.array([0, 1, 2, 3]))
    hidden = _hide(items, queries, np.array([True, True, False]))
    # item 0 loses its 2; item 1 holds only 4s and stays; item 2 was not chosen
    assert hidden.ids.tolist() == [1, 3, 4, 4, 1, 2]
    assert hidden.starts.tolist() == [0, 2, 4, 6]
