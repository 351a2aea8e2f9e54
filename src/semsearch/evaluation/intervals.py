"""Two-sided intervals: bootstrap over queries for means, t over seeds, Wilson for shares, exact Poisson for counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
CONFIDENCE = 0.95
LARGE_SAMPLE = 5_000
_CHUNK_DRAWS = 60_000


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of a two-sided interval."""

    low: float
    high: float


def bootstrap_mean(
    values: NDArray[np.float64],
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> list[Interval]:
    """Percentile bootstrap intervals of the column means of `values` [n] or [n, m]; m intervals.

    All columns share the resamples of rows (queries), so paired columns stay paired. From 5,000 rows on,
    the limits that the resamples converge to are computed instead of drawn (Cornish-Fisher with the
    skewness of the mean, whose error there is far below that of 10,000 draws). No row gives NaN ends.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13;
    Hall, The Bootstrap and Edgeworth Expansion, 1992, section 2.5.
    """
    columns = values[:, None] if values.ndim == 1 else values
    if not len(columns):
        return [Interval(math.nan, math.nan)] * columns.shape[1]
    if len(columns) >= LARGE_SAMPLE:
        return [_limit_interval(column, confidence) for column in columns.T]
    means = resampled_means(columns, seed, resamples)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return [Interval(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def resampled_means(columns: NDArray[np.float64], seed: int, resamples: int) -> NDArray[np.float64]:
    """[resamples, m]: column means of `columns` [n, m] over rows drawn with replacement.

    Each resample is a row of counts, so that all columns cost one matrix product. Chunks fit the cache and stay below
    the size at which BLAS would start threads.
    """
    n = len(columns)
    means = np.empty((resamples, columns.shape[1]))
    for start, times in _drawn(n, seed, resamples):
        means[start : start + len(times)] = times.astype(np.float64) @ columns / n
    return means


def resampled_times(n: int, seed: int, resamples: int) -> NDArray[np.uint8]:
    """[n, resamples]: how often each of n rows is drawn in the resamples of `resampled_means`."""
    found = np.empty((n, resamples), np.uint8)  # a row that is drawn once on average is never drawn 256 times
    for start, times in _drawn(n, seed, resamples):
        found[:, start : start + len(times)] = times.T
    return found


def _drawn(n: int, seed: int, resamples: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """The first resample of a chunk, and how often each of n rows is drawn in those of it [chunk, n]."""
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK_DRAWS // n) if n else 1
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        draws = rng.integers(0, n, size=(size, n), dtype=np.uint16 if n <= 1 << 16 else np.uint32)
        cells = (draws + np.arange(0, size * n, n)[:, None]).ravel()
        yield start, np.bincount(cells, minlength=size * n).reshape(size, n)


def _limit_interval(values: NDArray[np.float64], confidence: float) -> Interval:
    mean, error = float(values.mean()), float(values.std()) / math.sqrt(len(values))
    if error == 0:
        return Interval(mean, mean)
    skewness = float(((values - mean) ** 3).mean()) / float(values.std()) ** 3 / math.sqrt(len(values))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    shift = skewness * (z * z - 1) / 6
    return Interval(mean + error * (shift - z), mean + error * (shift + z))


def student(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> Interval:
    """t-interval of the mean of independent figures [n], such as one a seed; n below 2 gives an endless one.

    Source: Student, "The probable error of a mean", Biometrika 1908.
    """
    n = len(values)
    if n < 2:
        return Interval(-math.inf, math.inf)
    half = t_quantile((1 + confidence) / 2, n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
    return Interval(float(values.mean()) - half, float(values.mean()) + half)


def t_quantile(probability: float, freedom: int) -> float:
    """Quantile of the t distribution, for 1 degree of freedom or more."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson score interval of a share; n = 0 gives 0 to 1.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"need 0 <= successes <= n, got {successes} of {n}")
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(
        0.0 if successes == 0 else max(0.0, centre - half), 1.0 if successes == n else min(1.0, centre + half)
    )


def poisson(count: int, confidence: float = CONFIDENCE) -> Interval:
    """Exact (Garwood) interval of the mean of a Poisson count.

    Source: Garwood, "Fiducial limits for the Poisson distribution", Biometrika 1936.
    """
    if count < 0:
        raise ValueError(f"a count is not negative, got {count}")
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _mean_where(count - 1, 1 - tail)
    return Interval(low, _mean_where(count, tail))


def _mean_where(count: int, probability: float) -> float:
    """The mean at which P(X <= count) equals `probability`, by bisection; it falls as the mean grows."""
    low, high = 0.0, count + 20.0 + 20.0 * math.sqrt(count + 1)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _poisson_below(count, middle) > probability else (low, middle)
    return (low + high) / 2


def _poisson_below(count: int, mean: float) -> float:
    """P(X <= count) for a Poisson variable, summed downwards from the largest term."""
    if mean <= 0:
        return 1.0
    term = total = 1.0
    for i in range(count, 0, -1):
        term *= i / mean
        total += term
        if term < total * 1e-17:
            break
    log_top = count * math.log(mean) - mean - math.lgamma(count + 1)
    return math.exp(min(0.0, log_top + math.log(total)))
