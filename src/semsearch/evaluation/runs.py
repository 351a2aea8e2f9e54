"""A run: ranked hits per query, as in TREC, kept in columns so that 100,000 queries fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError


@dataclass(frozen=True, eq=False)
class Run:
    """Ranked hits per query. Hits of query i are the columns `offsets[i]:offsets[i + 1]`, best first.

    Ties are broken as trec_eval does it: scores are compared as float32, and of equal scores the
    item id that sorts *last* comes first. So a run file means the same ranking here and there,
    in whatever order its lines stand and whatever its rank column says.
    """

    name: str
    query_ids: tuple[str, ...]
    offsets: NDArray[np.int64]
    """[n_queries + 1]"""
    item_ids: NDArray[np.object_]
    """[n_hits], text."""
    scores: NDArray[np.float64]
    """[n_hits], finite, higher is better."""

    @classmethod
    def of(cls, rankings: Mapping[str, Iterable[tuple[str, float]]], name: str = "run") -> Run:
        """A run from (item_id, score) pairs per query, in any order.

        Raises UsageError for a score that is not finite and for an item twice in one query.
        """
        offsets, item_ids, scores = [0], [], []
        for hits in rankings.values():
            for item_id, score in hits:
                item_ids.append(item_id)
                scores.append(float(score))
            offsets.append(len(item_ids))
        return cls.of_columns(
            tuple(rankings), np.asarray(offsets, np.int64), _texts(item_ids), np.asarray(scores, np.float64), name
        )

    @classmethod
    def of_columns(
        cls,
        query_ids: tuple[str, ...],
        offsets: NDArray[np.int64],
        item_ids: NDArray[np.object_],
        scores: NDArray[np.float64],
        name: str = "run",
    ) -> Run:
        """A run from grouped columns; hits are sorted here. Raises as `of` does."""
        run = cls(name, query_ids, offsets, item_ids, scores)
        run._check()
        order = _rank_order(offsets, item_ids, scores)
        return run if order is None else cls(name, query_ids, offsets, item_ids[order], scores[order])

    def __len__(self) -> int:
        return len(self.query_ids)

    def items(self) -> Iterator[tuple[str, list[str]]]:
        """(query_id, item ids best first), query by query."""
        for i, query_id in enumerate(self.query_ids):
            yield query_id, self.item_ids[self.offsets[i] : self.offsets[i + 1]].tolist()

    def positions(self) -> dict[str, int]:
        """query_id to its place in `query_ids`."""
        return {query_id: i for i, query_id in enumerate(self.query_ids)}

    def hits(self, query_id: str, k: int | None = None) -> list[tuple[str, float]]:
        """The best k (item_id, score) of one query; empty when the run does not hold it."""
        try:
            i = self.query_ids.index(query_id)
        except ValueError:
            return []
        start, stop = int(self.offsets[i]), int(self.offsets[i + 1])
        stop = stop if k is None else min(stop, start + k)
        return list(zip(self.item_ids[start:stop].tolist(), self.scores[start:stop].tolist(), strict=True))

    def _check(self) -> None:
        bad = np.flatnonzero(~np.isfinite(self.scores))
        if bad.size:
            raise UsageError(
                f"Run '{self.name}': the score of item '{self.item_ids[bad[0]]}' in query "
                f"'{self._query_of(int(bad[0]))}' is {self.scores[bad[0]]}.",
                "Next: write finite scores; higher is better",
            )
        for query_id, ids in self.items():
            if len(set(ids)) < len(ids):
                twice = next(item_id for item_id in ids if ids.count(item_id) > 1)
                raise UsageError(
                    f"Run '{self.name}' holds item '{twice}' more than once for query '{query_id}'.",
                    "Next: keep one line for each query and item",
                )

    def _query_of(self, hit: int) -> str:
        return self.query_ids[int(np.searchsorted(self.offsets, hit, side="right")) - 1]


def _rank_order(
    offsets: NDArray[np.int64], item_ids: NDArray[np.object_], scores: NDArray[np.float64]
) -> NDArray[np.int64] | None:
    """The permutation that ranks the hits of every query; None when they stand ranked already.

    Only queries whose float32 scores do not strictly fall are sorted, which a well-made run has few of.
    """
    with np.errstate(over="ignore"):
        single = scores.astype(np.float32)
    loose = np.flatnonzero(single[1:] >= single[:-1]) + 1
    loose = loose[~np.isin(loose, offsets, assume_unique=False)]
    if not loose.size:
        return None
    order = np.arange(len(scores))
    for i in np.unique(np.searchsorted(offsets, loose, side="right") - 1):
        span = range(int(offsets[i]), int(offsets[i + 1]))
        by_item = sorted(span, key=item_ids.__getitem__, reverse=True)
        order[span.start : span.stop] = sorted(by_item, key=single.__getitem__, reverse=True)
    return order


def _texts(values: list[Any]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
