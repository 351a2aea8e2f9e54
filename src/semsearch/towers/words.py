"""Static towers that remember words: posts repeat them, and a word's tokens are always the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from semsearch.towers.encoder import normalised
from semsearch.towers.static import StaticEncoder

_WORDS = 40_000
"""Words that are remembered: 40 MB at 256 dimensions."""


class WordEncoder:
    """Gives the item rows of a static encoder up to rounding, for texts whose words are split by white space.

    A token never spans white space, so that a text's row is the sum of its words'. When the memory is full it starts
    again.
    """

    def __init__(self, encoder: StaticEncoder) -> None:
        self._encoder = encoder
        self._places: dict[str, int] = {}
        self._rows = np.zeros((_WORDS, encoder.dim), np.float32)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised rows, [n, dim]; a zero row where there is nothing to encode."""
        words = [text.split() for text in texts]
        known = self._places
        missing = list(dict.fromkeys(word for each in words for word in each if word not in known))
        if len(known) + len(missing) > _WORDS:
            known.clear()
            missing = list(dict.fromkeys(word for each in words for word in each))
            if len(missing) > _WORDS:
                return self._encoder.encode_items(texts)
        self._learn(missing)
        out = np.zeros((len(texts), self._encoder.dim), np.float32)
        for row, each in enumerate(words):
            if each:
                self._rows.take([known[word] for word in each], axis=0).sum(axis=0, out=out[row])
        return normalised(out)

    def _learn(self, words: list[str]) -> None:
        start = len(self._places)
        self._rows[start : start + len(words)] = self._encoder.item_sums(words)
        self._places.update(zip(words, range(start, start + len(words)), strict=True))
