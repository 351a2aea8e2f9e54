"""How many of the hits could have been meant, as far as their texts tell."""

from __future__ import annotations

import math

from semsearch.longtail.predictors.case import NAN, OURS, Case, Predictor, Values

PREDICTORS = (
    Predictor("mismatch", "share of the dense hits that nothing in their text ties to the query", OURS),
    Predictor("uncovered", "share of what was asked that the dense hits do not hold", OURS),
    Predictor("uncovered_best", "share of what was asked that even the best dense hit does not hold", OURS),
    Predictor("contradicted", "share of the dense hits that give a number otherwise than it was asked", OURS),
)


def values(case: Case) -> Values:
    """Without a hit nothing fits and nothing is covered; whether a number is contradicted is not known.

    A query in which nothing is asked (a lone jamo, a price) can fit nothing and miss nothing: all NaN.
    """
    n = len(case.fits)
    if not n:
        return {"mismatch": 1.0, "uncovered": 1.0, "uncovered_best": 1.0, "contradicted": NAN}
    coverage = [fit.coverage for fit in case.fits]
    if math.isnan(coverage[0]):
        return dict.fromkeys((predictor.name for predictor in PREDICTORS), NAN)
    return {
        "mismatch": sum(not fit.fits for fit in case.fits) / n,
        "uncovered": 1.0 - sum(coverage) / n,
        "uncovered_best": 1.0 - max(coverage),
        "contradicted": sum(fit.contradicted for fit in case.fits) / n,
    }
