"""Positive pairs of a query side and an item, and the order in which the loop meets them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.towers.features import Ragged, TokenRows


@dataclass(frozen=True, slots=True)
class Pairs:
    """What belongs together, as tokens. Whoever makes pairs (the catalogue, a log) makes these; the loop is one.

    Raises UsageError for a weight that is not above 0: such a pair teaches nothing and is to be left out.
    """

    queries: TokenRows
    """One row a distinct query side: a typed text, an item, or an actor."""
    items: TokenRows
    """One row an item of the catalogue."""
    query_rows: NDArray[np.int64]
    """Row in `queries` of each pair, [n_pairs]."""
    item_rows: NDArray[np.int64]
    """Row in `items` of each pair, [n_pairs]."""
    weights: NDArray[np.float32]
    """How much each pair counts, [n_pairs]."""
    clusters: NDArray[np.int64]
    """Near-duplicate cluster of each item, 0 and up, [n_items]; none of the cluster is a negative of another."""
    known: Ragged | None = None
    """Clusters that are known to suit each query row, one list a row of `queries`."""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weights) & (self.weights > 0)).all():
            raise UsageError(
                "A training pair has a weight of 0 or less.", "Next: give its kind a weight above 0, or leave it out"
            )

    def __len__(self) -> int:
        return len(self.item_rows)


def n_batches(n_pairs: int, size: int) -> int:
    """Steps of one pass over the pairs."""
    return max(1, -(-n_pairs // size))


def shuffled(n_pairs: int, size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """One pass over the pairs in random order: `n_batches` arrays of pair numbers whose lengths differ by 1 at most.

    A short last batch would give its pairs fewer negatives than the others have.
    """
    return np.array_split(rng.permutation(n_pairs), n_batches(n_pairs, size))
