"""The item that an actor engaged just before another one: anchors of the item side."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def anchored(engagements: pl.DataFrame, window_s: float) -> pl.DataFrame:
    """`engagements` with `anchor_id`: the item that the actor engaged last before this one, another one than this.

    Only from the earlier to the later item: that is the way people went, and the other way would ask with what was
    found. Engagements of one item in a row are one visit to it and share their anchor. No anchor (null) where it lies
    more than `window_s` before the visit, or in another session when both sessions are known. Of equal times the
    item ids decide, so that the order of rows does not matter.
    """
    import polars as pl

    walk = engagements.sort("actor_id", "asked_at", "item_id", "ts", "kind", "session_id", nulls_last=True)
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    arrived = (pl.col("item_id") != pl.col("item_id").shift()) | (pl.col("actor_id") != pl.col("actor_id").shift())
    start = pl.when(arrived.fill_null(value=True)).then(row).forward_fill()
    before = walk.select(
        pl.when(start > 0).then(start - 1).alias("before"),
        start.alias("start"),
    )
    then, here = walk[before["before"].fill_null(0)], walk[before["start"]]
    same_actor = before["before"].is_not_null() & (then["actor_id"] == here["actor_id"])
    one_session = (then["session_id"] == here["session_id"]).fill_null(value=True)
    near = (here["asked_at"] - then["asked_at"]) <= timedelta(seconds=window_s)
    valid = same_actor & one_session & near
    return walk.with_columns(pl.select(pl.when(valid).then(then["item_id"])).to_series().alias("anchor_id"))
