"""Cut words that were written together, with known words alone: 나이키에어맥스 → 나이키 에어맥스, 가방을 → 가방.

A unigram model: the cut with the highest product of word frequencies, found by dynamic programming (Viterbi).
"""

from __future__ import annotations

import math
from collections.abc import Callable

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
    scale = math.log(max(total, 2)) + 1.0
    # best[end, strangers used] = cost, pieces
    best: list[list[tuple[float, tuple[str, ...]] | None]] = [[None, None] for _ in range(size + 1)]
    best[0][0] = (0.0, ())
    for end in range(1, size + 1):
        for start in range(max(0, end - _LONGEST_PIECE), end):
            piece = run[start:end]
            if len(piece) == size or not any(best[start]):
                continue
            known = count(piece)
            short = _SHORT_COST * (len(piece) < shortest)
            for used, before in enumerate(best[start]):
                if before is None:
                    continue
                if known and not (used and short):
                    _keep(best[end], used, before[0] + scale + short - math.log(known), (*before[1], piece))
                elif strangers and not (used or short or any(len(other) < shortest for other in before[1])):
                    cost = _UNKNOWN_COST + _UNKNOWN_CHARACTER_COST * len(piece)
                    _keep(best[end], 1, before[0] + cost, (*before[1], piece))
    _drop_josa(run, best)
    # known pieces alone are better than any stranger
    for found in best[size]:
        if found and any(count(piece) for piece in found[1]):
            return found[1]
    return ()


def _keep(column: list[tuple[float, tuple[str, ...]] | None], used: int, cost: float, pieces: tuple[str, ...]) -> None:
    held = column[used]
    if held is None or cost < held[0]:
        column[used] = (cost, pieces)


def _drop_josa(run: str, best: list[list[tuple[float, tuple[str, ...]] | None]]) -> None:
    """Let the run end in a particle that is not part of the answer."""
    for length in range(1, 4):
        if run[-length:] not in _JOSA or len(run) - length < HANGUL_WORD:
            continue
        for used, before in enumerate(best[len(run) - length]):
            if before is not None:
                _keep(best[len(run)], used, before[0] + _JOSA_COST, before[1])
