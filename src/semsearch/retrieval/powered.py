"""`evaluate run --labels`: figures from people's and a machine's labels, with intervals that stay valid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.evaluation.draws import Draw
from semsearch.evaluation.evaluate import Figure, evaluate
from semsearch.evaluation.full_pools import FullPools, full_pools, qrels_by
from semsearch.evaluation.labelled import End, by_rubric, check_one_judge, of_judge
from semsearch.evaluation.planning import Expected, expected_of
from semsearch.evaluation.powered import MINIMUM, RESAMPLES, Powered, check_enough, powered_mean, worth
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries, query_id_of
from semsearch.evaluation.runs import Run
from semsearch.records import Label
from semsearch.retrieval.evaluate import default_metrics, evaluate_run
from semsearch.retrieval.reports import EvaluationReport, LabelsReport, PoweredFigure, SliceFigures
from semsearch.store.labels import Effective, Key, blind, effective, query_key

Floats = NDArray[np.float64]
ENDS: tuple[End, End] = ("low", "high")


@dataclass(frozen=True)
class Labelled:
    """What people and models said of the queries that are evaluated."""

    people: Mapping[Key, Effective]
    machine: Mapping[Key, Effective]
    pools: FullPools
    ids: Mapping[str, str]
    """Query key → query_id."""
    queries: Queries
    judged: Qrels
    """What counts of each pair, people before the machine, at the low end."""
    drawn_alike: bool
    judge: str
    """Whose labels are rectified: MODEL@PROMPT@RUBRIC."""
    n_shown: int
    """Labels of people who saw the machine's opinion first: left out."""
    n_other_rubric: int
    """Labels of people by another version of the rubric than the machine's: left out."""


@dataclass(frozen=True)
class Values:
    """Every metric of every query by one of the two, at one end."""

    human: Mapping[str, Floats]
    """Metric → [n]: queries that people judged."""
    machine: Mapping[str, Floats]
    """Metric → [n]: the machine at the same queries."""
    others: Mapping[str, Floats]
    """Metric → [N]: the machine at all others."""


def labelled(
    labels: Iterable[Label],
    digests: Mapping[str, str],
    queries: Queries | None = None,
    *,
    asked: Set[Key] = frozenset(),
    gone: Set[Key] = frozenset(),
    draws: Mapping[str, Draw] | None = None,
    drawn_alike: bool = False,
    judge: str | None = None,
) -> Labelled:
    """Sort labels for `evaluate_labelled`; `queries` limits them to its queries and gives these their ids.

    `asked`, `gone` and `draws` as in `full_pools`. `judge` is MODEL, MODEL@PROMPT or MODEL@PROMPT@RUBRIC: whose labels are
    rectified. Raises UsageError when no model's label is left, for labels of several judges, and as `full_pools`.
    """
    stand, n_shown = blind(labels)
    persons, models = ([s for s in stand if (s.source == "person") is human] for human in (True, False))
    models = of_judge(models, judge) if judge is not None else models
    ids = {query_key(text): query_id for query_id, text in queries.texts.items()} if queries else None
    machine = _within(effective(models, digests), ids)
    if not machine:
        raise UsageError(
            "No model's label is here for these queries, and people's alone need no rectifying.",
            "Next: semsearch grade pairs FILE, or semsearch label export qrels.txt --format trec, for --qrels",
        )
    one = check_one_judge(each.labels[-1] for each in machine.values())
    persons, n_other = by_rubric(persons, next(iter(machine.values())).labels[-1].rubric)
    people = _within(effective(persons, digests), ids)
    counting = _within(effective([*persons, *models], digests), ids)
    ids = ids or {query: query_id_of(each.query) for (query, _), each in counting.items()}
    pools = full_pools(people, machine, asked=asked, gone=gone, draws=draws, drawn_alike=drawn_alike)
    kept = {query: ids[query] for query in pools.machine}
    texts = {ids[query]: each.query.strip() for (query, _), each in counting.items() if query in kept}
    named = queries.of(kept.values()) if queries else Queries(texts)
    known = {key: each for key, each in counting.items() if each.gradeable and not each.stale}
    judged_by = qrels_by(known, kept, "low")
    return Labelled(people, machine, pools, kept, named, judged_by, drawn_alike, one, n_shown, n_other)


def _within(pairs: dict[Key, Effective], ids: Mapping[str, str] | None) -> dict[Key, Effective]:
    """The pairs of the queries that `ids` has; all without it."""
    return pairs if ids is None else {key: each for key, each in pairs.items() if key[0] in ids}


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

    A mean at the low and at the high end where grades are open. Queries, hits and the distribution in the report are
    by what counts of each pair. A slice with fewer than `MINIMUM` queries of people's has NaN figures.

    Raises UsageError as `evaluate_run`, and when people judged too few queries; MissingExtra without ppi-python.
    """
    _check_drawn(given.pools)
    asked = tuple(metrics or default_metrics(k))
    base = evaluate_run(
        run, given.judged, given.queries, k=k, metrics=asked, slice_by=slice_by, positive=positive,
        all_queries=all_queries, origin=origin, seed=seed,
    )  # fmt: skip
    values = {end: query_values(run, given, asked, end, positive=positive, all_queries=all_queries) for end in ENDS}
    weights = _weights(given.pools)
    low, high = (_means(values[end], weights, seed) for end in ENDS)
    slices = tuple(_slice(part, given, values["low"], slice_by or "", seed) for part in base.slices)
    return replace(
        base,
        figures=tuple(_figure(metric, found) for metric, found in low.items()),
        slices=slices,
        resamples=RESAMPLES,
        labels=_report(given, low, high, _share_judged(run, given, k)),
    )


def _check_drawn(pools: FullPools) -> None:
    """Say of labels without a probability, such as imported ones, what they lack, before they are missed."""
    n = len(pools.drawn)
    if n < MINIMUM <= n + pools.n_on_purpose:
        raise UsageError(
            f"People judged {n:,} queries whole that were drawn at random, and {pools.n_on_purpose:,} whose labels "
            f"carry no probability (picked on purpose, or imported); an interval needs {MINIMUM:,} drawn ones.",
            "Next: semsearch evaluate run --labels --drawn-alike, if all were drawn at random with the same chance",
        )
    check_enough(n)


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


def _means(values: Values, weights: Floats | None, seed: int) -> dict[str, Powered]:
    return {
        metric: powered_mean(values.human[metric], values.machine[metric], values.others[metric],
                             weights=weights, seed=seed)
        for metric in values.human
    }  # fmt: skip


def _slice(part: SliceFigures, given: Labelled, values: Values, column: str, seed: int) -> SliceFigures:
    labels, pools = given.queries.labels(column), given.pools
    inside = {query for query in pools.machine if labels.get(given.ids[query], "") == part.label}
    drawn = np.asarray([query in inside for query in pools.drawn], bool)
    rest = np.asarray([query in inside for query in pools.machine if query not in pools.drawn], bool)
    weights = _weights(pools)
    scale = None if weights is None else weights[drawn]
    figures = []
    for metric, every in values.human.items():
        human = every[drawn]
        if worth(human, scale) < MINIMUM:
            figures.append(Figure(metric, np.nan, np.nan, np.nan, int(np.count_nonzero(~np.isnan(human)))))
            continue
        same, others = values.machine[metric][drawn], values.others[metric][rest]
        figures.append(_figure(metric, powered_mean(human, same, others, weights=scale, seed=seed)))
    return SliceFigures(part.column, part.label, tuple(figures))


def _figure(metric: str, found: Powered) -> Figure:
    return Figure(metric, found.mean, found.low, found.high, found.n_human + found.n_machine)


def _share_judged(run: Run, given: Labelled, k: int) -> float:
    return evaluate(run, given.judged, [f"judged@{k}"]).mean(f"judged@{k}")


def _report(given: Labelled, low: Mapping[str, Powered], high: Mapping[str, Powered], share: float) -> LabelsReport:
    rows = [
        _row(metric, grades, found)
        for metric, at_low in low.items()
        for grades, found in ([("", at_low)] if at_low == high[metric] else [("low", at_low), ("high", high[metric])])
    ]
    pools = given.pools
    return LabelsReport(
        tuple(rows), len(pools.machine), len(pools.drawn), pools.n_partly, pools.n_on_purpose,
        pools.n_without_machine, given.drawn_alike, MINIMUM, given.judge, given.n_shown, given.n_other_rubric,
        *_open(given), pools.n_unanswered, pools.n_outside, share,
    )  # fmt: skip


def _open(given: Labelled) -> tuple[int, int]:
    """How many pairs are ungradeable, and how many stale, by people or by the machine."""
    said = [*given.people.items(), *given.machine.items()]
    stale = {key for key, each in said if each.stale}
    ungradeable = {key for key, each in said if key[0] in given.ids and not each.gradeable}
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
