"""How long a scan of the long tail takes: 100,000 distinct queries against a release of a million items.

    python -m bench.longtail rate [--keep DIR] [--items 1000000] [--queries 100000] [--sample 2000] [--stages]

Makes its workspace first, which takes about an hour: a simulated Korean market and its log, towers trained on the
catalogue of a tenth of it (how long a scan takes does not depend on what they learned), hnsw. The queries are those of
the log, then the market's known-item queries (typed well, misspelt, on the other keyboard, run together,
transliterated, abbreviated), each once. The latter are written into the log as well, each with a click on the item that
it means, so that every predictor is on for every query. `--keep` leaves the workspace in a folder and takes the one
that is there.

First the stages of a sample, one after the other in one process, by CPU time; then, unless `--stages` is given, the
whole scan as `semsearch longtail scan` runs it: reading the log, examining in two processes, keeping the result.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import polars as pl

from semsearch import wiring
from semsearch.evaluation.queries import Queries
from semsearch.index.lexical_top import LexicalTop
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.importing import import_rows
from semsearch.longtail.examine import READ, QueryInLog
from semsearch.longtail.hits import DEPTH, Hits
from semsearch.longtail.mismatch.calibration import Calibration
from semsearch.longtail.mismatch.judging import Judge, Judged
from semsearch.longtail.mismatch.words import Words, item_words, words_of
from semsearch.longtail.predictors import Engaged, Ground, predict
from semsearch.longtail.reading import LogBefore
from semsearch.longtail.scan import asked_of
from semsearch.retrieval.legs import NOTHING, Filters
from semsearch.retrieval.search import Searcher
from semsearch.simulate import Market, market
from semsearch.text.views import search
from semsearch.wiring.repairing import log_items
from semsearch.workspace import Workspace

SEED = 900
SHARE = 10
"""One of so many items is trained on."""
SEARCHES = 0.7
"""Searches of the market's own log for each item."""
PER_KIND = 0.006
"""Known-item queries of each kind for each item; there are hardly more."""
TARGET_S = 600.0


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="leave the workspace here; one that is there is taken")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=2000, help="queries whose stages are timed")
    parser.add_argument("--stages", action="store_true", help="time the stages only")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        workspace = prepared(root, options.items)
        keys, now = asked_for(root / "market", options.queries)
        print(f"# simulated, {options.items:,} items, {len(keys):,} distinct queries; {os.cpu_count()} cores", end="")
        print(f", load {os.getloadavg()[0]:.2f} at the start", flush=True)
        stages(workspace, keys[:: max(1, len(keys) // options.sample)], now)
        if not options.stages:
            whole(workspace, keys, now)
    print(f"# load {os.getloadavg()[0]:.2f} at the end")


# --- the workspace ---------------------------------------------------------------------------


def prepared(root: Path, n_items: int) -> Workspace:
    """A workspace with a published release of so many items and a log, made unless it is there."""
    made = root / "market"
    if not made.is_dir():
        written(market(n_items, SEED, "ko", n_searches=int(n_items * SEARCHES), per_kind=int(n_items * PER_KIND)), made)
    workspace = Workspace.create(root / "workspace")
    if workspace.state().current is None:
        served(workspace, made, n_items)
    return workspace


def written(made: Market, folder: Path) -> None:
    """Its items, log and queries; the judgements of so many items are too large, and nobody asks for them."""
    draft = folder.with_suffix(".draft")
    draft.mkdir(parents=True, exist_ok=True)
    for name in ("items", "interactions", "queries", "log_queries"):
        getattr(made, name).write_parquet(draft / f"{name}.parquet")
    draft.rename(folder)


def served(workspace: Workspace, made: Path, n_items: int) -> None:
    """Train on a smaller market of the same products, import all of this one, index and publish."""
    sample = market(max(1000, n_items // SHARE), SEED + 1, "ko", n_searches=0, per_kind=1)
    now = sample.end
    with tempfile.TemporaryDirectory() as folder:
        sample.items.write_parquet(Path(folder) / "sample.parquet")
        import_rows(workspace, "items", [Path(folder) / "sample.parquet"], now=now)
        if workspace.state().model_id is None:
            wiring.train(workspace, wiring.load_settings(workspace).override("train", seconds=30.0), now=now)
        known_in_log(made).write_parquet(Path(folder) / "known.parquet")
        import_rows(workspace, "items", [made / "items.parquet"], now=now)
        for log in (made / "interactions.parquet", Path(folder) / "known.parquet"):
            import_rows(workspace, "interactions", [log], now=now)
    settings = wiring.load_settings(workspace).override("index", threads=2, dense="hnsw")
    manifest = wiring.build(workspace, settings, now=now)
    wiring.publish(workspace, manifest.release_id, now=now)


def known_in_log(made: Path) -> pl.DataFrame:
    """A search and a click for each known-item query, all on the first day of the log."""
    first = pl.scan_parquet(made / "interactions.parquet").select(pl.col("ts").min()).collect().item()
    known = pl.read_parquet(made / "queries.parquet").with_row_index("n")
    about = known.select(
        pl.lit(first).cast(pl.Datetime("us", "UTC")).alias("ts"),
        pl.format("k{}", "n").alias("actor_id"),
        pl.format("k{}", "n").alias("session_id"),
        "query",
        "item_id",
    )
    searches = about.with_columns(pl.lit("search").alias("kind"), pl.lit(None, pl.String).alias("item_id"))
    clicks = about.with_columns(pl.lit("click").alias("kind"), pl.col("ts") + timedelta(seconds=5))
    return pl.concat([searches, clicks])


def asked_for(made: Path, n_queries: int) -> tuple[list[str], datetime]:
    """The first distinct queries (search view), and the moment after the market's end."""
    texts = pl.concat([pl.read_parquet(made / f"{name}.parquet")["query"] for name in ("log_queries", "queries")])
    keys = list(dict.fromkeys(key for key in map(search, texts.drop_nulls()) if key))
    if len(keys) < n_queries:
        raise SystemExit(f"There are only {len(keys):,} distinct queries in {made}.")
    now = pl.scan_parquet(made / "items.parquet").select(pl.col("created_at").max()).collect().item()
    return keys[:n_queries], now


# --- what is measured ------------------------------------------------------------------------


class Clock:
    """CPU seconds of this process, by what they were spent on."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        begun = time.process_time()
        yield
        self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - begun


def stages(workspace: Workspace, keys: Sequence[str], now: datetime) -> None:
    """CPU time a query of each stage, in one process."""
    clock, settings = Clock(), wiring.load_settings(workspace)
    with clock.on("open the release"):
        searcher = wiring.open_searcher(workspace)
        searcher.release.dense, searcher.encoder  # noqa: B018 - opens them
        ground = Ground.of(searcher.release)
        items = searcher.release.items.select(READ).collect()
    with clock.on("calibrate"):
        calibration = Calibration.of(searcher.release.lexical.vocabulary.words())
    with clock.on("read the log"):
        catalogue = Catalogue(workspace)
        log = LogBefore.of(
            catalogue.interactions(), log_items(catalogue, wiring.pipeline_schema(workspace), "default"), settings
        )
        asked = asked_of(log.demand, sorted(keys), items["item_id"])
    once = dict(clock.spent)
    clock.spent.clear()
    answered(searcher, calibration, ground, items, asked=asked, now=now, k=settings.longtail.k, clock=clock)
    print("\nonce a process")
    for name, seconds in once.items():
        print(f"  {name:<34}{seconds:8.1f} s")
    print(f"\nCPU of one process, {len(asked):,} queries, of which {sum(bool(a.engaged) for a in asked):,} engaged")
    for name, seconds in (*clock.spent.items(), ("all", sum(clock.spent.values()))):
        print(f"  {name:<34}{seconds / len(asked) * 1e3:8.2f} ms a query")
    print(f"  peak memory {peak_gib(resource.RUSAGE_SELF):.2f} GiB", flush=True)


def answered(
    searcher: Searcher,
    calibration: Calibration,
    ground: Ground,
    items: pl.DataFrame,
    *,
    asked: Sequence[QueryInLog],
    now: datetime,
    k: int,
    clock: Clock,
) -> None:
    """What the scan does with each query, stage by stage."""
    release = searcher.release
    lexicon = release.lexical.analyser.lexicon
    found = legs(searcher, [each.key for each in asked], now, k, clock)
    judge = Judge(lexicon, calibration, release.lexical.vocabulary.idf)
    cut: dict[int, Words] = {}

    def texts(rows: Sequence[int]) -> list[Words]:
        for row in rows:
            if row not in cut:
                cut[row] = item_words(items.row(row, named=True), lexicon)
        return [cut[row] for row in rows]

    for each, hits in zip(asked, found, strict=True):
        rows = hits.dense.rows[:k].tolist()
        known = each.engaged
        engaged_rows = [row for row, _ in known]
        with clock.on("words of the hits (cut once each)"):
            seen, wanted = texts(rows), texts(engaged_rows)
        with clock.on("mismatch"):
            query = words_of(each.key, lexicon)
            fits, liked = judge.judge(query, seen), judge.judge(query, wanted)
        with clock.on("predictors"):
            predict(hits, fits, ground, _engaged(each, known, liked))


def _engaged(each: QueryInLog, known: Sequence[tuple[int, float]], fits: Sequence[Judged]) -> Engaged | None:
    if each.demand is None:
        return None
    rows, weights = np.array([row for row, _ in known], np.int64), np.array([weight for _, weight in known])
    return Engaged(rows, weights, fits, **each.demand)


def legs(searcher: Searcher, keys: Sequence[str], now: datetime, k: int, clock: Clock) -> list[Hits]:
    """As `hits_of`, one stage after the other."""
    lexical, allowed = searcher.release.lexical, searcher.allowed(Filters(now))
    top = LexicalTop(lexical, allowed)
    with clock.on("plan"):
        plans = [lexical.plan(key) for key in keys]
    with clock.on("encode"):
        vectors = searcher.encoder.encode_queries([plan.dense_text for plan in plans])
    with clock.on("dense, top 100"):
        dense = [searcher.nearest(row if row.any() else None, DEPTH, allowed) for row in vectors]
    with clock.on(f"lexical, top {k}"):
        words = [top.search(plan, k) if plan.terms else NOTHING for plan in plans]
        shared = [lexical.scores_of(plan, found.rows[:k]) for plan, found in zip(plans, dense, strict=True)]
    return [Hits(*parts) for parts in zip(keys, plans, vectors, dense, words, shared, strict=True)]


def whole(workspace: Workspace, keys: Sequence[str], now: datetime) -> None:
    """The scan as the command runs it."""
    queries = Queries({f"q{n:06d}": key for n, key in enumerate(keys)})
    begun, spent = time.perf_counter(), cpu_s()
    scan = wiring.longtail_scan(workspace, queries=queries, now=now)
    wall, cpu = time.perf_counter() - begun, cpu_s() - spent
    n = scan.queries.height
    print(f"\nThe whole scan of {n:,} queries   (target: {TARGET_S:.0f} s or less on 2 cores)")
    print(f"  wall {wall:.0f} s, CPU of all processes {cpu:.0f} s, {cpu / n * 1e3:.2f} ms a query")
    children = f"of the largest other {peak_gib(resource.RUSAGE_CHILDREN):.2f} GiB"
    print(f"  peak memory of this process {peak_gib(resource.RUSAGE_SELF):.2f} GiB, {children}", flush=True)


def cpu_s() -> float:
    """CPU seconds of this process and of all that it started and that ended."""
    return sum(os.times()[:4])


def peak_gib(who: int) -> float:
    """Resident memory of this process, or of the largest that it started, at its peak."""
    return resource.getrusage(who).ru_maxrss / 2**20
