"""What is the same for all queries of one scan: the release's vectors and words, and what was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.index.vectors import Vectors
from semsearch.longtail.predictors.titles import Titles
from semsearch.text import tokens
from semsearch.text.tokens import Atom
from semsearch.text.views import search

if TYPE_CHECKING:
    from semsearch.index.dense import Floats
    from semsearch.index.release import Release

SAMPLED = 20_000
"""Vectors that the spread of the background is taken from, evenly spaced."""


@dataclass(frozen=True, slots=True)
class Support:
    """What the log could teach of each query and each word: its positive pairs before the held-out part."""

    by_key: Mapping[str, int]
    """Pairs of a query (search view)."""
    by_word: Mapping[str, int]
    """Pairs of the queries that hold a word token."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, int]]) -> Support:
        """From queries (search view) and their numbers of pairs, each query once."""
        by_key = dict(pairs)
        by_word: Counter[str] = Counter()
        for key, n in by_key.items():
            for word in {tokens.word(atom) for atom in tokens.words(key).atoms}:
                by_word[word] += n
        return cls(by_key, by_word)


@dataclass(frozen=True, slots=True)
class Ground:
    """One release, and the support of queries in the pairs that its model was trained on."""

    vectors: Vectors
    covariance: NDArray[np.float32]
    """[dim, dim], of the distinct item vectors."""
    count: Callable[[str], int]
    """How many items hold a token."""
    titles: Titles
    support: Support | None
    """Null without a log."""

    @classmethod
    def of(
        cls, release: Release, support: Support | None = None, title: Callable[[int], Iterable[Atom]] | None = None
    ) -> Ground:
        """Opens the release's vectors and words; `title` tells the words of a row's title where they are at hand."""

        def read(row: int) -> Iterable[Atom]:
            return tokens.words(search(release.rows[row]["title"])).atoms

        vectors, words = release.vectors, release.lexical.vocabulary
        titles = Titles(title or read, words.find, words.count, len(release))
        return cls(vectors, _covariance(vectors), words.count, titles, support)

    @property
    def n_items(self) -> int:
        """Items of the release."""
        return self.vectors.n_items

    def background(self, vector: Floats) -> tuple[float, float]:
        """Mean and standard deviation of the cosines of `vector` with the distinct vectors of the release."""
        spread = float(vector @ self.covariance @ vector)
        return self.vectors.background(vector), max(spread, 1e-12) ** 0.5

    def of_rows(self, rows: NDArray[np.int64]) -> Floats:
        """The vectors of those of `rows` that have one, [n, dim]."""
        places = self.vectors.vector_of[rows]
        return np.asarray(self.vectors.matrix[places[places >= 0]])


def _covariance(vectors: Vectors) -> NDArray[np.float32]:
    if not vectors.n_vectors:
        return np.zeros((vectors.dim, vectors.dim), np.float32)
    places = np.linspace(0, vectors.n_vectors - 1, min(SAMPLED, vectors.n_vectors)).astype(np.int64)
    rows = vectors.matrix[places] - vectors.centre
    return np.asarray(rows.T @ rows / np.float32(len(rows)))
