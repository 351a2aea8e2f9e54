from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from semsearch.towers.batches import epoch
from semsearch.towers.features import TokenRows
from semsearch.towers.loop import _hide


@given(st.lists(st.integers(0, 12), max_size=80), st.integers(2, 9), st.integers(0, 5))
def test_no_batch_holds_a_group_twice_and_no_pair_comes_twice(groups: list[int], size: int, seed: int) -> None:
    held = np.array(groups, np.int64)
    batches = list(epoch(held, size, np.random.default_rng(seed)))
    for batch in batches:
        assert 2 <= len(batch) <= size
        assert len(set(held[batch])) == len(batch)
    seen = np.concatenate([*batches, np.zeros(0, np.int64)])
    assert len(set(seen)) == len(seen)


def test_distinct_items_all_come_once() -> None:
    batches = list(epoch(np.arange(10), 4, np.random.default_rng(0)))
    assert [len(b) for b in batches] == [4, 4, 2]
    assert sorted(np.concatenate(batches)) == list(range(10))


def test_only_pairs_of_the_last_group_are_dropped() -> None:
    groups = np.array([0] * 6 + [1, 2])
    seen = np.concatenate(list(epoch(groups, 4, np.random.default_rng(1))))
    assert set(range(8)) - set(seen) <= set(range(6))
    assert {6, 7} <= set(seen)


def test_same_seed_same_batches() -> None:
    def batches(seed: int) -> list[list[int]]:
        return [b.tolist() for b in epoch(np.arange(50), 8, np.random.default_rng(seed))]

    assert batches(3) == batches(3)
    assert batches(3) != batches(4)


ROWS = TokenRows(np.array([5, 6, 7, 8, 9], np.int32), np.array([0, 2, 2, 5]))


def test_rows_are_taken_in_the_asked_order() -> None:
    taken = ROWS.take(np.array([2, 1, 0, 2]))
    assert taken.ids.tolist() == [7, 8, 9, 5, 6, 7, 8, 9]
    assert taken.starts.tolist() == [0, 3, 3, 5, 8]


def test_hidden_items_lose_the_querys_tokens_and_are_never_emptied() -> None:
    items = TokenRows(np.array([1, 2, 3, 4, 4, 1, 2], np.int32), np.array([0, 3, 5, 7]))
    queries = TokenRows(np.array([2, 4, 2], np.int32), np.array([0, 1, 2, 3]))
    hidden = _hide(items, queries, np.array([True, True, False]))
    # item 0 loses its 2; item 1 holds only 4s and stays; item 2 was not chosen
    assert hidden.ids.tolist() == [1, 3, 4, 4, 1, 2]
    assert hidden.starts.tolist() == [0, 2, 4, 6]
