"""Words of a profile that came from single posts of its sample: names, numbers, quotes. Style is in many posts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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
    in the midst of a sentence, and runs of `RUN` words; any other word may be there by chance. A word is found inside
    of longer ones too, as Korean puts endings to it. In the order of the text, each once.
    """
    views = [search(post) for post in posts]
    found: dict[str, None] = {}
    for part in _parts(text):
        wanted = search(part)
        if 1 <= sum(wanted in view for view in views) <= FEW:
            found.setdefault(part)
    return tuple(each for each in found if not any(each != other and each in other for other in found))


def _parts(text: str) -> Iterator[str]:
    """What may have been copied."""
    latin = _mostly_latin(search(text))
    for line in text.splitlines():
        shown = display(line)
        words = list(_WORD.finditer(shown))
        for place, word in enumerate(words):
            if _NUMBER.search(word.group()) or _foreign(word.group(), latin=latin) or _name(shown, word):
                yield word.group()
            if place + RUN <= len(words):
                yield shown[word.start() : words[place + RUN - 1].end()]


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
