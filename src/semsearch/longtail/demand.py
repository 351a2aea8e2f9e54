"""What a log says of each query: how often it was asked, with what success, and what its askers engaged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.evaluation.demand import bands
from semsearch.longtail.sessions import NEXT_S, WHO, in_sessions
from semsearch.records import ENGAGEMENTS
from semsearch.training.log.examples import search_keys

if TYPE_CHECKING:
    import polars as pl

    from semsearch.settings import LogSettings


@dataclass(frozen=True, eq=False)
class Demand:
    """One log before one moment, query by query."""

    queries: pl.DataFrame
    """key (search view), n_searches, n_empty (searches with 0 results), n_asks (searches, repeats within a session
    once), n_engaged (asks after which something was engaged), n_followed (asks followed by another query of the same
    session), n_actors, last_asked_at, band. Most asked first, then by key."""
    engaged: pl.DataFrame
    """key, item_id, n_actors, weight (of its kinds, each actor once). Sorted by key, then weight, highest first."""


def demand(
    log: pl.LazyFrame, engagements: pl.DataFrame, settings: LogSettings, *, before: datetime | None = None
) -> Demand:
    """Read the searches of a log with `schema(Interaction)` and what `evaluation.attribute` made of it.

    Searches without results or clicks count as any other. Only what was before `before` (UTC-aware; None: all) is
    read. Both frames may be empty.
    """
    import polars as pl

    earlier = pl.lit(value=True) if before is None else pl.col("ts") < pl.lit(before).cast(pl.Datetime("us", "UTC"))
    searches = _keyed(_searches(log.filter(earlier)))
    engaged = _keyed(engagements.filter(earlier & pl.col("query").is_not_null()))
    return Demand(_queries(searches, engaged, settings), _engaged(engaged, settings))


def _searches(log: pl.LazyFrame) -> pl.DataFrame:
    import polars as pl

    rows = log.filter((pl.col("kind") == "search") & pl.col("query").is_not_null())
    return rows.select("ts", "actor_id", "session_id", "query", "n_results").collect()


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the column key, without those that have none."""
    return rows.join(search_keys(rows["query"]), on="query", maintain_order="left")


def _queries(searches: pl.DataFrame, engaged: pl.DataFrame, settings: LogSettings) -> pl.DataFrame:
    import polars as pl

    counted = searches.group_by("key").agg(
        pl.len().alias("n_searches"),
        (pl.col("n_results") == 0).sum().alias("n_empty"),
        pl.col("actor_id").n_unique().alias("n_actors"),
        pl.col("ts").max().alias("last_asked_at"),
    )
    found = counted.join(_asks(searches, engaged), on="key")
    band = bands(dict(found.select("key", "n_searches").iter_rows()), settings.head, settings.torso)
    named = pl.DataFrame({"key": list(band), "band": list(band.values())}, schema={"key": pl.String, "band": pl.String})
    ordered = found.join(named, on="key").sort(["n_searches", "key"], descending=[True, False])
    counts = pl.col("n_searches", "n_empty", "n_asks", "n_engaged", "n_followed", "n_actors").cast(pl.Int64)
    return ordered.with_columns(counts)


def _asks(searches: pl.DataFrame, engaged: pl.DataFrame) -> pl.DataFrame:
    """key, n_asks, n_engaged, n_followed."""
    import polars as pl

    rows = in_sessions(searches, engaged)
    inside = rows.filter(~pl.col("engaged")).sort(*WHO, "ts", "key")
    following = pl.col("key").shift(-1).over(WHO)
    soon = (pl.col("ts").shift(-1).over(WHO) - pl.col("ts")).dt.total_seconds() <= NEXT_S
    followed = (following != pl.col("key")) & soon
    asks = inside.with_columns(followed.fill_null(value=False).alias("followed")).group_by("key", *WHO).agg(
        pl.col("followed").last()
    )  # fmt: skip
    with_some = rows.filter("engaged").select("key", *WHO, "engaged").unique()
    return asks.join(with_some, on=["key", *WHO], how="left").group_by("key").agg(
        pl.len().alias("n_asks"),
        pl.col("engaged").count().alias("n_engaged"),
        pl.col("followed").sum().alias("n_followed"),
    )  # fmt: skip


def _engaged(engaged: pl.DataFrame, settings: LogSettings) -> pl.DataFrame:
    import polars as pl

    # In the order of the log: a sum of fractions in another order is another number.
    weights = {kind: float(getattr(settings, kind)) for kind in ENGAGEMENTS}
    weight = pl.col("kind").replace_strict(weights, default=0.0, return_dtype=pl.Float64)
    each = engaged.with_columns(weight.alias("weight")).group_by("key", "item_id", "actor_id", maintain_order=True).agg(
        pl.col("weight").max()
    )  # fmt: skip
    pairs = each.group_by("key", "item_id", maintain_order=True)
    summed = pairs.agg(pl.len().cast(pl.Int64).alias("n_actors"), pl.col("weight").sum())
    return summed.filter(pl.col("weight") > 0).sort(["key", "weight", "item_id"], descending=[False, True, False])
