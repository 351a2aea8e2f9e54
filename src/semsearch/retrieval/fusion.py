"""Joining the dense and the lexical answer of one query: pure functions of scores.

Both rules work on the union of what the two legs returned.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semsearch.index.dense import Floats, Ranked, Rows, ordered

RRF_K = 60
"""Cormack, Clarke, Büttcher 2009."""


class Weights(NamedTuple):
    """The two numbers of the score rule; bench/fusion.py chooses them on nested folds."""

    dense: float = 0.4
    """Weight of the dense leg, between 0 and 1; the lexical leg has the rest."""
    enough: int = 50
    """Rank in the dense leg from which upwards an item counts as fully about the query."""


WEIGHTS = Weights()
TIE = 1e-3
"""What the order within the fully-about items adds at most: it decides between equal items only."""


def reciprocal_rank(dense: Ranked, lexical: Ranked, n: int, k: int = RRF_K) -> Ranked:
    """The best `n` rows by the sum over the legs of 1 / (k + rank), rank from 1.

    Cormack, Clarke, Büttcher: Reciprocal rank fusion outperforms Condorcet and individual rank
    learning methods. SIGIR 2009.
    """
    rows = union(dense, lexical)
    total = np.zeros(rows.size, np.float64)
    for leg in (dense, lexical):
        total[np.searchsorted(rows, leg.rows)] += 1.0 / (k + 1 + np.arange(leg.rows.size))
    return ordered(rows, total.astype(np.float32), n)


def convex(
    rows: Rows,
    dense: Floats,
    lexical: Floats,
    *,
    background: float,
    enough: float = np.inf,
    n: int,
    weights: Weights = WEIGHTS,
) -> Ranked:
    """The best `n` of `rows` by a convex combination of normalised scores.

    `dense` and `lexical` are each leg's own scores of all `rows`, also of those that only the other leg
    returned, so that no missing score is made up; -inf (no vector) counts as the background. Lexical scores
    are divided by the best one (their least is 0). Dense scores are 0 at `background`, the mean cosine of the query
    with all items, and 1 from the cosine `enough` upwards: towers tell well which items a query is about, words tell
    better which of these was meant, so that the dense leg votes for all of them alike.

    Bruch, Gai, Ingber: An analysis of fusion functions for hybrid retrieval. ACM TOIS 42(1), 2023 (their TM2C2,
    with the background in place of the cosine's minimum); the saturation is ours, measured in bench/fusion.py.
    """
    if not rows.size:
        return Ranked(rows, np.zeros(0, np.float32))
    order = unit(dense, background)
    about = unit(np.minimum(dense, np.float32(enough)), background)
    match = unit(lexical, 0.0)
    total = weights.dense * ((1 - TIE) * about + TIE * order) + (1.0 - weights.dense) * match
    return ordered(rows, total.astype(np.float32), n)


def enough_of(dense: Ranked, weights: Weights = WEIGHTS) -> float:
    """The dense score from which upwards an item is fully about the query; +inf for an empty leg."""
    if not dense.rows.size:
        return float(np.inf)
    return float(dense.scores[min(weights.enough, dense.rows.size) - 1])


def unit(scores: Floats, floor: float) -> NDArray[np.float64]:
    """Scores moved so that `floor` is 0 and the best is 1; what lies below the floor is 0."""
    top = float(scores.max(initial=-np.inf))
    if top <= floor:
        return np.zeros(scores.size, np.float64)
    return np.clip((scores.astype(np.float64) - floor) / (top - floor), 0.0, 1.0)


def union(dense: Ranked, lexical: Ranked) -> Rows:
    """The rows that either leg returned, ascending."""
    # not np.union1d: it imports numpy.ma, which takes 10 ms of a one-shot search
    rows = np.sort(np.concatenate((dense.rows, lexical.rows)))
    new = np.ones(rows.size, np.bool_)
    new[1:] = rows[1:] != rows[:-1]
    kept: Rows = rows[new]
    return kept
