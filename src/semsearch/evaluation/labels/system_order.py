"""Do people and a machine put systems in the same order? Another goal than agreeing on single grades."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.intervals import CONFIDENCE
from semsearch.evaluation.labels.grade_tables import Estimate, Resampler

Floats = NDArray[np.float64]
_DIGITS = 9
"""Of figures that are compared: those that differ by rounding alone are equal."""
_STILL = 1e-9
"""A width of an interval below this is none."""


@dataclass(frozen=True, slots=True)
class Order:
    """Systems ranked by people and by a machine."""

    tau: Estimate
    """Kendall's τ-b of the two rankings: 1 the same order, -1 the reverse; NaN when one cannot tell any two apart.

    Without an interval (NaN) where all resamples say the same, or where more of them than an interval leaves out tell
    no two systems apart: then τ rests on single queries.
    """
    by_people: tuple[float, ...]
    """Mean value a system."""
    by_machine: tuple[float, ...]
    n_queries: int
    n_apart_by_people: int
    """Of these, queries in which people's values differ between systems; all others say nothing of the order."""
    n_apart_by_machine: int


def tau(by_people: Floats, by_machine: Floats) -> float:
    """Kendall's τ-b of two lists of figures [systems]; equal to SciPy's. Source: Kendall, Biometrika 33, 1945."""
    return float(_tau(np.stack([by_people, by_machine])))


def system_order(by_people: Floats, by_machine: Floats, *, seed: int, resamples: int = 10_000) -> Order:
    """τ of the systems' means over the queries that count for both; values are [systems, queries], NaN does not count.

    Whole queries are resampled. A query that does not count for one system is left out for all of them.
    """
    kept = ~np.isnan(by_people + by_machine).any(axis=0)
    values = np.stack([by_people[:, kept], by_machine[:, kept]])
    found = Resampler(seed, resamples)(np.moveaxis(values, -1, 0), _tau)
    apart = (np.ptp(np.round(values, _DIGITS), axis=1) > 0).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        people, machine = values.sum(axis=-1) / np.float64(kept.sum())
    order = (tuple(people.tolist()), tuple(machine.tolist()))
    return Order(_told(found, resamples), *order, int(kept.sum()), *apart.tolist())


def _told(found: Estimate, resamples: int) -> Estimate:
    """τ with its interval within -1 and 1; without one where resamples do not tell how far τ moves."""
    if found.high - found.low < _STILL or found.n_undefined > (1 - CONFIDENCE) * resamples:
        return replace(found, low=np.nan, high=np.nan)
    return replace(found, low=max(found.low, -1.0), high=min(found.high, 1.0))


def _tau(figures: Floats) -> Floats:
    """[..., 2, systems] to [...]; figures that differ by rounding alone are equal."""
    rounded = np.round(figures, _DIGITS)
    apart = np.sign(rounded[..., :, None] - rounded[..., None, :])
    people, machine = apart[..., 0, :, :], apart[..., 1, :, :]
    same = (people * machine).sum(axis=(-1, -2))
    told = np.sqrt((people**2).sum(axis=(-1, -2)) * (machine**2).sum(axis=(-1, -2)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(told > 0, same / told, np.nan)
