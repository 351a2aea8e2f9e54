"""Judged share: how much of what a run shows was ever judged.

    Judged@k = judged hits among the first k / min(k, hits)

A low share means that the other figures are lower bounds. A query without hits has 0.
Source: ir-measures `Judged@k`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.grades import GradeTable


def judged_share(table: GradeTable, k: int | None) -> NDArray[np.float64]:
    """Share of the first k hits that carry any grade; [n_queries]."""
    judged = np.count_nonzero(~np.isnan(table.grades[:, :k]), axis=1)
    shown = table.n_hits if k is None else np.minimum(table.n_hits, k)
    return np.asarray(judged / np.maximum(shown, 1), np.float64)
