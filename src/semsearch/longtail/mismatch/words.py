"""What is compared of a query and of an item.

Of an item: its title, the values of its attributes (the brand among them), the last two levels of its category and the
beginning of its body, as far as the item tower reads it by default. A hit is found by what the tower read, so it is
judged by the same. Names of attributes (`screen size`) and upper levels of the category (디지털기기) say nothing of one
item and stay out. The title speaks for the item: only where it says nothing of a kind does a number in the rest of the
text stand for the item's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from semsearch.longtail.mismatch.quantities import Quantities, quantities, together, without_asides
from semsearch.records import CATEGORY_SEPARATOR
from semsearch.text import tokens
from semsearch.text.hangul import jamo
from semsearch.text.keyboard import to_latin
from semsearch.text.lexicons import Lexicon
from semsearch.text.tokens import CODE, HANGUL, LATIN, LETTERS, NUMBER, SIZE, Atom
from semsearch.text.transliteration import skeleton
from semsearch.text.views import search
from semsearch.towers.template import ItemTemplate, attributes, cut, speaks

SPELT = 6
"""Key presses of the shortest word that may be another's slip; see `calibration`."""
PART = {HANGUL: 2, LATIN: 5, LETTERS: 2}
"""Letters of the shortest word that is looked for inside another, by script."""
_SURE = {HANGUL: 3, LATIN: 5}
"""Letters of a name that is read inside a run-together word without another name beside it: not 보스 in 보스턴백."""
_BRAND = 4
"""Letters of a Latin name that is also read at the beginning of a longer word: ikeapoang."""
_LONGEST_RUN = 40
_LETTER_SIZES = frozenset({"xs", "xl", "xxl", "xxxl"})
_SHORT = 2
_NUMERIC = (NUMBER, SIZE)
_SENTENCE = re.compile(r"\n+|(?<=[.!?~])\s+")
_TEMPLATE = ItemTemplate()


class Named(NamedTuple):
    """A group of the lexicon that the atoms `start` to `end` write, wholly or by `share` of their letters."""

    token: str
    start: int
    end: int
    share: float


class Spelled(NamedTuple):
    """One atom in the views that words are compared in."""

    token: str
    presses: str
    """The keys of a Hangul word; any other word itself."""
    sound: str
    """Its script and its consonants; '' for what is no word."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one query or item, in every view; made once and kept by the caller."""

    text: str
    """Search view, without prices and times; an item's title."""
    atoms: tuple[Atom, ...]
    """Of `text`."""
    named: tuple[Named, ...]
    """Of `text`."""
    held: Mapping[str, str]
    """Every word, stem, compound and pair of neighbours written together: how it is written."""
    groups: Mapping[str, str]
    """Every lexicon group: how it is written."""
    letters: Mapping[int, tuple[str, ...]]
    """By script: the words that others may consist of, or hide in."""
    runs: str
    """All of them, a space before and after each."""
    spelled: Mapping[int, tuple[tuple[str, ...], tuple[str, ...]]]
    """By script: key presses, and words, of all that are long enough to be misspelt."""
    sounds: Mapping[str, str]
    """Script and consonants: the word."""
    quantities: Quantities


def words_of(text: str, lexicon: Lexicon, others: Iterable[str] = ()) -> Words:
    """The words of a text, brought to the search view; of an item, `text` is its title and `others` the rest."""
    own = _part(text, lexicon)
    parts = [own, *(_part(other, lexicon) for other in others)]
    held: dict[str, str] = {}
    groups: dict[str, str] = {}
    sounds: dict[str, str] = {}
    letters: dict[int, dict[str, str]] = {}
    for part in reversed(parts):
        held |= part.held
        groups |= part.groups
        sounds |= part.sounds
        for kind, found in part.letters.items():
            letters[kind] = letters[kind] | found if kind in letters else found
    texts = {kind: tuple(found) for kind, found in letters.items()}
    runs = " ".join(("", *(word for words in texts.values() for word in words), ""))
    spelled = {kind: long for kind, found in letters.items() if (long := _long(found))[0]}
    numbers = together(own.quantities, [part.quantities for part in parts[1:]])
    return Words(own.text, own.atoms, own.named, held, groups, texts, runs, spelled, sounds, numbers)


def item_words(row: Mapping[str, Any], lexicon: Lexicon) -> Words:
    """The words of an item: `title`, and where there are, `attributes` (JSON text or a mapping), `category`, `body`."""
    values = (v for v in attributes(dict(row)).values() if len(v) <= _TEMPLATE.attribute_chars)
    levels = (row.get("category") or "").split(CATEGORY_SEPARATOR)[-_TEMPLATE.leaf_levels :]
    body = cut(row.get("body") or "", _TEMPLATE.body_chars)
    rest = (*(v for v in values if speaks(search(v)) or v.isdecimal()), *levels, *_SENTENCE.split(body))
    return words_of(cut(row.get("title") or "", _TEMPLATE.title_chars), lexicon, (text for text in rest if text))


@lru_cache(maxsize=1 << 16)
def spelled(atom: Atom) -> Spelled:
    """An atom in its views."""
    presses = jamo(atom.text) if atom.kind == HANGUL else atom.text
    sound = f"{atom.kind}{skeleton(atom.text)}" if atom.kind in (HANGUL, LATIN) else ""
    return Spelled(tokens.word(atom), presses, sound)


class _Part(NamedTuple):
    """One text of an item, cut and looked at."""

    text: str
    atoms: tuple[Atom, ...]
    named: tuple[Named, ...]
    held: dict[str, str]
    groups: dict[str, str]
    letters: dict[int, dict[str, str]]
    """By script: a word and its key presses."""
    sounds: dict[str, str]
    quantities: Quantities


@lru_cache(maxsize=1 << 14)
def _part(text: str, lexicon: Lexicon) -> _Part:
    """Remembered, for sellers repeat themselves: values, categories and sentences come again and again."""
    text = without_asides(search(text))
    found = tokens.words(text)
    spans = [(lexicon.token(group), start, end) for group, start, end in lexicon.find(found.atoms)]
    named = [Named(token, start, end, 1.0) for token, start, end in spans]
    letters: dict[int, dict[str, str]] = {}
    sounds: dict[str, str] = {}
    for at, atom in enumerate(found.atoms):
        if len(atom.text) >= PART.get(atom.kind, _LONGEST_RUN):
            _, presses, sound = spelled(atom)
            letters.setdefault(atom.kind, {})[atom.text] = presses
            sounds.setdefault(sound, atom.text)
            named += [Named(token, at, at + 1, share) for token, share in _names_inside(lexicon, atom)]
    groups = {n.token: " ".join(atom.text for atom in found.atoms[n.start : n.end]) for n in reversed(named)}
    return _Part(text, found.atoms, tuple(named), _held(found), groups, letters, sounds, quantities(found.atoms, spans))


@lru_cache(maxsize=1 << 16)
def _names_inside(lexicon: Lexicon, atom: Atom) -> tuple[tuple[str, float], ...]:
    """Groups whose name begins or ends a run-together word, and the share of it that they write.

    What is left must be a name as well, or the name long and the rest no single letter.
    """
    run, found = atom.text, dict[str, float]()
    sure = _SURE.get(atom.kind, _LONGEST_RUN)
    if not sure < len(run) <= _LONGEST_RUN or lexicon.lookup(run):
        return ()
    for at in range(1, len(run)):
        left, right = lexicon.lookup(run[:at]), lexicon.lookup(run[at:])
        brand = at == _BRAND and atom.kind == LATIN and len(run) >= 2 * _BRAND and lexicon.names(run[:at])
        for groups, size, beside in ((left, at, right or brand), (right, len(run) - at, left)):
            if groups and (beside or (size >= sure and len(run) - size > 1)):
                found |= {lexicon.token(group): size / len(run) for group in groups}
    return tuple(found.items())


def _held(found: tokens.Words) -> dict[str, str]:
    """The words of one text; a word as written counts before what it may stand for."""
    atoms = found.atoms
    held = {tokens.word(atom): atom.text for atom in atoms if atom.kind == LATIN}
    # ㅑㅔㅙㅜㄷ is iphone, typed with the keyboard in the other language
    alone = (atom.text for atom in atoms if atom.kind == LETTERS and is_letter(atom.text[0]))
    held |= {keys: text for text in alone if (keys := to_latin(text)) and len(keys) > _SHORT}
    held |= {
        left.text + right.text: f"{left.text} {right.text}"
        for left, right in pairwise(atoms)
        if not (left.kind in _NUMERIC and right.kind in _NUMERIC)
    }
    held |= {compound: compound for compound in found.compounds}
    held |= {atom.text: atom.text for atom in atoms}
    return held


def _long(found: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Key presses and words that are long enough to be misspelt."""
    long = [(presses, word) for word, presses in found.items() if len(presses) >= SPELT]
    return tuple(presses for presses, _ in long), tuple(word for _, word in long)


def scripts(atoms: Sequence[Atom]) -> Iterator[tuple[int, int]]:
    """Start and end of each longest stretch of words of one script, in which spaces may be misplaced."""
    start = 0
    for at in range(1, len(atoms) + 1):
        if at == len(atoms) or atoms[at].kind != atoms[start].kind:
            if atoms[start].kind in PART:
                yield start, at
            start = at


def is_letter(char: str) -> bool:
    """Whether a character is a Hangul letter typed alone (ㅋ)."""
    return "ㄱ" <= char <= "ㆎ"


def names_something(atom: Atom) -> bool:
    """Whether an atom can name an item by itself: a word or a code, no bare number, no size and no single letter."""
    if atom.kind == LATIN:
        return len(atom.text) > 1 and atom.text not in _LETTER_SIZES
    return atom.kind in PART or atom.kind == CODE
