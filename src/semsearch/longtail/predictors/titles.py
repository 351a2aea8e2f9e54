"""The words of items' titles as numbers, and how unlike the catalogue those of some hits are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from semsearch.text import tokens
from semsearch.text.tokens import Atom

REMEMBERED = 1 << 16
"""Titles whose numbers are kept."""
Numbers = NDArray[np.int64]


class Titles:
    """Looks at a title once: `atoms(row)` are its words, known by `find` (-1: unknown) and `count`."""

    def __init__(
        self,
        atoms: Callable[[int], Iterable[Atom]],
        find: Callable[[str], int],
        count: Callable[[str], int],
        n_items: int,
    ) -> None:
        self._atoms = atoms
        self._find = find
        self._count = count
        self._n_items = max(n_items, 1)
        self._weight: dict[int, float] = {}
        self.of = lru_cache(REMEMBERED)(self._of)

    def _of(self, row: int) -> Numbers:
        """Numbers of the words of one title."""
        numbers = []
        for atom in self._atoms(row):
            word = tokens.word(atom)
            if (number := self._find(word)) >= 0:
                numbers.append(number)
                if number not in self._weight:
                    self._weight[number] = np.log2(self._n_items / self._count(word))
        return np.array(numbers, np.int64)

    def clarity(self, rows: NDArray[np.int64]) -> float:
        """Relative entropy in bits of the words in the titles of `rows` against all items; NaN without a word.

        Σ P(w|hits) log2 (P(w|hits) / P(w|items)), every hit and every word of a title counting alike; P(w|items) is the
        share of items that hold the word. Cronen-Townsend, Zhou, Croft: Predicting query performance. SIGIR 2002.
        """
        cut = [numbers for row in rows.tolist() if (numbers := self.of(row)).size]
        if not cut:
            return float("nan")
        shares = np.repeat([1.0 / (len(cut) * numbers.size) for numbers in cut], [numbers.size for numbers in cut])
        words, places = np.unique(np.concatenate(cut), return_inverse=True)
        given = np.bincount(places, shares)
        against = np.array([self._weight[number] for number in words.tolist()])
        return float(given @ (np.log2(given) + against))
