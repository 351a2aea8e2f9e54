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
    """The few numbers of the score rule, in one place; bench/ chooses them on nested folds."""

    dense: float = 0.3
    """Weight of the dense leg, between 0 and 1; the lexical leg has the rest."""


WEIGHTS = Weights()


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
    rows: Rows, dense: Floats, lexical: Floats, *, background: float, n: int, weights: Weights = WEIGHTS
) -> Ranked:
    """The best `n` of `rows` by a convex combination of normalised scores.

    `dense` and `lexical` are each leg's own scores of all `rows`, also of those that only the other leg
    returned, so that no missing score is made up; -inf (no vector) counts as the background. Lexical scores
    are divided by the best one (their least is 0). Dense scores become 0 at `background`, the mean
    cosine of the query with all items, and 1 at the best one: the end points do not depend on
    how deep the legs went, as min-max over the returned hits does.

    Bruch, Gai, Ingber: An analysis of fusion functions for hybrid retrieval. ACM TOIS 42(1), 2023
    (their TM2C2, with the background in place of the theoretical minimum of the cosine).
    """
    if not rows.size:
        return Ranked(rows, np.zeros(0, np.float32))
    near = unit(dense, background)
    match = unit(lexical, 0.0)
    total = weights.dense * near + (1.0 - weights.dense) * match
    return ordered(rows, total.astype(np.float32), n)


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
