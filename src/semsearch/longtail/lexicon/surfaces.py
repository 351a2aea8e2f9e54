"""Text as the lexicon sees it, and how two surfaces are related: alike in sound, one slip apart, one in the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from rapidfuzz.distance import OSA

from semsearch.text import keyboard, tokens
from semsearch.text.hangul import is_syllable, jamo
from semsearch.text.lexicons import Group, Lexicon
from semsearch.text.reading import STOP_WORDS
from semsearch.text.tokens import HANGUL, LATIN, LETTERS, Atom
from semsearch.text.transliteration import skeleton
from semsearch.text.views import search

MOST_WORDS = 3
"""Words of the longest surface that is mined."""
MOST_ATOMS = 5
"""Atoms of the longest surface that a lexicon file may hold."""
_SHORTEST_SOUND = 2
_SHORT, _LONG = 10, 20
"""Key presses up to which one slip, two slips are slips; longer surfaces may have three."""


class Token(NamedTuple):
    """A word, or words that are one surface of the lexicon."""

    text: str
    """As typed, in the search view; several words with a space."""
    name: str
    """What stands for it: the first surface of the name group that it belongs to, else `text`."""
    ids: frozenset[str]
    """Words and groups; two tokens that share one say the same."""
    letters: bool
    """Whether it is a word: no number, size, code or stop word."""


class Title(NamedTuple):
    """What a title says, ready to be compared with many words."""

    ids: frozenset[str]
    written: str
    """Its letters and digits in one run."""
    words: frozenset[str]
    """Without numbers, sizes and codes."""


class Reader:
    """Reads texts with one lexicon, each once."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._read: dict[str, tuple[Token, ...]] = {}
        self._spans: dict[str, frozenset[str]] = {}
        self._titles: dict[str, Title] = {}

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The tokens of a text in the search view; of surfaces that begin at one word the longest counts."""
        if text not in self._read:
            self._read[text] = tuple(self._cut(tokens.words(text).atoms))
        return self._read[text]

    def spans(self, text: str) -> frozenset[str]:
        """Every surface of a text in the search view (see `spans`)."""
        if text not in self._spans:
            self._spans[text] = frozenset(spans(self.tokens(text)))
        return self._spans[text]

    def title(self, text: str) -> Title:
        """A title in the search view."""
        if text not in self._titles:
            found = self.tokens(text)
            ids = frozenset[str]().union(*(token.ids for token in found))
            words = frozenset(word for token in found if token.letters for word in token.text.split())
            self._titles[text] = Title(ids, "".join(token.text.replace(" ", "") for token in found), words)
        return self._titles[text]

    def _cut(self, atoms: Sequence[Atom]) -> Iterator[Token]:
        ends: dict[int, int] = {}
        groups: dict[tuple[int, int], list[Group]] = {}
        for group, start, end in self.lexicon.find(atoms):
            ends[start] = max(ends.get(start, 0), end)
            groups.setdefault((start, end), []).append(group)
        at = 0
        while at < len(atoms):
            end = ends.get(at, at + 1)
            yield self._token(atoms[at:end], groups.get((at, end), []))
            at = end

    def _token(self, atoms: Sequence[Atom], groups: Sequence[Group]) -> Token:
        text = " ".join(atom.text for atom in atoms)
        names = [group.surfaces[0] for group in groups if group.kind != "synonyms"]
        ids = {self.lexicon.token(group) for group in groups}
        ids.add(tokens.word(atoms[0]) if len(atoms) == 1 else tokens.joined(atoms))
        letters = all(atom.kind in (HANGUL, LATIN, LETTERS) for atom in atoms)
        return Token(text, search(names[0]) if names else text, frozenset(ids), letters and text not in STOP_WORDS)

    def tied(self, left: str, right: str) -> bool:
        """Whether the lexicon says already that two surfaces mean the same, as a whole or word by word."""
        first, second = (self.lexicon.lookup(joined(text)) for text in (left, right))
        if not {self.lexicon.token(g) for g in first}.isdisjoint(self.lexicon.token(g) for g in second):
            return True
        named = ("".join(joined(token.name) for token in self.tokens(text)) for text in (left, right))
        return len(set(named)) == 1


@lru_cache(maxsize=1 << 16)
def joined(surface: str) -> str:
    """Letters and digits alone, as the lexicon compares."""
    return tokens.key(surface)


def fits(surface: str) -> bool:
    """Whether a lexicon file may hold a surface."""
    return 0 < len(tokens.words(surface).atoms) <= MOST_ATOMS


def surface(run: Sequence[Token]) -> str:
    """The surface that neighbours write together; a single one goes by its name."""
    return run[0].name if len(run) == 1 else " ".join(token.text for token in run)


def spans(text: Sequence[Token], without: frozenset[str] = frozenset()) -> set[str]:
    """The surfaces of one to `MOST_WORDS` neighbouring words, none of which `without` says too."""
    free = [token if token.letters and without.isdisjoint(token.ids) else None for token in text]
    return {
        surface(run[start : start + length])
        for run in _runs(free)
        for start in range(len(run))
        for length in range(1, min(MOST_WORDS, len(run) - start) + 1)
    }


def _runs(chosen: Sequence[Token | None]) -> Iterator[tuple[Token, ...]]:
    for there, run in groupby(chosen, key=lambda token: token is not None):
        if there:
            yield tuple(token for token in run if token is not None)


@lru_cache(maxsize=1 << 16)
def sounds_alike(left: str, right: str) -> bool:
    """Whether a Hangul and a Latin surface sound alike: 브리츠, britz; of three consonants one may be silent."""
    sounds = _sounds(left, right)
    return same_sound(left, right) or (
        sounds is not None and min(map(len, sounds)) > _SHORTEST_SOUND and OSA.distance(*sounds) == 1
    )


def same_sound(left: str, right: str) -> bool:
    """Whether a Hangul and a Latin surface have the same consonants, two or more."""
    sounds = _sounds(left, right)
    return sounds is not None and sounds[0] == sounds[1] and len(sounds[0]) >= _SHORTEST_SOUND


def _sounds(left: str, right: str) -> tuple[str, str] | None:
    """The consonants of both, when one is all Hangul and the other all Latin."""
    first, second = joined(left), joined(right)
    if all(map(is_syllable, second)):
        first, second = second, first
    if not first or not all(map(is_syllable, first)) or not second.isascii():
        return None
    return skeleton(first), skeleton(second)


def shortened(left: str, right: str) -> bool:
    """Whether one surface is syllables of the other in order, from its first on: 에팟, 에어팟; 파판, 파이널 판타지."""
    short, long = sorted((joined(left), joined(right)), key=len)
    if len(short) < 2 or len(short) == len(long) or short[0] != long[0] or not _is_hangul(short):
        return False
    rest = iter(long)
    return all(char in rest for char in short)


def overlap(left: str, right: str) -> bool:
    """Whether a word of one surface is written in the other: one says more than the other, or a part is typed apart."""
    sides = (left, right), (right, left)
    return any(len(word) > 1 and word in joined(other) for one, other in sides for word in one.split()) or any(
        joined(one) in joined(other) for one, other in sides
    )


@lru_cache(maxsize=1 << 18)
def is_slip(left: str, right: str) -> bool:
    """Whether a slip of the finger makes one of the other: few key presses apart, syllables swapped, other keyboard."""
    first, second = joined(left), joined(right)
    if sorted(first) == sorted(second) or second in other_keyboard(first) or first in other_keyboard(second):
        return True
    if _is_hangul(first) != _is_hangul(second):
        return False
    pressed = jamo(first), jamo(second)
    size = max(map(len, pressed))
    allowed = 1 if size <= _SHORT else 2 if size <= _LONG else 3
    return OSA.distance(*pressed, score_cutoff=allowed) <= allowed


@lru_cache(maxsize=1 << 16)
def other_keyboard(word: str) -> tuple[str, ...]:
    """What the keys of a word write in the other language."""
    return tuple(other for other in (keyboard.to_hangul(word), keyboard.to_latin(word)) if other)


@lru_cache(maxsize=1 << 18)
def _is_hangul(text: str) -> bool:
    return any(map(is_syllable, text))
