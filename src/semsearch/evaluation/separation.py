"""How well a figure tells some queries from the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def auc(values: NDArray[np.float64], wanted: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: the chance that a wanted one has a higher value than another, ties counting half.

    Both are [n], `values` without NaN: what an unknown value means is for the caller to say. NaN when all or none are
    wanted. By the rank sum, ties by their mean rank. Source: Mann and Whitney, "On a test of whether one of two random
    variables is stochastically larger than the other", Annals of Mathematical Statistics 18, 1947.
    """
    n_wanted, n = int(wanted.sum()), len(wanted)
    if n_wanted in (0, n):
        return float("nan")
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    wins = float(ranks[wanted].sum()) - n_wanted * (n_wanted + 1) / 2
    return wins / (n_wanted * (n - n_wanted))
