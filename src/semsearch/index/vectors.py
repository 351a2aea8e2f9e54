"""The item vectors of a release: each distinct vector once, and which row has which.

```
dense/meta.json       encoder_id, dim, n_items, n_vectors, n_empty, sha256 of the rest
dense/vectors.npy     float32[n_vectors, dim], L2-normalised, in order of first appearance
dense/vector_of.npy   int32[n_items], position in vectors.npy; -1 for an item without a vector
dense/centre.npy      float32[dim], mean of vectors.npy
```
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import Damaged, MismatchError, UsageError
from semsearch.index.dense import Floats, Rows, mapped

REBUILD = "Next: semsearch index build --publish"
_NORM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Vectors:
    """The distinct vectors of all items and the map from rows to them."""

    encoder_id: str
    matrix: Floats
    vector_of: NDArray[np.int32]
    centre: Floats
    """Mean of the distinct vectors [dim]; zero when there are none."""

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.matrix.shape[1])

    @property
    def n_items(self) -> int:
        """Rows of the release."""
        return int(self.vector_of.size)

    @property
    def n_vectors(self) -> int:
        """Distinct vectors."""
        return int(self.matrix.shape[0])

    @property
    def n_empty(self) -> int:
        """Items without a vector: their text has no token that the encoder knows."""
        return int(np.count_nonzero(self.vector_of < 0))

    @cached_property
    def plain(self) -> bool:
        """Row i has vector i, for all rows: nothing to map."""
        same = self.n_vectors == self.n_items
        return same and bool(np.array_equal(self.vector_of, np.arange(self.n_items, dtype=np.int32)))

    @cached_property
    def _members(self) -> tuple[Rows, Rows]:
        order = np.argsort(self.vector_of, kind="stable")[self.n_empty :]
        counts = np.bincount(self.vector_of[order], minlength=self.n_vectors)
        return order.astype(np.int64), np.concatenate(([0], np.cumsum(counts))).astype(np.int64)

    def rows_of(self, positions: Rows) -> Rows:
        """All rows that have one of these vectors."""
        if self.plain:
            return positions.astype(np.int64)
        rows, starts = self._members
        parts = [rows[starts[p] : starts[p + 1]] for p in positions]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def scores(self, query: Floats, rows: Rows) -> Floats:
        """Cosine of `query` [dim] with each of `rows`; -inf for a row without a vector.

        Summed row by row in one fixed order, so that the figure does not depend on which
        engine, chunk size or thread found the row (a BLAS product does, in its last bits).
        """
        positions = self.vector_of[rows]
        out = np.full(rows.size, -np.inf, np.float32)
        has = positions >= 0
        out[has] = np.einsum("ij,j->i", self.matrix[positions[has]], query)
        return out

    def all_scores(self, query: Floats) -> Floats:
        """Cosine of `query` with every row [n_items], summed like `scores`; for ranks however deep."""
        by_vector = np.full(self.n_vectors + 1, -np.inf, np.float32)
        np.einsum("ij,j->i", self.matrix, query, out=by_vector[:-1])
        return by_vector[self.vector_of]

    def background(self, query: Floats) -> float:
        """Mean cosine of `query` with the distinct vectors: what an unrelated item scores."""
        return float(self.centre @ query)

    def of(self, row: int) -> Floats | None:
        """The vector of one row, None when it has none."""
        position = int(self.vector_of[row])
        return None if position < 0 else np.asarray(self.matrix[position])

    def save(self, folder: Path) -> None:
        """Write these files into the existing `folder`."""
        np.save(folder / "vectors.npy", self.matrix)
        np.save(folder / "vector_of.npy", self.vector_of)
        np.save(folder / "centre.npy", self.centre)
        write_meta(folder, self._facts())

    def _facts(self) -> dict[str, Any]:
        return {
            "encoder_id": self.encoder_id,
            "dim": self.dim,
            "n_items": self.n_items,
            "n_vectors": self.n_vectors,
            "n_empty": self.n_empty,
        }

    @classmethod
    def open(cls, folder: Path) -> Vectors:
        """Map the files of `folder` into memory; raises Damaged when they do not fit each other."""
        meta = read_meta(folder)
        try:
            matrix = mapped(folder / "vectors.npy")
            vector_of = mapped(folder / "vector_of.npy")
            centre = np.load(folder / "centre.npy")
        except (OSError, ValueError) as error:
            raise Damaged(str(folder), f"its vectors cannot be read ({error})") from error
        n, dim = meta["n_vectors"], meta["dim"]
        shapes = matrix.shape == (n, dim) and vector_of.shape == (meta["n_items"],) and centre.shape == (dim,)
        if not shapes or matrix.dtype != np.float32 or vector_of.dtype != np.int32:
            raise Damaged(str(folder), "the vectors are not those that its meta.json describes")
        return cls(meta["encoder_id"], matrix, vector_of, centre)


def distinct(encoder_id: str, rows: Floats) -> Vectors:
    """Vectors from one encoded row per item [n_items, dim]; a zero row is an item without a vector.

    Raises UsageError for NaN or infinity and for rows that are not L2-normalised.
    """
    rows = np.ascontiguousarray(rows, np.float32) + np.float32(0.0)  # -0.0 becomes 0.0: equal vectors, equal bytes
    empty = check_rows(rows)
    first: dict[bytes, int] = {}
    vector_of = np.full(len(rows), -1, np.int32)
    for row in np.flatnonzero(~empty):
        vector_of[row] = first.setdefault(hashlib.blake2b(rows[row], digest_size=16).digest(), len(first))
    keep = np.zeros(len(first), np.int64)
    has = np.flatnonzero(~empty)
    keep[vector_of[has][::-1]] = has[::-1]  # the first row of each vector wins
    matrix = rows[keep]
    centre = matrix.mean(axis=0, dtype=np.float64) if len(matrix) else np.zeros(rows.shape[1])
    return Vectors(encoder_id, matrix, vector_of, centre.astype(np.float32))


def check_rows(rows: Floats) -> NDArray[np.bool_]:
    """Which rows are zero; raises UsageError unless all others are finite and of length 1."""
    if rows.ndim != 2:
        raise UsageError(f"Vectors are rows of one matrix, not an array of shape {rows.shape}.")
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    if not np.isfinite(norms).all():
        bad = int(np.flatnonzero(~np.isfinite(norms))[0])
        raise UsageError(f"Vector {bad} is not finite: the encoder is broken.", "Next: semsearch train")
    empty: NDArray[np.bool_] = norms == 0
    if np.any(np.abs(norms[~empty] - 1) > _NORM_TOLERANCE):
        raise UsageError("The vectors are not L2-normalised: the encoder is broken.", "Next: semsearch train")
    return empty


def check_queries(vectors: Floats, dim: int, k: int) -> Floats:
    """`vectors` as float32 [q, dim]; raises MismatchError for another dim, UsageError for NaN or k < 1."""
    if k < 1:
        raise UsageError(f"k is {k}; it must be at least 1.")
    queries = np.atleast_2d(np.asarray(vectors, np.float32))
    if queries.shape[1] != dim:
        raise MismatchError(f"A query vector has {queries.shape[1]} numbers, the index {dim}.", REBUILD)
    if not np.isfinite(queries).all():
        raise UsageError("A query vector is not finite: the encoder is broken.", "Next: semsearch train")
    return queries


def read_meta(folder: Path) -> dict[str, Any]:
    """The facts of a dense folder; raises Damaged when they cannot be read."""
    try:
        meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        return meta
    except (OSError, ValueError) as error:
        raise Damaged(str(folder), f"meta.json cannot be read ({error})") from error


def write_meta(folder: Path, facts: dict[str, Any]) -> None:
    """Write the facts of a dense folder."""
    (folder / "meta.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
