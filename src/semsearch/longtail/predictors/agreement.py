"""What the lexical leg says of the dense one. Two rankings that share nothing cannot both be right.

Agreement of rankings as a predictor: Diaz, SIGIR 2007; Datta, MacAvaney, Ganguly, Greene, SIGIR 2022.
"""

from __future__ import annotations

import numpy as np

from semsearch.longtail.predictors.case import NAN, OURS, Case, Predictor, Values

PREDICTORS = (
    Predictor("disagreement", "share of the first k of both legs that they do not share", "overlap: Diaz, SIGIR 2007"),
    Predictor("lexical_lack", "how much of the best lexical score the dense hits lack", OURS),
    Predictor("lexical_missed", "share of the lexical hits that the dense leg does not find", OURS),
    Predictor("lexical_far", "how much closer the dense hits are than the lexical ones", OURS),
)


def values(case: Case) -> Values:
    """All NaN when the lexical leg found nothing; the last two also without a vector."""
    dense, lexical = case.hits.dense, case.hits.lexical
    if not lexical.rows.size:
        return dict.fromkeys((p.name for p in PREDICTORS), NAN)
    common = np.isin(case.rows, lexical.rows, assume_unique=True).sum()
    n = min(case.k, lexical.rows.size)
    lack = 1.0 - float(case.hits.shared.mean() / lexical.scores[0]) if case.hits.shared.size else 1.0
    return {
        "disagreement": 1.0 - float(common) / n if n else 1.0,
        "lexical_lack": lack,
        **_distances(case, dense.scores.astype(np.float64)),
    }


def _distances(case: Case, scores: np.ndarray) -> Values:
    vector, rows = case.hits.vector, case.hits.lexical.rows
    if vector is None or not scores.size:
        return {"lexical_missed": NAN, "lexical_far": NAN}
    cosines = case.ground.vectors.scores(vector, rows).astype(np.float64)
    known = cosines[np.isfinite(cosines)]
    missed = float((cosines < scores[-1]).mean())
    if not known.size:
        return {"lexical_missed": missed, "lexical_far": NAN}
    closest = scores[: max(case.k, 1)]
    return {"lexical_missed": missed, "lexical_far": float(closest.mean() - known.mean()) / case.background[1]}
