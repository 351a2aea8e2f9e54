"""Induced failures: known-item queries by what went wrong, and how well failures among them are found without a log.

    python -m bench.longtail known [--seeds 31 32 33 34 35] [--items 30000 --searches 180000] [--keep DIR]

Each query means one living listing (simulate/known.py), as its title says it (clean) or gone wrong in one way. In these
worlds some brands and products were kept from the training, in catalogue and log, and are in the index: clean queries
for their items are the kinds 'unseen brand' and 'new product'; other queries for them are left out. A query fails when
the meant item is not among the first 100 of the dense leg. Most of these queries nobody has ever typed, so only
predictors that need no log take part. AUC within a kind: its failing queries against its others; with clean: also
against the clean queries that do not fail. Intervals are t-intervals over the seeds; where failures are too few for
that, the queries of all seeds are taken together (pooled, without an interval).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from bench.longtail_scores import aucs, best_single, over_seeds, share
from bench.longtail_truth import missed
from bench.longtail_worlds import World, add_options, world
from numpy.typing import NDArray

from semsearch.evaluation.queries import Queries
from semsearch.longtail.failing import shipped
from semsearch.longtail.predictors import PREDICTORS
from semsearch.text.views import search
from semsearch.wiring.repairing import longtail_scan

SEEDS = (31, 32, 33, 34, 35)
PER_KIND = 1_500
CLEAN, BRAND, PRODUCT = "clean", "unseen brand", "new product"
NAMES = tuple(predictor.name for predictor in PREDICTORS if not predictor.needs_log)
PLAIN, OVERLAP, COMBINED, BEST = NAMES[0], "disagreement", "chance without a log", "best single"
FEWEST = 5
"""Failures, and others, that an area of one kind and seed takes."""
Flags = NDArray[np.bool_]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, SEEDS)
    parser.add_argument("--per-kind", type=int, default=PER_KIND, help="known-item queries of each kind, at most")
    options = parser.parse_args(arguments)
    print(f"# simulated; {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} at the start", flush=True)
    results = []
    for seed in options.seeds:
        made = world(options, seed, novel=True, per_kind=options.per_kind)
        results.append(Result(known_table(made)))
        print(f"{made.line()}\n  {novelty_line(made)}; {results[-1].line()}", flush=True)
    print("\n" + "\n".join(by_kind(results)))
    print("\nOver all kinds:\n" + "\n".join(over_all(results)))
    print(f"# load {os.getloadavg()[0]:.2f} at the end")


def novelty_line(made: World) -> str:
    assert made.novelty is not None
    new = made.novelty
    return f"{len(new.brands)} brands and {len(new.products)} products, {len(new.items(made.made)):,} items, never seen"


def known_table(made: World) -> pl.DataFrame:
    """key, kind, item_id, failing, the predictors that need no log, and the chance of the model without a log."""
    asked = kinds(made)
    queries = Queries(dict(zip(asked["query_id"], asked["query"], strict=True)))
    found = longtail_scan(made.workspace, made.settings, queries=queries, now=made.now).queries
    table = asked.join(found.select("key", *NAMES), on="key").sort("query_id")
    values = {name: table[name].fill_null(float("nan")).to_numpy() for name in NAMES}
    failing = missed(made.searcher, table["key"].to_list(), table["item_id"].to_list(), made)
    chances = shipped().alone.chances(values)
    return table.with_columns(pl.Series("failing", failing), pl.Series(COMBINED, chances))


def kinds(made: World) -> pl.DataFrame:
    """The known-item queries with their key, one a key, by the kind of this bench."""
    assert made.novelty is not None
    brand = pl.col("brand").is_in(list(made.novelty.brands))
    product = pl.col("product_id").is_in(list(made.novelty.products))
    keyed = made.made.queries.with_columns(pl.Series("key", [search(query) for query in made.made.queries["query"]]))
    named = keyed.filter((pl.col("kind") == CLEAN) | ~(brand | product)).with_columns(
        pl.when(brand).then(pl.lit(BRAND)).when(product).then(pl.lit(PRODUCT)).otherwise("kind").alias("kind")
    )
    return named.unique("key", keep="first", maintain_order=True)


@dataclass(frozen=True, eq=False)
class Result:
    """The queries of one seed."""

    table: pl.DataFrame

    @cached_property
    def kinds(self) -> list[str]:
        return self.table["kind"].unique().to_list()

    def areas(self, kind: str | None, *, with_clean: bool = False) -> dict[str, float]:
        """Of each predictor, the best of them (in hindsight) and the combination; NaN with too few on either side.

        `with_clean` adds the clean queries as what does not fail.
        """
        rows = self.table if kind is None else self.table.filter(pl.col("kind") == kind)
        failing = rows["failing"].to_numpy()
        if with_clean:
            clean = self.table.filter((pl.col("kind") == CLEAN) & ~pl.col("failing"))
            rows = pl.concat([rows, clean])
            failing = np.concatenate([failing, np.zeros(clean.height, np.bool_)])
        if min(failing.sum(), (~failing).sum()) < FEWEST:
            return dict.fromkeys((*NAMES, COMBINED, BEST), float("nan"))
        columns = {name: rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in (*NAMES, COMBINED)}
        found = aucs(failing, columns)
        return found | {BEST: found[best_single(found, NAMES)]}

    def line(self) -> str:
        return f"{self.table.height:,} queries, {self.table['failing'].sum():,} fail"


def by_kind(results: Sequence[Result]) -> list[str]:
    """Failure rate and areas of every kind."""
    names = sorted(
        {kind for each in results for kind in each.kinds}, key=lambda k: (k != CLEAN, k in (BRAND, PRODUCT), k)
    )
    every = Result(pl.concat([each.table for each in results]))
    shown = {PLAIN: "plain ratio", OVERLAP: "overlap", BEST: BEST, COMBINED: "combination"}
    out = [f"kind | n | failing | against | {' | '.join(shown.values())}", "---|---|---|---" + "|---" * len(shown)]
    for kind in names:
        rows = [each.table.filter(pl.col("kind") == kind) for each in results]
        shares = over_seeds([share(some["failing"].to_numpy()) for some in rows])
        for with_clean in (False, True) if kind != CLEAN else (False,):
            areas = [each.areas(kind, with_clean=with_clean) for each in (*results, every)]
            cells = " | ".join(area_cell([area[name] for area in areas]) for name in shown)
            against = "its own and clean" if with_clean else "its own"
            out.append(f"{kind} | {sum(some.height for some in rows):,} | {shares} | {against} | {cells}")
    return out


def area_cell(areas: Sequence[float]) -> str:
    """Over the seeds; where fewer than two of them have failures enough, the last of `areas`, of all seeds' queries."""
    *seeds, every = areas
    enough = np.count_nonzero(~np.isnan(seeds)) > 1
    return over_seeds(seeds) if enough else "-" if np.isnan(every) else f"{every:.3f} (pooled)"


def over_all(results: Sequence[Result]) -> list[str]:
    """Every predictor over all kinds together, and what the combination adds."""
    areas = [each.areas(None) for each in results]
    order = sorted((*NAMES, COMBINED), key=lambda name: -float(np.nanmean([area[name] for area in areas])))
    out = ["predictor | AUC alone", "---|---", *(f"{n} | {over_seeds([a[n] for a in areas])}" for n in order)]
    for name, told in ((PLAIN, "the plain ratio"), (OVERLAP, "overlap"), (BEST, "the best single of each seed")):
        gain = over_seeds([area[COMBINED] - area[name] for area in areas], sign=True)
        out.append(f"combination minus {told}: {gain}")
    return out
