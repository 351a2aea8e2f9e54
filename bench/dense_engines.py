"""Exact against hnsw on the vectors of a release: time a query, recall and building, by number of items.

    python -m bench.dense_engines WORKSPACE [--sizes 10000 20000 50000 100000]

This is what `index.dense = auto` was chosen by. Queries are the first two words of 200 titles; both engines
answer them alternating, k = 200 (the depth of a leg).
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

from semsearch import wiring
from semsearch.index.exact import ExactIndex
from semsearch.index.hnsw import EF, EF_CONSTRUCTION, M, build_hnsw
from semsearch.index.vectors import distinct
from semsearch.workspace import Workspace

DEPTH = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--sizes", nargs="+", type=int, default=[10_000, 20_000, 50_000, 100_000])
    options = parser.parse_args()
    searcher = wiring.open_searcher(Workspace.open(options.workspace), once=True)
    vectors = searcher.release.vectors
    queries = title_queries(searcher)
    load = ", ".join(f"{figure:.2f}" for figure in os.getloadavg())
    print(f"{options.workspace.name}: dim {vectors.dim}, {len(queries)} queries, k {DEPTH}, one thread, load {load}")
    print(f"hnsw: M {M}, ef_construction {EF_CONSTRUCTION}, ef {EF}\n")
    print("vectors   exact p50   hnsw p50   recall@10   recall@200   build (cpu)")
    sizes = sorted({min(size, vectors.n_vectors) for size in options.sizes})
    for size in sizes:
        compare(np.asarray(vectors.matrix[:size]), queries)


def title_queries(searcher: object, n: int = 200) -> np.ndarray:
    rows = searcher.release.rows
    places = np.linspace(0, len(rows) - 1, n).astype(int)
    texts = [" ".join(rows[int(place)]["title"].lower().split()[:2]) for place in places]
    encoded = searcher.encoder.encode_queries(texts)
    return encoded[encoded.any(axis=1)]


def compare(matrix: np.ndarray, queries: np.ndarray) -> None:
    vectors = distinct("bench", matrix)
    start = time.process_time()
    engines = {"exact": ExactIndex(vectors), "hnsw": build_hnsw(vectors)}
    build_s = time.process_time() - start
    times: dict[str, list[float]] = {name: [] for name in engines}
    shared = {10: [], DEPTH: []}
    for query in queries:
        found = {}
        for name, engine in engines.items():
            start = time.perf_counter()
            found[name] = engine.search(query, DEPTH)[0].rows
            times[name].append((time.perf_counter() - start) * 1000)
        for k, figures in shared.items():
            figures.append(len(set(found["exact"][:k].tolist()) & set(found["hnsw"][:k].tolist())) / k)
    exact, hnsw = (np.median(times[name]) for name in engines)
    recalls = [np.mean(figures) for figures in shared.values()]
    print(f"{vectors.n_vectors:7,}   {exact:6.2f} ms   {hnsw:5.2f} ms", end="   ")
    print(f"{recalls[0]:9.4f}   {recalls[1]:10.4f}   {build_s:7.1f} s")


if __name__ == "__main__":
    main()
