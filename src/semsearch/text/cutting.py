"""Cut words that were written together, with known words alone: 나이키에어맥스 → 나이키 에어맥스, 가방을 → 가방.

A unigram model: the cut with the highest product of word frequencies, found by dynamic programming (Viterbi).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

_ENDINGS = (
    "은 는 이 가 을 를 에 의 로 와 과 도 만 요 랑 용 으로 에서 부터 까지 에게 한테 이나 이랑 하고 보다 처럼 입니다 "
    "이에요 예요 해요 합니다 팝니다 삽니다 구해요 구합니다 드려요 드립니다 이고 인데 이며 들 들이 들을 들은"
)
_JOSA = frozenset(_ENDINGS.split())
HANGUL_WORD, LATIN_WORD = 2, 3
"""Characters of the shortest ordinary word of a script."""
_LONGEST_PIECE, LONGEST = 16, 40
_SHORT_COST = 3.0
_JOSA_COST = 2.0
_UNKNOWN_COST, _UNKNOWN_CHARACTER_COST = 8.0, 3.0


class _Cut(NamedTuple):
    """One way to read the beginning of a run."""

    cost: float
    pieces: tuple[str, ...] = ()
    stranger: bool = False
    """Whether one of the pieces is unknown."""


class _Prices(NamedTuple):
    """What a piece costs."""

    count: Callable[[str], int]
    scale: float
    shortest: int
    strangers: bool

    def longer(self, before: _Cut, piece: str) -> _Cut | None:
        """`before` and one more piece, a known one or the only stranger; None when it may not stand there.

        A stranger and a short name do not stand in one cut: together they could read anything.
        """
        short = len(piece) < self.shortest
        pieces = (*before.pieces, piece)
        if known := self.count(piece):
            cost = before.cost + self.scale + _SHORT_COST * short - math.log(known)
            return None if before.stranger and short else _Cut(cost, pieces, before.stranger)
        if not self.strangers or before.stranger or any(len(other) < self.shortest for other in pieces):
            return None
        return _Cut(before.cost + _UNKNOWN_COST + _UNKNOWN_CHARACTER_COST * len(piece), pieces, True)


def cut(
    run: str, count: Callable[[str], int], total: int, *, strangers: bool = False, shortest: int = HANGUL_WORD
) -> tuple[str, ...]:
    """The known words that `run` consists of, an ending dropped; empty when it does not consist of them.

    `count` tells how many of `total` documents hold a word (0: unknown). `run` itself is no answer.
    A piece below `shortest` characters costs more: `count` should know such names alone (델, hp). With
    `strangers` one unknown piece of `shortest` characters or more may stand beside a known word.
    """
    size = len(run)
    if not shortest < size <= LONGEST:
        return ()
    prices = _Prices(count, math.log(max(total, 2)) + 1.0, shortest, strangers)
    best: list[list[_Cut]] = [[_Cut(0.0)]]  # of run[:end]: the cheapest cut, and the cheapest with a stranger
    for end in range(1, size + 1):
        starts = range(max(0, end - _LONGEST_PIECE, end == size), end)  # the run itself is no piece
        longer = (prices.longer(before, run[start:end]) for start in starts for before in best[start])
        best.append(_cheapest(longer))
    # known pieces alone are better than any stranger
    for found in _cheapest((*best[size], *_without_ending(run, best))):
        if any(map(count, found.pieces)):
            return found.pieces
    return ()


def _cheapest(cuts: Iterable[_Cut | None]) -> list[_Cut]:
    """At most two: without and with a stranger; of equals the first."""
    held: dict[bool, _Cut] = {}
    for one in cuts:
        if one and (one.stranger not in held or one.cost < held[one.stranger].cost):
            held[one.stranger] = one
    return [held[stranger] for stranger in sorted(held)]


def _without_ending(run: str, best: list[list[_Cut]]) -> Iterator[_Cut]:
    """The cuts of what stands before a particle at the end of the run."""
    for length in range(1, 4):
        if run[-length:] in _JOSA and len(run) - length >= HANGUL_WORD:
            yield from (_Cut(before.cost + _JOSA_COST, *before[1:]) for before in best[len(run) - length])
