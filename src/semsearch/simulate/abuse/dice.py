"""Random choices taken one by one, fast: uniform numbers drawn in blocks from a named stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from semsearch.simulate.streams import stream

T = TypeVar("T")
_FIRST, _MOST = 64, 16_384


class Dice:
    """The uniform numbers of one named part of a stream; equal seed and name give equal rolls."""

    __slots__ = ("_at", "_numbers", "_rng", "_size")

    def __init__(self, seed: int, name: str) -> None:
        self._rng = stream(seed, name)
        self._numbers: list[float] = []
        self._at = 0
        self._size = _FIRST

    def roll(self) -> float:
        """The next number in [0, 1)."""
        if self._at == len(self._numbers):
            self._numbers = self._rng.random(self._size).tolist()
            self._size = min(_MOST, self._size * 2)
            self._at = 0
        self._at += 1
        return self._numbers[self._at - 1]

    def chance(self, share: float) -> bool:
        """True in `share` of all cases."""
        return self.roll() < share

    def below(self, n: int) -> int:
        """An integer in [0, n)."""
        return int(self.roll() * n)

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return low + int(self.roll() * (high - low + 1))

    def of(self, options: Sequence[T]) -> T:
        """One of `options`."""
        return options[int(self.roll() * len(options))]

    def some(self, options: Sequence[T], n: int) -> list[T]:
        """`n` different places of `options` (all when there are fewer), in random order."""
        return self.shuffled(options)[:n]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """`options` in random order."""
        order = sorted((self.roll(), place) for place in range(len(options)))
        return [options[place] for _, place in order]
