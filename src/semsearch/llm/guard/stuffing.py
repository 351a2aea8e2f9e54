"""Words that are said over and over so that a judge believes them."""

from __future__ import annotations

import re
from collections import Counter

FEWEST = 5
"""Times in a row from which on repetition is stuffing."""
_LONGEST = 8
_TOKEN = re.compile(r"[^\s,;|/]+")
_WORD = re.compile(r"[^\W_ㄱ-ㅣ]")


def without_repeats(text: str) -> str:
    """The text with a phrase of up to 8 words that stands five times in a row told once, and how often it stood.

    Laughter, tears and signs (★ ★ ★ ★ ★) stay.
    """
    names = _TOKEN.findall(text.lower())
    if len(names) - len(set(names)) < FEWEST - 1 or max(Counter(names).values()) < FEWEST:
        return text
    tokens = list(_TOKEN.finditer(text))
    parts: list[str] = []
    done = place = 0
    while place < len(names):
        period, times = _repeated(names, place)
        if not times:
            place += 1
            continue
        first, last = tokens[place + period - 1], tokens[place + period * times - 1]
        parts += (text[done : first.end()], f" [REPEATED {times}]")
        done, place = last.end(), place + period * times
    return "".join((*parts, text[done:]))


def _repeated(names: list[str], at: int) -> tuple[int, int]:
    """(words of the phrase, times) of what is repeated from `at` on; times is 0 when nothing is."""
    for period in range(1, _LONGEST + 1):
        if names[at] != names[at + period] if at + period < len(names) else True:
            continue
        end = at + period
        while end < len(names) and names[end] == names[end - period]:
            end += 1
        times = (end - at) // period
        if times >= FEWEST and any(_WORD.search(name) for name in names[at : at + period]):
            return period, times
    return 0, 0
