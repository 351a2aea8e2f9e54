"""The grades that a run found, laid out as a matrix, from which every metric is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.runs import Run

JUDGED_ONLY_DEPTH = 1000


@dataclass(frozen=True, eq=False)
class GradeTable:
    """Grades of ranked hits, one row a query, one column a rank."""

    grades: NDArray[np.float64]
    """[n_queries, depth]; NaN where the hit is unjudged or where there is no hit."""
    n_hits: NDArray[np.int64]
    """[n_queries]; hits that the run has, at most depth."""
    ideal: NDArray[np.float64]
    """[n_queries, most judgements of a query]; all judged gains, best first, padded with 0."""
    n_positive: NDArray[np.int64]
    """[n_queries]; judged items with a grade of at least `positive`, found or not."""
    positive: float
    """The lowest grade that counts as relevant in the metrics that know only yes and no."""

    @classmethod
    def of(cls, run: Run, qrels: Qrels, query_ids: Sequence[str], positive: float = 1.0) -> GradeTable:
        """Look up the grades of these queries' hits; a query that the run lacks has no hits."""
        places = run.positions()
        spans = [_span(run, places.get(query_id)) for query_id in query_ids]
        n_hits = np.asarray([stop - start for start, stop in spans], np.int64)
        grades = np.full((len(query_ids), max(1, int(n_hits.max(initial=0)))), np.nan)
        for row, (query_id, (start, stop)) in enumerate(zip(query_ids, spans, strict=True)):
            judged = qrels.grades[query_id]
            grades[row, : stop - start] = [judged.get(item_id, np.nan) for item_id in run.item_ids[start:stop]]
        judged_grades = [np.fromiter(qrels.grades[q].values(), np.float64) for q in query_ids]
        n_positive = np.asarray([np.count_nonzero(g >= positive) for g in judged_grades], np.int64)
        return cls(grades, n_hits, _ideal(judged_grades), n_positive, positive)

    @cached_property
    def relevant(self) -> NDArray[np.bool_]:
        """[n_queries, depth]; unjudged counts as not relevant."""
        return self.grades >= self.positive

    @cached_property
    def gains(self) -> NDArray[np.float64]:
        """[n_queries, depth]; the grade itself, 0 where it is negative or unjudged (as trec_eval)."""
        return np.maximum(np.nan_to_num(self.grades, nan=0.0), 0.0)

    @cached_property
    def judged_only(self) -> GradeTable:
        """The same run as if only judged items existed: unjudged hits of the top 1000 are dropped.

        Source: Sakai, "Alternatives to Bpref", SIGIR 2007 (condensed lists).
        """
        top = self.grades[:, :JUDGED_ONLY_DEPTH]
        unjudged = np.isnan(top)
        order = np.argsort(unjudged, axis=1, kind="stable")
        n_hits = np.count_nonzero(~unjudged, axis=1).astype(np.int64)
        return GradeTable(np.take_along_axis(top, order, axis=1), n_hits, self.ideal, self.n_positive, self.positive)


def _span(run: Run, place: int | None) -> tuple[int, int]:
    return (0, 0) if place is None else (int(run.offsets[place]), int(run.offsets[place + 1]))


def _ideal(judged_grades: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    width = max((len(g) for g in judged_grades), default=0)
    ideal = np.zeros((len(judged_grades), max(1, width)))
    for row, grades in enumerate(judged_grades):
        ideal[row, : len(grades)] = grades
    return -np.sort(-np.maximum(ideal, 0.0), axis=1)
