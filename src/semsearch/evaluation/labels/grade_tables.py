"""Tables of grades that two graders or more gave, what can be measured of them, and its bootstrap over queries.

Tables add up, so one a query is kept, and 10,000 resamples of whole queries cost one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.evaluation.intervals import CONFIDENCE, resampled_means, resampled_times, t_quantile, wilson

Level = Literal["nominal", "ordinal"]
Floats = NDArray[np.float64]
Measure = Callable[[Floats], Floats]
"""From tables of counts [..., c, c] to figures [...]; NaN where the measure is not defined."""
Bounds = tuple[float, float] | None
"""Between which a figure lies; null: it has no bounds that matter, as a difference."""
KAPPA: Bounds = (-1.0, 1.0)
SHARE: Bounds = (0.0, 1.0)
FEWEST = 10
"""Queries below which there is no interval: from so many on it held the truth in 93 % of simulated samples or more,
also where mistakes are rare and few queries have them all; with 8 in 90 %. `bench/kappa.py` measures it."""
_NEXT_TO_1 = 0.9995
"""What a resample without any difference counts as, for Fisher's z of 1 has no end."""
_MOST_FREEDOM = 10_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its two-sided 95 % bootstrap interval over queries.

    NaN where it is not defined; the ends also below `FEWEST` queries, and of figures with bounds where all resamples
    say one of them.
    """

    value: float
    low: float
    high: float
    n_undefined: int = 0
    """Resamples in which the figure is not defined, such as those with one grade only; left out of the interval."""


# --- measures ---------------------------------------------------------------------------------


def kappa_of(tables: Floats, *, quadratic: bool) -> Floats:
    """Cohen's κ of confusion tables: 1 - observed / expected disagreement."""
    size = tables.shape[-1]
    places = np.arange(size, dtype=np.float64)
    apart = places[:, None] - places[None, :]
    cost = apart**2 if quadratic else (apart != 0).astype(np.float64)
    total = tables.sum(axis=(-1, -2))
    expected = tables.sum(axis=-1)[..., :, None] * tables.sum(axis=-2)[..., None, :]
    return 1.0 - ratio(total * (tables * cost).sum(axis=(-1, -2)), (expected * cost).sum(axis=(-1, -2)))


def alpha_of(tables: Floats, level: Level) -> Floats:
    """Krippendorff's α of coincidence tables: 1 - observed / expected disagreement."""
    totals = tables.sum(axis=-1)
    n = totals.sum(axis=-1)
    cost = _ordinal_cost(totals) if level == "ordinal" else 1.0 - np.eye(tables.shape[-1])
    expected = (totals[..., :, None] * totals[..., None, :] * cost).sum(axis=(-1, -2))
    return 1.0 - ratio((n - 1) * (tables * cost).sum(axis=(-1, -2)), expected)


def _ordinal_cost(totals: Floats) -> Floats:
    """[..., c, c]: (how many ratings lie from one grade to the other, the two at the ends counting half) squared."""
    middles = np.cumsum(totals, axis=-1) - totals / 2
    return np.asarray((middles[..., :, None] - middles[..., None, :]) ** 2)


def exact_of(tables: Floats) -> Floats:
    """Share on the diagonal."""
    return 1.0 - ratio(tables.sum(axis=(-1, -2)) - np.trace(tables, axis1=-2, axis2=-1), tables.sum(axis=(-1, -2)))


def at_worst(measure: Measure) -> Measure:
    """The least that a measure can be of tables [..., c, c + 1], whatever was meant by silence, their last column.

    κ and exact agreement are ratios of sums over cells, so that the least is where all pairs that people grade alike
    and the second grader is silent on have one grade: c to the power of c tables are looked at. An answer is one of the
    ways in which its pair can be completed, so to be silent instead never raises this, for a measure that is defined.
    """

    def least(tables: Floats) -> Floats:
        told, silent = tables[..., :-1], tables[..., -1:]
        ways = [told.shape[-1] if row else 1 for row in silent.any(axis=tuple(range(silent.ndim - 2))).ravel()]
        found = np.full(told.shape[:-2], np.nan)
        for columns in product(*map(range, ways)):
            found = np.fmin(found, measure(told + silent * np.eye(told.shape[-1])[list(columns)]))
        return np.asarray(found)

    return least


def ratio(part: Floats, whole: Floats) -> Floats:
    """`part` / `whole`; NaN where `whole` is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


# --- tables of grades -------------------------------------------------------------------------


def pair_tables(first: Floats, second: Floats, categories: Sequence[float]) -> Floats:
    """[n that both graded, c, c], one 1 each."""
    kept = ~(np.isnan(first) | np.isnan(second))
    one, two = _places(first[kept], categories), _places(second[kept], categories)
    tables = np.zeros((len(one), len(categories), len(categories)))
    tables[np.arange(len(one)), one, two] = 1.0
    return tables


def tables_with_silence(first: Floats, second: Floats, categories: Sequence[float]) -> Floats:
    """[n that the first graded, c, c + 1], one 1 each; the last column is where the second gave no grade (NaN)."""
    kept = ~np.isnan(first)
    one, two = _places(first[kept], categories), np.full(int(kept.sum()), len(categories))
    known = ~np.isnan(second[kept])
    two[known] = _places(second[kept][known], categories)
    tables = np.zeros((len(one), len(categories), len(categories) + 1))
    tables[np.arange(len(one)), one, two] = 1.0
    return tables


def coincidences(ratings: Floats, categories: Sequence[float]) -> Floats:
    """[n, c, c]: ordered pairs of ratings of each unit over its number of ratings less one; 0 below two ratings."""
    known = ~np.isnan(ratings)
    counts = np.zeros((ratings.shape[1], len(categories)))
    np.add.at(counts, (np.nonzero(known)[1], _places(ratings[known], categories)), 1.0)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(categories))
    return np.asarray(pairs / np.maximum(counts.sum(axis=1) - 1, 1)[:, None, None])


def _places(grades: Floats, categories: Sequence[float]) -> NDArray[np.int64]:
    known = np.asarray(categories, np.float64)
    places = np.minimum(np.searchsorted(known, grades), len(known) - 1)
    strange = grades[known[places] != grades]
    if strange.size:
        allowed = ", ".join(f"{grade:g}" for grade in categories)
        raise UsageError(
            f"A grade is {strange[0]:g}; it must be one of {allowed}.",
            "Next: semsearch label import --map FROM=TO, or take the label back",
        )
    return places.astype(np.int64)


def codes_of(queries: NDArray[np.generic] | Sequence[str]) -> NDArray[np.int64]:
    """[n]: numbers from 0 for queries."""
    return np.unique(np.asarray(queries), return_inverse=True)[1].astype(np.int64)


def summed(tables: Floats, codes: NDArray[np.int64], n_queries: int | None = None) -> Floats:
    """[n, c, c] to [queries, c, c]."""
    summed = np.zeros((int(codes.max(initial=-1)) + 1 if n_queries is None else n_queries, *tables.shape[1:]))
    np.add.at(summed, codes, tables)
    return summed


@dataclass(frozen=True, slots=True)
class Resampler:
    """A measure of the sum of tables [queries, …], and its interval; all measures share the resamples.

    The interval is t's, with the standard error of the resamples: on the scale of Fisher's z between bounds, so that it
    stays within them, and plain without. With few queries percentiles of the resamples are far too narrow.
    Sources: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 12 (bootstrap standard error with t,
    on a scale where it is even); Fisher, "On the 'probable error' of a coefficient of correlation", Metron 1, 1921.
    """

    seed: int
    resamples: int

    def __call__(self, tables: Floats, measure: Measure, bounds: Bounds = None) -> Estimate:
        """The measure of all rows together, with its interval."""
        return self.each(tables, ((measure, bounds),))[0]

    def each(self, tables: Floats, measures: Sequence[tuple[Measure, Bounds]]) -> list[Estimate]:
        """Several measures of the same rows, which are drawn once for all of them."""
        n, whole = len(tables), tables.sum(axis=0)
        if n < FEWEST:
            return [Estimate(float(measure(whole)), np.nan, np.nan) for measure, _ in measures]
        means = resampled_means(tables.reshape(n, -1), self.seed, self.resamples)
        # Back to counts: α's correction for few ratings needs to know how many there are.
        drawn = (means * n).reshape(self.resamples, *tables.shape[1:])
        return [_estimate(float(measure(whole)), measure(drawn), n, bounds) for measure, bounds in measures]

    def mean(
        self,
        duos: Iterable[tuple[NDArray[np.int64], Floats]],
        n: int,
        measures: Sequence[Measure],
        bounds: Bounds = None,
    ) -> list[Estimate]:
        """Means of measures over duos, weighted by what they share; duos without a figure are left out.

        A duo is the rows [m] of the `n` queries of which it shares pairs, and their tables [m, c, c]. One after the
        other: most duos share few queries, and all of them times all queries does not fit into memory.
        """
        times = resampled_times(n, self.seed, self.resamples if n >= FEWEST else 0)
        sums = np.zeros((2, len(measures), 1 + times.shape[1]))
        for rows, tables in duos:
            drawn = np.concatenate([tables.sum(axis=0)[None], np.tensordot(times[rows], tables, (0, 0))])
            shared = drawn.sum(axis=(-1, -2))
            for at, measure in enumerate(measures):
                values = measure(drawn)
                sums[:, at] += np.where(np.isnan(values), 0.0, np.stack([values * shared, shared]))
        return [_estimate(float(means[0]), means[1:], n, bounds) for means in ratio(*sums)]


def of_share(told: Estimate, n_queries: int) -> Estimate:
    """A share with Wilson's interval where resamples have none, as with few queries or where all say the same.

    Each query counts as one observation, for its pairs are not independent: rather too wide than too narrow.
    """
    if not n_queries or np.isnan(told.value) or told.low < told.high:
        return told
    ends = wilson(round(told.value * n_queries), n_queries)
    return Estimate(told.value, ends.low, ends.high, told.n_undefined)


def _estimate(value: float, drawn: Floats, n: int, bounds: Bounds) -> Estimate:
    known = drawn[~np.isnan(drawn)]
    undefined = len(drawn) - len(known)
    if not known.size or np.isnan(value):
        return Estimate(value, np.nan, np.nan, undefined)
    reach = t_quantile((1 + CONFIDENCE) / 2, min(n - 1, _MOST_FREEDOM)) * np.sqrt(n / (n - 1))
    if bounds is None:
        half = reach * float(known.std())
        return Estimate(value, value - half, value + half, undefined)
    half, middle = reach * float(_z(known, bounds).std()), _z(np.array([value]), bounds)[0]
    if half < 1e-9:
        return Estimate(value, np.nan, np.nan, undefined)
    low, high = ((np.tanh(middle + side * half) + 1) / 2 * (bounds[1] - bounds[0]) + bounds[0] for side in (-1, 1))
    return Estimate(value, float(low), float(max(high, value)), undefined)


def _z(figures: Floats, bounds: tuple[float, float]) -> Floats:
    within = 2 * (figures - bounds[0]) / (bounds[1] - bounds[0]) - 1
    return np.arctanh(np.clip(within, -_NEXT_TO_1, _NEXT_TO_1))
