"""The best items of the lexical leg without scoring all that match: for jobs that ask very many queries.

A frequent term adds little: once `k` items have a score that those which hold nothing but the remaining terms cannot
reach, the remaining columns are only looked up for the items that can still be among the best. MaxScore: Turtle, Flood:
Query evaluation: strategies and optimizations. Information Processing & Management 31(6), 1995.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from semsearch.index.dense import Floats, Mask, Ranked, ordered
from semsearch.index.lexical import Column, LexicalIndex
from semsearch.text.plan import QueryPlan

Found = NDArray[np.int32]
SLACK = 1e-4
"""Share of a score that float32 sums in another order may differ by, with much room."""


class LexicalTop:
    """Answers as `matching(lexical.scores(plan), k, allowed)` does, to the last bit. One thread only: it has a scratch
    table of all items (4 bytes each)."""

    def __init__(self, lexical: LexicalIndex) -> None:
        self._lexical = lexical
        self._scratch = np.zeros(lexical.n_items, np.float32)
        self._most: dict[str, float] = {}

    def search(self, plan: QueryPlan, k: int, allowed: Mask | None = None) -> Ranked:
        """The best `k` rows with a score above 0 among `allowed` [n_items]; ties by row, fewer when fewer match."""
        columns = self._lexical.columns(plan)
        order = sorted(((self._bound(column), column) for column in columns), key=lambda pair: -pair[0])
        # what the columns from each place on can add to an item, and 0 after the last
        rest = [*accumulate((bound for bound, _ in reversed(order)), initial=0.0)][::-1]
        rows, scores, done = self._gathered([column for _, column in order], rest, k, allowed)
        for place in range(done, len(order)):
            order[place][1].add_to(scores, rows)
            rows, scores = _still(rows, scores, k, rest[place + 1])
        total = np.zeros(rows.size, np.float32)
        for column in columns:  # in the order of the plan, as `scores` sums
            column.add_to(total, rows)
        return ordered(rows.astype(np.int64), total, k)

    def _bound(self, column: Column) -> float:
        """The most that a column adds to an item."""
        if column.token not in self._most:
            self._most[column.token] = float(column.values.max(initial=0.0))
        return float(column.weight) * self._most[column.token]

    def _gathered(
        self, order: list[Column], rest: list[float], k: int, allowed: Mask | None
    ) -> tuple[Found, Floats, int]:
        """The rows that can be among the best, ascending, their scores so far, and how many columns these hold."""
        table, done = self._scratch, 0
        rows = np.zeros(0, np.int32)
        for column in order:
            if rows.size >= k and _kth(table[rows], k) > rest[done] * (1 + SLACK):
                break
            rows = np.concatenate((rows, self._new(column, allowed)))
            table[column.rows] += column.weight * column.values
            done += 1
        rows.sort()
        found, scores = _still(rows, table[rows], k, rest[done])
        for column in order[:done]:
            table[column.rows] = 0
        return found, scores, done

    def _new(self, column: Column, allowed: Mask | None) -> Found:
        """The allowed rows of a column that no column before it held."""
        new: Mask = self._scratch[column.rows] == 0
        if allowed is not None:
            new &= allowed[column.rows]
        rows: Found = column.rows[new]
        return rows


def _kth(scores: Floats, k: int) -> float:
    """The `k`-th highest of at least `k` scores."""
    place = scores.size - k
    return float(np.partition(scores, place)[place])


def _still(rows: Found, scores: Floats, k: int, rest: float) -> tuple[Found, Floats]:
    """The rows that can be among the best `k` when no score grows by more than `rest`."""
    if rows.size <= k:
        return rows, scores
    may = scores + np.float32(rest * (1 + SLACK)) >= np.float32(_kth(scores, k) * (1 - SLACK))
    return rows[may], scores[may]
