"""`evaluate run --labels`: figures from people's and a machine's labels, with intervals that stay valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.evaluation.evaluate import Figure, evaluate
from semsearch.evaluation.labels.full_pools import FullPools, qrels_by
from semsearch.evaluation.labels.labelled import End
from semsearch.evaluation.labels.planning import Expected, expected_of
from semsearch.evaluation.labels.powered import MINIMUM, RESAMPLES, Powered, check_enough, powered_mean, worth
from semsearch.evaluation.metrics import parse_metrics
from semsearch.evaluation.runs import Run
from semsearch.retrieval.evaluate import default_metrics, evaluate_run
from semsearch.retrieval.labelled import Labelled
from semsearch.retrieval.reports import EvaluationReport, LabelsReport, PoweredFigure, SliceFigures

Floats = NDArray[np.float64]
ENDS: tuple[End, End] = ("low", "high")


@dataclass(frozen=True)
class Values:
    """Every metric of every query by one of the two, at one end."""

    human: Mapping[str, Floats]
    """Metric → [n]: queries that people judged."""
    machine: Mapping[str, Floats]
    """Metric → [n]: the machine at the same queries."""
    others: Mapping[str, Floats]
    """Metric → [N]: the machine at all others."""

    def within(self, drawn: NDArray[np.bool_], rest: NDArray[np.bool_]) -> Values:
        """The same of some of people's queries [n] and of the others [N]."""
        human, machine = ({m: each[drawn] for m, each in of.items()} for of in (self.human, self.machine))
        return Values(human, machine, {metric: each[rest] for metric, each in self.others.items()})


def evaluate_labelled(
    run: Run,
    given: Labelled,
    *,
    k: int = 10,
    metrics: Sequence[str] = (),
    slice_by: str | None = None,
    positive: float = 1.0,
    all_queries: bool = False,
    origin: Mapping[str, str] | None = None,
    seed: int = 0,
) -> EvaluationReport:
    """Figures of a run over all queries that the machine judged, rectified by those that people judged whole.

    Where grades are open there are two means, and the smaller one is the figure, of slices too. Queries, hits and the
    distribution in the report are by what counts of each pair. A slice with fewer than `MINIMUM` queries of people's
    has NaN figures.

    Raises UsageError as `evaluate_run`, and when people judged too few queries; MissingExtra without ppi-python.
    """
    check_drawn(given)
    asked = tuple(metrics or default_metrics(k))
    base = evaluate_run(
        run, given.judged, given.queries, k=k, metrics=asked, slice_by=slice_by, positive=positive,
        all_queries=all_queries, origin=origin, seed=seed,
    )  # fmt: skip
    values = [query_values(run, given, asked, end, positive=positive, all_queries=all_queries) for end in ENDS]
    found = {metric: _at_both_ends(values, metric, _weights(given.pools), seed) for metric in values[0].human}
    slices = tuple(_slice(part, given, values, slice_by or "", seed) for part in base.slices)
    return replace(
        base,
        figures=tuple(_figure(metric, both) for metric, both in found.items()),
        slices=slices,
        resamples=RESAMPLES,
        labels=_report(given, found, _share_judged(run, given, asked, k)),
    )


def check_drawn(given: Labelled) -> None:
    """Raise UsageError when people judged too few queries for an interval: how many, and why each other kind is none.

    The next step is that of the largest kind.
    """
    pools, n = given.pools, len(given.pools.drawn)
    kinds = [
        (pools.n_on_purpose, "{:,} whole, but their labels carry no probability (picked on purpose, or imported)",
         "evaluate run --labels --drawn-alike, if all were drawn at random with the same chance"),
        (pools.n_partly, "{:,} in part: people have not judged all pairs that the model, a pool or a batch has",
         "label session BATCH --by NAME, until a batch is done; of imported labels draw whole queries: "
         f"semsearch label sample BATCH --run RUN --size {MINIMUM - n}"),
        (pools.n_without_machine, "{:,} that this model did not grade",
         "grade pairs FILE, with the pairs that people judged, or --run RUN, of which they were drawn"),
    ]  # fmt: skip
    missed = [kind for kind in kinds if kind[0]]
    if n >= MINIMUM or not missed:
        check_enough(n)
        return
    told = "; ".join(text.format(count) for count, text, _ in missed)
    raise UsageError(
        f"People judged {n + sum(count for count, *_ in missed):,} queries, and {n:,} of them count; an interval that "
        f"stays valid needs {MINIMUM:,}. The others: {told}.{_labels_left_out(given)}",
        f"Next: semsearch {max(missed)[2]}",
    )


def _labels_left_out(given: Labelled) -> str:
    counts = [
        (given.n_shown, "{:,} labels whose author saw the model's opinion first"),
        (given.n_other_rubric, "{:,} labels by another version of the rubric"),
        (sum(each.stale for each in given.people.values()), "{:,} pairs whose item has changed"),
    ]
    told = ", ".join(text.format(n) for n, text in counts if n)
    return f" Left out besides: {told}." if told else ""


def query_values(
    run: Run, given: Labelled, metrics: Sequence[str], end: End, *, positive: float = 1.0, all_queries: bool = False
) -> Values:
    """Every metric of every query, by people and by the machine; NaN where a query does not count."""
    drawn = [given.ids[query] for query in given.pools.drawn]
    rest = [given.ids[query] for query in given.pools.machine if query not in given.pools.drawn]
    names = {query: given.ids[query] for query in given.pools.drawn}
    by = []
    for pairs, ids in ((given.people, names), (given.machine, given.ids)):
        if not ids:
            by.append((dict.fromkeys(metrics, np.empty(0)), dict[str, int]()))
            continue
        found = evaluate(run, qrels_by(pairs, ids, end), metrics, positive=positive, all_queries=all_queries)
        by.append((dict(found.values), {query_id: row for row, query_id in enumerate(found.query_ids)}))
    (human, own), (machine, places) = by
    return Values(
        {metric: _at(values, own, drawn) for metric, values in human.items()},
        {metric: _at(values, places, drawn) for metric, values in machine.items()},
        {metric: _at(values, places, rest) for metric, values in machine.items()},
    )


def _at(values: Floats, places: Mapping[str, int], query_ids: Sequence[str]) -> Floats:
    """NaN for a query all pairs of which are ungradeable."""
    return np.asarray([values[places[query]] if query in places else np.nan for query in query_ids], np.float64)


def _weights(pools: FullPools) -> Floats | None:
    known = [stands for stands in pools.drawn.values() if stands is not None]
    return np.asarray(known, np.float64) if known else None


def _at_both_ends(values: Sequence[Values], metric: str, weights: Floats | None, seed: int) -> tuple[Powered, Powered]:
    """The mean by the lowest and by the highest grades that open ones may be, both by one method."""
    given = [(each.human[metric], each.machine[metric], each.others[metric]) for each in values]
    low, high = (powered_mean(*each, weights=weights, seed=seed) for each in given)
    if low.method != high.method:
        low, high = (powered_mean(*each, weights=weights, seed=seed, bounded=True) for each in given)
    return low, high


def _slice(part: SliceFigures, given: Labelled, values: Sequence[Values], column: str, seed: int) -> SliceFigures:
    labels, pools = given.queries.labels(column), given.pools
    inside = {query for query in pools.machine if labels.get(given.ids[query], "") == part.label}
    drawn = np.asarray([query in inside for query in pools.drawn], bool)
    rest = np.asarray([query in inside for query in pools.machine if query not in pools.drawn], bool)
    weights = _weights(pools)
    scale = None if weights is None else weights[drawn]
    within = [each.within(drawn, rest) for each in values]
    figures, judged = [], []
    for metric in within[0].human:
        human, others = min(((each.human[metric], each.others[metric]) for each in within),
                            key=lambda both: worth(both[0], scale))  # fmt: skip
        judged.append(int(np.count_nonzero(~np.isnan(human))))
        if worth(human, scale) < MINIMUM:
            n = judged[-1] + int(np.count_nonzero(~np.isnan(others)))
            figures.append(Figure(metric, np.nan, np.nan, np.nan, n))
        else:
            figures.append(_figure(metric, _at_both_ends(within, metric, scale, seed)))
    return SliceFigures(part.column, part.label, tuple(figures), judged[0])


def _figure(metric: str, both: tuple[Powered, Powered]) -> Figure:
    """The smaller of the two: a figure that passes a gate passes it however open grades turn out."""
    found = min(both, key=lambda each: each.mean)
    return Figure(metric, found.mean, found.low, found.high, found.n_human + found.n_machine)


def _share_judged(run: Run, given: Labelled, metrics: Sequence[str], k: int) -> float:
    """Of the hits that the metrics with a cut look at, or of the first k."""
    deepest = max((each.k for each in parse_metrics(metrics) if each.k), default=k)
    return evaluate(run, given.judged, [f"judged@{deepest}"]).mean(f"judged@{deepest}")


def _report(given: Labelled, found: Mapping[str, tuple[Powered, Powered]], share: float) -> LabelsReport:
    rows = [
        _row(metric, grades, each)
        for metric, (low, high) in found.items()
        for grades, each in ([("", low)] if _same(low, high) else [("lowest", low), ("highest", high)])
    ]
    pools = given.pools
    return LabelsReport(
        tuple(rows), len(pools.machine), len(pools.drawn), pools.n_partly, pools.n_on_purpose,
        pools.n_without_machine, given.drawn_alike, MINIMUM, given.judge, given.n_shown, given.n_other_rubric,
        *_open(given), pools.n_unanswered, pools.n_outside, str(given.pooled or ""), given.n_beyond, share,
    )  # fmt: skip


def _same(low: Powered, high: Powered) -> bool:
    """λ may be NaN in both."""
    return replace(low, lam=0.0) == replace(high, lam=0.0)


def _open(given: Labelled) -> tuple[int, int]:
    """How many pairs are ungradeable, and how many stale, by people or by the machine.

    Of the queries of the mean, and stale ones also of those that it lost because all of their pairs are.
    """
    fresh = {query for (query, _), each in given.machine.items() if not each.stale}
    about = given.ids.keys() | {query for query, _ in given.machine if query not in fresh}
    said = [(key, each) for key, each in [*given.people.items(), *given.machine.items()] if key[0] in about]
    stale = {key for key, each in said if each.stale}
    ungradeable = {key for key, each in said if not each.gradeable}
    return len(ungradeable - stale), len(stale)


def _row(metric: str, grades: str, found: Powered) -> PoweredFigure:
    return PoweredFigure(
        metric, grades, found.mean, found.low, found.high, found.n_human, found.n_machine, found.lam,
        found.human_mean, found.human_only.low, found.human_only.high, found.method,
    )  # fmt: skip


def expected_so_far(run: Run, given: Labelled, metric: str, *, positive: float = 1.0) -> Expected:
    """What a plan rests on, from the labels so far. Raises UsageError when people judged too few to tell anything."""
    values = query_values(run, given, (metric,), "low", positive=positive)
    human, machine, others = (next(iter(each.values())) for each in (values.human, values.machine, values.others))
    weights = _weights(given.pools)
    enough = worth(human, weights) >= MINIMUM
    so_far = powered_mean(human, machine, others, weights=weights, seed=0) if enough else None
    return expected_of(human, machine, others, so_far)
