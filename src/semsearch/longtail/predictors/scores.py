"""What the cosines of the dense hits and their vectors tell.

Cosines are compared with the query's own background (the mean and standard deviation of its cosines with all items),
so that figures of different models and catalogues mean the same.
"""

from __future__ import annotations

import numpy as np

from semsearch.longtail.predictors.case import NAN, Case, Predictor, Values

PREDICTORS = (
    Predictor("low_top", "low cosine of the first hit", "Tomlinson, CLEF 2004: top score"),
    Predictor("low_mean", "hits hardly closer to the query than any item is", "WIG: Zhou, Croft, SIGIR 2007"),
    Predictor("flat", "little spread of the scores", "NQC: Shtok, Kurland, Carmel, Raiber, Markovits, TOIS 2012"),
    Predictor("no_decay", "little fall from the first score to the k-th", "Cummins, Jose, O'Riordan, SIGIR 2011"),
    Predictor("no_fall", "little fall from the first score to the last of 100", "after Cummins, Jose, O'Riordan 2011"),
    Predictor("crowded", "little fall from the k-th score to the last of 100", "after Cummins, Jose, O'Riordan 2011"),
    Predictor("scattered", "hits unlike each other", "coherence: Arabzadeh, Bigdeli, Zihayat, Bagheri, ECIR 2021"),
)


def values(case: Case) -> Values:
    """All NaN without a hit."""
    scores = case.hits.dense.scores.astype(np.float64)
    if not scores.size:
        return dict.fromkeys((p.name for p in PREDICTORS), NAN)
    mean, spread = case.background
    close = scores[: max(case.k, 1)]
    return {
        "low_top": -float(scores[0]),
        "low_mean": -(float(close.mean()) - mean) / spread,
        "flat": -float(scores.std()) / spread,
        "no_decay": -float(close[0] - close[-1]) / spread,
        "no_fall": -float(scores[0] - scores[-1]) / spread,
        "crowded": -float(close[-1] - scores[-1]) / spread,
        "scattered": -_coherence(case),
    }


def _coherence(case: Case) -> float:
    """Mean cosine of two of the closest hits; NaN for fewer than two."""
    if (n := len(case.vectors)) < 2:
        return NAN
    total = case.vectors.sum(axis=0, dtype=np.float64)
    return float((total @ total - n) / (n * (n - 1)))
