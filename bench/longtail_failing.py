"""Failing queries found, against simulated truth: AUC of the combined chance, of every predictor alone, and between.

    python -m bench.longtail failing [--seeds 31 32 33 34 35] [--items 30000 --searches 180000] [--keep DIR]

Each seed is a market (bench/longtail_worlds.py). Queries of interest: the torso and tail of its log before the held-out
part. What a query meant: one living item that fits its intent exactly, drawn with the seed; intents that fit more than
50 are left out. A query fails when that item is not among the first 100 of the dense leg (exact search, what is alive
at the market's end). Judgements are read here alone, never by a predictor. The peer is the single predictor that does
best on the very queries that it is judged by, chosen anew for each seed. Intervals are t-intervals over the seeds.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import polars as pl
from bench.longtail_scores import aucs, best_single, over_seeds, share
from bench.longtail_truth import meant, missed, unfit, wide
from bench.longtail_worlds import World, add_options, world
from numpy.typing import NDArray

from semsearch.evaluation.separation import auc
from semsearch.longtail.failing import shipped
from semsearch.longtail.predictors import PREDICTORS
from semsearch.wiring.repairing import longtail_scan

SEEDS = (31, 32, 33, 34, 35)
NAMES = tuple(predictor.name for predictor in PREDICTORS)
PLAIN, OVERLAP, COMBINED = NAMES[0], "disagreement", "chance"
TARGET, PREMISE = 0.80, 0.70
Flags = NDArray[np.bool_]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, SEEDS)
    options = parser.parse_args(arguments)
    print(f"# simulated; {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} at the start", flush=True)
    results = []
    for seed in options.seeds:
        made = world(options, seed)
        begun = time.perf_counter()
        results.append(Result(seed, truth_table(made)))
        print(f"{made.line()}\n  {results[-1].line()}; {time.perf_counter() - begun:.0f} s", flush=True)
    print("\n" + "\n".join([*rates(results), "", *worth(results), "", *verdict(results), "", *bounds(results)]))
    print(f"# load {os.getloadavg()[0]:.2f} at the end")


def truth_table(made: World) -> pl.DataFrame:
    """The queries of a scan that have a meant item: every column of the scan, form, level, n_fit, item_id, failing."""
    queries = scanned(made)
    found = queries.join(meant(made, queries["key"]), on="key").sort("key")
    failing = missed(made.searcher, found["key"].to_list(), found["item_id"].to_list(), made)
    return found.with_columns(pl.lit(made.seed).alias("seed"), pl.Series("failing", failing))


def wide_table(made: World) -> pl.DataFrame:
    """The queries of the same scan that too many items fit to mean one: the same columns, item_id null."""
    found = scanned(made).join(wide(made), on="key").sort("key")
    failing = unfit(made.searcher, found, made)
    return found.with_columns(pl.lit(made.seed).alias("seed"), pl.Series("failing", failing)).drop("fit")


@lru_cache(maxsize=1)
def scanned(made: World) -> pl.DataFrame:
    """The queries of a scan of the torso and the tail."""
    return longtail_scan(made.workspace, made.settings, now=made.now).queries


@dataclass(frozen=True, eq=False)
class Result:
    """The queries of one seed."""

    seed: int
    table: pl.DataFrame

    @cached_property
    def failing(self) -> Flags:
        return self.table["failing"].to_numpy()

    @cached_property
    def areas(self) -> dict[str, float]:
        """Of every predictor and of the combination, over all queries."""
        return self.areas_of(self.table)

    def areas_of(self, rows: pl.DataFrame) -> dict[str, float]:
        columns = {name: rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in (*NAMES, COMBINED)}
        return aucs(rows["failing"].to_numpy(), columns)

    @cached_property
    def best(self) -> str:
        return best_single(self.areas, NAMES)

    @cached_property
    def without(self) -> dict[str, float]:
        """Area of the frozen combination when one predictor is not known."""
        engaged = self.table["engaged"].to_numpy()
        values = {name: self.table[name].fill_null(float("nan")).to_numpy() for name in NAMES}
        unknown = np.full(len(engaged), np.nan)
        return {
            name: auc(shipped().chances(values | {name: unknown}, engaged), self.failing) for name in NAMES
        }  # fmt: skip

    def line(self) -> str:
        return (
            f"{self.table.height:,} queries, {self.failing.sum():,} fail ({self.failing.mean():.1%}); AUC: "
            f"combination {self.areas[COMBINED]:.3f}, best single {self.best} {self.areas[self.best]:.3f}, "
            f"overlap {self.areas[OVERLAP]:.3f}, plain ratio {self.areas[PLAIN]:.3f}"
        )


def rates(results: Sequence[Result]) -> list[str]:
    """How many fail, and how well that is told, in each part of the queries."""
    parts = {"all": pl.lit(value=True), "engaged": pl.col("engaged"), "nobody engaged": ~pl.col("engaged")}
    parts |= {f"band {name}": pl.col("band") == name for name in ("torso", "tail")}
    for column in ("form", "level"):
        names = sorted({name for each in results for name in each.table[column]})
        parts |= {f"{column} {name}": pl.col(column) == name for name in names}
    out = ["queries | n | failing | AUC of the combination | of the plain ratio", "---|---|---|---|---"]
    for name, part in parts.items():
        rows = [each.table.filter(part) for each in results]
        areas = [each.areas_of(some) for each, some in zip(results, rows, strict=True)]
        cells = [over_seeds([area[column] for area in areas]) for column in (COMBINED, PLAIN)]
        shares = over_seeds([share(some["failing"].to_numpy()) for some in rows])
        out.append(f"{name} | {sum(some.height for some in rows):,} | {shares} | {' | '.join(cells)}")
    return out


def worth(results: Sequence[Result]) -> list[str]:
    """Each predictor alone, and the combination without it, the best alone first."""
    alone = {name: [each.areas[name] for each in results] for name in (*NAMES, COMBINED)}
    order = sorted(alone, key=lambda name: -float(np.nanmean(alone[name])))
    out = ["predictor | known | AUC alone | combination minus the combination without it", "---|---|---|---"]
    for name in order:
        known = np.mean([each.table[name].is_not_null().mean() for each in results])
        lost = [each.areas[COMBINED] - each.without[name] for each in results] if name != COMBINED else []
        out.append(f"{name} | {known:.0%} | {over_seeds(alone[name])} | {over_seeds(lost, sign=True)}")
    return out


def verdict(results: Sequence[Result]) -> list[str]:
    """What the target asks."""
    ours = [each.areas[COMBINED] for each in results]
    means = {name: float(np.mean([each.areas[name] for each in results])) for name in NAMES}
    one = best_single(means, NAMES)
    peers = {
        "plain ratio": [each.areas[PLAIN] for each in results],
        "dense–lexical overlap": [each.areas[OVERLAP] for each in results],
        f"best single over the seeds ({one})": [each.areas[one] for each in results],
        "best single of each seed": [each.areas[each.best] for each in results],
    }
    out = [
        f"AUC of the combination: {over_seeds(ours)}   (target: lower end ≥ {TARGET:.2f})",
        f"AUC of the plain ratio: {over_seeds(peers['plain ratio'])}   (premise: ≤ {PREMISE:.2f})",
    ]
    for name, peer in peers.items():
        gain = over_seeds([a - b for a, b in zip(ours, peer, strict=True)], sign=True)
        out.append(f"combination minus {name}: {gain}")
    return out


def bounds(results: Sequence[Result]) -> list[str]:
    """What is routed at bounds of the chance."""
    out = ["bound | routed | of them failing | of the failing routed", "---|---|---|---"]
    for bound in (0.1, 0.2, 0.3, 0.5, 0.7):
        picked = [(each.table["chance"] >= bound).to_numpy() for each in results]
        cells = (
            [share(some) for some in picked],
            [share(e.failing[some]) for e, some in zip(results, picked, strict=True)],
            [share(some[e.failing]) for e, some in zip(results, picked, strict=True)],
        )
        out.append(f"{bound:.1f} | {' | '.join(over_seeds(cell) for cell in cells)}")
    return out
