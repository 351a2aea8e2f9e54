"""Where the words of a query stand in the text of an item, for the eyes of who grades it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from semsearch.text.tokens import HANGUL, LATIN, LETTERS, NUMBER, SIZE, amount, stem, words
from semsearch.text.views import search

Span = tuple[int, int]
_SHORT = 4
"""A stem below so many letters takes a plural's s alone; a longer one up to three letters: watch, watches."""


def spans(query: str, text: str) -> list[Span]:
    """(start, stop) of the words of `query` in `text`, in order and apart from each other; a help, not a judgement.

    Case does not matter. Hangul is found inside words and across spaces (에어팟프로 in 에어팟 프로), a number where no
    other digit touches it, an English word by its stem, a size by its number.
    """
    pattern = _pattern(query)
    return [found.span() for found in pattern.finditer(text)] if pattern else []


@lru_cache(maxsize=64)
def _pattern(query: str) -> re.Pattern[str] | None:
    parts = sorted(dict.fromkeys(_parts(query)), key=len, reverse=True)
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def _parts(query: str) -> Iterator[str]:
    """A pattern for each word; the longest of what fits at one place is taken."""
    for atom in words(search(query)).atoms:
        if atom.kind == LATIN:
            root = stem(atom.text)
            ending = "s?" if len(root) < _SHORT else "[a-z]{0,3}"
            yield rf"(?<![a-z]){re.escape(root)}{ending}(?![a-z])"
        elif atom.kind in (NUMBER, SIZE):
            yield rf"(?<!\d){re.escape(amount(atom.text))}(?!\d)"
        elif atom.kind in (HANGUL, LETTERS):
            yield r"\s?".join(map(re.escape, atom.text))
        else:
            yield re.escape(atom.text)
