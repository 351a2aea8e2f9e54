"""Reciprocal rank of the first relevant hit; its mean over queries is MRR.

    RR@k = 1 / rank of the first relevant hit, 0 when there is none in the first k

Source: Voorhees, "The TREC-8 Question Answering Track Report", 1999; trec_eval `recip_rank`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.grades import GradeTable


def reciprocal_rank(table: GradeTable, k: int | None) -> NDArray[np.float64]:
    """1 / rank of the first relevant hit within k; [n_queries]."""
    relevant = table.relevant[:, :k]
    first = relevant.argmax(axis=1)
    return np.where(relevant.any(axis=1), 1.0 / (first + 1.0), 0.0)
