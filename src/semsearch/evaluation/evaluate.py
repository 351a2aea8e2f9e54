"""Run and qrels to figures: every metric per query, then means with bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.evaluation.grades import GradeTable
from semsearch.evaluation.intervals import RESAMPLES, Interval, bootstrap_mean
from semsearch.evaluation.metrics import Metric, parse_metrics
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.runs import Run

_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Figure:
    """One mean over queries with its interval."""

    metric: str
    """As `parse_metric` reads it, such as ndcg@10."""
    mean: float
    """NaN when no query counts."""
    low: float
    """Lower end of the two-sided 95 % bootstrap interval over queries."""
    high: float
    n: int
    """Queries that the mean is over."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What figures depend on; printed beside them."""

    n_queries: int
    """Queries with a judgement."""
    n_without_positive: int
    """Of these, queries with no relevant item: left out of all means but the judged share."""
    n_without_hits: int
    """Of these, queries that the run does not answer: they count as 0."""
    n_unjudged: int
    """Queries of the run without a judgement: not evaluated."""
    positive: float
    """Lowest grade that counts as relevant."""
    all_queries: bool
    """Whether queries with no relevant item count as 0 instead."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Every metric of every judged query of one run."""

    run_name: str
    query_ids: tuple[str, ...]
    values: Mapping[str, NDArray[np.float64]]
    """Metric name to [n_queries]; NaN where the query does not count for this metric."""
    conditions: Conditions

    def figures(self, *, seed: int = 0, resamples: int = RESAMPLES) -> tuple[Figure, ...]:
        """Means with 95 % intervals, one a metric, in the order asked for."""
        intervals = self._intervals(seed, resamples)
        return tuple(
            Figure(name, _mean(kept), intervals[name].low, intervals[name].high, len(kept))
            for name, kept in ((name, values[~np.isnan(values)]) for name, values in self.values.items())
        )

    def mean(self, metric: str) -> float:
        """Mean of one metric over the queries that count; NaN without any."""
        values = self.values[metric]
        return _mean(values[~np.isnan(values)])

    def lowest(self, metric: str, n: int) -> list[tuple[str, float]]:
        """The n queries with the lowest value of one metric, lowest first; equal ones in qrels order."""
        values = self.values[metric]
        order = np.argsort(values, kind="stable")[: int(np.count_nonzero(~np.isnan(values)))]
        return [(self.query_ids[i], float(values[i])) for i in order[:n]]

    def of_queries(self, query_ids: Iterable[str]) -> Evaluation:
        """The same figures over these queries only (one slice)."""
        wanted = set(query_ids)
        mask = np.asarray([query_id in wanted for query_id in self.query_ids], bool)
        return self._only(mask)

    def slices(self, labels: Mapping[str, str]) -> dict[str, Evaluation]:
        """One evaluation for each label of `labels` (query_id to label), labels sorted.

        A query without a label goes to the slice ''.
        """
        given = np.asarray([labels.get(query_id, "") for query_id in self.query_ids], dtype=object)
        return {label: self._only(given == label) for label in sorted(set(given.tolist()))}

    def _only(self, mask: NDArray[np.bool_]) -> Evaluation:
        kept = tuple(query_id for query_id, keep in zip(self.query_ids, mask.tolist(), strict=True) if keep)
        return Evaluation(self.run_name, kept, {m: v[mask] for m, v in self.values.items()}, self.conditions)

    def _intervals(self, seed: int, resamples: int) -> dict[str, Interval]:
        """Metrics that count the same queries share their resamples."""
        groups: dict[bytes, list[str]] = {}
        for name, values in self.values.items():
            groups.setdefault(np.isnan(values).tobytes(), []).append(name)
        found: dict[str, Interval] = {}
        for names in groups.values():
            columns = np.stack([self.values[name] for name in names], axis=1)
            counted = columns[~np.isnan(columns[:, 0])]
            found |= zip(names, bootstrap_mean(counted, seed=seed, resamples=resamples), strict=True)
        return found


def evaluate(
    run: Run,
    qrels: Qrels,
    metrics: Sequence[Metric | str],
    *,
    positive: float = 1.0,
    all_queries: bool = False,
) -> Evaluation:
    """Every metric of every query of `qrels`; a query that the run does not answer counts as 0.

    Queries with no item of grade >= `positive` are left out of all metrics but the judged share, unless
    `all_queries` (then they count as 0, as in ir-measures). Raises UsageError when run and qrels share no query.
    """
    if not math.isfinite(positive):
        raise UsageError(f"The lowest relevant grade is {positive}; it must be finite.", "Next: such as --positive 1")
    wanted = parse_metrics(m.name if isinstance(m, Metric) else m for m in metrics)
    query_ids = tuple(qrels.grades)
    _check_overlap(run, qrels)
    values = {metric.name: np.full(len(query_ids), np.nan) for metric in wanted}
    n_without = n_empty = 0
    for start in range(0, len(query_ids), _BLOCK):
        table = GradeTable.of(run, qrels, query_ids[start : start + _BLOCK], positive)
        n_without += int(np.count_nonzero(table.n_positive == 0))
        n_empty += int(np.count_nonzero(table.n_hits == 0))
        for metric in wanted:
            block = metric(table)
            if metric.needs_positive and not all_queries:
                block = np.where(table.n_positive > 0, block, np.nan)
            values[metric.name][start : start + _BLOCK] = block
    n_unjudged = sum(query_id not in qrels.grades for query_id in run.query_ids)
    conditions = Conditions(len(query_ids), n_without, n_empty, n_unjudged, positive, all_queries)
    return Evaluation(run.name, query_ids, values, conditions)


def _check_overlap(run: Run, qrels: Qrels) -> None:
    if not qrels.grades:
        raise UsageError("The qrels hold no judgement.", "Next: give a file with query, item and grade on a line")
    if not any(query_id in qrels.grades for query_id in run.query_ids):
        example = f"the run starts with '{run.query_ids[0]}'" if run.query_ids else "the run is empty"
        raise UsageError(
            f"Run '{run.name}' and the qrels have no query in common: {example}, "
            f"the qrels with '{next(iter(qrels.grades))}'.",
            "Next: give the qrels and the queries that this run was made for",
        )


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else float("nan")
