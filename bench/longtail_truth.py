"""What a query of the log truly means in a simulated market, and whether the dense leg finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from bench.longtail_worlds import World
from numpy.typing import NDArray

from semsearch.retrieval.legs import Filters
from semsearch.text.views import search

if TYPE_CHECKING:
    from semsearch.retrieval.search import Searcher

DEPTH = 100
"""What was meant and is not among so many dense hits was not found."""
MOST_FIT = 50
"""Living items that fit an intent, at most: with more of them, to miss one says nothing of the model."""
SHOWN = 20
"""First hits of a wide query that are looked at."""
_CHUNK = 256


def meant(world: World, keys: pl.Series) -> pl.DataFrame:
    """key, form, level (of its intent), n_fit and item_id: one living item that fits the intent of each query exactly.

    Drawn with the market's seed among all that fit, the same for the same key whatever else is asked. Queries of
    intents that no living item fits, or more than MOST_FIT, are left out. Sorted by key.
    """
    found = _fitting(world, keys).filter(pl.col("n_fit") <= MOST_FIT)
    place = [draw(world.seed, key, n) for key, n in found.select("key", "n_fit").iter_rows()]
    return found.select(
        "key", pl.col("kind").alias("form"), "level", "n_fit", pl.col("fit").list.get(pl.Series(place)).alias("item_id")
    )


def wide(world: World) -> pl.DataFrame:
    """key, form, level, n_fit, item_id (null) and fit (a list of items): the queries that more than MOST_FIT fit."""
    every = pl.Series("key", [search(query) for query in world.made.log_queries["query"]], dtype=pl.String)
    found = _fitting(world, every).filter(pl.col("n_fit") > MOST_FIT)
    none = pl.lit(None, pl.String).alias("item_id")
    return found.select("key", pl.col("kind").alias("form"), "level", "n_fit", none, "fit")


def _fitting(world: World, keys: pl.Series) -> pl.DataFrame:
    """key, kind, level, n_fit, fit: the living items that fit the intent of each query exactly. Sorted by key."""
    made = world.made
    wanted = made.log_queries.with_columns(_keys(made.log_queries["query"])).unique("key", maintain_order=True)
    asked = wanted.filter(pl.col("key").is_in(keys.implode())).join(made.intents, on="intent_id")
    alive = made.items.filter(pl.col("status") == "active").select("item_id")
    fit = made.judgements(asked).filter(pl.col("grade") == 2).join(alive, on="item_id", how="semi")
    listed = fit.group_by("query_id").agg(pl.col("item_id").sort().alias("fit"))
    return asked.join(listed, on="query_id").with_columns(pl.col("fit").list.len().alias("n_fit")).sort("key")


def draw(seed: int, key: str, n: int) -> int:
    """A number below `n`, of the seed and the key alone."""
    return int(np.random.default_rng([seed, *key.encode()]).integers(n))


def _keys(queries: pl.Series) -> pl.Series:
    return pl.Series("key", [search(query) for query in queries], dtype=pl.String)


def missed(searcher: Searcher, queries: list[str], items: list[str], world: World) -> NDArray[np.bool_]:
    """Whether item i is not among the first DEPTH of query i, by exact search of what is alive at the market's end."""
    row_of = _rows(searcher)
    found = _found(searcher, queries, world, DEPTH)
    return np.array([row_of[item] not in rows for item, rows in zip(items, found, strict=True)], np.bool_)


def unfit(searcher: Searcher, table: pl.DataFrame, world: World) -> NDArray[np.bool_]:
    """Whether fewer than half of the first SHOWN dense hits of each query of `wide` fit."""
    row_of = _rows(searcher)
    fit = [{row_of[item] for item in items if item in row_of} for items in table["fit"].to_list()]
    found = _found(searcher, table["key"].to_list(), world, SHOWN)
    return np.array([2 * len(rows & good) < SHOWN for rows, good in zip(found, fit, strict=True)], np.bool_)


def _rows(searcher: Searcher) -> dict[str, int]:
    ids = searcher.release.items.select("item_id").collect()["item_id"]
    return {item_id: row for row, item_id in enumerate(ids)}


def _found(searcher: Searcher, queries: list[str], world: World, depth: int) -> Iterator[set[int]]:
    """The rows of the first `depth` hits of each query."""
    release = searcher.release
    allowed = searcher.allowed(Filters(world.now))
    texts = [searcher.side.typed(release.lexical.plan(q).dense_text, region_id=None, at=world.now) for q in queries]
    for start in range(0, len(queries), _CHUNK):
        vectors = searcher.encoder.encode_queries(texts[start : start + _CHUNK])
        for found in release.exact.search(vectors, depth, allowed):
            yield set(found.rows.tolist())
