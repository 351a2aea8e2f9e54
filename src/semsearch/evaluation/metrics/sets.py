"""Precision, recall and F1 of the top k, taken as a set.

With r the relevant hits among the first k and R all judged relevant items of the query:

    P@k = r / k        R@k = r / R        F1@k = 2 P R / (P + R) = 2 r / (k + R)

P@k divides by k also when there are fewer than k hits. R@k of a query without a relevant item is 0.
Without k, P divides by the number of hits. Unjudged hits count as not relevant.

Source: trec_eval `P`, `recall`; F1: van Rijsbergen, Information Retrieval, 1979, chapter 7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.grades import GradeTable


def precision(table: GradeTable, k: int | None) -> NDArray[np.float64]:
    """Share of the first k ranks that hold a relevant item; [n_queries]."""
    return _ratio(_found(table, k), table.n_hits if k is None else np.full(len(table.n_hits), k))


def recall(table: GradeTable, k: int | None) -> NDArray[np.float64]:
    """Share of the relevant items that stand in the first k ranks; [n_queries]."""
    return _ratio(_found(table, k), table.n_positive)


def f1(table: GradeTable, k: int | None) -> NDArray[np.float64]:
    """Harmonic mean of precision and recall at k; [n_queries]; 0 where both are 0."""
    size = table.n_hits if k is None else np.full(len(table.n_hits), k)
    return _ratio(2 * _found(table, k), size + table.n_positive)


def _found(table: GradeTable, k: int | None) -> NDArray[np.int64]:
    return np.asarray(np.count_nonzero(table.relevant[:, :k], axis=1), np.int64)


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(part / np.maximum(whole, 1), np.float64)
