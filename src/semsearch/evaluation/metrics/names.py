"""Metric names: `ndcg@10`, `recall@100`, `map`, `ndcg@10/judged` (judged-only)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.evaluation.grades import GradeTable
from semsearch.evaluation.metrics.average_precision import average_precision
from semsearch.evaluation.metrics.judged import judged_share
from semsearch.evaluation.metrics.ndcg import ndcg
from semsearch.evaluation.metrics.reciprocal_rank import reciprocal_rank
from semsearch.evaluation.metrics.sets import f1, precision, recall

Formula = Callable[[GradeTable, int | None], NDArray[np.float64]]

FAMILIES: Mapping[str, Formula] = {
    "ndcg": ndcg,
    "recall": recall,
    "precision": precision,
    "f1": f1,
    "mrr": reciprocal_rank,
    "map": average_precision,
    "judged": judged_share,
}
_SHORT = {"p": "precision", "r": "recall", "rr": "mrr", "ap": "map"}
_NAME = re.compile(r"([a-z0-9]+?)(?:@([^/]+))?(/judged)?")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family at one cut."""

    family: str
    """A key of FAMILIES."""
    k: int | None = None
    """Cut; None takes the whole ranking."""
    judged_only: bool = False
    """Computed after the unjudged hits were dropped from the top 1000."""

    @property
    def name(self) -> str:
        """Such as `ndcg@10` or `ndcg@10/judged`; what `parse_metric` reads."""
        cut = "" if self.k is None else f"@{self.k}"
        return f"{self.family}{cut}{'/judged' if self.judged_only else ''}"

    @property
    def needs_positive(self) -> bool:
        """Whether a query without a relevant item says nothing about a ranking."""
        return self.family != "judged"

    def __call__(self, table: GradeTable) -> NDArray[np.float64]:
        """The value of each query; [n_queries], 0 to 1."""
        return FAMILIES[self.family](table.judged_only if self.judged_only else table, self.k)


def parse_metric(text: str) -> Metric:
    """Read one metric name; raises UsageError for an unknown family or a cut below 1."""
    match = _NAME.fullmatch(text.strip().lower())
    family = _SHORT.get(match[1], match[1]) if match else ""
    if match is None or family not in FAMILIES:
        raise UsageError(f"Unknown metric '{text}'.", f"Next: use one of {', '.join(FAMILIES)}, such as ndcg@10")
    if match[2] is not None and (not match[2].isdecimal() or int(match[2]) < 1):
        raise UsageError(f"Metric '{text}': the cut must be a whole number of at least 1.", "Next: such as ndcg@10")
    return Metric(family, int(match[2]) if match[2] else None, match[3] is not None)


def parse_metrics(names: Iterable[str]) -> tuple[Metric, ...]:
    """Read metric names, each of which may be a comma-separated list; doubles are dropped. Raises for none at all."""
    parts = [part for name in names for part in name.split(",") if part.strip()]
    if not parts:
        raise UsageError("No metric is named.", "Next: --metric ndcg@10")
    return tuple(dict.fromkeys(map(parse_metric, parts)))
