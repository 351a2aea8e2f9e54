"""The whole pool by exact search: every item that was alive when a question was asked competes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.runs import Run
from semsearch.index.dense import best, ordered
from semsearch.retrieval.evaluate import falling

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float32]
BLOCK = 64
"""Questions a product; bounds the memory that their scores take."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ALWAYS, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True)
class Pool:
    """When each item of a catalogue frame was there. Statuses are of now and say nothing of the past."""

    item_ids: NDArray[np.object_]
    """[n]"""
    created: NDArray[np.int64]
    """[n], microseconds since 1970."""
    ended: NDArray[np.int64]
    """[n], the first microsecond without the item."""

    @classmethod
    def of(cls, items: pl.DataFrame) -> Pool:
        """The pool of a frame with `schema(Item)`, in its order."""
        import polars as pl

        created = items["created_at"].cast(pl.Int64).fill_null(_ALWAYS).to_numpy()
        ended = items["ended_at"].cast(pl.Int64).fill_null(_NEVER).to_numpy()
        return cls(np.array(items["item_id"].to_list(), dtype=object), created, ended)

    def __len__(self) -> int:
        return len(self.item_ids)

    def alive(self, at: datetime) -> NDArray[np.bool_]:
        """bool[n], True for the items that were there at `at` (UTC-aware)."""
        moment = (at - _EPOCH) // _MICROSECOND
        return (self.created <= moment) & (self.ended > moment)

    def between(self, start: datetime, stop: datetime) -> NDArray[np.bool_]:
        """bool[n], True for the items that were there at some moment from `start` up to `stop`."""
        first, last = ((moment - _EPOCH) // _MICROSECOND for moment in (start, stop))
        return (self.created < last) & (self.ended > first)

    def ranked(
        self,
        asked_at: Mapping[str, datetime],
        seen: Mapping[str, frozenset[str]],
        scores: Callable[[int, int], Floats],
        k: int,
        name: str,
    ) -> Run:
        """The best `k` alive items of every question but those that it has `seen`; ties by row.

        `scores(start, stop)` gives [stop - start, n] for the questions in the order of `asked_at`; -inf is no hit.
        """
        row_of = {item_id: row for row, item_id in enumerate(self.item_ids)} if any(seen.values()) else {}
        ids, moments = list(asked_at), list(asked_at.values())
        rankings: dict[str, list[tuple[str, float]]] = {}
        for start in range(0, len(ids), BLOCK):
            block = np.array(scores(start, min(start + BLOCK, len(ids))), np.float32)
            for place, line in enumerate(block, start):
                line[~self.alive(moments[place])] = -np.inf
                line[[row_of[i] for i in seen.get(ids[place], ()) if i in row_of]] = -np.inf
                rows = best(line, k)
                top = ordered(rows, line[rows], k)
                # A run breaks ties by item id; a release, which this is held against, by row.
                rankings[ids[place]] = falling(
                    list(zip(self.item_ids[top.rows].tolist(), top.scores.tolist(), strict=True))
                )
        return Run.of(rankings, name)


def by_vectors(queries: Floats, items: Floats) -> Callable[[int, int], Floats]:
    """Scores for `Pool.ranked`: cosines of query rows [q, dim] and item rows [n, dim]; a zero row has no hits."""
    empty = ~items.any(axis=1)

    def scores(start: int, stop: int) -> Floats:
        part = queries[start:stop]
        out: Floats = part @ items.T
        out[:, empty] = -np.inf
        out[~part.any(axis=1)] = -np.inf
        return out

    return scores


def by_popularity(counts: NDArray[np.float64]) -> Callable[[int, int], Floats]:
    """Scores for `Pool.ranked`: the same for every question; an item that nobody wanted is no hit."""
    line = np.where(counts > 0, counts, -np.inf).astype(np.float32)
    return lambda start, stop: np.tile(line, (stop - start, 1))
