"""Words of a profile that came from single posts of its sample: names, numbers, quotes. Style is in many posts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from semsearch.text.views import display, search

FEW = 2
"""Posts of the sample that make no style."""
RUN = 4
"""Words in a row that nobody writes twice by chance."""
_WORD = re.compile(r"[^\W_]+(?:[.,:@/_-][^\W_]+)*")
_LATIN = re.compile("[a-z]")
_LETTER = re.compile(r"[^\W\d_]")
_NUMBER = re.compile(r"\d.*\d")
_BEGINS = re.compile(r"(?:^|[.!?:\n]|\d\.)[\s\"'(]*$")


def copied(text: str, posts: Sequence[str]) -> tuple[str, ...]:
    """Words and runs of words of `text`, as written there, that at least one and at most `FEW` of `posts` hold.

    Looked at are numbers of two digits and more, words in another script than most of the text, words with a capital
    in the midst of a sentence, and runs of `RUN` words and more; any other word may be there by chance. A word is found
    inside of longer ones too, as Korean puts endings to it. In the order of the text, each once.
    """
    views = [search(post) for post in posts]
    latin = _mostly_latin(search(text))
    found: dict[str, None] = {}
    for line in map(display, text.splitlines()):
        parts = [part for part in _parts(line, latin=latin) if _few(search(line[slice(*part)]), views)]
        found |= dict.fromkeys(line[start:end] for start, end in _joined(parts))
    return tuple(found)


def _few(wanted: str, views: Sequence[str]) -> bool:
    return 1 <= sum(wanted in view for view in views) <= FEW


def _parts(line: str, *, latin: bool) -> Iterator[tuple[int, int]]:
    """Start and end of what may have been copied, in order of the start."""
    words = list(_WORD.finditer(line))
    for place, word in enumerate(words):
        if _NUMBER.search(word.group()) or _foreign(word.group(), latin=latin) or _name(line, word):
            yield word.span()
        if place + RUN <= len(words):
            yield word.start(), words[place + RUN - 1].end()


def _joined(parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in parts:
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _mostly_latin(view: str) -> bool:
    letters = _LETTER.findall(view)
    return 2 * sum(bool(_LATIN.match(letter)) for letter in letters) >= len(letters)


def _foreign(word: str, *, latin: bool) -> bool:
    """Whether a word of two letters or more is in another script than the text."""
    letters = _LETTER.findall(search(word))
    return len(letters) > 1 and all(bool(_LATIN.match(letter)) != latin for letter in letters)


def _name(line: str, word: re.Match[str]) -> bool:
    """Whether a word has a capital where no sentence begins."""
    held = word.group()
    return len(held) > 1 and any(map(str.isupper, held)) and not _BEGINS.search(line[: word.start()])
