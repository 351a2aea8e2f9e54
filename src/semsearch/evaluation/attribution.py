"""Which search led to a chat: the log's engagements, each with the query that it belongs to.

Rows of chats and purchases carry no query. One without a query belongs to the last click of the same actor on the
same item, at or before it, within a window and in the same session; where the row or the click names no session,
the window alone decides. The click hands down its query (also when it has none: a chat that follows a click in a
feed has no query), its time as `asked_at`, and its region where the row has none. A row whose clicks all come
later, as when clocks run backwards, is not attributed but counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from semsearch.records import ENGAGEMENTS

if TYPE_CHECKING:
    import polars as pl

_KEPT = ("ts", "actor_id", "session_id", "kind", "query", "item_id", "region_id")
_OUT = ("ts", "asked_at", "actor_id", "session_id", "kind", "query", "item_id", "region_id")
_WHO = ("actor_id", "item_id")


@dataclass(frozen=True, slots=True)
class Share:
    """What became of the engagements of one kind."""

    n: int
    """Rows."""
    n_own: int
    """Of these, with a query of their own."""
    n_attributed: int
    """Of the others, those that took the query of a click."""
    n_early: int
    """Of those left without a query, those that come before their click by no more than the window."""

    @property
    def share(self) -> float:
        """Share of the rows without an own query that were attributed; NaN when there are none."""
        without = self.n - self.n_own
        return self.n_attributed / without if without else float("nan")


@dataclass(frozen=True, eq=False)
class Attribution:
    """Engagements with their queries, and how many found one."""

    engagements: pl.DataFrame
    """ts, asked_at (time of the click it belongs to, else ts), actor_id, session_id, kind, query (null when unknown),
    item_id, region_id (the searcher's); sorted by ts, then by all columns. A row stands for a row of the log."""
    shares: Mapping[str, Share]
    """One for each kind of `ENGAGEMENTS`."""
    n_incomplete: int
    """Engagement rows without actor, item or time: left out."""


def attribute(log: pl.DataFrame | pl.LazyFrame, window_s: float) -> Attribution:
    """Attribute the engagements of a log with `schema(Interaction)`; rows of other kinds are passed over.

    Reads seven columns; the order of rows does not matter. Text without a visible character is no query.
    """
    import polars as pl

    rows = _engagements(log)
    complete = rows.drop_nulls(["ts", *_WHO])
    has_query = pl.col("query").is_not_null()
    asks = ~has_query & (pl.col("kind") != "click")
    waiting = complete.filter(asks).with_row_index("row")
    clicks = complete.filter(pl.col("kind") == "click").join(waiting.select(_WHO).unique(), on=_WHO, how="semi")
    found = _join_last(waiting, clicks, timedelta(seconds=window_s), "backward")
    attributed = found.with_columns(
        pl.coalesce("click_ts", "ts").alias("asked_at"),
        pl.col("click_query").alias("query"),
        pl.coalesce("region_id", "click_region").alias("region_id"),
    )
    own = complete.filter(~asks).with_columns(pl.col("ts").alias("asked_at"))
    engagements = pl.concat([own.select(_OUT), attributed.select(_OUT)]).sort(_OUT, nulls_last=True)
    lost = waiting.join(found.filter(pl.col("click_ts").is_null()).select("row"), on="row", how="semi")
    early = _join_last(lost, clicks, timedelta(seconds=window_s), "forward").drop_nulls("click_ts")
    return Attribution(engagements, _shares(complete, attributed, early), len(rows) - len(complete))


def _engagements(log: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    import polars as pl

    rows = log.lazy().filter(pl.col("kind").is_in(ENGAGEMENTS)).select(_KEPT)
    shown = [pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)) for name in ("query", "session_id")]
    return rows.with_columns(shown).collect()


def _join_last(
    rows: pl.DataFrame, clicks: pl.DataFrame, window: timedelta, direction: Literal["backward", "forward"]
) -> pl.DataFrame:
    """`rows` with click_ts, click_query and click_region of the nearest click that may be theirs, null without one."""
    import polars as pl

    clicks = clicks.select(
        *_WHO,
        pl.col("session_id").fill_null(""),
        pl.col("ts").alias("click_ts"),
        pl.col("query").alias("click_query"),
        pl.col("region_id").alias("click_region"),
    ).sort("click_ts", "click_query", "session_id", "click_region", nulls_last=False)
    session = pl.col("session_id").fill_null("")
    named = rows.filter(session != "")
    parts = [
        _nearest(rows.filter(session == ""), clicks, _WHO, window, direction),
        _nearest(named, clicks, (*_WHO, "session_id"), window, direction),
        _nearest(named, clicks.filter(pl.col("session_id") == ""), _WHO, window, direction),
    ]
    ways = pl.concat(parts)
    backward = direction == "backward"
    return ways.sort("row", "click_ts", descending=[False, backward], nulls_last=True, maintain_order=True).unique(
        "row", keep="first", maintain_order=True
    )


def _nearest(
    rows: pl.DataFrame,
    clicks: pl.DataFrame,
    by: tuple[str, ...],
    window: timedelta,
    direction: Literal["backward", "forward"],
) -> pl.DataFrame:
    """Of clicks at one moment the last one in the order of `clicks` counts."""
    once = clicks.unique([*by, "click_ts"], keep="last", maintain_order=True)
    return rows.sort("ts").join_asof(
        once.select(*by, "click_ts", "click_query", "click_region"),
        left_on="ts",
        right_on="click_ts",
        by=list(by),
        strategy=direction,
        tolerance=window,
        coalesce=False,
        check_sortedness=False,
    )


def _shares(complete: pl.DataFrame, attributed: pl.DataFrame, early: pl.DataFrame) -> dict[str, Share]:
    import polars as pl

    of_all, of_own, of_found, of_early = (
        dict(frame["kind"].value_counts().iter_rows())
        for frame in (
            complete,
            complete.filter(pl.col("query").is_not_null()),
            attributed.drop_nulls("query"),
            early,
        )
    )
    return {
        kind: Share(of_all.get(kind, 0), of_own.get(kind, 0), of_found.get(kind, 0), of_early.get(kind, 0))
        for kind in ENGAGEMENTS
    }
