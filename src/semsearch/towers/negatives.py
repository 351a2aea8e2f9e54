"""What a batch is scored against: its own items, uniform items of the pool, hard items of each row; and what is masked.

In-batch negatives only ever are items that somebody wanted; uniform ones show the rest of the pool, too (Yang et al.
2020, 'Mixed negative sampling for learning two-tower neural networks in recommendations').
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.towers.batches import Pairs
from semsearch.towers.features import Ragged

Select = Literal["random", "hardest", "all"]
NONE = -1
"""In `Columns.hard`: this row has no item here."""


@dataclass(frozen=True, slots=True)
class Hard:
    """One source of negatives that each query row has of its own."""

    items: Ragged
    """Item rows, hardest first; one list a row of `Pairs.queries`."""
    n: int
    """Of each list a pair; with `all` it does not count."""
    select: Select = "random"
    """Which of the list are taken: random ones (new each time), the first, or all."""


@dataclass(frozen=True, slots=True)
class Negatives:
    """Which negatives stand beside those of the batch."""

    pool: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Rows of the items that uniform negatives are drawn from, [n_pool]."""
    uniform: int = 0
    """Uniform negatives a batch; every row of the batch is scored against all of them."""
    hard: tuple[Hard, ...] = ()
    """Their columns stand side by side."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The items beside those of one batch of B pairs."""

    uniform: NDArray[np.int64]
    """Item rows, [U]."""
    hard: NDArray[np.int64]
    """Item rows of each pair, [B, h]; `NONE` where it has fewer."""
    hard_log_q: NDArray[np.float32]
    """Log of the chance that a column of the row is this item, drawn from the row's own list, [B, h]."""
    masked: tuple[NDArray[np.int64], NDArray[np.int64]]
    """Rows and columns, out of [B, B + U], that are no negatives of each other; never a row's own column."""


class Sampler:
    """Draws the columns of batch after batch.

    Raises UsageError when uniform negatives are asked of an empty pool.
    """

    def __init__(self, pairs: Pairs, negatives: Negatives) -> None:
        if negatives.uniform and not len(negatives.pool):
            raise UsageError(
                "There is no live item to draw negatives from.", "Next: uniform = 0 under [train] in semsearch.toml"
            )
        self._pairs = pairs
        self._negatives = negatives
        self._hard = tuple(replace(hard, items=_without_known(hard.items, pairs)) for hard in negatives.hard)
        self._position = np.full(_n_clusters(pairs), NONE)

    def draw(self, numbers: NDArray[np.int64], rng: np.random.Generator) -> Columns:
        """The columns of the batch of the given pairs, [B]."""
        pool, n = self._negatives.pool, self._negatives.uniform
        uniform = pool[rng.integers(len(pool), size=n)] if n else pool[:0]
        drawn = [self._draw_from(hard, numbers, rng) for hard in self._hard]
        none = np.zeros((len(numbers), 0), np.int64)
        items = np.concatenate([none, *(found for found, _ in drawn)], axis=1)
        chances = np.concatenate([none, *(chance for _, chance in drawn)], axis=1)
        hard_log_q = np.log(chances / (len(numbers) + len(uniform))).astype(np.float32)
        return Columns(uniform, items, hard_log_q, self._masked(numbers, uniform))

    def _draw_from(
        self, hard: Hard, numbers: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Items of one source for each pair, and the chance that each had to be taken from its list; [B, n]."""
        if not len(hard.items.values):
            return np.zeros((len(numbers), 0), np.int64), np.zeros((len(numbers), 0))
        rows = self._pairs.query_rows[numbers]
        lengths = hard.items.lengths[rows][:, None]
        wide = int(lengths.max(initial=0)) if hard.select == "all" else hard.n
        places = np.broadcast_to(np.arange(wide), (len(rows), wide))
        if hard.select == "random":
            places = np.where(lengths > wide, _random_places(lengths, wide, rng), places)
        there = places < lengths
        items = hard.items.values[np.where(there, hard.items.starts[rows][:, None] + places, 0)]
        clusters = self._pairs.clusters
        own = clusters[self._pairs.item_rows[numbers]][:, None] == clusters[items]
        chances = np.minimum(1.0, wide / np.maximum(lengths, 1)) if hard.select == "random" else np.ones_like(lengths)
        return np.where(there & ~own, items, NONE), np.broadcast_to(chances, items.shape).astype(np.float64)

    def _masked(
        self, numbers: NDArray[np.int64], uniform: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cells whose column is in the cluster of the row's positive or in one that is known to suit its query.

        Works on the cells that are hit, not on all [B, B + U]: they are few.
        """
        items = np.concatenate([self._pairs.item_rows[numbers], uniform])
        met, number = np.unique(self._pairs.clusters[items], return_inverse=True)
        columns = Ragged.of(number, np.arange(len(items)), len(met))
        own = np.arange(len(numbers))
        rows, clusters = self._known(numbers, met)
        rows, clusters = np.concatenate([own, rows]), np.concatenate([number[: len(numbers)], clusters])
        hit = columns.take(clusters)
        rows = np.repeat(rows, hit.lengths)
        other = rows != hit.values
        return rows[other], hit.values[other]

    def _known(self, numbers: NDArray[np.int64], met: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the batch and positions in `met` of the clusters that are known to suit their queries."""
        if self._pairs.known is None:
            return numbers[:0], numbers[:0]
        # A query that many rows share may have a long list: it is read once a batch.
        queries, which = np.unique(self._pairs.query_rows[numbers], return_inverse=True)
        known = self._pairs.known.take(queries)
        self._position[met] = np.arange(len(met))
        found = self._position[known.values]
        self._position[met] = NONE
        hit = found != NONE
        asked, clusters = known.keys[hit], found[hit]
        rows = Ragged.of(which, np.arange(len(numbers)), len(queries)).take(asked)
        return rows.values, np.repeat(clusters, rows.lengths)


def _random_places(lengths: NDArray[np.int64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`n` different places of each list of `lengths` [B, 1], each place equally likely, [B, n].

    One place from each n-th of the list, which is turned by a random amount: no sort, and from easy to hard.
    """
    edges = np.arange(n + 1) * lengths // max(n, 1)
    inside = edges[:, :-1] + (rng.random((len(lengths), n)) * np.diff(edges, axis=1)).astype(np.int64)
    turned: NDArray[np.int64] = (inside + (rng.random((len(lengths), 1)) * lengths).astype(np.int64)) % np.maximum(
        lengths, 1
    )
    return turned


def _n_clusters(pairs: Pairs) -> int:
    known = pairs.known.values.max(initial=-1) if pairs.known is not None else -1
    return int(max(pairs.clusters.max(initial=-1), known)) + 1


def _without_known(hard: Ragged, pairs: Pairs) -> Ragged:
    """The lists without items of clusters that are known to suit their query."""
    if pairs.known is None:
        return hard
    width = _n_clusters(pairs)
    keep = ~np.isin(hard.keys * width + pairs.clusters[hard.values], pairs.known.keys * width + pairs.known.values)
    return Ragged.of(hard.keys[keep], hard.values[keep], len(hard))


def log_probabilities(pairs: Pairs, negatives: Negatives, batch: int) -> NDArray[np.float32]:
    """log Q of every item, [n_items]: the chance that one column of a batch is this item.

    Q_j = (B · p_j + U · [j in pool] / |pool|) / (B + U), p_j the share of the pairs whose item is j: the mixture of
    Yang et al. 2020 (formula 5). An item that neither source draws (a hard one) has the smallest Q of the others.
    """
    n = len(pairs.items)
    wanted = np.bincount(pairs.item_rows, minlength=n) / max(len(pairs), 1)
    pool = np.bincount(negatives.pool, minlength=n) / max(len(negatives.pool), 1)
    q = (batch * wanted + negatives.uniform * pool) / (batch + negatives.uniform)
    floor = q[q > 0].min(initial=1.0)
    log_q: NDArray[np.float32] = np.log(np.maximum(q, floor)).astype(np.float32)
    return log_q
