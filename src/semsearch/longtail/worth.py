"""How well each part of the chance tells failures by itself: a table beside the scan, so that nobody has to trust it.

What was meant is not known in a log. What was engaged is: a query whose engaged items lie, for the most part, outside
the dense hits is taken to have failed. That speaks only of queries with engagements, and clicks fall on what was shown;
the table says how many queries it rests on. Parts that read the engagements themselves would be judged by what they
read, and are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.separation import auc
from semsearch.longtail.predictors import PREDICTORS

if TYPE_CHECKING:
    import polars as pl

MISSED = 0.5
"""Share of the engaged items outside the dense hits from which on a query is taken to have failed."""
FEWEST = 10
"""Queries on either side below which nothing is said."""


def worth(queries: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    """One row for each predictor that needs no log: name, what, source, auc, n, n_failed; auc None where too few tell.

    The area under the ROC curve is the chance that a failed query has a higher value than another (ties count half).
    """
    told = queries.drop_nulls("engaged_missed")
    failed = told["engaged_missed"].to_numpy() > MISSED
    rows = []
    for predictor in PREDICTORS:
        if predictor.needs_log:
            continue
        values = told[predictor.name].to_numpy().astype(np.float64)
        known = ~np.isnan(values)
        rows.append(
            {
                "name": predictor.name,
                "what": predictor.what,
                "source": predictor.source,
                "auc": _area(values[known], failed[known]),
                "n": int(known.sum()),
                "n_failed": int(failed[known].sum()),
            }
        )
    return tuple(rows)


def _area(values: NDArray[np.float64], failed: NDArray[np.bool_]) -> float | None:
    """None where too few are on either side."""
    n_failed = int(failed.sum())
    return auc(values, failed) if min(n_failed, len(failed) - n_failed) >= FEWEST else None
