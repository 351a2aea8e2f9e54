"""What was worked out for a cluster or a run of characters, kept for the next text that has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

V = TypeVar("V")

_MOST = 16_384
_LONGEST = 24


class Remembered(dict[str, V]):
    """`remembered[word]` is `work(word)`, which must depend on nothing but `word`: any short string.

    Bounded: at most 32,768 keys of at most 24 characters (about 10 MB). When half of them are new, those that were
    not met since are forgotten. Longer words are worked out each time.
    """

    def __init__(self, work: Callable[[str], V]) -> None:
        super().__init__()
        self._work = work
        self._before: dict[str, V] = {}

    def __missing__(self, word: str) -> V:
        if len(word) > _LONGEST:
            return self._work(word)
        if len(self) >= _MOST:
            self._before = dict(self)
            self.clear()
        value = self._before[word] if word in self._before else self._work(word)
        self[word] = value
        return value
