"""Clicks cleaned to pairs: what a query's askers wanted, wherever it was shown and however often one clicked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.longtail.teaching.propensity import Propensities
from semsearch.training.log.examples import examples, search_keys

if TYPE_CHECKING:
    import polars as pl

    from semsearch.settings import Settings
    from semsearch.training.log.evidence import Evidence

MOST = 10.0
"""A click counts for so many at most, however rarely its position is looked at (clipping: Joachims et al. 2017)."""
_ONE = ("key", "item_id", "actor_id")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What became of the clicks of some queries; for the report."""

    n_keys: int
    """Queries that were asked for."""
    n_clicks: int
    """Their clicks and favorites on items that were there."""
    n_repeated: int
    """Of these, further ones of one actor on one item: they do not count."""
    n_few: int
    """Queries with clicks of fewer different actors than `longtail.min_actors`: they teach nothing."""
    n_without: int
    """Queries without any click."""
    n_taught: int
    """Queries that are left."""
    n_pairs: int


@dataclass(frozen=True, eq=False)
class Clicked:
    """Pairs to learn from, and what became of the rest."""

    pairs: pl.DataFrame
    """key, asked_at, item_id, weight (Float32), kind, actor_id, query, region_id, n_actors: one row a (key, item).

    weight is the sum over its actors of 1 / look of the position that each clicked; the rest but n_actors is of the
    one who clicked last. Sorted by asked_at, key, item_id."""
    counts: Cleaned


def clicked(
    evidence: Evidence,
    items: pl.DataFrame,
    keys: Sequence[str],
    looks: Propensities,
    settings: Settings,
    *,
    before: datetime,
) -> Clicked:
    """Pairs of the queries `keys` (search view) out of the log of `evidence` before `before` (UTC-aware).

    Clicks and favorites count, on items of `items` that were alive, as in `training.log.examples`. May be empty.
    """
    import polars as pl

    earlier = pl.col("ts") < pl.lit(before).cast(pl.Datetime("us", "UTC"))
    wanted = pl.DataFrame({"key": pl.Series(keys, dtype=pl.String).unique().sort()})
    engagements = evidence.attribution.engagements
    names = search_keys(engagements["query"]).join(wanted, on="key", how="semi")
    mine = engagements.filter(earlier).join(names, on="query", how="semi")
    found = examples(mine, items, "query", "clicks", settings.log)
    each = found.frame.join(_positions(evidence.log.filter(earlier), names), on=_ONE, how="left", maintain_order="left")
    enough = each.group_by("key").agg(pl.col("actor_id").n_unique().alias("of"))
    kept = each.join(
        enough.filter(pl.col("of") >= settings.longtail.min_actors), on="key", how="semi", maintain_order="left"
    )
    pairs = _pairs(kept.with_columns(pl.Series("look", looks.weights(kept["position"], MOST), dtype=pl.Float64)))
    n_taught = pairs["key"].n_unique()
    counts = Cleaned(
        n_keys=wanted.height,
        n_clicks=found.counts.n_examples + found.counts.n_merged,
        n_repeated=found.counts.n_merged,
        n_few=enough.height - n_taught,
        n_without=wanted.height - enough.height,
        n_taught=n_taught,
        n_pairs=pairs.height,
    )
    return Clicked(pairs, counts)


def _positions(log: pl.LazyFrame, names: pl.DataFrame) -> pl.DataFrame:
    """key, item_id, actor_id, position: where each actor clicked first."""
    import polars as pl

    clicks = log.filter((pl.col("kind") == "click") & pl.col("query").is_in(names["query"].implode()))
    rows = clicks.select("ts", "query", "item_id", "actor_id", "position").collect().join(names, on="query")
    return rows.sort("ts", "position", nulls_last=True).unique(_ONE, keep="first").select(*_ONE, "position")


def _pairs(each: pl.DataFrame) -> pl.DataFrame:
    """One row a (key, item) out of one an actor."""
    import polars as pl

    last = [pl.col(name).last() for name in ("asked_at", "kind", "actor_id", "query", "region_id")]
    weight = pl.col("look").sum().cast(pl.Float32).alias("weight")
    grouped = each.sort("asked_at", "actor_id").group_by("key", "item_id", maintain_order=True).agg(
        *last, weight, pl.len().cast(pl.Int64).alias("n_actors")
    )  # fmt: skip
    columns = ("key", "asked_at", "item_id", "weight", "kind", "actor_id", "query", "region_id", "n_actors")
    return grouped.select(columns).sort("asked_at", "key", "item_id")
