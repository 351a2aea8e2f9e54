"""The rival that costs nothing: TF-IDF of characters and logistic regression, learned from the posts of a profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.spam.drafts.sampling import blank

if TYPE_CHECKING:
    from semsearch.spam.kept import Labelled

BOUND = 0.5
"""Chance from which a post counts as a seller's."""
LENGTHS = (1, 4)
"""Characters of an n-gram; of those that were tried on public spam sets none did clearly better."""


class Baseline:
    """Tells sellers' posts from ordinary ones by their character n-grams, which cut Korean as well as English.

    N-grams of up to 4 characters within words, sublinear counts weighted by inverse document frequency, and an
    L2-regularised logistic regression with C = 1. Equal posts give equal chances. Source: Salton and Buckley,
    "Term-weighting approaches in automatic text retrieval", 1988; the parts are scikit-learn's.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    def fit(cls, sample: Labelled) -> Baseline:
        """Learn from the posts of both sides; raises UsageError when one of them has none with a text."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        pairs = [(post.text, is_spam) for post, is_spam in sample.pairs if not blank(post.text)]
        if len({is_spam for _, is_spam in pairs}) < 2:
            raise UsageError(
                "The sample has posts of one side only: there is nothing to tell apart.",
                "Next: semsearch spam learn --normal FILE --sellers FILE",
            )
        vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=LENGTHS, sublinear_tf=True)
        model = make_pipeline(vectors, LogisticRegression(max_iter=1000))
        texts, truth = zip(*pairs, strict=True)
        return cls(model.fit(texts, np.array(truth)))

    def chances(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The chance that a seller wrote each text, [n], by what the sample says of it."""
        if not texts:
            return np.zeros(0)
        return np.asarray(self._model.predict_proba(texts)[:, 1], np.float64)
