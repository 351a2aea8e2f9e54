"""The log and its truth as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.records import INTERACTION_KINDS
from semsearch.simulate.behaviour import Events, Log
from semsearch.simulate.catalogue import Ints
from semsearch.simulate.intents import FORMS, LEVELS, Intents, Levels, Queries

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl


def interactions(
    log: Log, asked: Queries, item_ids: list[str], region_ids: list[str], moments: Callable[[Ints], pl.Series]
) -> pl.DataFrame:
    """The log with the columns of records.Interaction, by time; chats and purchases carry no query."""
    import polars as pl

    from semsearch.records import Interaction, schema

    searches = log.searches
    n = len(searches.at_s)
    none = np.full(n, -1)
    itself = Events(np.arange(n), none, none, none, searches.at_s)
    parts = [itself, log.impressions, log.clicks, log.favorites, log.chats, log.purchases]
    sizes = [len(part.item) for part in parts]
    kind = np.repeat(np.arange(len(parts)), sizes)
    search = np.concatenate([part.search for part in parts])
    at_s = np.concatenate([part.at_s for part in parts])
    item = np.concatenate([part.item for part in parts])
    position = np.concatenate([part.position for part in parts])
    order = np.lexsort((position, kind, search, at_s))
    kind, search, at_s, item, position = kind[order], search[order], at_s[order], item[order], position[order]
    ranked, asks = np.isin(kind, (1, 2)), kind < 4
    columns = {
        "ts": moments(at_s),
        "actor_id": _names("a", searches.actor[search]),
        "kind": _taken(list(INTERACTION_KINDS), kind),
        "query": _taken(asked.texts, np.where(asks, searches.query[search], -1)),
        "item_id": _taken(item_ids, item),
        "session_id": _names("s", searches.session[search]),
        "position": _optional(position, ranked),
        "region_id": _taken(region_ids, searches.region[search]),
        "n_results": _optional(log.n_results[search], kind == 0),
        "surface": pl.repeat("search", len(kind), dtype=pl.String, eager=True),
        "arm": pl.repeat(None, len(kind), dtype=pl.String, eager=True),
    }
    return pl.DataFrame(columns, schema=schema(Interaction))


def _taken(values: list[str], index: Ints) -> pl.Series:
    """`values[index]`, null where the index is negative."""
    import polars as pl

    places = pl.DataFrame({"i": index}).select(pl.when(pl.col("i") >= 0).then(pl.col("i")).cast(pl.UInt32))
    return pl.Series("v", values, dtype=pl.String).gather(places.to_series())


def _names(letter: str, numbers: Ints) -> pl.Series:
    import polars as pl

    text = pl.col("n").cast(pl.String).str.zfill(7)
    return pl.DataFrame({"n": numbers}).select(pl.concat_str(pl.lit(letter), text)).to_series()


def _optional(values: Ints, there: NDArray[np.bool_]) -> pl.Series:
    import polars as pl

    return pl.DataFrame({"v": values, "t": there}).select(pl.when(pl.col("t")).then(pl.col("v"))).to_series()


def intents_frame(wants: Intents, asked: Queries) -> pl.DataFrame:
    """intent_id, level and key (grade 2), near_level and near_key (grade 1), demand, name."""
    import polars as pl

    first = asked.starts[asked.speaker]
    return pl.DataFrame(
        {
            "intent_id": _names("n", np.arange(len(wants.level))),
            "level": _taken(list(LEVELS), wants.level),
            "key": wants.key,
            "near_level": _taken(list(LEVELS), wants.near_level),
            "near_key": wants.near_key,
            "demand": wants.demand,
            "name": _taken(asked.texts, first),
        }
    )


def log_queries(log: Log, asked: Queries) -> pl.DataFrame:
    """query_id, query, kind (its form), intent_id, n_searches; those searched most often first."""
    import polars as pl

    count = np.bincount(log.searches.query, minlength=len(asked.texts))
    seen = np.flatnonzero(count)
    seen = seen[np.argsort(-count[seen], kind="stable")]
    return pl.DataFrame(
        {
            "query_id": _names("q", seen),
            "query": _taken(asked.texts, seen),
            "kind": _taken(list(FORMS), asked.form[seen]),
            "intent_id": _names("n", asked.intent[seen]),
            "n_searches": count[seen].astype(np.int64),
        }
    )


def keys_frame(found: Levels) -> pl.DataFrame:
    """One integer column per level: the key of every item, in item order."""
    import polars as pl

    return pl.DataFrame({f"{name}_key": found.keys[i] for i, name in enumerate(LEVELS)})


def judge(queries: pl.DataFrame, intents: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """query_id, item_id, grade (2 or 1; the rest is 0) of queries with an `intent_id`, by joining keys."""
    import polars as pl

    meant = queries.select("query_id", "intent_id").join(intents, on="intent_id", maintain_order="left")
    parts = []
    for level in LEVELS:
        for column, grade in (("", 2.0), ("near_", 1.0)):
            mine = meant.filter(pl.col(f"{column}level") == level).select(
                "query_id", pl.col(f"{column}key").alias("key")
            )
            items = truth.select("item_id", pl.col(f"{level}_key").alias("key"))
            parts.append(mine.join(items, on="key").select("query_id", "item_id", pl.lit(grade).alias("grade")))
    best = pl.concat(parts).group_by("query_id", "item_id").agg(pl.col("grade").max())
    return best.sort("query_id", "item_id")
