"""What ties one asked word to an item: the same word, another way to write it, another name of it, a slip."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from semsearch.longtail.mismatch.calibration import Calibration
from semsearch.longtail.mismatch.quantities import of_code
from semsearch.longtail.mismatch.words import PART, Named, Words, is_letter, scripts, spelled, words_of
from semsearch.text import keyboard
from semsearch.text.cutting import HANGUL_WORD, LATIN_WORD, cut
from semsearch.text.hangul import is_syllable
from semsearch.text.lexicons import Lexicon
from semsearch.text.tokens import CODE, HANGUL, LATIN, Atom, joined
from semsearch.text.tokens import words as cut_text

_KNOWN = math.log(8.0)
"""A word is known when its idf is so far below that of a word nobody wrote: eight times as frequent."""
_LIGHTEST = 0.1
"""Weight of a word that every item holds."""
_INSIDE = 3
"""Letters of a Hangul word that may stand anywhere inside another, not only at its ends."""
_LONGEST_TYPED = 64


@dataclass(frozen=True, slots=True)
class Tie:
    """One word of a query, and what an item has for it."""

    asked: str
    found: str
    how: str
    """same; stem: another ending; joined: spaces set otherwise, or a part of a longer word; lexicon: another name;
    jamo: a slip; sound: the same consonants in the other script; keyboard: typed in the other language."""
    similarity: float
    """How much of the word is tied, in 0..1; of a slip its likeness."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One atom of a query, made ready to be looked for."""

    atom: Atom
    token: str
    presses: str
    sound: str
    """Of the same consonants in the other script; '' when it has too few."""
    weight: float
    """Its idf; 0 for what does not count."""
    least: float | None
    """The likeness from which another word is a slip of it."""
    groups: tuple[tuple[str, float], ...]
    """Lexicon groups that it writes or belongs to, and the share of it that they explain; best first."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbours of one script in a query, written together: spaces may be wrong, or missing."""

    text: str
    kind: int
    starts: tuple[int, ...]
    """Where each of its atoms begins in `text`, and its end."""
    first: int
    """Number of its first atom in the query."""
    known: tuple[bool, ...]
    """Which of its atoms are words of the catalogue: these were not run together."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A word of a query, and what its keys write in the other language."""

    at: tuple[int, ...]
    """Numbers of its atoms in the query, of those with letters."""
    words: tuple[Asked, ...]
    runs: tuple[Run, ...]


class Ties:
    """Looks for words in items, with one lexicon and calibration."""

    def __init__(self, lexicon: Lexicon, calibration: Calibration, idf: Callable[[str], float]) -> None:
        self.lexicon = lexicon
        self.calibration = calibration
        self.idf = idf
        self._common = idf("") - _KNOWN
        self._knows: dict[str, bool] = {}

    def asked(self, atom: Atom, named: Sequence[Named], at: int, *, counts: bool = True) -> Asked:
        """Atom number `at` of a query; one that does not count weighs nothing."""
        token, presses, sound = spelled(atom)
        groups = sorted(((n.token, n.share) for n in named if n.start <= at < n.end), key=lambda g: -g[1])
        other = {HANGUL: LATIN, LATIN: HANGUL}.get(atom.kind)
        heard = f"{other}{sound[1:]}" if other is not None and self.calibration.sounds(len(sound) - 1) else ""
        least = self.calibration.least(atom.kind, len(presses)) if atom.kind in PART else None
        weight = max(_LIGHTEST, self.idf(token)) if counts else 0.0
        return Asked(atom, token, presses, heard, weight, least, tuple(groups))

    def known(self, word: str, token: str) -> bool:
        """Whether the catalogue or the lexicon knows a word: of two known words neither is the other's slip."""
        held = self._knows.get(token)
        if held is None:
            held = bool(self.lexicon.lookup(word)) or self.idf(token) <= self._common
            self._knows[token] = held
        return held

    def known_atom(self, atom: Atom) -> bool:
        """`known` of an atom."""
        return self.known(atom.text, spelled(atom).token)

    def runs(self, atoms: Sequence[Atom]) -> tuple[Run, ...]:
        """The runs of a query."""
        out = []
        for start, end in scripts(atoms):
            starts = [0]
            for atom in atoms[start:end]:
                starts.append(starts[-1] + len(atom.text))
            if starts[-1] > PART[atoms[start].kind]:
                known = tuple(map(self.known_atom, atoms[start:end]))
                out.append(Run(joined(atoms[start:end]), atoms[start].kind, tuple(starts), start, known))
        return tuple(out)

    def typed(self, text: str, atoms: Sequence[Atom]) -> tuple[Typed, ...]:
        """The words of a query (search view) that may have been typed with the keyboard in the other language."""
        out = []
        for chunk in text.split():
            if len(set(chunk)) == 1 or len(chunk) > _LONGEST_TYPED:
                continue
            for other, shortest in ((keyboard.to_hangul(chunk), 2), (keyboard.to_latin(chunk), 3)):
                if other and (len(other) >= shortest or self.lexicon.names(other)):
                    own = {atom for atom in cut_text(chunk).atoms if atom.kind in PART}
                    at = tuple(number for number, atom in enumerate(atoms) if atom in own)
                    out.append(self._typed(other, at, whole=all(map(is_syllable, chunk))))
        return tuple(out)

    def _typed(self, other: str, at: tuple[int, ...], *, whole: bool) -> Typed:
        # Latin keys hardly ever write whole syllables: such a word is Hangul, and only an item may be typed wrong
        if whole:
            return Typed(at, (self.asked(Atom(other, LATIN), (), 0),), ())
        words = words_of(other, self.lexicon)
        asked = (self.asked(atom, words.named, number) for number, atom in enumerate(words.atoms))
        return Typed(at, tuple(a for a in asked if a.atom.kind in PART), self.runs(words.atoms))

    def read(self, typed: Typed, item: Words) -> list[Tie | None]:
        """The ties of what was typed with the keyboard in the other language."""
        found = [self.written(asked, item) for asked in typed.words]
        return found if any(found) else [tie for run in typed.runs for tie in parts(run, item)]

    def of(self, asked: Asked, item: Words) -> Tie | None:
        """The best tie of one word by itself."""
        return self.written(asked, item) or self._slip(asked, item) or self._heard(asked, item)

    def written(self, asked: Asked, item: Words) -> Tie | None:
        """The tie of a word that is written, or named otherwise, in an item."""
        text = asked.atom.text
        found = item.held.get(text)
        if found is not None:
            return Tie(text, found, "same" if found == text else _how(found), 1.0)
        if asked.token != text and (found := item.held.get(asked.token)) is not None:
            return Tie(text, found, "stem", 1.0)
        for token, share in asked.groups:
            if token in item.groups:
                return Tie(text, item.groups[token], "lexicon", share)
        if asked.atom.kind == CODE:
            found, share = of_code(text, item.quantities, item.held)
            return Tie(text, found, "joined", round(share, 3)) if found else None
        if len(text) >= PART.get(asked.atom.kind, _LONGEST_TYPED) and text in item.runs:
            return self._inside(asked, item)
        return None

    def _inside(self, asked: Asked, item: Words) -> Tie | None:
        """A word that is a part of a longer one: 노트북 in 엘지노트북램, 가방 in 크로스가방 and in 가방이에요.

        Not 노트 in 노트북, 에어 in 에어프라이어: a word that the catalogue knows is not taken apart at its beginning.
        """
        text, kind = asked.atom
        for word in item.letters.get(kind, ()):
            at = word.find(text)
            if at < 0:
                continue
            if at == 0 and kind == HANGUL and _ends(word, text):
                return Tie(text, word, "stem", 1.0)
            rest = len(word) - len(text)
            both = self.known(text, asked.token) and self.known_atom(Atom(word, kind))
            if word.endswith(text):
                apart = not both or (kind == HANGUL and rest > 1)
            else:
                apart = not both and (rest > 1 if at == 0 else len(text) >= _INSIDE and kind != LATIN)
            if apart:
                return Tie(text, word, "joined", 1.0)
        return None

    def _slip(self, asked: Asked, item: Words) -> Tie | None:
        if asked.least is None or asked.atom.kind not in item.spelled:
            return None
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extractOne

        presses, words = item.spelled[asked.atom.kind]
        best = extractOne(asked.presses, presses, scorer=OSA.normalized_similarity, score_cutoff=asked.least)
        if best is None:
            return None
        _, like, at = best
        word = Atom(words[at], asked.atom.kind)
        if self.known_atom(asked.atom) and self.known_atom(word):
            return None
        return Tie(asked.atom.text, word.text, "jamo", round(float(like), 3))

    def _heard(self, asked: Asked, item: Words) -> Tie | None:
        found = item.sounds.get(asked.sound) if asked.sound else None
        if found is None:
            return None
        word = Atom(found, LATIN if asked.atom.kind == HANGUL else HANGUL)
        if self.known_atom(asked.atom) and self.known_atom(word):
            return None
        return Tie(asked.atom.text, found, "sound", 1.0)


def _how(found: str) -> str:
    """Why an item holds `found` for another word."""
    return "joined" if " " in found else "keyboard" if is_letter(found[0]) else "stem"


@lru_cache(maxsize=1 << 14)
def _ends(word: str, stem: str) -> bool:
    """Whether `word` is `stem` with a particle or ending."""
    return cut(word, lambda piece: int(piece == stem), 2) == (stem,)


def parts(run: Run, item: Words) -> list[Tie | None]:
    """Words of an item that a run consists of, as one tie for each atom of the run.

    A word must begin or end where an atom does or where another such word ends: 가방 수납 does not hold 방수. What is
    left of an atom is no single letter, for 노트북 is no 노트; and of a word that the catalogue knows the end must tie,
    for 에어프라이어 is no 에어.
    """
    # of Latin words also two that the item writes apart: short ones, as in nikeairmax, prove nothing alone
    words = [word for word in (item.held if run.kind == LATIN else item.letters.get(run.kind, ())) if word in run.text]
    words = [word for word in words if len(word) >= PART[run.kind]]
    if not words:
        return [None] * len(run.known)
    edges = set(run.starts)
    covered: list[str] = [""] * len(run.text)
    words = sorted(words, key=lambda w: (-len(w), w))
    for word in words + words:
        at = run.text.find(word)
        while at >= 0:
            end = at + len(word)
            if not any(covered[at:end]) and (at in edges or end in edges) and _fits_in(at, end, edges, run.kind):
                covered[at:end] = [item.held.get(word, word)] * len(word)
                edges |= {at, end}
            at = run.text.find(word, at + 1)
    spans = zip(run.known, run.starts, run.starts[1:], strict=False)
    return [None if known and not covered[end - 1] else _covered(run, covered, at, end) for known, at, end in spans]


def _fits_in(at: int, end: int, edges: set[int], kind: int) -> bool:
    """Whether what is left on either side can be a word."""
    before = at - max((e for e in edges if e <= at), default=0)
    after = min((e for e in edges if e >= end), default=end) - end
    least = LATIN_WORD if kind == LATIN else HANGUL_WORD
    return (before == 0 or before >= least) and (after == 0 or after >= least)


def _covered(run: Run, covered: Sequence[str], begin: int, end: int) -> Tie | None:
    inside = [word for word in covered[begin:end] if word]
    if not inside:
        return None
    found = " ".join(dict.fromkeys(inside))
    return Tie(run.text[begin:end], found, "joined", round(len(inside) / (end - begin), 3))
