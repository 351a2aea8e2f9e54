"""Evaluations and comparisons for people: table rows, sentences, HTML pages."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from semsearch.evaluation.compare import Difference, JudgedHit
from semsearch.evaluation.evaluate import Conditions, Figure
from semsearch.plain import plain
from semsearch.report.page import render, signed
from semsearch.retrieval.reports import ComparisonReport, EvaluationReport, LabelsReport

_FAMILIES = {
    "ndcg": "nDCG", "recall": "recall", "precision": "precision", "f1": "F1", "mrr": "MRR", "map": "MAP",
    "judged": "judged share",
}  # fmt: skip
_CARDS = ("recall", "judged", "mrr")
_REACH = 0.05
FEW_JUDGED = 0.9
"""Below this share of judged hits a figure is mostly about what nobody judged."""

Titles = Mapping[str, str]


def metric_label(metric: str) -> str:
    """A metric name for reading: `ndcg@10/judged` is nDCG@10, judged only."""
    match = re.fullmatch(r"([a-z0-9]+?)(@\d+)?(/judged)?", metric)
    if not match:
        return metric
    only = ", judged only" if match[3] else ""
    return f"{_FAMILIES.get(match[1], match[1])}{match[2] or ''}{only}"


# --- rows and sentences ---------------------------------------------------------------------


def figure_rows(report: EvaluationReport) -> list[dict[str, Any]]:
    """One row a metric; of figures from labels one more where grades are open, with what people's alone give."""
    if report.labels is None:
        return [plain(figure) for figure in report.figures]
    are_open = any(figure.grades for figure in report.labels.figures)
    return [
        plain({"metric": f.metric, **({"open grades": f.grades} if are_open else {}),
               "mean": f.mean, "low": f.low, "high": f.high,
               "people": f.n_human, "model": f.n_machine, "λ": "bounded" if f.method == "bounded" else f.lam,
               "people alone": f.human_mean, "their low": f.human_low, "their high": f.human_high})
        for f in report.labels.figures
    ]  # fmt: skip


def slice_rows(report: EvaluationReport) -> list[dict[str, Any]]:
    """One row a slice: the first metric with its interval, the means of the others."""
    rows = []
    for part in report.slices:
        first, *others = part.figures
        people = {} if part.n_human is None else {"by people": part.n_human}
        row = {part.column: part.label, "queries": first.n, **people}
        row |= {first.metric: first.mean, "low": first.low, "high": first.high}
        rows.append(plain(row | {figure.metric: figure.mean for figure in others}))
    return rows


def slices_text(report: EvaluationReport) -> str:
    """Why slices have no figure; '' when all have."""
    empty = sum(math.isnan(part.figures[0].mean) for part in report.slices) if report.labels else 0
    if not empty or not report.labels:
        return ""
    return (
        f"Slices without a figure: {empty:,}. In each people judged too few queries that count: an interval that stays "
        f"valid takes {report.labels.minimum:,}, or as many as are worth these where they were drawn unevenly."
    )


def figure_records(report: EvaluationReport) -> list[dict[str, Any]]:
    """One record a metric and slice; the whole has no slice."""
    sliced = [{part.column: part.label} | plain(figure) for part in report.slices for figure in part.figures]
    whole = [plain(figure) for figure in (report.labels.figures if report.labels else report.figures)]
    return [*whole, *sliced]


def difference_rows(report: ComparisonReport) -> list[dict[str, Any]]:
    """One row a metric; B minus A."""
    return [_difference_row(row) for row in report.differences]


def difference_slice_rows(report: ComparisonReport) -> list[dict[str, Any]]:
    """One row a slice: the first metric's difference with its interval."""
    return [{part.column: part.label} | _difference_row(part.differences[0]) for part in report.slices]


def regression_rows(report: ComparisonReport, titles: Titles, n_hits: int = 3) -> list[dict[str, Any]]:
    """One row a query that lost, with the first hits of both runs, each as grade and title."""
    return [
        {
            "query": item.query,
            "A": item.change.value_a,
            "B": item.change.value_b,
            "B-A": item.change.difference,
            "hits of A": _short(item.change.hits_a[:n_hits], titles),
            "hits of B": _short(item.change.hits_b[:n_hits], titles),
        }
        for item in report.regressions
    ]


def shown_items(report: EvaluationReport | ComparisonReport) -> set[str]:
    """The item ids that a page of this report lists; for looking up their titles."""
    if isinstance(report, EvaluationReport):
        return {hit.item_id for query in report.weakest for hit in query.hits}
    return {hit.item_id for item in report.regressions for hit in (*item.change.hits_a, *item.change.hits_b)}


def conditions_text(report: EvaluationReport) -> str:
    """What the figures depend on, in a few sentences."""
    made = ", ".join(f"{key} {value}" for key, value in report.origin.items())
    return f"{made + '. ' if made else ''}{_queries_text(report.conditions)} {_method(report)}"


def comparison_text(report: ComparisonReport) -> str:
    """What the differences depend on, in a few sentences."""
    missing = [f"Without hits in {name}: {c.n_without_hits:,}."
               for name, c in (("A", report.conditions_a), ("B", report.conditions_b)) if c.n_without_hits]  # fmt: skip
    counted = _queries_text(report.conditions_a, hits=False)
    parts = [f"A is {report.a}, B is {report.b}.", counted, *missing, _method(report), judged_hint(report)]
    return " ".join(part for part in parts if part)


def _left_open(labels: LabelsReport) -> list[str]:
    """What of the labels is not known or does not count, each only where there is any."""
    told = [
        (labels.n_shown, "Labels whose author saw the model's opinion first, left out: {:,}."),
        (labels.n_other_rubric, "People's labels by another version of the rubric than the model's, left out: {:,}."),
        (labels.n_ungradeable, "Ungradeable pairs, 0 where open grades are lowest and 2 where they are highest: {:,}."),
        (
            labels.n_stale,
            "Stale pairs (their item has changed), as ungradeable ones; no query of such alone counts: {:,}.",
        ),
        (
            labels.n_unanswered,
            "Pairs that people or the model were asked of these queries, and it did not answer: {:,}.",
        ),
    ]
    parts = [text.format(n) for n, text in told if n]
    if labels.judged < FEW_JUDGED:
        parts.append(f"{1 - labels.judged:.0%} of the first hits nobody judged, they count as 0: figures may be off.")
    return parts


def _inferred(labels: LabelsReport) -> str:
    if all(math.isnan(figure.lam) for figure in labels.figures):
        return (
            f"95 % intervals over {labels.n_human:,} queries, all of them judged whole by people: with no query that "
            f"only the model judged, figures are people's, and λ would say nothing; an interval takes {labels.minimum}."
        )
    return (
        f"95 % intervals by prediction-powered inference over {labels.n_queries:,} queries that a model judged, "
        f"{labels.n_human:,} of them judged whole by people and drawn at random; an interval takes {labels.minimum}."
    )


def labels_text(labels: LabelsReport) -> str:
    """Whose labels the figures rest on, and which are left out."""
    parts = [_inferred(labels)]
    if labels.pooled:
        beyond = f"; labels of {labels.n_beyond:,} pairs beyond them are left out" if labels.n_beyond else ""
        parts.append(f"A query's pool is {labels.pooled}, as in people's batches{beyond}.")
    if labels.drawn_alike:
        parts.append("All are taken for drawn alike, as you said.")
    if labels.n_on_purpose:
        parts.append(f"Picked on purpose, people's labels kept out: {labels.n_on_purpose:,} queries.")
    if labels.n_partly:
        parts.append(f"Judged by people in part, which does not count: {labels.n_partly:,}.")
    if labels.n_without_machine:
        parts.append(f"Judged by no model, left out: {labels.n_without_machine:,}.")
    if labels.n_outside:
        parts.append(
            f"Judged by the model, and not among the queries that people's batches were drawn from, left out: "
            f"{labels.n_outside:,}; people's labels do not speak for them."
        )
    parts.extend(_left_open(labels))
    if any(figure.grades for figure in labels.figures):
        parts.append(
            "Some grades are open: there is a row with all of these as low, and one with all as high, as they may be. "
            "The smaller mean is the figure of slices and headline; --fail-on looks at both. They are no bounds: a "
            "grade between may give a figure outside of them."
        )
    if any(figure.method == "bounded" for figure in labels.figures):
        parts.append(
            "λ bounded: people's values are nearly all the same, so the mean is theirs, without the model, and the "
            "interval one for any values within 0 and 1."
        )
    return " ".join(parts)


def judged_hint(report: ComparisonReport) -> str:
    """A warning when one run shows more judged items than the other; empty when they do not clearly differ."""
    for row in report.differences:
        if row.metric in _neutral(report.differences) and (row.low > 0 or row.high < 0):
            fewer, share = ("A", row.mean_a) if row.difference > 0 else ("B", row.mean_b)
            return (
                f"{fewer} shows fewer judged items ({row.metric} {share:.2f}), so its plain figures are lower bounds: "
                "read the judged-only ones too."
            )
    return ""


def _difference_row(row: Difference) -> dict[str, Any]:
    return {
        "metric": row.metric, "A": row.mean_a, "B": row.mean_b, "B-A": row.difference, "low": row.low,
        "high": row.high, "p": round(row.p_value, 4), "better": row.n_better, "worse": row.n_worse, "n": row.n,
    }  # fmt: skip


def _short(hits: Sequence[JudgedHit], titles: Titles, width: int = 44) -> str:
    lines = [f"{'?' if hit.grade is None else f'{hit.grade:g}'} {titles.get(hit.item_id, hit.item_id)}" for hit in hits]
    return "\n".join(line if len(line) <= width else line[: width - 1] + "…" for line in lines) or "no hits"


def _queries_text(conditions: Conditions, hits: bool = True) -> str:
    relevant = f"relevant from grade {conditions.positive:g}"
    parts = [f"{conditions.n_queries:,} judged queries ({relevant})."]
    if conditions.n_without_positive:
        treated = "counted as 0" if conditions.all_queries else "left out of all means but the judged share"
        parts.append(f"Without a relevant item, {treated}: {conditions.n_without_positive:,}.")
    if hits and conditions.n_without_hits:
        parts.append(f"Without hits, counted as 0: {conditions.n_without_hits:,}.")
    if conditions.n_unjudged:
        parts.append(f"Queries of the run that nobody judged: {conditions.n_unjudged:,}.")
    return " ".join(parts)


def _method(report: EvaluationReport | ComparisonReport) -> str:
    if isinstance(report, EvaluationReport) and report.labels:
        return f"{labels_text(report.labels)} Bootstrap-t, {report.resamples:,} resamples, seed {report.seed}."
    return f"95 % intervals: bootstrap over queries, {report.resamples:,} resamples, seed {report.seed}."


# --- pages ----------------------------------------------------------------------------------


def evaluation_page(report: EvaluationReport, titles: Titles) -> str:
    """A self-contained HTML page of one evaluation; `titles` (item_id to title) may be empty."""
    main = report.figures[0].metric
    return render(
        "evaluation.html",
        report=report,
        titles=titles,
        main=main,
        cards=[report.figure(metric) for metric in _card_metrics([f.metric for f in report.figures])],
        labels=_labels(report.figures),
        values=report.evaluation.values[main].tolist(),
        slices_text=slices_text(report),
        sentence=_evaluation_sentence(report),
        conditions=conditions_text(report),
    )


def comparison_page(report: ComparisonReport, titles: Titles) -> str:
    """A self-contained HTML page of one comparison; `titles` (item_id to title) may be empty."""
    return render(
        "comparison.html",
        report=report,
        titles=titles,
        cards=_card_differences(report.differences),
        labels=_labels(report.differences),
        reach=_reach(report.differences),
        slice_reach=_reach([part.differences[0] for part in report.slices]),
        values=report.comparison.per_query(report.metric).tolist(),
        sentence=_comparison_sentence(report.differences[0]),
        neutral=_neutral(report.differences),
        hint=judged_hint(report),
        conditions=comparison_text(report),
    )


def _neutral(rows: Sequence[Difference]) -> set[str]:
    """Metrics of which more is not better: the judged shares."""
    return {row.metric for row in rows if row.metric.split("@")[0] == "judged"}


def _card_metrics(metrics: Sequence[str]) -> list[str]:
    """The first metric, a judged-only one and the first of each telling family: at most four."""
    judged_only = [metric for metric in metrics if metric.endswith("/judged")]
    families = {metric.split("@")[0]: metric for metric in reversed(metrics)}
    telling = [families[family] for family in _CARDS if family in families]
    return list(dict.fromkeys([metrics[0], *judged_only[:1], *telling, *metrics]))[:4]


def _card_differences(rows: Sequence[Difference]) -> list[Difference]:
    by_metric = {row.metric: row for row in rows}
    return [by_metric[metric] for metric in _card_metrics(list(by_metric))]


def _labels(rows: Sequence[Figure | Difference]) -> dict[str, str]:
    return {row.metric: metric_label(row.metric) for row in rows}


def _reach(rows: Sequence[Difference]) -> float:
    ends = [abs(end) for row in rows for end in (row.low, row.high) if not math.isnan(end)]
    return max([_REACH, *ends]) * 1.05


def _evaluation_sentence(report: EvaluationReport) -> str:
    figure = report.figures[0]
    if not figure.n:
        return "No judged query has a relevant item, so nothing can be said."
    return (
        f"{metric_label(figure.metric)} is {figure.mean:.3f} over {figure.n:,} queries, "
        f"with a 95 % interval from {figure.low:.3f} to {figure.high:.3f}."
    )


def _comparison_sentence(row: Difference) -> str:
    label = metric_label(row.metric)
    if not row.n:
        return "No judged query has a relevant item, so nothing can be said."
    if row.low > 0 or row.high < 0:
        verdict = f"B is {'better' if row.low > 0 else 'worse'} than A in {label} by {abs(row.difference):.3f}"
    else:
        verdict = f"{label} does not tell A and B apart: B minus A is {signed(row.difference)}"
    return f"{verdict} (95 % interval {signed(row.low)} to {signed(row.high)}, {row.n:,} queries)."
