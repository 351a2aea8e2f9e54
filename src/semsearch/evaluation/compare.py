"""Two runs on the same judged queries: paired differences, intervals, a test, and where it got worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.evaluation.evaluate import Evaluation
from semsearch.evaluation.intervals import RESAMPLES, bootstrap_mean
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.runs import Run
from semsearch.evaluation.significance import sign_flip_test


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two runs; `difference` is B minus A, so above 0 means that B is better."""

    metric: str
    mean_a: float
    mean_b: float
    difference: float
    low: float
    """Lower end of the paired two-sided 95 % bootstrap interval of the difference."""
    high: float
    p_value: float
    """Two-sided, by the paired sign-flip test."""
    n: int
    """Queries that the means are over."""
    n_better: int
    """Queries on which B is above A."""
    n_worse: int


@dataclass(frozen=True, slots=True)
class JudgedHit:
    """One hit with what the qrels say of it."""

    item_id: str
    score: float
    grade: float | None
    """None is unjudged."""


@dataclass(frozen=True, slots=True)
class QueryChange:
    """One query on which two runs differ, with the hits of both."""

    query_id: str
    value_a: float
    value_b: float
    difference: float
    """B minus A."""
    hits_a: tuple[JudgedHit, ...]
    hits_b: tuple[JudgedHit, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """B against A, per query; A is the baseline."""

    a: Evaluation
    b: Evaluation

    def differences(self, *, seed: int = 0, resamples: int = RESAMPLES) -> tuple[Difference, ...]:
        """One row a metric, in the order of A."""
        return tuple(self._difference(metric, seed, resamples) for metric in self.a.values)

    def per_query(self, metric: str) -> NDArray[np.float64]:
        """B minus A for each query; [n_queries], NaN where the query does not count."""
        return np.asarray(self.b.values[metric] - self.a.values[metric], np.float64)

    def regressions(self, metric: str, run_a: Run, run_b: Run, qrels: Qrels, *, n: int, k: int) -> list[QueryChange]:
        """The at most n queries that lost most in `metric`, worst first, with the top k hits of both runs."""
        change = self.per_query(metric)
        worst = [int(i) for i in np.argsort(change, kind="stable")[:n] if change[i] < 0]
        return [
            QueryChange(
                query_id=self.a.query_ids[i],
                value_a=float(self.a.values[metric][i]),
                value_b=float(self.b.values[metric][i]),
                difference=float(change[i]),
                hits_a=judged_hits(run_a, qrels, self.a.query_ids[i], k),
                hits_b=judged_hits(run_b, qrels, self.a.query_ids[i], k),
            )
            for i in worst
        ]

    def slices(self, labels: Mapping[str, str]) -> dict[str, Comparison]:
        """One comparison for each label, as `Evaluation.slices`."""
        parts_b = self.b.slices(labels)
        return {label: Comparison(part, parts_b[label]) for label, part in self.a.slices(labels).items()}

    def _difference(self, metric: str, seed: int, resamples: int) -> Difference:
        change = self.per_query(metric)
        kept = ~np.isnan(change)
        paired = np.stack([self.a.values[metric][kept], self.b.values[metric][kept]], axis=1)
        change = change[kept]
        interval = bootstrap_mean(change, seed=seed, resamples=resamples)[0]
        mean_a, mean_b = paired.mean(axis=0).tolist() if len(paired) else (float("nan"), float("nan"))
        return Difference(
            metric, mean_a, mean_b, mean_b - mean_a, interval.low, interval.high,
            sign_flip_test(change, seed=seed, resamples=resamples),
            len(change), int((change > 0).sum()), int((change < 0).sum()),
        )  # fmt: skip


def compare(a: Evaluation, b: Evaluation) -> Comparison:
    """Pair two evaluations; raises UsageError unless they hold the same queries, metrics and conditions."""
    same = (
        a.query_ids == b.query_ids
        and list(a.values) == list(b.values)
        and (a.conditions.positive, a.conditions.all_queries) == (b.conditions.positive, b.conditions.all_queries)
    )
    if not same:
        raise UsageError(
            f"'{a.run_name}' and '{b.run_name}' were not evaluated on the same queries and metrics.",
            "Next: evaluate both runs with one set of qrels and one list of metrics",
        )
    return Comparison(a, b)


def judged_hits(run: Run, qrels: Qrels, query_id: str, k: int) -> tuple[JudgedHit, ...]:
    """The top k hits of one query, each with its grade."""
    judged = qrels.grades.get(query_id, {})
    return tuple(JudgedHit(item_id, score, judged.get(item_id)) for item_id, score in run.hits(query_id, k))
