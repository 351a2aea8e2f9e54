"""How the two legs are joined: the weights of the score rule, chosen on nested folds over chorus' judged queries.

    python -m bench.fusion WORKSPACE...

Each workspace holds a published release of chorus (`bench/chorus.py --keep DIR --seed N`). Folds are over queries: the
inner part of each chooses the setting by the mean of plain and judged-only nDCG@10 over all workspaces, the held-out
part is measured with it; twenty random splits into five. The last block is what the chosen settings do on queries that
did not choose them. Product data: Icecat (Open Content License), through querqy/chorus.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bench.chorus import DATA, DEPTH
from numpy.typing import NDArray

from semsearch import wiring
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.intervals import bootstrap_mean
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.runs import Run
from semsearch.index.dense import Ranked
from semsearch.retrieval.fusion import Weights, convex, enough_of, reciprocal_rank, union
from semsearch.retrieval.legs import Legs
from semsearch.retrieval.search import Searcher
from semsearch.workspace import Workspace

METRICS = ("ndcg@10", "ndcg@10/judged")
GRID = [Weights(dense, enough) for enough in (1, 10, 20, 50, 100, 200) for dense in (0.1, 0.2, 0.3, 0.4, 0.5)]
N_FOLDS, N_SPLITS = 5, 20


class Values(NamedTuple):
    """[n_settings, n_queries, n_metrics] and the same of the lexical leg, [n_queries, n_metrics]."""

    fused: NDArray[np.float64]
    lexical: NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspaces", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    qrels, queries = read(options.data)
    per_seed = [measure(Workspace.open(root), qrels, queries) for root in options.workspaces]
    gains = np.mean([v.fused - v.lexical for v in per_seed], axis=0)
    names = [*(f"weight {w.dense}, enough {w.enough}" for w in GRID), "reciprocal rank"]
    print(
        f"# {gains.shape[1]} queries, {len(per_seed)} models; differences to the lexical leg, 95 % bootstrap intervals"
    )
    for name, gain in zip(names, gains, strict=True):
        print(row(name, gain))
    held_out, chosen = nested(gains[: len(GRID)])
    print("\n# nested folds: what the settings chosen on other queries do")
    print(row("held out", held_out))
    for setting, times in Counter(chosen).most_common(5):
        print(f"  chosen {times:3} times of {len(chosen)}: {names[setting]}")
    for root, values in zip(options.workspaces, per_seed, strict=True):
        own = values.fused[GRID.index(Weights())] - values.lexical
        print(row(f"{root.name}, shipped {Weights().dense}/{Weights().enough}", own))


def read(data: Path) -> tuple[Qrels, Queries]:
    from semsearch.evaluation.reading import read_judgements

    qrels, queries = read_judgements(data / "ratings.csv", "final")
    assert queries is not None
    return qrels, queries


def measure(workspace: Workspace, qrels: Qrels, queries: Queries) -> Values:
    searcher = wiring.open_searcher(workspace)
    legs = {q: searcher.legs(text, "hybrid", DEPTH, None) for q, text in queries.texts.items()}
    lexical = run(searcher, {q: found.lexical for q, found in legs.items()})
    fused = [run(searcher, {q: join(searcher, found, w) for q, found in legs.items()}) for w in GRID]
    fused.append(run(searcher, {q: reciprocal_rank(f.dense, f.lexical, DEPTH) for q, f in legs.items()}))
    tables = [values_of(made, qrels) for made in (lexical, *fused)]
    return Values(np.stack(tables[1:]), tables[0])


def join(searcher: Searcher, legs: Legs, weights: Weights) -> Ranked:
    if legs.vector is None or not legs.lexical.rows.size:
        return legs.dense if legs.vector is not None else legs.lexical
    rows = union(legs.dense, legs.lexical)
    vectors = searcher.release.vectors
    return convex(
        rows,
        vectors.scores(legs.vector, rows),
        legs.all_lexical[rows],
        background=vectors.background(legs.vector),
        enough=enough_of(legs.dense, weights),
        n=DEPTH,
        weights=weights,
    )


def run(searcher: Searcher, ranked: dict[str, Ranked]) -> Run:
    rows = searcher.release.rows
    return Run.of(
        {q: [(rows[i]["item_id"], -place) for place, i in enumerate(r.rows.tolist())] for q, r in ranked.items()}
    )


def values_of(made: Run, qrels: Qrels) -> NDArray[np.float64]:
    values = evaluate(made, qrels, METRICS).values
    table = np.stack([values[metric] for metric in METRICS], axis=1)
    return table[~np.isnan(table).any(axis=1)]


def nested(gains: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[int]]:
    """Held-out gains [n_queries, n_metrics], mean over the splits, and the settings that were chosen."""
    held_out = np.zeros(gains.shape[1:])
    chosen = []
    for fold in folds(gains.shape[1]):
        best = int(gains[:, ~fold].mean(axis=(1, 2)).argmax())
        chosen.append(best)
        held_out[fold] += gains[best, fold] / N_SPLITS
    return held_out, chosen


def folds(n: int) -> Iterator[NDArray[np.bool_]]:
    random = np.random.default_rng(0)
    for _ in range(N_SPLITS):
        place = random.permutation(n) % N_FOLDS
        yield from (place == fold for fold in range(N_FOLDS))


def row(name: str, gains: NDArray[np.float64]) -> str:
    cells = (
        f"{metric} {mean:+.4f} [{ends.low:+.4f}, {ends.high:+.4f}]"
        for metric, mean, ends in zip(METRICS, gains.mean(axis=0), bootstrap_mean(gains, seed=0), strict=True)
    )
    return f"{name:<32}" + "   ".join(cells)


if __name__ == "__main__":
    main()
