"""A training for people: what the log gave, the curve of its passes, and the last stage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from semsearch.report.evaluation import metric_label
from semsearch.report.page import number, render, signed

if TYPE_CHECKING:
    from semsearch.evaluation.compare import Difference
    from semsearch.towers.card import ModelCard
    from semsearch.training.stages import Stages


def stage_rows(stages: Stages) -> list[dict[str, Any]]:
    """One row a way to answer: each metric with its interval."""
    rows = []
    for row in stages.rows:
        shown: dict[str, Any] = {"answered by": row.name}
        for figure in row.figures:
            shown[metric_label(figure.metric)] = figure.mean
            shown[f"95 % ({metric_label(figure.metric)})"] = f"{number(figure.low)} to {number(figure.high)}"
        rows.append(shown)
    return rows


def told(stages: Stages) -> tuple[str, ...]:
    """What the log's training gained, and what serving takes away."""
    return (
        f"The log's training changed {_listed(stages.gain)}.",
        f"The release's dense leg against exact search: {_listed(stages.cost)}; "
        f"{stages.release_ms:.1f} ms a question as served.",
        *([f"As served against its dense leg: {_listed(stages.served)}."] if stages.served else []),
    )


def _listed(differences: tuple[Difference, ...]) -> str:
    return "; ".join(
        f"{metric_label(d.metric)} by {signed(d.difference)} ({signed(d.low)} to {signed(d.high)})" for d in differences
    )


def known(value: float | None) -> bool:
    """Whether a figure could be taken: a card holds null for NaN."""
    return value is not None and not math.isnan(value)


def training_page(card: ModelCard, stages: Stages | None) -> str:
    """One self-contained HTML page."""
    learned = card.metrics.get("behaviour", {})
    curve = learned.get("curve", ())
    return render(
        "training.html",
        card=card,
        log=card.metrics.get("log"),
        learned=learned,
        curve=curve,
        recall=[(entry["epoch"], entry["recall"]) for entry in curve if known(entry["recall"])],
        accuracy=[(entry["epoch"], entry["accuracy"]) for entry in curve if "accuracy" in entry],
        stages=stages,
        rows=stage_rows(stages) if stages else [],
        sentences=told(stages) if stages else (),
        metric=metric_label(learned["metric"]) if learned else "",
    )
