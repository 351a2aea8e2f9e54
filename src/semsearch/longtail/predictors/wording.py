"""What the words of the query, and of the titles that it found, tell."""

from __future__ import annotations

import math

from semsearch.longtail.predictors.case import NAN, OURS, Case, Predictor, Values
from semsearch.text import tokens

PREDICTORS = (
    Predictor("unseen", "share of the query's letters in words that no item holds", OURS),
    Predictor(
        "rare", "rarity of the query's rarest word, 1 for one that no item holds", "max IDF: He, Ounis, SPIRE 2004"
    ),
    Predictor("corrected", "the query was read with another spelling or keyboard", OURS),
    Predictor("unclear", "titles of the hits worded like any", "clarity: Cronen-Townsend, Zhou, Croft, SIGIR 2002"),
)
_CORRECTIONS = ("spelling", "keyboard")


def values(case: Case) -> Values:
    """`unseen` and `rare` are NaN for a query without a letter or digit, `unclear` without hits."""
    plan = case.hits.plan
    return {
        **_words(plan.search, case),
        "corrected": float(any(step.kind in _CORRECTIONS for step in plan.steps)),
        "unclear": -case.ground.titles.clarity(case.rows),
    }


def _words(text: str, case: Case) -> Values:
    atoms = tokens.words(text).atoms
    if not atoms:
        return {"unseen": NAN, "rare": NAN}
    counts = [case.ground.count(tokens.word(atom)) for atom in atoms]
    unseen = sum(len(atom.text) for atom, n in zip(atoms, counts, strict=True) if not n)
    most = math.log(case.ground.n_items + 1)
    return {
        "unseen": unseen / sum(len(atom.text) for atom in atoms),
        "rare": 1.0 - math.log(min(counts) + 1) / most,
    }
