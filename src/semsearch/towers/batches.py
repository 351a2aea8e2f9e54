"""Batches of pairs in which no item, and no exact duplicate of one, stands twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

MIN_BATCH = 2


def epoch(groups: NDArray[np.int64], size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """One pass over the pairs in random order: arrays of pair numbers, at most `size` each.

    `groups[i]` is the duplicate group of pair i's item; a batch holds each group at most once, because
    every other item of a batch is a negative. A pair whose group is taken waits for the next batch. What remains when
    fewer than `MIN_BATCH` groups are left is dropped: it has no negatives.
    """
    order = rng.permutation(len(groups))
    waiting = order[:0]
    position = 0
    while True:
        fresh = order[position : position + size]
        position += len(fresh)
        window = np.concatenate([waiting, fresh])
        first = np.sort(np.unique(groups[window], return_index=True)[1])[:size]
        if len(first) >= MIN_BATCH:
            yield window[first]
            waiting = np.delete(window, first)
        elif position < len(order):
            waiting = window
        else:
            return
