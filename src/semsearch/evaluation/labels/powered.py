"""Means of which few values are people's and many a machine's, with intervals that stay valid however wrong it is.

The machine's mean over all queries is rectified by how far it is off on those that people judged, as much as the
machine deserves: λ near 1 for one that agrees with people, 0 for a useless one, which leaves the people's mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import MissingExtra, UsageError
from semsearch.evaluation.intervals import CONFIDENCE, Interval, resampled_means

Floats = NDArray[np.float64]
MINIMUM = 50
"""Queries drawn alike that people judged and that count: from here on bench/ppi.py finds coverage of 93 to 97 %."""
RESAMPLES = 1_999
_GROUP = 20
"""The fewest queries of like weights that are redrawn among themselves; fewer join their neighbours. With groups of 10
to 20 a good machine's interval of two batches covered 92.5 % in bench/ppi.py."""
_STILL = 1e-9
"""A standard error below this is none."""
_MAY_BE_STILL = 0.0005
"""Of resamples, the share in which people's values may all be the same: none of `RESAMPLES`. A bootstrap-t of few
queries that deviate is too short (bench/ppi.py, values near 1)."""
Method = Literal["bootstrap-t", "bounded"]


@dataclass(frozen=True, slots=True)
class Powered:
    """A mean over queries from people's and a machine's values, with its two-sided 95 % interval."""

    mean: float
    low: float
    high: float
    n_human: int
    """Queries that people judged and that count."""
    n_machine: int
    """Queries that only the machine judged and that count by it."""
    lam: float
    """How much the machine's values are used, 0 to 1; NaN where that changes nothing: people judged all queries there
    are, and all count alike."""
    human_mean: float
    human_only: Interval
    """The interval that people's values alone give, by the same method."""
    method: Method
    """Bounded: nearly all of people's values are the same, so that resamples say too little; the machine is not used,
    and both intervals are one that holds for any values within 0 and 1."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """What was drawn, as values and whether they count; all [..., n] but `others`."""

    human: Floats
    human_counts: Floats
    machine: Floats
    machine_counts: Floats
    weights: Floats
    others: Floats
    """[..., 3]: over queries that only the machine judged, the means of value, of whether it counts, of its square."""
    n_others: int
    groups: tuple[int, ...]
    """How many of people's queries were drawn alike, in the order of the values; they are redrawn among themselves."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """Estimates and their standard errors, [...]."""

    mean: Floats
    error: Floats
    lam: Floats
    human_mean: Floats
    human_error: Floats


def powered_mean(
    human: Floats,
    machine: Floats,
    others: Floats,
    *,
    weights: Floats | None = None,
    seed: int,
    resamples: int = RESAMPLES,
    minimum: int = MINIMUM,
    bounded: bool = False,
) -> Powered:
    """The mean over queries, from people's values [n], the machine's at the same queries [n] and at `others` [N].

    Values lie in 0 … 1; NaN: the query does not count, such as one without a relevant item. `weights` [n] are 1 / the
    probability with which people's queries were drawn; without them all were drawn alike. The machine's values are
    averaged over all n + N queries, since what was drawn unevenly leaves an uneven rest. What people do not count they
    decide by themselves alone: values are taken as deviations from the people's mean, 0 where a query does not count.

    The estimate is that of ppi-python, and so is λ, the smaller of those with and without weights. The interval is a
    bootstrap-t of them: queries are redrawn, people's and the others apart, λ is tuned anew each time. A plain t or
    normal interval covers too little, because λ fits the queries it is tuned on and values are piled up at 0 and 1
    (bench/ppi.py prints both).

    With `bounded` the method is that one, whatever the values: such as when another end of the same grades needs it.

    Raises UsageError when people's queries that count are worth fewer than `minimum` drawn alike, MissingExtra without
    ppi-python.

    Source: Angelopoulos, Duchi, Zrnic, "PPI++: Efficient prediction-powered inference", arXiv 2311.01453, 2023; Efron
    and Tibshirani, An Introduction to the Bootstrap, 1993, section 12.5.
    """
    n, n_machine = (int(np.count_nonzero(~np.isnan(values))) for values in (human, others))
    check_enough(n, minimum, worth(human, weights), len(human) - n)
    scale = np.ones(len(human)) if weights is None else weights * len(human) / weights.sum()
    sample = _sample(human, machine, others, scale)
    fit = _fit(sample)
    drawn = _fit(_redrawn(sample, others, seed, resamples))
    people = float(fit.human_mean)
    if bounded or np.mean(drawn.human_error < _STILL) > _MAY_BE_STILL:
        counts = ~np.isnan(human)
        own = _bounded(human[counts], scale[counts], seed, resamples)
        return Powered(people, own.low, own.high, n, n_machine, 0.0, people, own, "bounded")
    own, both = _studentised(_among_all(fit, sample), drawn)
    if not len(others) and np.ptp(scale) < _STILL:
        return Powered(people, own.low, own.high, n, n_machine, math.nan, people, own, "bootstrap-t")
    mean = _library_mean(human, machine, others, scale, float(fit.lam))
    return Powered(mean, both.low, both.high, n, n_machine, float(fit.lam), people, own, "bootstrap-t")


def worth(human: Floats, weights: Floats | None) -> float:
    """How many queries drawn alike those of people's that count are worth: of values [n], (Σ w)² / Σ w².

    Source: Kish, Survey Sampling, 1965, section 11.7.
    """
    counts = ~np.isnan(human)
    if weights is None or not counts.any():
        return float(np.count_nonzero(counts))
    return float(weights[counts].sum() ** 2 / (weights[counts] ** 2).sum())


def check_enough(n: int, minimum: int = MINIMUM, worth: float | None = None, n_without: int = 0) -> None:
    """Raise UsageError when people judged fewer queries that count than a valid interval needs; says how many more.

    `worth` is that of queries that were drawn unevenly: see there. `n_without` were judged whole and do not count, as
    people call nothing in them relevant.
    """
    enough = n if worth is None else min(n, math.floor(worth + _STILL))
    if enough >= minimum:
        return
    uneven = f", drawn so unevenly that they are worth {enough:,} drawn alike" if enough < n else ""
    more = math.ceil((minimum - enough) * max(n, 1) / max(enough, 1))
    size = math.ceil(more * (n + n_without) / max(n, 1)) or more
    without = (
        f" They judged {n_without:,} others whole and call nothing in them relevant; these count, as 0, only with "
        f"--all-queries, and so about {size:,} more queries make {more:,} that count."
        if n_without
        else ""
    )
    first = "label session BATCH --by NAME" if n + n_without < minimum else "evaluate run --labels --all-queries"
    raise UsageError(
        f"People judged {n:,} queries with full pools that count{uneven}; an interval that stays valid needs "
        f"{minimum:,}: {'about ' if uneven else ''}{more:,} more.{without}",
        f"Next: semsearch {first}, or first draw more: semsearch label sample BATCH --run RUN --size {size}",
    )


def _library_mean(human: Floats, machine: Floats, others: Floats, scale: Floats, lam: float | None) -> float:
    """ppi-python's estimate, of deviations from the people's mean: what is told is the library's figure.

    `_fit` is the same for many resamples at once, which the library has not; a test holds the two equal. Without `lam`
    the library tunes it, which divides 0 by 0 for a machine that says the same of every query.
    """
    estimate = _ppi_mean()
    counts = ~np.isnan(human)
    centre = float((scale[counts] * human[counts]).sum() / scale[counts].sum())
    own, same, all_ = (np.nan_to_num(values - centre) for values in (human, machine, np.append(machine, others)))
    moved = float(np.squeeze(estimate(own, same, all_, w=scale, lam=lam)))
    return centre + moved / float((scale * counts).mean())


def _ppi_mean() -> Callable[..., Floats]:
    import warnings

    try:
        # Its import silences all warnings of the process; it is slow, because it compiles.
        with warnings.catch_warnings():
            from ppi_py import ppi_mean_pointestimate
    except ImportError as error:
        raise MissingExtra("labels", "An interval from people's and a machine's labels") from error
    return cast(Callable[..., Floats], ppi_mean_pointestimate)


def _sample(human: Floats, machine: Floats, others: Floats, scale: Floats) -> _Sample:
    counts, same = ~np.isnan(human), ~np.isnan(machine)
    groups = _groups(scale)
    order = np.argsort(scale, kind="stable") if len(groups) > 1 else np.arange(len(scale))
    return _Sample(
        human=np.nan_to_num(human)[order],
        human_counts=counts.astype(float)[order],
        machine=np.nan_to_num(machine)[order],
        machine_counts=same.astype(float)[order],
        weights=scale[order],
        others=_moments(others).mean(axis=0) if len(others) else np.zeros(3),
        n_others=len(others),
        groups=groups,
    )


def _groups(scale: Floats) -> tuple[int, ...]:
    """Sizes of groups of queries with like weights, from light to heavy, each of at least `_GROUP`."""
    sizes: list[int] = []
    for n in np.unique(scale, return_counts=True)[1].tolist():
        if sizes and sizes[-1] < _GROUP:
            sizes[-1] += n
        else:
            sizes.append(n)
    if len(sizes) > 1 and sizes[-1] < _GROUP:
        sizes[-2:] = [sum(sizes[-2:])]
    return tuple(sizes)


def _moments(others: Floats) -> Floats:
    value = np.nan_to_num(others)
    return np.stack([value, (~np.isnan(others)).astype(float), value**2], axis=1)


def _redrawn(sample: _Sample, others: Floats, seed: int, resamples: int) -> _Sample:
    rng = np.random.default_rng(seed)
    starts = np.cumsum((0, *sample.groups[:-1])).tolist()
    among = [start + rng.integers(0, n, (resamples, n)) for start, n in zip(starts, sample.groups, strict=True)]
    rows = np.concatenate(among, axis=1)
    rest = resampled_means(_moments(others), seed + 1, resamples) if len(others) else np.zeros((resamples, 3))
    return _Sample(
        human=sample.human[rows],
        human_counts=sample.human_counts[rows],
        machine=sample.machine[rows],
        machine_counts=sample.machine_counts[rows],
        weights=sample.weights[rows],
        others=rest,
        n_others=len(others),
        groups=sample.groups,
    )


def _fit(sample: _Sample) -> _Fit:
    """The estimate of ppi-python and its standard error, for one sample or for many at once.

    What is of a query is [..., n], what is of a sample is [...].
    """
    n, rest = sample.human.shape[-1], sample.n_others
    total = n + rest
    weights = sample.weights / sample.weights.mean(axis=-1, keepdims=True)
    # People's mean over the share of queries that count. All values are deviations from it, 0 where one does not count.
    share = np.maximum((weights * sample.human_counts).mean(axis=-1), _STILL)
    centre = (weights * sample.human).mean(axis=-1) / share
    human = sample.human - centre[..., None] * sample.human_counts
    machine = sample.machine - centre[..., None] * sample.machine_counts
    far, far_square = _deviations(sample.others, centre)
    # The machine's mean over all queries, and as people's queries alone tell it: the estimate moves by λ of the gap.
    everywhere = (machine.sum(axis=-1) + rest * far) / total
    weighed = (weights * machine).mean(axis=-1)
    # Any λ is valid. The smaller of two, by weights and as if drawn alike: too large a one costs coverage where few
    # heavy queries decide, too small a one width. By weights alone, strata in bench/ppi.py covered 92.2 %.
    ways, sums = (weights, np.ones_like(weights)), (rest * far, rest * far_square)
    lam = np.minimum(*(_lam(human, machine, each, everywhere, rest=sums, total=total) for each in ways))
    mean = centre + lam * (everywhere - weighed) / share
    # What each of people's queries adds to the estimate: by its rectified value, and as one of all n + N.
    pull = (lam * n / total)[..., None] * (machine - everywhere[..., None])
    influence = weights * (human - lam[..., None] * (machine - weighed[..., None])) + pull
    # The variance of λ × the others' part of the machine's mean.
    spread = (rest / total * lam) ** 2 * np.maximum(far_square - far**2, 0.0) / max(rest - 1, 1)
    error = np.sqrt(_squared_error(influence, sample.groups) + spread) / share
    human_error = np.sqrt(_squared_error(weights * human, sample.groups)) / share
    return _Fit(mean, error, lam, centre, human_error)


def _deviations(others: Floats, centre: Floats) -> tuple[Floats, Floats]:
    """[...] each: mean and mean square of the others' deviations from `centre`, 0 where one does not count."""
    value, counts, square = np.moveaxis(others, -1, 0)
    return value - centre * counts, square - 2 * centre * value + centre**2 * counts


def _lam(
    human: Floats, machine: Floats, weights: Floats, everywhere: Floats, *, rest: tuple[Floats, Floats], total: int
) -> Floats:
    """ppi-python's λ, [...]: covariance over (1 + n / all) × variance, of gradients around the estimate at λ = 1.

    `human` and `machine` are deviations [..., n]; `rest` are sum and sum of squares of the others' [...]. The variance
    is over n + all gradients: people's queries stand there twice, once weighed and once among all.
    """
    n = human.shape[-1]
    n_rest = total - n
    at_one = everywhere - (weights * machine).mean(axis=-1)
    own, same = weights * (human - at_one[..., None]), weights * (machine - at_one[..., None])
    covariance = (own * same).mean(axis=-1) - own.mean(axis=-1) * same.mean(axis=-1)
    plain = machine - at_one[..., None]
    far_sum, far_squares = rest[0] - n_rest * at_one, rest[1] - 2 * at_one * rest[0] + n_rest * at_one**2
    sums = same.sum(axis=-1) + plain.sum(axis=-1) + far_sum
    squares = (same**2).sum(axis=-1) + (plain**2).sum(axis=-1) + far_squares
    variance = (squares - sums**2 / (n + total)) / (n + total - 1)
    ratio = covariance / np.where(variance > _STILL**2, (1 + n / total) * variance, np.inf)
    return np.asarray(np.clip(ratio, 0.0, 1.0))


def _squared_error(influence: Floats, groups: Sequence[int]) -> Floats:
    """Of the mean of [..., n] drawn by group; a degree of freedom is spent on each group's mean, and one on λ."""
    n, spent = influence.shape[-1], len(groups)
    parts = np.split(influence, np.cumsum(groups)[:-1], axis=-1)
    sums = (part.var(axis=-1) * (m / n) ** 2 / max(m - 1, 1) for part, m in zip(parts, groups, strict=True))
    return np.asarray(sum(sums) * (n - spent) / max(n - spent - 1, 1))


def _among_all(fit: _Fit, sample: _Sample) -> _Fit:
    """The same with what resamples by group do not show: by chance all queries there are have more of some group.

    Its variance, over groups g of share S: Σ S (ȳ² - λ² m̄²) / n of all queries, ȳ and m̄ the means of g from the mean.
    """
    starts = np.cumsum((0, *sample.groups[:-1]))
    weights = sample.weights / sample.weights.mean()
    sums = np.add.reduceat(weights, starts)
    n, share = len(weights), (weights * sample.human_counts).mean()
    of_groups = []
    for values, counts in ((sample.human, sample.human_counts), (sample.machine, sample.machine_counts)):
        from_mean = values - fit.human_mean * counts
        of_groups.append(np.add.reduceat(weights * (from_mean - (weights * from_mean).mean()), starts) / sums)
    own, same = (float((sums / n * each**2).sum()) / (n + sample.n_others) / share**2 for each in of_groups)
    return replace(
        fit,
        error=np.sqrt(fit.error**2 + max(own - float(fit.lam) ** 2 * same, 0.0)),
        human_error=np.sqrt(fit.human_error**2 + own),
    )


def _studentised(fit: _Fit, drawn: _Fit) -> tuple[Interval, Interval]:
    """The bootstrap-t intervals of the people's mean and of the powered one."""
    own = _bootstrap_t(fit.human_mean, fit.human_error, drawn.human_mean, drawn.human_error)
    return own, _bootstrap_t(fit.mean, fit.error, drawn.mean, drawn.error)


def _bootstrap_t(mean: Floats, error: Floats, means: Floats, errors: Floats) -> Interval:
    moved = means - mean
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(errors > _STILL, moved / errors, np.where(np.abs(moved) < _STILL, 0.0, moved * math.inf))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(apart, [tail, 1 - tail], method="inverted_cdf")
    ends = (mean - high * error, mean - low * error)
    return Interval(*(float(np.clip(np.nan_to_num(end, nan=float(mean)), 0.0, 1.0)) for end in ends))


def _bounded(values: Floats, weights: Floats, seed: int, resamples: int) -> Interval:
    """For the mean of any values [n] within 0 and 1: one more query may be 0 below, 1 above, and its share is random.

    Shares are those of exponential numbers, the further query's by the weight that Kish's worth implies. For n values
    of 1 the lower end is 0.025^(1 / n), that of Clopper and Pearson.
    Source: Gaffke, "Three test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative
    variable", Mathematical Methods of Statistics 14, 2005; Learned-Miller and Thomas, "A new confidence interval for
    the mean of a bounded random variable", arXiv 1905.06208, 2019: no case is known in which it covers too little.
    """
    rng = np.random.default_rng(seed)
    each = rng.exponential(size=(resamples, len(values))) * weights
    more = rng.exponential(size=resamples) * float((weights**2).sum() / weights.sum())
    sums, total = each @ values, each.sum(axis=1) + more
    tail = (1 - CONFIDENCE) / 2
    high = min(1.0, float(np.quantile((sums + more) / total, 1 - tail)))
    return Interval(float(np.quantile(sums / total, tail)), high)
