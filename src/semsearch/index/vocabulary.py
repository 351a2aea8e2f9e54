"""The tokens of an index on disk: sorted UTF-8 in one file, found by bisection, nothing loaded at start.

`terms.txt` holds the tokens one a line in the order of their bytes, `term_starts.npy` where each begins
(int64 [n_terms + 1]). `words.txt` holds what spelling may correct to: the words of letters alone in two
documents or more, before stemming, ordered by how many key presses they take, one `key presses<TAB>word` a
line; `word_starts.npy` where each length begins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semsearch.text.hangul import jamo
from semsearch.text.tokens import stem

_LONGEST_WORD = 40


class StoredVocabulary:
    """Meets `semsearch.text.plan.Vocabulary`; `counts` is int64 [n_terms], documents of each token."""

    def __init__(self, folder: Path, counts: NDArray[np.int64], n_docs: int) -> None:
        self.n_docs = n_docs
        self._counts = counts
        self._terms = (folder / "terms.txt").read_bytes()
        self._starts = memoryview(np.load(folder / "term_starts.npy"))
        self._words_path = folder / "words.txt"
        self._word_starts: list[int] = np.load(folder / "word_starts.npy").tolist()
        self.find = lru_cache(maxsize=1 << 15)(self._find)
        self._of_length = lru_cache(maxsize=None)(self._read_length)

    def _find(self, token: str) -> int:
        """The number of a token; -1 when unknown."""
        wanted = token.encode("utf-8", "replace")
        low, high = 0, len(self._starts) - 1
        while low < high:
            middle = (low + high) // 2
            if self._bytes(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self._starts) - 1 and self._bytes(low) == wanted else -1

    def _bytes(self, number: int) -> bytes:
        return self._terms[self._starts[number] : self._starts[number + 1] - 1]

    def count(self, token: str) -> int:
        """How many documents hold `token`; 0 when unknown."""
        number = self.find(token)
        return int(self._counts[number]) if number >= 0 else 0

    def words(self) -> list[str]:
        """The words that spelling may correct to, the shortest first."""
        return [line.partition("\t")[2] for line in self._words_path.read_text(encoding="utf-8").splitlines()]

    def idf(self, token: str) -> float:
        """Rarity of a token: ln((n_docs + 1) / (count + 1)); 0 for one that every document holds."""
        return math.log((self.n_docs + 1) / (self.count(token) + 1))

    def near(self, word: str, distance: int) -> list[tuple[str, int]]:
        """Known words within `distance` key presses: nearest first, then the more frequent, then by text."""
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        keys = jamo(word)
        found: list[tuple[str, int]] = []
        for length in range(max(1, len(keys) - distance), min(_LONGEST_WORD, len(keys) + distance) + 1):
            spelled, written = self._of_length(length)
            hits = extract(keys, spelled, scorer=OSA.distance, score_cutoff=distance, limit=None)
            found += [(written[index], int(apart)) for _, apart, index in hits]
        return sorted(found, key=lambda hit: (hit[1], -self.count(stem(hit[0])), hit[0]))

    def _read_length(self, length: int) -> tuple[list[str], list[str]]:
        with self._words_path.open("rb") as file:
            file.seek(self._word_starts[length])
            lines = file.read(self._word_starts[length + 1] - self._word_starts[length]).decode().splitlines()
        pairs = [line.split("\t") for line in lines]
        return [spelled for spelled, _ in pairs], [written for _, written in pairs]


def write_vocabulary(folder: Path, terms: Sequence[str], words: Sequence[str]) -> None:
    """Write the files of a vocabulary: `terms` sorted by their UTF-8 bytes, `words` for spelling."""
    encoded = [term.encode() + b"\n" for term in terms]
    (folder / "terms.txt").write_bytes(b"".join(encoded))
    starts = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(line) for line in encoded], out=starts[1:])
    np.save(folder / "term_starts.npy", starts)
    rows = sorted((len(spelled), spelled, word) for word in words if len(spelled := jamo(word)) <= _LONGEST_WORD)
    lines = [f"{spelled}\t{word}\n".encode() for _, spelled, word in rows]
    (folder / "words.txt").write_bytes(b"".join(lines))
    sizes = np.zeros(_LONGEST_WORD + 2, dtype=np.int64)
    for (length, _, _), line in zip(rows, lines, strict=True):
        sizes[length + 1] += len(line)
    np.save(folder / "word_starts.npy", np.cumsum(sizes))
