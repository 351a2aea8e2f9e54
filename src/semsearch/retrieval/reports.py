"""What an evaluation and a comparison answer: figures with all that they depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from semsearch.errors import UsageError
from semsearch.evaluation.compare import Comparison, Difference, JudgedHit, QueryChange
from semsearch.evaluation.evaluate import Conditions, Evaluation, Figure
from semsearch.plain import plain


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """The figures of the queries with one label."""

    column: str
    label: str
    """Empty for queries without one."""
    figures: tuple[Figure, ...]
    n_human: int | None = None
    """Of figures from labels: queries that people judged and that count by the first metric."""


@dataclass(frozen=True, slots=True)
class QueryValue:
    """One query with its value and its hits."""

    query_id: str
    query: str
    value: float
    hits: tuple[JudgedHit, ...]


@dataclass(frozen=True, slots=True)
class PoweredFigure:
    """One mean from people's and a machine's labels, beside what people's alone give."""

    metric: str
    grades: str
    """lowest or highest: all open grades are taken as low, or as high, as they may be; empty when both give the same.
    The figure by the lowest grades may be the higher one: nDCG falls when an item that is not shown may be a 2."""
    mean: float
    low: float
    """The ends of its 95 % interval, as `high`."""
    high: float
    n_human: int
    """Queries that people judged whole and that count."""
    n_machine: int
    """Queries that only the machine judged and that count by it."""
    lam: float
    """How much the machine is used, 0 to 1; NaN where that changes nothing: people judged all queries there are."""
    human_mean: float
    human_low: float
    human_high: float
    method: str
    """bootstrap-t, or bounded when nearly all of people's values are the same: then the machine is not used."""


@dataclass(frozen=True, slots=True)
class LabelsReport:
    """What figures from labels depend on."""

    figures: tuple[PoweredFigure, ...]
    n_queries: int
    """That the machine judged: the means are over these."""
    n_human: int
    """Of these, judged whole by people and drawn at random."""
    n_partly: int
    """Of these, judged by people in part."""
    n_on_purpose: int
    """Of these, judged whole by people but picked on purpose: their labels of people's are kept out."""
    n_without_machine: int
    """Judged by people alone: left out."""
    drawn_alike: bool
    """Whether all count as drawn with the same chance, whatever their labels say."""
    minimum: int
    """Queries of people's that an interval needs."""
    judge: str
    """Whose labels are rectified: MODEL@PROMPT@RUBRIC."""
    n_shown: int
    """Labels of people who saw the machine's opinion first: left out."""
    n_other_rubric: int
    """Labels of people by another version of the rubric than the machine's: left out."""
    n_ungradeable: int
    """Pairs: 0 where open grades are lowest, 2 where they are highest."""
    n_stale: int
    """Pairs whose item is another one now: as ungradeable ones; a query that has no other pair is left out."""
    n_unanswered: int
    """Pairs of people's batches of which the machine says nothing."""
    n_outside: int
    """Queries that the machine judged and that no batch of people could have drawn: left out."""
    pooled: str
    """Of which hits a query's pool is, in words; empty where no run brought people's pairs."""
    n_beyond: int
    """Pairs with labels that are not in such pools: left out."""
    judged: float
    """Share of the run's first hits that anybody judged; at most 1."""


@dataclass(frozen=True)
class EvaluationReport:
    """Figures of one run with all that they depend on."""

    run: str
    origin: Mapping[str, str]
    """What made the run: release_id, mode, fusion and depth, or the file."""
    k: int
    conditions: Conditions
    figures: tuple[Figure, ...]
    """Of labels with open grades the smaller of two, as in slices."""
    slices: tuple[SliceFigures, ...]
    weakest: tuple[QueryValue, ...]
    """Queries with the lowest value of the first metric, worst first."""
    seed: int
    resamples: int
    evaluation: Evaluation = field(repr=False, compare=False)
    """Every metric of every query."""
    labels: LabelsReport | None = None
    """Of figures from people's and a machine's labels."""

    def figure(self, metric: str) -> Figure:
        """The figure of one metric; raises UsageError when it was not computed."""
        for figure in self.figures:
            if figure.metric == metric:
                return figure
        raise UsageError(
            f"This evaluation has no '{metric}'.", f"Next: use one of {', '.join(f.metric for f in self.figures)}"
        )

    def means(self, metric: str) -> tuple[float, ...]:
        """The mean of one metric, or both where grades are open; raises as `figure`."""
        both = tuple(each.mean for each in (self.labels.figures if self.labels else ()) if each.metric == metric)
        return both or (self.figure(metric).mean,)


@dataclass(frozen=True, slots=True)
class SliceDifferences:
    """The differences over the queries with one label."""

    column: str
    label: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Regression:
    """A query that B answers worse than A."""

    query: str
    change: QueryChange


@dataclass(frozen=True)
class ComparisonReport:
    """B against A with all that the figures depend on; A is the baseline."""

    a: str
    b: str
    metric: str
    """What the regressions are ordered by."""
    k: int
    conditions_a: Conditions
    conditions_b: Conditions
    differences: tuple[Difference, ...]
    slices: tuple[SliceDifferences, ...]
    regressions: tuple[Regression, ...]
    seed: int
    resamples: int
    comparison: Comparison = field(repr=False, compare=False)
    """Every difference of every query."""


def report_document(report: EvaluationReport) -> dict[str, Any]:
    """The evaluation as JSON data, without the values of every query; what is not a number becomes null."""
    return _document(report, "evaluation")


def comparison_document(report: ComparisonReport) -> dict[str, Any]:
    """Likewise the comparison."""
    return _document(report, "comparison")


def _document(report: EvaluationReport | ComparisonReport, left_out: str) -> dict[str, Any]:
    return {part.name: plain(getattr(report, part.name)) for part in fields(report) if part.name != left_out}
