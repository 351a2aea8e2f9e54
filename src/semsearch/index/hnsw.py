"""Approximate dense search with hnswlib, wrapped so that its traps stay closed.

The graph is built once, whole, and only read afterwards: nothing is deleted, replaced, resized or added
while it serves, and a changed catalogue gets a new graph. One node a distinct vector, so that duplicates
cannot hide each other; nodes are numbered by position in vectors.npy, and `Vectors` maps them to rows.

Malkov, Yashunin: Efficient and robust approximate nearest neighbor search using hierarchical navigable
small world graphs. IEEE TPAMI 42(4), 2020.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from semsearch.errors import Damaged
from semsearch.files import sha256
from semsearch.index.dense import Floats, Mask, Ranked, ordered
from semsearch.index.exact import ExactIndex
from semsearch.index.vectors import Vectors, check_queries, read_meta, write_meta

SPACE = "ip"
M = 16
EF_CONSTRUCTION = 200
EF = 512
"""Candidates that a search keeps. Never changed after loading; a search that wants more nodes is exact."""
SEED = 100
OVERFETCH = 1.1
"""How many times the expected number of nodes to ask for when some rows are not allowed."""
MIN_SHARE = 0.5
"""Below this share of allowed rows the search is exact."""


class HnswIndex:
    """A graph over the distinct vectors; filtered searches and what the graph cannot reach are exact."""

    def __init__(self, vectors: Vectors, graph: Any, ef: int) -> None:
        self.vectors = vectors
        self.encoder_id = vectors.encoder_id
        self.dim = vectors.dim
        self._graph = graph
        self._ef = ef
        self._exact = ExactIndex(vectors)

    def search(self, vectors: Floats, k: int, allowed: Mask | None = None) -> list[Ranked]:
        """See DenseIndex.search."""
        queries = check_queries(vectors, self.dim, k)
        share = 1.0 if allowed is None else np.count_nonzero(allowed) / max(allowed.size, 1)
        if share < MIN_SHARE:
            return self._exact.search(queries, k, allowed)
        return [self._one(query, k, allowed, share) for query in queries]

    def _one(self, query: Floats, k: int, allowed: Mask | None, share: float) -> Ranked:
        wanted = k if share == 1.0 else int(k / share * OVERFETCH) + 16
        if not query.any() or wanted > min(self._ef, self.vectors.n_vectors - 1):
            return self._exact.search(query, k, allowed)[0]
        nodes = self._nearest(query, wanted)
        if nodes is None:
            return self._exact.search(query, k, allowed)[0]
        rows = self.vectors.rows_of(nodes)
        rows = rows if allowed is None else rows[allowed[rows]]
        if rows.size < k:
            return self._exact.search(query, k, allowed)[0]
        return ordered(rows, self.vectors.scores(query, rows), k)

    def _nearest(self, query: Floats, n: int) -> np.ndarray | None:
        """The `n` nearest nodes; None when the graph reaches fewer, which hnswlib raises."""
        try:
            labels, _ = self._graph.knn_query(query, k=n, num_threads=1)
        except RuntimeError:
            return None
        return np.asarray(labels[0], np.int64)

    def save(self, folder: Path) -> None:
        """Write hnsw.bin beside the vectors and say in meta.json what it must be."""
        self._graph.save_index(str(folder / "hnsw.bin"))
        facts = {"space": SPACE, "n_nodes": self.vectors.n_vectors, "ef": self._ef, "m": M}
        facts |= {"ef_construction": EF_CONSTRUCTION, "sha256": sha256(folder / "hnsw.bin")}
        write_meta(folder, read_meta(folder) | {"hnsw": facts})

    @classmethod
    def open(cls, folder: Path, vectors: Vectors) -> HnswIndex:
        """Load the graph of `folder`; raises Damaged unless it is the one that was saved."""
        import hnswlib

        path = folder / "hnsw.bin"
        facts = read_meta(folder).get("hnsw")
        if not facts or not path.is_file():
            raise Damaged(str(folder), "it has no hnsw graph")
        if (facts["space"], facts["n_nodes"]) != (SPACE, vectors.n_vectors) or facts["sha256"] != sha256(path):
            raise Damaged(str(folder), "hnsw.bin is not the graph of these vectors")
        graph = hnswlib.Index(space=SPACE, dim=vectors.dim)
        graph.load_index(str(path), max_elements=facts["n_nodes"])
        graph.set_ef(facts["ef"])
        return cls(vectors, graph, facts["ef"])


def build_hnsw(vectors: Vectors, threads: int = 1) -> HnswIndex:
    """A graph over all distinct vectors. One thread is reproducible byte for byte, more are not."""
    import hnswlib

    graph = hnswlib.Index(space=SPACE, dim=vectors.dim)
    graph.init_index(max_elements=max(vectors.n_vectors, 1), M=M, ef_construction=EF_CONSTRUCTION, random_seed=SEED)
    if vectors.n_vectors:
        graph.add_items(vectors.matrix, np.arange(vectors.n_vectors), num_threads=threads)
    graph.set_ef(EF)
    return HnswIndex(vectors, graph, EF)
