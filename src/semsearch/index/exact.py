"""Exact dense search: one matrix product. The oracle of every other index, and the engine of filtered searches."""

from __future__ import annotations

import numpy as np

from semsearch.index.dense import Floats, Mask, Ranked, best, ordered
from semsearch.index.vectors import Vectors, check_queries

CHUNK = 65_536
"""Vectors a product; bounds the memory that a batch of queries takes."""
QUERIES = 16
"""Queries a product."""
SUBSET = 0.25
"""Below this share of allowed rows, gathering their vectors is cheaper than scoring all."""
SLACK = 2e-5
"""Twice what a float32 BLAS product of two unit vectors may be off, with room."""


class ExactIndex:
    """Scores every allowed vector. Reads from the mapped file, so that opening costs nothing."""

    def __init__(self, vectors: Vectors, chunk: int = CHUNK) -> None:
        self.vectors = vectors
        self.encoder_id = vectors.encoder_id
        self.dim = vectors.dim
        self._chunk = chunk

    def search(self, vectors: Floats, k: int, allowed: Mask | None = None) -> list[Ranked]:
        """See DenseIndex.search."""
        queries = check_queries(vectors, self.dim, k)
        rows = None if allowed is None else self._subset(allowed)
        answers: list[Ranked] = []
        for start in range(0, len(queries), QUERIES):
            batch = queries[start : start + QUERIES]
            if rows is not None:
                answers += [self._among(query, rows, k) for query in batch]
            else:
                table = self._products(batch)
                answers += [self._pick(q, s, k, allowed) for q, s in zip(batch, table, strict=True)]
        return answers

    def _subset(self, allowed: Mask) -> np.ndarray | None:
        """The allowed rows when they are few, None when scoring everything is cheaper."""
        if np.count_nonzero(allowed) > SUBSET * allowed.size:
            return None
        rows = np.flatnonzero(allowed)
        return rows[self.vectors.vector_of[rows] >= 0]

    def _among(self, query: Floats, rows: np.ndarray, k: int) -> Ranked:
        if not query.any():
            return ordered(rows[:0], np.zeros(0, np.float32), k)
        scores = self.vectors.scores(query, rows)
        found = best(scores, k)
        return ordered(rows[found], scores[found], k)

    def _products(self, queries: Floats) -> Floats:
        """Scores [q, n_vectors + 1]; the last column is the -inf of an item without a vector."""
        matrix = self.vectors.matrix
        table = np.full((len(queries), len(matrix) + 1), -np.inf, np.float32)
        for start in range(0, len(matrix), self._chunk):
            part = matrix[start : start + self._chunk]
            if len(queries) == 1:
                # as fast as BLAS on one thread, and it does not wait for BLAS threads on a busy machine
                np.einsum("ij,j->i", part, queries[0], out=table[0, start : start + len(part)])
            else:
                table[:, start : start + len(part)] = queries @ part.T
        return table

    def _pick(self, query: Floats, by_vector: Floats, k: int, allowed: Mask | None) -> Ranked:
        if not query.any():
            return Ranked(np.zeros(0, np.int64), np.zeros(0, np.float32))
        scores = by_vector[:-1] if self.vectors.plain else by_vector[self.vectors.vector_of]
        if allowed is not None:
            scores = np.where(allowed, scores, np.float32(-np.inf))
        found = best(scores, k, SLACK)
        return ordered(found, self.vectors.scores(query, found), k)
