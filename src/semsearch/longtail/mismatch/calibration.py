"""From which likeness two words are one: measured on a release's own words, by script and length.

One threshold for all words is wrong at both ends: of three key presses one other key makes another word (방, 빵), of
twelve it makes a slip. For each script and length in key presses the threshold is the highest likeness that keeps
`KEPT` of the slips of such words, raised where unrelated words reach it by chance in more than `CHANCE` of all items:
1 - (1 - p)^`ITEM_WORDS` for a word that a share p of the vocabulary is that like, mean over the words. Likeness is the
optimal string alignment similarity (Damerau 1964; a swap is one edit) of key presses: 1 - edits / length of the longer.

Words under `SPELT` key presses are never slips of one another, as in the reading of queries: the vocabulary of a market
is a sample of its language, so that the chance measured there says too little where words stand close. A market without
wigs (가발) knows one word only that looks like 가방. Their chance at one edit stands in the table all the same.

Hangul and Latin words are also compared by their consonants (`text.transliteration`), which must be the same: there the
calibration tells how many consonants it takes.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsearch.longtail.mismatch.words import SPELT
from semsearch.text.hangul import is_syllable, jamo
from semsearch.text.lexicons import Lexicon
from semsearch.text.tokens import HANGUL, LATIN, LETTERS
from semsearch.text.transliteration import skeleton
from semsearch.text.views import search
from semsearch.training.catalogue.spelling import slip

KINDS = {HANGUL: "hangul", LATIN: "latin", LETTERS: "letters"}
SOUND = "sound"
CHANCE, KEPT = 0.01, 0.95
ITEM_WORDS, OTHER_SCRIPT = 40, 10
"""Words of an item in the script that is asked in, and in the other one."""
_SHORTEST, _LONGEST = 3, 16
"""Key presses; longer words are judged as words of the last length."""
_SHORTEST_SOUND, _LONGEST_SOUND = 2, 7
_TWICE = 10
"""Key presses from which a word may be misspelt twice."""
_ASKED, _OTHERS, _READ = 250, 2500, 40_000
"""Words of one cell, words that each is compared with, words read of a vocabulary."""
_ENOUGH = 200
"""Words to compare with, below which nothing is measured."""
_STEP = 0.01
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind and length of words."""

    kind: str
    """hangul, latin, letters; sound: a Hangul and a Latin word by their consonants."""
    length: int
    """Key presses, of a sound consonants; the last one stands for all longer words."""
    threshold: float | None
    """The least likeness that ties, in 0..1; None: no likeness does."""
    chance: float
    """Share of items in which an unrelated word ties by chance (under `SPELT`: would, at one edit); NaN: not known."""
    kept: float
    """Share of slips (of sounds: of known transliterations) that still tie; NaN: not known."""
    n: int
    """Pairs of words that were compared."""


@dataclass(frozen=True)
class Calibration:
    """Thresholds by kind and length."""

    cells: tuple[Cell, ...] = ()

    @cached_property
    def _thresholds(self) -> dict[tuple[str, int], float | None]:
        return {(cell.kind, cell.length): cell.threshold for cell in self.cells}

    @classmethod
    def of(cls, vocabulary: Sequence[str], *, seed: int = 0) -> Calibration:
        """Measure on the words of letters alone of a release (search view). Same words in any order, same result."""
        rng = random.Random(seed)
        words = sorted(set(vocabulary))
        words = rng.sample(words, min(_READ, len(words)))
        by_kind = {kind: [word for word in words if _script(word) == kind] for kind in KINDS}
        cells = [cell for kind, name in KINDS.items() for cell in _spelling(name, by_kind[kind], rng)]
        return cls((*cells, *_sounds(by_kind[HANGUL], by_kind[LATIN])))

    def least(self, kind: int, presses: int) -> float | None:
        """The likeness from which a word of this kind and length ties; None: only the same word does."""
        if presses < SPELT:
            return None
        return self._thresholds.get((KINDS[kind], min(presses, _LONGEST)), _ruled(presses))

    def sounds(self, consonants: int) -> bool:
        """Whether so many equal consonants tie a Hangul and a Latin word."""
        return self._thresholds.get((SOUND, min(consonants, _LONGEST_SOUND))) is not None

    def rows(self) -> list[dict[str, Any]]:
        """The cells, one mapping each, for a table."""
        return [asdict(cell) for cell in self.cells]


def _script(word: str) -> int:
    first = word[:1]
    return HANGUL if first and is_syllable(first) else LATIN if first.isascii() else LETTERS


def _ruled(length: int) -> float:
    """The threshold where nothing can be measured: one edit, two in long words."""
    return round(1.0 - (2 if length >= _TWICE else 1) / length - _STEP / 10, 3)


def _spelling(name: str, words: Sequence[str], rng: random.Random) -> list[Cell]:
    """The cells of one script; none for a script without words."""
    by_length: dict[int, list[str]] = {}
    for word in words:
        by_length.setdefault(min(len(jamo(word)), _LONGEST), []).append(jamo(word))
    slips = _slips(words, rng)
    cells = []
    for length in range(_SHORTEST, _LONGEST + 1) if words else ():
        # no pair of such different lengths is as like as any threshold
        near = [keys for other in range(length - 3, length + 4) for keys in by_length.get(other, ())]
        likes = _likes(by_length.get(length, ())[:_ASKED], rng.sample(near, min(_OTHERS, len(near))))
        cells.append(_cell(name, length, likes, len(near) / max(1, len(words)), slips.get(length, [])))
    return cells


def _cell(name: str, length: int, likes: NDArray[np.float32], near: float, slips: Sequence[float]) -> Cell:
    """One length: `likes` [asked, others] of unrelated words, of which `near` is the share that was looked at."""
    if length < SPELT:
        chance = _chance(likes, 1.0 - 1.0 / length, near)
        return Cell(name, length, None, round(chance, 5), 0.0 if slips else _NAN, likes.size)
    lowest = float(np.quantile(slips, 1.0 - KEPT, method="lower")) if slips else _ruled(length) + _STEP / 10
    steps = (float(step) for step in np.arange(lowest, 1.0, _STEP))
    threshold = next((step for step in steps if not _chance(likes, step, near) > CHANCE), 1.0)
    chance = _chance(likes, threshold, near)
    kept = float(np.mean(np.array(slips) >= threshold)) if slips else _NAN
    return Cell(name, length, round(threshold - _STEP / 10, 3), round(chance, 5), round(kept, 4), likes.size)


def _chance(likes: NDArray[np.float32], threshold: float, near: float) -> float:
    """Share of items with a word that is by chance as like as `threshold`; NaN without words."""
    if not likes.size:
        return _NAN
    reached = (likes > threshold - _STEP / 10).mean(axis=1) * near
    return float((1.0 - (1.0 - reached) ** ITEM_WORDS).mean())


def _likes(asked: Sequence[str], others: Sequence[str]) -> NDArray[np.float32]:
    """Likeness of every pair, [asked, others], 0 of a word to itself; empty when there are too few words."""
    if not asked or len(others) < _ENOUGH:
        return np.zeros((0, 0), np.float32)
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    likes: NDArray[np.float32] = cdist(asked, others, scorer=OSA.normalized_similarity, dtype=np.float32)
    likes[likes == 1.0] = 0.0
    return likes


def _slips(words: Sequence[str], rng: random.Random) -> dict[int, list[float]]:
    """How like slips are to their words, by the key presses of the slip; long words slip twice."""
    from rapidfuzz.distance import OSA

    likes: dict[int, list[float]] = {}
    for word in rng.sample(words, min(_ASKED * _LONGEST, len(words))):
        slipped = slip(word, rng)
        if len(jamo(word)) >= _TWICE:
            slipped = slip(slipped, rng)
        if slipped != word:
            keys = jamo(slipped)
            likes.setdefault(min(len(keys), _LONGEST), []).append(OSA.normalized_similarity(keys, jamo(word)))
    return likes


def _sounds(hangul: Sequence[str], latin: Sequence[str]) -> list[Cell]:
    """The cells of the consonants: chance by the release's words, what is kept by the starter lexicon."""
    heard = Counter(skeleton(word) for word in latin)
    by_length: dict[int, list[float]] = {}
    for word in hangul:
        sound = skeleton(word)
        share = heard[sound] / max(1, len(latin))
        by_length.setdefault(min(len(sound), _LONGEST_SOUND), []).append(1.0 - (1.0 - share) ** OTHER_SCRIPT)
    kept = _transliterations()
    cells = []
    for length in range(_SHORTEST_SOUND, _LONGEST_SOUND + 1):
        chances = by_length.get(length, [])
        measured = len(latin) >= _ENOUGH and len(chances) > 0
        chance = round(float(np.mean(chances)), 5) if measured else _NAN
        ties = chance <= CHANCE if measured else length == _LONGEST_SOUND
        same = kept.get(length, [])
        share = round(sum(same) / len(same), 4) if same else _NAN
        cells.append(Cell(SOUND, length, 1.0 if ties else None, chance, share, len(chances) * len(latin)))
    return cells


def _transliterations() -> dict[int, list[bool]]:
    """Whether the names that the starter lexicon writes in both scripts sound the same, by consonants."""
    same: dict[int, list[bool]] = {}
    for group in Lexicon.load().groups:
        surfaces = [search(surface) for surface in group.surfaces if group.kind != "synonyms"]
        latin = {skeleton(s) for s in surfaces if s.isascii() and s.isalpha()}
        for surface in surfaces:
            if latin and all(map(is_syllable, surface)):
                sound = skeleton(surface)
                same.setdefault(min(len(sound), _LONGEST_SOUND), []).append(sound in latin)
    return same
