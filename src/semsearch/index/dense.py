"""The port of dense search, and how every engine picks and orders its best rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Ranked(NamedTuple):
    """Rows of a release, best first, ties by row; `scores[i]` belongs to `rows[i]`."""

    rows: Rows
    scores: Floats


class DenseIndex(Protocol):
    """Nearest items by cosine similarity. Never writes after it is opened, so threads may share it."""

    encoder_id: str
    dim: int

    def search(self, vectors: Floats, k: int, allowed: Mask | None = None) -> list[Ranked]:
        """The best `k` rows for each row of `vectors` [q, dim] among `allowed` [n_items].

        Fewer than k is a shorter list; a zero query row has an empty one. Raises MismatchError for
        another dim, UsageError for NaN and for k below 1.
        """
        ...


def mapped(path: Path) -> NDArray[Any]:
    """The array of an .npy file, mapped read-only; a plain array, because np.memmap slices slowly."""
    return np.asarray(np.load(path, mmap_mode="r"))


def best(scores: Floats, k: int, slack: float = 0.0) -> Rows:
    """Positions that can be among the best `k` when a score may be off by `slack`/2, unordered.

    -inf marks what may never be returned. With slack 0 all ties of the k-th are kept, so that
    the caller's order decides and not the selection's.
    """
    if k < scores.size:
        place = scores.size - k
        limit = np.partition(scores, place)[place] - np.float32(slack)
        if limit > -np.inf:
            return np.flatnonzero(scores >= limit)
    return np.flatnonzero(scores > -np.inf)


def ordered(rows: Rows, scores: Floats, k: int) -> Ranked:
    """The best `k` of `rows`, highest score first, ties by row."""
    order = np.lexsort((rows, -scores))[:k]
    return Ranked(rows[order], scores[order])


def matching(scores: Floats, k: int, allowed: Mask | None = None) -> Ranked:
    """The best `k` rows with a score above 0 among `allowed` [n_items]; ties by row, fewer when fewer match."""
    rows = np.flatnonzero(scores if allowed is None else scores * allowed)
    kept = rows[best(scores[rows], k)]
    return ordered(kept, scores[kept], k)
