"""Worlds in which the long tail is measured: a simulated Korean market, and what a user would serve of it.

A world is made as a user would make it: items and log imported, towers trained on the catalogue and on the chats of
the log's training part until three passes bring no gain, an index built and published. In a world with novelty some
brands and some products are kept from the training, in the catalogue and in the log, and come into the index later.
Worlds are kept in `--keep FOLDER`, so that one is made once. All figures of them are simulated.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import polars as pl

from semsearch import wiring
from semsearch.evaluation.attribution import attribute
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.importing import import_rows
from semsearch.simulate import Market, market
from semsearch.towers.card import ModelCard
from semsearch.training.log.held_out import held_out
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import Settings

EPOCHS, PATIENCE, SECONDS = 60, 3, 3600.0
"""So many passes that training ends for want of a gain, and not because they are through."""
BRAND_SHARE, PRODUCT_SHARE = 0.08, 0.05
"""Share of the items whose brand, or whose product, the training has never seen, at least."""
BRAND_ITEMS, PRODUCT_ITEMS = (20, 400), (3, 100)
"""How many items such a brand or product may have: others are not new, or are the market itself."""


@dataclass(frozen=True)
class Novelty:
    """What the training never saw."""

    brands: frozenset[str]
    products: frozenset[str]
    """By product_id; none is of one of the brands."""

    @classmethod
    def drawn(cls, made: Market) -> Novelty:
        """Brands until they hold BRAND_SHARE of the items, then products of other brands; by the market's seed."""
        rng = np.random.default_rng((made.seed, 5))
        n = made.truth.height
        brands = _until(rng, made.truth["brand"], BRAND_ITEMS, BRAND_SHARE * n)
        rest = made.truth.filter(~pl.col("brand").is_in(list(brands)))
        return cls(brands, _until(rng, rest["product_id"], PRODUCT_ITEMS, PRODUCT_SHARE * n))

    def items(self, made: Market) -> pl.Series:
        """Ids of the items that are novel."""
        novel = pl.col("brand").is_in(list(self.brands)) | pl.col("product_id").is_in(list(self.products))
        return made.truth.filter(novel)["item_id"]

    def queries(self, made: Market) -> pl.Series:
        """Queries of the log that fit novel items and no other: nobody had asked them before."""
        known = made.truth.filter(~pl.col("item_id").is_in(self.items(made).implode()))
        fit = pl.concat(
            known.select(pl.lit(level).alias("level"), pl.col(f"{level}_key").alias("key")).unique()
            for level in made.intents["level"].unique().sort()
        )
        left = made.intents.join(fit, on=["level", "key"], how="anti")
        return made.log_queries.join(left, on="intent_id", how="semi")["query"]


def _until(rng: np.random.Generator, of_item: pl.Series, sizes: tuple[int, int], wanted: float) -> frozenset[str]:
    counts = of_item.alias("name").to_frame().group_by("name").len().sort("name")
    fit = counts.filter(pl.col("len").is_between(*sizes))
    order = rng.permutation(fit.height)
    before = np.concatenate([[0], np.cumsum(fit["len"].to_numpy()[order])[:-1]])
    return frozenset(fit["name"].gather(order[before < wanted]).to_list())


@dataclass(frozen=True, eq=False)
class World:
    """One market and the workspace that serves it. A bench that writes into it works in a `copy`."""

    made: Market
    workspace: Workspace
    novelty: Novelty | None = None

    @property
    def seed(self) -> int:
        return self.made.seed

    @property
    def now(self) -> datetime:
        """The end of the market, at which statuses hold."""
        return self.made.end

    @cached_property
    def settings(self) -> Settings:
        return wiring.load_settings(self.workspace)

    @cached_property
    def searcher(self) -> Searcher:
        return wiring.open_searcher(self.workspace, self.settings)

    @cached_property
    def log(self) -> pl.LazyFrame:
        """As it was imported: without novel items and queries in a world with novelty."""
        return Catalogue(self.workspace).interactions()

    @cached_property
    def before(self) -> datetime:
        """Where the held-out part of the log begins, as the gate cuts it."""
        log = self.settings.log
        found = attribute(self.log, log.window_s)
        cut = held_out(found.engagements, self.made.items, log)[1]
        assert cut is not None, "a made log has engagements"
        return cut

    @cached_property
    def training(self) -> dict[str, object]:
        """What the card says of the passes over the log."""
        card = ModelCard.read(self.workspace.model_path(self.workspace.current().model_id))
        return dict(card.metrics["behaviour"])

    def copy(self, folder: Path) -> World:
        """The same world in a workspace of its own, to write into."""
        shutil.copytree(self.workspace.root, folder)
        return World(self.made, Workspace.open(folder), self.novelty)

    def line(self) -> str:
        """For the head of an output."""
        done = self.training
        return (
            f"seed {self.seed}: {self.made.items.height:,} items, {self.made.log_queries['n_searches'].sum():,} "
            f"searches; base of {done['n_pairs']:,} pairs ended by '{done['ended_by']}', "
            f"best pass {done['best_epoch']}; held-out part from {self.before:%Y-%m-%d %H:%M}"
        )


def add_options(parser: argparse.ArgumentParser, seeds: tuple[int, ...]) -> None:
    """--seeds, --items, --searches and --keep."""
    parser.add_argument("--seeds", type=int, nargs="+", default=list(seeds))
    parser.add_argument("--items", type=int, default=30_000)
    parser.add_argument("--searches", type=int, default=180_000)
    parser.add_argument("--keep", type=Path, help="keep the worlds here; those that are there are used")


def world(options: argparse.Namespace, seed: int, *, novel: bool = False, per_kind: int = 1) -> World:
    """The world of a seed: from `--keep`, or made.

    `per_kind` is the number of known-item queries of each kind; they are not part of what is kept. Raises ValueError
    when the training did not end for want of a gain.
    """
    made = market(options.items, seed, n_searches=options.searches, per_kind=per_kind)
    novelty = Novelty.drawn(made) if novel else None
    keep = options.keep or Path(mkdtemp(prefix="longtail-"))
    root = keep / f"world-{options.items}-{options.searches}-{seed}{'-novel' * novel}"
    if not root.is_dir():
        keep.mkdir(parents=True, exist_ok=True)
        draft = Path(mkdtemp(prefix=f"{root.name}-", dir=keep))
        begun = time.perf_counter()
        _serve(made, novelty, draft)
        (draft / "workspace").rename(root)  # whole or not at all: benches share the folder
        shutil.rmtree(draft)
        print(f"# world of seed {seed} made in {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    found = World(made, Workspace.open(root), novelty)
    if found.training["ended_by"] != "stopped":
        raise ValueError(f"seed {seed}: training ended by '{found.training['ended_by']}', not for want of a gain")
    return found


def _serve(made: Market, novelty: Novelty | None, folder: Path) -> None:
    """Import, train, build and publish in `folder`/workspace."""
    workspace = Workspace.create(folder / "workspace")
    settings = wiring.load_settings(workspace)
    settings = settings.override("train", epochs=EPOCHS, patience=PATIENCE, seconds=SECONDS, seed=made.seed)
    items, log = made.items, made.interactions
    if novelty:
        new = novelty.items(made)
        items = items.filter(~pl.col("item_id").is_in(new.implode()))
        log = _without(log, new, novelty.queries(made))
    _import(workspace, "items", items, folder, made.end)
    _import(workspace, "interactions", log, folder, made.end)
    wiring.train(workspace, settings, now=made.end)
    if novelty:
        _import(workspace, "items", made.items, folder, made.end)
    manifest = wiring.build(workspace, settings, now=made.end)
    wiring.publish(workspace, manifest.release_id, now=made.end)


def _without(log: pl.DataFrame, items: pl.Series, queries: pl.Series) -> pl.DataFrame:
    new_item = pl.col("item_id").is_in(items.implode()).fill_null(value=False)
    new_query = pl.col("query").is_in(queries.implode()).fill_null(value=False)
    return log.filter(~new_item & ~new_query)


def _import(workspace: Workspace, kind: str, rows: pl.DataFrame, folder: Path, now: datetime) -> None:
    path = folder / f"{kind}.parquet"
    rows.write_parquet(path)
    import_rows(workspace, kind, [path], now=now)  # type: ignore[arg-type]
    path.unlink()
