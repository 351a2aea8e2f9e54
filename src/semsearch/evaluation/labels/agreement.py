"""How far graders agree: κ, α, what they confuse and what they leave open; intervals by bootstrap over queries.

A query's pairs are graded in one go by one mind, so whole queries are resampled, never single pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.intervals import RESAMPLES
from semsearch.evaluation.labels.grade_tables import (
    KAPPA,
    SHARE,
    Estimate,
    Floats,
    Level,
    Resampler,
    alpha_of,
    at_worst,
    codes_of,
    coincidences,
    exact_of,
    kappa_of,
    of_share,
    pair_tables,
    summed,
    tables_with_silence,
)

GRADES = (0.0, 1.0, 2.0)
"""What a pair can be graded."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """Two graders on the same pairs."""

    weighted_kappa: Estimate
    kappa: Estimate
    alpha: Estimate
    """Krippendorff's, ordinal."""
    exact: Estimate
    """Share of pairs with the same grade."""
    confusion: NDArray[np.float64]
    """[c, c] counts, weighted if there are weights, that add up to n: rows are the first grader's grades."""
    n: int
    """Pairs that both graded."""
    n_queries: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of the same pairs each of two graders could grade."""

    both: int
    only_first: int
    only_second: int
    neither: int
    share: float
    """Of what the first graded, how much the second did too; NaN without any."""


def weighted_kappa(first: Floats, second: Floats, categories: Sequence[float] = GRADES) -> float:
    """Cohen's κ, quadratic weights, of two graders' grades [n]; pairs with a NaN are left out.

    NaN when both give one and the same grade everywhere. Raises UsageError for a grade that is not in `categories`.
    Equal to scikit-learn's. Source: Cohen, "Weighted kappa", Psychological Bulletin 70, 1968.
    """
    return float(kappa_of(confusion(first, second, categories), quadratic=True))


def kappa(first: Floats, second: Floats, categories: Sequence[float] = GRADES) -> float:
    """Cohen's κ, every disagreement alike; otherwise as `weighted_kappa`.

    Source: Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20, 1960.
    """
    return float(kappa_of(confusion(first, second, categories), quadratic=False))


def alpha(ratings: Floats, level: Level = "ordinal", categories: Sequence[float] = GRADES) -> float:
    """Krippendorff's α of ratings [raters, n], NaN where a rater gave none.

    NaN when no pair has two ratings, or only one grade occurs. Raises UsageError as `weighted_kappa` does. Equal to
    krippendorff's. Source: Krippendorff, Content Analysis, 4th edition, 2018, chapter 12.
    """
    return float(alpha_of(coincidences(ratings, categories).sum(axis=0), level))


def confusion(first: Floats, second: Floats, categories: Sequence[float] = GRADES) -> Floats:
    """[c, c]: how many pairs got a row's grade from the first and a column's from the second; NaN pairs left out."""
    return np.asarray(pair_tables(first, second, categories).sum(axis=0))


def coverage(first: Floats, second: Floats) -> Coverage:
    """What both, one or neither graded; NaN is no grade."""
    one, two = ~np.isnan(first), ~np.isnan(second)
    both, only_first, only_second, neither = (
        int(np.count_nonzero(each)) for each in (one & two, one & ~two, ~one & two, ~one & ~two)
    )
    return Coverage(both, only_first, only_second, neither, both / (both + only_first) if both + only_first else np.nan)


def constant(grades: Floats, weights: Floats | None = None) -> Floats:
    """[n]: what a predictor says that knows only the commonest grade; of equally common ones the lowest."""
    known = ~np.isnan(grades)
    values, places = np.unique(grades[known], return_inverse=True)
    counts = np.bincount(places, None if weights is None else weights[known])
    return np.full(len(grades), values[np.argmax(counts)] if len(values) else np.nan)


def agree(
    first: Floats,
    second: Floats,
    queries: NDArray[np.generic] | Sequence[str],
    *,
    seed: int,
    weights: Floats | None = None,
    categories: Sequence[float] = GRADES,
    resamples: int = RESAMPLES,
) -> Agreement:
    """Everything about two graders' grades [n] of pairs of `queries` [n]; NaN pairs are left out.

    `weights` [n] are 1 / inclusion probability; without them every pair counts once. Raises UsageError for a grade that
    is not in `categories`.
    """
    kept = ~(np.isnan(first) | np.isnan(second))
    one, two = first[kept], second[kept]
    scale = np.ones(len(one)) if weights is None else weights[kept] * len(one) / weights[kept].sum()
    codes = codes_of(np.asarray(queries)[kept])
    by_query = summed(pair_tables(one, two, categories) * scale[:, None, None], codes)
    by_chance = summed(coincidences(np.stack([one, two]), categories) * scale[:, None, None], codes)
    weighted, plain, chance, exact = Resampler(seed, resamples).each(
        np.stack([by_query, by_chance], axis=1),
        (
            (lambda tables: kappa_of(tables[..., 0, :, :], quadratic=True), KAPPA),
            (lambda tables: kappa_of(tables[..., 0, :, :], quadratic=False), KAPPA),
            (lambda tables: alpha_of(tables[..., 1, :, :], "ordinal"), KAPPA),
            (lambda tables: exact_of(tables[..., 0, :, :]), SHARE),
        ),
    )
    return Agreement(
        weighted_kappa=weighted,
        kappa=plain,
        alpha=chance,
        exact=of_share(exact, len(by_query)),
        confusion=by_query.sum(axis=0),
        n=len(one),
        n_queries=len(by_query),
    )


def kappa_at_worst(
    first: Floats,
    second: Floats,
    queries: NDArray[np.generic] | Sequence[str],
    *,
    seed: int,
    weights: Floats | None = None,
    categories: Sequence[float] = GRADES,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Weighted κ on all pairs [n] that the first graded, with the least that the second's silence (NaN) can have meant.

    Never above the κ of any answers in its place; `grade_tables.at_worst`. Otherwise as `agree`.
    """
    kept = ~np.isnan(first)
    scale = np.ones(int(kept.sum())) if weights is None else weights[kept]
    tables = tables_with_silence(first, second, categories) * scale[:, None, None]
    by_query = summed(tables, codes_of(np.asarray(queries)[kept]))
    return Resampler(seed, resamples)(by_query, at_worst(lambda found: kappa_of(found, quadratic=True)), KAPPA)


@dataclass(frozen=True, slots=True)
class AmongRaters:
    """How several raters agree with each other."""

    weighted_kappa: Estimate
    """Mean over the pairs of raters, weighted by the pairs that both graded (Light's κ when all graded all)."""
    kappa: Estimate
    alpha: Estimate
    """Krippendorff's, ordinal, over all raters at once."""
    n: int
    """Pairs with two ratings or more."""
    n_queries: int
    n_raters: int
    """Who shares pairs with another one."""


def among(
    ratings: Floats,
    queries: NDArray[np.generic] | Sequence[str],
    *,
    seed: int,
    categories: Sequence[float] = GRADES,
    resamples: int = RESAMPLES,
) -> AmongRaters:
    """How raters [raters, n] agree on pairs of `queries` [n], NaN where one gave no grade: the ceiling of a machine.

    Raises UsageError for a grade that is not in `categories`. Source of the mean over pairs: Light, "Measures of
    response agreement for qualitative data", Psychological Bulletin 76, 1971.
    """
    shared = np.count_nonzero(~np.isnan(ratings), axis=0) >= 2
    told, codes = ratings[:, shared], codes_of(np.asarray(queries)[shared])
    n_queries = int(codes.max(initial=-1)) + 1
    duos = [(a, b) for a, b in combinations(range(len(told)), 2) if (~np.isnan(told[a] + told[b])).any()]
    draw = Resampler(seed, resamples)
    weighted, plain = draw.mean(
        (_duo_tables(told[a], told[b], codes, categories) for a, b in duos),
        n_queries,
        (lambda tables: kappa_of(tables, quadratic=True), lambda tables: kappa_of(tables, quadratic=False)),
        KAPPA,
    )
    return AmongRaters(
        weighted_kappa=weighted,
        kappa=plain,
        alpha=draw(summed(coincidences(told, categories), codes), lambda found: alpha_of(found, "ordinal"), KAPPA),
        n=int(shared.sum()),
        n_queries=n_queries,
        n_raters=len({rater for duo in duos for rater in duo}),
    )


def _duo_tables(
    first: Floats, second: Floats, codes: NDArray[np.int64], categories: Sequence[float]
) -> tuple[NDArray[np.int64], Floats]:
    """The queries of which two raters share pairs [m], and their tables [m, c, c]."""
    kept = ~np.isnan(first + second)
    shared, places = np.unique(codes[kept], return_inverse=True)
    return shared, summed(pair_tables(first, second, categories), places)
