"""Transliterations that a catalogue tells itself: a Hangul and a Latin word of the same sound in the same items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from semsearch.text.lexicons import Group, Lexicon
from semsearch.text.tokens import HANGUL, LATIN, Atom
from semsearch.text.transliteration import skeleton

_SHORTEST_SOUND = 2
_TOGETHER = 2
"""Items that must hold both words."""
_SHARE_OF_RARER, _SHARE_OF_OTHER = 0.2, 0.04
"""Share of a word's items that must hold the other: a frequent word (사용) meets every name (sony) at times."""


def transliterations(
    items: Iterable[Sequence[Sequence[Atom]]], pieces: Mapping[str, Sequence[str]], lexicon: Lexicon
) -> list[Group]:
    """Groups of two surfaces (Hangul, Latin) mined from the atoms of each item's fields, sorted.

    Pairs that the lexicon already joins are left out. A Latin name may be two words (Le Creuset).
    """
    together: Counter[tuple[str, str]] = Counter()
    alone: Counter[str] = Counter()
    for fields in items:
        hangul, latin = _words(fields, pieces)
        alone.update(hangul)
        alone.update(latin)
        sounds: dict[str, list[str]] = {}
        for word in hangul:
            sounds.setdefault(skeleton(word), []).append(word)
        for name in latin:
            if len(sound := skeleton(name)) >= _SHORTEST_SOUND:
                together.update((word, name) for word in sounds.get(sound, ()))
    found = (
        Group("transliterations", pair)
        for pair, count in sorted(together.items())
        if count >= _TOGETHER and _belong(pair, count, alone)
    )
    return [group for group in found if not _joined(lexicon, *group.surfaces)]


def _words(fields: Sequence[Sequence[Atom]], pieces: Mapping[str, Sequence[str]]) -> tuple[set[str], set[str]]:
    """Hangul words of two syllables or more and Latin words of three letters or more, single and paired."""
    hangul: set[str] = set()
    latin: set[str] = set()
    for atoms in fields:
        for atom in atoms:
            if atom.kind == HANGUL:
                hangul.update((atom.text, *pieces.get(atom.text, ())))
            elif atom.kind == LATIN:
                latin.add(atom.text)
        latin.update(a.text + b.text for a, b in pairwise(atoms) if a.kind == b.kind == LATIN and len(b.text) > 1)
    return {word for word in hangul if len(word) > 1}, {word for word in latin if len(word) > 2}


def _belong(pair: tuple[str, str], together: int, alone: Mapping[str, int]) -> bool:
    fewer, more = sorted(alone[word] for word in pair)
    # two consonants are little evidence: 시계 is not seiko
    other = _SHARE_OF_OTHER if len(skeleton(pair[1])) > _SHORTEST_SOUND else _SHARE_OF_RARER
    return together >= _SHARE_OF_RARER * fewer and together >= other * more


def _joined(lexicon: Lexicon, left: str, right: str) -> bool:
    return not set(lexicon.lookup(left)).isdisjoint(lexicon.lookup(right))
