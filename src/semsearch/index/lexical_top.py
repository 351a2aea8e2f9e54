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
NEVER = np.float32(-1e30)
"""Score of an item that may not be found; what a term adds to it is lost in rounding."""
LOOKED_UP = 6
"""A column is bisected for the rows that are asked for when it is so many times as long, else gone through."""


class LexicalTop:
    """Answers as `matching(lexical.scores(plan), k, allowed)` does, to the last bit.

    One thread only: it keeps a table of all items (4 bytes each), in which the scores of one query add up.
    """

    def __init__(self, lexical: LexicalIndex, allowed: Mask | None = None) -> None:
        self._lexical = lexical
        self._table = np.zeros(lexical.n_items, np.float32)
        if allowed is not None:
            self._table[~allowed] = NEVER

    def search(self, plan: QueryPlan, k: int) -> Ranked:
        """The best `k` rows with a score above 0 among those allowed; ties by row, fewer when fewer match."""
        columns = self._lexical.columns(plan)
        bounds = [float(column.weight) * self._lexical.most(column.token) for column in columns]
        order = sorted(range(len(columns)), key=lambda place: -bounds[place])
        # what the columns from each place on can add to an item, and 0 after the last
        rest = [*accumulate((bounds[place] for place in reversed(order)), initial=0.0)][::-1]
        rows = self._candidates([columns[place] for place in order], rest, k)
        total = np.zeros(rows.size, np.float32)
        for column in columns:  # in the order of the plan, as `scores` sums
            column.add_to(total, rows)
        return ordered(rows.astype(np.int64), total, k)

    def _candidates(self, order: list[Column], rest: list[float], k: int) -> Found:
        """The rows that can be among the best, ascending."""
        touched, done = self._gathered(order, rest, k)
        rows, scores = _still(touched, self._table[touched], k, rest[done])
        for place in range(done, len(order)):
            scores = self._added(order[place], rows, scores)
            rows, scores = _still(rows, scores, k, rest[place + 1])
        self._table[touched] = 0
        return rows

    def _gathered(self, order: list[Column], rest: list[float], k: int) -> tuple[Found, int]:
        """Add up columns until no item without them can be among the best: their rows, and how many columns."""
        touched, done = np.zeros(0, np.int32), 0
        for column in order:
            if touched.size >= k and _kth(self._table[touched], k) > rest[done] * (1 + SLACK):
                break
            before = self._table[column.rows]
            self._table[column.rows] = before + column.weight * column.values
            touched = np.concatenate((touched, column.rows[before == 0]))
            done += 1
        touched.sort()
        return touched, done

    def _added(self, column: Column, rows: Found, scores: Floats) -> Floats:
        """`scores` of `rows`, which are those of the table, after one more column; so is the table."""
        if column.rows.size > LOOKED_UP * rows.size:
            column.add_to(scores, rows)
            self._table[rows] = scores
            return scores
        before = self._table[column.rows]
        self._table[column.rows] = np.where(before == 0, 0, before + column.weight * column.values)
        return self._table[rows]


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
