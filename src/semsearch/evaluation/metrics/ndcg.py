"""Normalised discounted cumulated gain with linear gain.

    DCG@k = Σ over ranks i ≤ k of gain_i / log2(i + 1)        nDCG@k = DCG@k / ideal DCG@k

The gain is the grade (not 2^grade - 1); negative and unjudged give 0. The ideal ranks all judged items of
the query by grade. A query without gain has nDCG 0.

Source: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002;
trec_eval `ndcg_cut`, which is what ir-measures computes as nDCG@k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.grades import GradeTable


def ndcg(table: GradeTable, k: int | None) -> NDArray[np.float64]:
    """DCG of the first k ranks over that of the best possible order; [n_queries], 0 to 1."""
    best = _dcg(table.ideal[:, :k])
    return np.divide(_dcg(table.gains[:, :k]), best, out=np.zeros_like(best), where=best > 0)


def _dcg(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    discounts = np.log2(np.arange(2, gains.shape[1] + 2))
    return np.asarray((gains / discounts).sum(axis=1), np.float64)
