"""All predictors of one query."""

from __future__ import annotations

from collections.abc import Sequence

from semsearch.longtail.hits import Hits
from semsearch.longtail.predictors import agreement, fitting, logged, scores, wording
from semsearch.longtail.predictors.case import Case, Engaged, Fit, Predictor
from semsearch.longtail.predictors.ground import Ground

FAMILIES = (fitting, scores, wording, agreement, logged)
PREDICTORS: tuple[Predictor, ...] = tuple(predictor for family in FAMILIES for predictor in family.PREDICTORS)
"""The plain mismatch ratio is the first."""


def predict(hits: Hits, fits: Sequence[Fit], ground: Ground, engaged: Engaged | None) -> dict[str, float]:
    """A value for each of `PREDICTORS`, in their order; finite, or NaN where it is not known.

    `fits` belongs to the first dense hits, in order; `engaged` is None for a query that the log does not have.
    """
    case = Case(hits, fits, ground, engaged)
    found: dict[str, float] = {}
    for family in FAMILIES:
        found |= family.values(case)
    return found
