"""What the log tells: what was trained on, what people engaged instead, and how their searches went."""

from __future__ import annotations

import math

import numpy as np

from semsearch.longtail.predictors.case import NAN, OURS, Case, Engaged, Predictor, Values
from semsearch.longtail.predictors.ground import Support
from semsearch.text import tokens

PREDICTORS = tuple(
    Predictor(name, what, OURS, needs_log=True)
    for name, what in (
        ("unsupported", "few positive pairs of the query in the log"),
        ("unsupported_word", "few positive pairs of queries with its rarest word"),
        ("engaged_mismatch", "share of the engaged items that nothing ties to the query"),
        ("relative_mismatch", "mismatch of the dense hits above that of the engaged items"),
        ("engaged_missed", "share of the engaged items that the dense leg does not find"),
        ("engaged_below", "engaged items of a lower cosine than the last dense hit"),
        ("engaged_unlike", "engaged items that no dense hit resembles"),
        ("unanswered", "share of asks after which nothing was engaged"),
        ("empty", "share of searches without results"),
        ("followed", "share of asks that another query followed"),
    )
)
PRIOR = 1.0
"""Asks that a share counts beside those of the log, half of them each way: one search says little."""


def values(case: Case) -> Values:
    """NaN for whatever the log does not say: no log, a query that it does not have, nothing engaged; and for what ties
    to a query in which nothing is asked."""
    found = dict.fromkeys((p.name for p in PREDICTORS), NAN)
    if case.ground.support is not None:
        found |= _supported(case, case.ground.support)
    if case.engaged is not None:
        found |= _asked(case.engaged)
        if case.engaged.rows.size:
            found |= _engaged(case, case.engaged)
    return found


def _supported(case: Case, support: Support) -> Values:
    words = {tokens.word(atom) for atom in tokens.words(case.hits.query).atoms}
    least = min((support.by_word.get(word, 0) for word in words), default=0)
    return {
        "unsupported": -math.log1p(support.by_key.get(case.hits.query, 0)),
        "unsupported_word": -math.log1p(least),
    }


def _asked(engaged: Engaged) -> Values:
    return {
        "unanswered": _share(engaged.n_asks - engaged.n_engaged, engaged.n_asks),
        "empty": _share(engaged.n_empty, engaged.n_searches),
        "followed": _share(engaged.n_followed, engaged.n_asks),
    }


def _share(some: int, of: int) -> float:
    return (some + PRIOR / 2) / (of + PRIOR)


def _engaged(case: Case, engaged: Engaged) -> Values:
    weights = engaged.weights / engaged.weights.sum()
    asked = not math.isnan(engaged.fits[0].coverage)
    mismatch = float(weights @ np.array([not fit.fits for fit in engaged.fits], np.float64)) if asked else NAN
    hits = sum(not fit.fits for fit in case.fits) / case.k if case.k else 1.0
    return {
        "engaged_mismatch": mismatch,
        "relative_mismatch": hits - mismatch,
        **_beside_hits(case, engaged, weights),
        "engaged_unlike": _unlike(case, engaged, weights),
    }


def _beside_hits(case: Case, engaged: Engaged, weights: np.ndarray) -> Values:
    """Cosines of the engaged items against that of the last dense hit; an item without a vector is missed."""
    vector, scores = case.hits.vector, case.hits.dense.scores
    if vector is None or not scores.size:
        return {"engaged_missed": 1.0, "engaged_below": NAN}
    cosines = case.ground.vectors.scores(vector, engaged.rows)
    known = np.isfinite(cosines)
    below = NAN
    if known.any():
        mean = float(weights[known] @ cosines[known].astype(np.float64) / weights[known].sum())
        below = (float(scores[-1]) - mean) / case.background[1]
    return {"engaged_missed": float(weights @ (cosines < scores[-1])), "engaged_below": below}


def _unlike(case: Case, engaged: Engaged, weights: np.ndarray) -> float:
    """1 - cosine of each engaged item and the hit that is nearest to it, weighted mean; NaN without either.

    Where more items fit than are looked at, the engaged ones may be further down while the hits are as good.
    """
    hits = case.ground.of_rows(case.rows)
    has = case.ground.vectors.vector_of[engaged.rows] >= 0
    if not len(hits) or not has.any():
        return NAN
    nearest = (case.ground.of_rows(engaged.rows) @ hits.T).max(axis=1).astype(np.float64)
    return float(weights[has] @ (1.0 - nearest) / weights[has].sum())
