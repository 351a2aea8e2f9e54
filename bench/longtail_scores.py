"""How well figures tell failing queries from others: areas under the ROC curve, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.intervals import student
from semsearch.evaluation.separation import auc

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def filled(values: Floats) -> Floats:
    """`values` in which a query whose value is not known (NaN) has the median of those that are: it says nothing."""
    known = values[~np.isnan(values)]
    return np.where(np.isnan(values), np.median(known) if len(known) else 0.0, values)


def aucs(failing: Flags, table: Mapping[str, Floats]) -> dict[str, float]:
    """The area of every column: the chance that a failing query has the higher value; NaN when all or none fail."""
    return {name: auc(filled(np.asarray(values, np.float64)), failing) for name, values in table.items()}


def resampled(failing: Flags, table: Mapping[str, Floats], *, seed: int, resamples: int = 10_000) -> dict[str, Floats]:
    """The areas of every column in resamples of the queries, the same for all: [resamples] each, so they pair up.

    A resample in which all or none fail is drawn again. Needs as many comparisons as failing times other queries.
    """
    rng = np.random.default_rng(seed)
    wins = {name: _wins(failing, np.asarray(values, np.float64)) for name, values in table.items()}
    n, out = len(failing), {name: np.empty(resamples) for name in table}
    for i in range(resamples):
        counts = np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)
        while not (counts[failing].any() and counts[~failing].any()):
            counts = np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)
        bad, good = counts[failing], counts[~failing]
        for name, won in wins.items():
            out[name][i] = bad @ won @ good / (bad.sum() * good.sum())
    return out


def _wins(failing: Flags, values: Floats) -> Floats:
    """[failing, others]: 1 where the failing query has the higher value, ½ for a tie."""
    given = filled(values)
    gap = given[failing][:, None] - given[~failing][None, :]
    return np.asarray((np.sign(gap) + 1) / 2)


def over_seeds(values: Sequence[float], *, sign: bool = False) -> str:
    """Mean and its t-interval over seeds; how many there were when some have no figure."""
    given = np.array([v for v in values if not np.isnan(v)])
    if not len(given):
        return "-"
    form = "+.3f" if sign else ".3f"
    ends = student(given)
    some = f" ({len(given)} of {len(values)} seeds)" if len(given) < len(values) else ""
    return f"{given.mean():{form}} [{ends.low:{form}}, {ends.high:{form}}]{some}"


def share(flags: Flags) -> float:
    """Share of those that are set; NaN of none at all."""
    return float(flags.mean()) if len(flags) else float("nan")


def best_single(areas: Mapping[str, float], names: Sequence[str]) -> str:
    """The predictor that does best on the very data it is judged by: no peer could have been chosen better."""
    return max(names, key=lambda name: -1.0 if np.isnan(areas[name]) else areas[name])


def lowest_third(values: Floats) -> Flags:
    """The third of the queries with the lowest values, ties at its end included."""
    place = max(round(len(values) / 3), 1) - 1
    return np.asarray(values <= np.sort(values)[place])
