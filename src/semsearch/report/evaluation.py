"""Evaluations and comparisons for people: table rows, sentences, HTML pages."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from semsearch.evaluation.compare import Difference, JudgedHit
from semsearch.evaluation.evaluate import Conditions, Figure
from semsearch.report.page import render, signed
from semsearch.retrieval.evaluate import ComparisonReport, EvaluationReport
from semsearch.retrieval.saved_runs import data

_FAMILIES = {
    "ndcg": "nDCG", "recall": "recall", "precision": "precision", "f1": "F1", "mrr": "MRR", "map": "MAP",
    "judged": "judged share",
}  # fmt: skip
_CARDS = 4
_REACH = 0.05


def metric_label(metric: str) -> str:
    """A metric name for reading: `ndcg@10/judged` is nDCG@10, judged only."""
    match = re.fullmatch(r"([a-z0-9]+?)(@\d+)?(/judged)?", metric)
    if not match:
        return metric
    only = ", judged only" if match[3] else ""
    return f"{_FAMILIES.get(match[1], match[1])}{match[2] or ''}{only}"


# --- rows and sentences ---------------------------------------------------------------------


def figure_rows(report: EvaluationReport) -> list[dict[str, Any]]:
    """One row a metric, and one a metric and slice after them."""
    rows = [_figure_row(figure) for figure in report.figures]
    if not report.slices:
        return rows
    column = report.slices[0].column
    whole = [{column: "all"} | row for row in rows]
    return whole + [{column: part.label} | _figure_row(figure) for part in report.slices for figure in part.figures]


def difference_rows(report: ComparisonReport) -> list[dict[str, Any]]:
    """One row a metric, and one a metric and slice after them; B minus A."""
    rows = [_difference_row(row) for row in report.differences]
    if not report.slices:
        return rows
    column = report.slices[0].column
    whole = [{column: "all"} | row for row in rows]
    return whole + [{column: part.label} | _difference_row(row) for part in report.slices for row in part.differences]


def regression_rows(report: ComparisonReport) -> list[dict[str, Any]]:
    """One row a query that lost, with both lists of hits as item:grade."""
    return [
        {
            "query": item.query,
            "A": item.change.value_a,
            "B": item.change.value_b,
            "B-A": item.change.difference,
            "hits of A": _short(item.change.hits_a),
            "hits of B": _short(item.change.hits_b),
        }
        for item in report.regressions
    ]


def conditions_text(report: EvaluationReport) -> str:
    """What the figures depend on, in a few sentences."""
    made = ", ".join(f"{key} {value}" for key, value in report.origin.items())
    return f"{made + '. ' if made else ''}{_queries_text(report.conditions)} {_method(report)}"


def comparison_text(report: ComparisonReport) -> str:
    """What the differences depend on, in a few sentences."""
    missing = [f"{name} leaves {c.n_without_hits} of them without hits."
               for name, c in (("A", report.conditions_a), ("B", report.conditions_b)) if c.n_without_hits]  # fmt: skip
    counted = _queries_text(report.conditions_a, hits=False)
    return " ".join([f"A is {report.a}, B is {report.b}.", counted, *missing, _method(report)])


def comparison_document(report: ComparisonReport) -> dict[str, Any]:
    """The comparison as JSON data."""
    names = ("a", "b", "metric", "k", "seed", "resamples")
    parts = ("conditions_a", "conditions_b", "differences", "slices", "regressions")
    plain: dict[str, Any] = {name: getattr(report, name) for name in names}
    return plain | {name: data(getattr(report, name)) for name in parts}


def _figure_row(figure: Figure) -> dict[str, Any]:
    row: dict[str, Any] = data(figure)
    return row


def _difference_row(row: Difference) -> dict[str, Any]:
    return {
        "metric": row.metric, "A": row.mean_a, "B": row.mean_b, "B-A": row.difference, "low": row.low,
        "high": row.high, "p": row.p_value, "better": row.n_better, "worse": row.n_worse, "n": row.n,
    }  # fmt: skip


def _short(hits: Sequence[JudgedHit], n: int = 5) -> str:
    return " ".join(f"{hit.item_id}:{'?' if hit.grade is None else f'{hit.grade:g}'}" for hit in hits[:n]) or "none"


def _queries_text(conditions: Conditions, hits: bool = True) -> str:
    relevant = f"relevant from grade {conditions.positive:g}"
    parts = [f"{conditions.n_queries:,} judged queries ({relevant})."]
    if conditions.n_without_positive:
        treated = "count as 0" if conditions.all_queries else "are left out of all means but the judged share"
        parts.append(f"{conditions.n_without_positive:,} have no relevant item and {treated}.")
    if hits and conditions.n_without_hits:
        parts.append(f"{conditions.n_without_hits:,} have no hits and count as 0.")
    if conditions.n_unjudged:
        parts.append(f"{conditions.n_unjudged:,} queries of the run are not judged.")
    return " ".join(parts)


def _method(report: EvaluationReport | ComparisonReport) -> str:
    return f"95 % intervals: bootstrap over queries, {report.resamples:,} resamples, seed {report.seed}."


# --- pages ----------------------------------------------------------------------------------


def evaluation_page(report: EvaluationReport) -> str:
    """A self-contained HTML page of one evaluation."""
    main = report.figures[0].metric
    return render(
        "evaluation.html",
        report=report,
        main=main,
        cards=report.figures[:_CARDS],
        labels=_labels(report.figures),
        values=report.evaluation.values[main].tolist(),
        sentence=_evaluation_sentence(report),
        conditions=conditions_text(report),
    )


def comparison_page(report: ComparisonReport) -> str:
    """A self-contained HTML page of one comparison."""
    return render(
        "comparison.html",
        report=report,
        cards=report.differences[:_CARDS],
        labels=_labels(report.differences),
        reach=_reach(report.differences),
        slice_reach=_reach([part.differences[0] for part in report.slices]),
        values=report.comparison.per_query(report.metric).tolist(),
        sentence=_comparison_sentence(report.differences[0]),
        conditions=comparison_text(report),
    )


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
