"""Average precision; its mean over queries is MAP.

    AP@k = (1 / R) · Σ over ranks i ≤ k that hold a relevant item of P@i

R is the number of all judged relevant items, also when it exceeds k.
Source: trec_eval `map` and `map_cut`; Buckley and Voorhees, "Evaluating evaluation measure stability", SIGIR 2000.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.grades import GradeTable


def average_precision(table: GradeTable, k: int | None) -> NDArray[np.float64]:
    """Mean precision at the ranks of the relevant items; [n_queries]; 0 without a relevant item."""
    relevant = table.relevant[:, :k]
    ranks = np.arange(1, relevant.shape[1] + 1)
    precisions = np.cumsum(relevant, axis=1) / ranks
    total = np.where(relevant, precisions, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(table.n_positive, 1), np.float64)
