"""Precision, recall, F1 and abstention of one or several judges on the same posts: pure functions of arrays.

An abstention is neither right nor wrong. Precision, recall and F1 are over the posts that a judge answered; `coverage`
says how many these are and `found` how much of all spam it named, so that nobody gains by keeping silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.intervals import CONFIDENCE, RESAMPLES, wilson

YES, NO, ABSTAINED = 1, 0, -1
Said = NDArray[np.int8]
"""What a judge said of each post: YES, NO or ABSTAINED, [n]."""
Flags = NDArray[np.bool_]
RATES = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Share:
    """A share of posts with its Wilson interval."""

    value: float | None
    """Null: a share of nothing."""
    low: float
    high: float
    n_right: int
    n: int
    """Posts that it is a share of."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its bootstrap interval; null where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What one judge is worth on some posts."""

    judge: str
    n: int
    n_spam: int
    n_floods: int
    """Posts that are alike count as one here: so many pieces of evidence there are."""
    precision: Share
    """Of the posts that it called spam, those that are."""
    recall: Share
    """Of the spam that it answered, what it called so."""
    f1: Estimate
    """Harmonic mean of the two."""
    false_alarms: Share
    """Of the ordinary posts that it answered, those that it called spam: unlike precision, whatever the mixture."""
    coverage: Share
    """Of all posts, those that it answered."""
    found: Share
    """Of all spam, what it called so; an abstention found nothing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A judge minus a rival in one figure, over the posts that both of them answered."""

    judge: str
    rival: str
    figure: str
    """precision, recall or f1."""
    difference: Estimate
    """Paired: both are judged on the same resamples."""
    n: int
    n_spam: int


def figures(
    truth: Flags,
    said: Mapping[str, Said],
    floods: NDArray[np.int64],
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[tuple[Figures, ...], tuple[Difference, ...]]:
    """Each judge's figures, and how the first one does beside each other one.

    `truth` [n] says what is spam, `floods` [n] which posts are of one flood. Shares have Wilson intervals; those of F1
    and of differences are percentiles of a bootstrap that draws whole floods, as posts that are alike are no separate
    evidence. Without two floods or where a figure is not defined they are null.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13; Field and Welsh,
    "Bootstrapping clustered data", JRSS B 2007.
    """
    names = list(said)
    pairs = [(names[0], rival) for rival in names[1:]]
    everywhere = np.ones(len(truth), bool)
    asked = [(said[name], everywhere) for name in names]
    asked += [(said[name], _both(said, pair)) for pair in pairs for name in pair]
    counts = np.concatenate([_counts(truth, *each) for each in asked], axis=1)
    rates = _Rates(counts, floods, seed, resamples, confidence)
    n_floods = len(np.unique(floods))
    singles = (_figures(name, truth, said[name], n_floods, rates.f1(at)) for at, name in enumerate(names))
    found = []
    for at, pair in enumerate(pairs):
        n, n_spam = (int((_both(said, pair) & part).sum()) for part in (everywhere, truth))
        gaps = rates.gaps(len(names) + 2 * at)
        found += [Difference(*pair, figure, gap, n, n_spam) for figure, gap in zip(RATES, gaps, strict=True)]
    return tuple(singles), tuple(found)


def share(n_right: int, n: int, confidence: float = CONFIDENCE) -> Share:
    """`n_right` of `n` with its Wilson interval; of nothing the value is null and the interval 0 to 1."""
    ends = wilson(n_right, n, confidence)
    return Share(n_right / n if n else None, ends.low, ends.high, n_right, n)


class _Rates:
    """Precision, recall and F1 of several judges over all posts and in shared resamples of floods."""

    def __init__(
        self, counts: NDArray[np.float64], floods: NDArray[np.int64], seed: int, resamples: int, confidence: float
    ) -> None:
        groups, place = np.unique(floods, return_inverse=True)
        held = np.zeros((len(groups), counts.shape[1]))
        np.add.at(held, place, counts)
        drawn = _resampled(held, seed, resamples) if len(groups) > 1 else held[:0]
        self._rates = _rates(np.concatenate([counts.sum(axis=0)[None, :], drawn]))
        self._tails = [(1 - confidence) / 2, (1 + confidence) / 2]

    def f1(self, at: int) -> Estimate:
        """Of the judge at a place."""
        return self._estimate(self._rates[:, at, 2])

    def gaps(self, at: int) -> list[Estimate]:
        """In each rate, the judge at a place minus the one behind it."""
        return [self._estimate(column) for column in (self._rates[:, at] - self._rates[:, at + 1]).T]

    def _estimate(self, rates: NDArray[np.float64]) -> Estimate:
        """Of the rate in all posts, which comes first, and in the resamples in which it is defined."""
        value, drawn = float(rates[0]), rates[1:][~np.isnan(rates[1:])]
        if np.isnan(value) or not len(drawn):
            return Estimate(None if np.isnan(value) else value, None, None)
        low, high = np.quantile(drawn, self._tails).tolist()
        return Estimate(value, low, high)


def _resampled(held: NDArray[np.float64], seed: int, resamples: int) -> NDArray[np.float64]:
    """Sums of `held` [n, m] in resamples of its rows, [resamples, m].

    Equal rows are drawn together, by their number (multinomial): most floods are one post, and there are few answers.
    """
    kinds, sizes = np.unique(held, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(held), sizes / len(held), size=resamples)
    return np.asarray(drawn @ kinds, np.float64)


def _rates(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """[k, judges, 3] precision, recall, F1 from [k, judges × 3] true and false alarms and misses; NaN: not defined."""
    true, false, missed = (counts[:, start::3] for start in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([true / (true + false), true / (true + missed), 2 * true / (2 * true + false + missed)], axis=2)


def _counts(truth: Flags, said: Said, within: Flags) -> NDArray[np.float64]:
    """[n, 3]: whether each post is a true alarm, a false one, a miss."""
    alarms, misses = (said == YES) & within, (said == NO) & within
    return np.stack([truth & alarms, ~truth & alarms, truth & misses], axis=1).astype(np.float64)


def _both(said: Mapping[str, Said], pair: tuple[str, str]) -> Flags:
    """Posts that both judges answered."""
    return np.asarray((said[pair[0]] != ABSTAINED) & (said[pair[1]] != ABSTAINED))


def _figures(name: str, truth: Flags, said: Said, n_floods: int, f1: Estimate) -> Figures:
    yes, answered = said == YES, said != ABSTAINED
    right, spam = int((truth & yes).sum()), int(truth.sum())
    return Figures(
        name,
        n=len(truth),
        n_spam=spam,
        n_floods=n_floods,
        precision=share(right, int(yes.sum())),
        recall=share(right, int((truth & answered).sum())),
        f1=f1,
        false_alarms=share(int((~truth & yes).sum()), int((~truth & answered).sum())),
        coverage=share(int(answered.sum()), len(truth)),
        found=share(right, spam),
    )
