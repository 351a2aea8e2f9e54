"""Positive examples from engagements: what was asked with, and the item that was wanted.

The query side may be a typed text, another item (looked at before, in the same visit) or a user. What counts as
wanted is an arm: chats (chats and purchases), clicks (clicks and favorites) or both; there is no silent fallback from
one to the other. Source of the default: Liu et al., "Que2Search", KDD 2021, which trains on chats for their precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from semsearch.evaluation.alive import created_by, ended_by
from semsearch.evaluation.attribution import Share
from semsearch.evaluation.questions import Side
from semsearch.records import ENGAGEMENTS
from semsearch.settings import LogSettings
from semsearch.text.views import search
from semsearch.training.log.visits import anchored

if TYPE_CHECKING:
    import polars as pl

Arm = Literal["chats", "clicks", "both"]
ARMS: Mapping[Arm, tuple[str, ...]] = {
    "chats": ("chat", "purchase"),
    "clicks": ("click", "favorite"),
    "both": ENGAGEMENTS,
}
"""Kinds that count as wanted."""
DROPPED = ("no key", "unknown item", "not created yet", "ended")
"""Why an engagement of the arm is no example, in the order in which it is asked."""
_EXTRA = {"query": ("query", "region_id"), "item": ("anchor_id",), "actor": ("actor_id",)}


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the engagements; for the report."""

    n_rows: int
    """Engagements read, of any kind."""
    n_counted: int
    """Of these, of a kind that counts (in the arm, weight above 0)."""
    dropped: Mapping[str, int]
    """Of those counted, why not an example: one entry for each of `DROPPED`."""
    n_merged: int
    """Of those counted, further engagements of one actor with one item for the same key."""
    n_examples: int
    n_keys: int
    """Distinct queries, items or actors on the query side."""
    n_actors: int
    n_items: int
    shares: Mapping[str, Share] = field(default_factory=dict)
    """As handed in: how many rows of each kind were attributed to a search."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Positive examples by time, and what became of the rest."""

    frame: pl.DataFrame
    """key, asked_at, item_id, weight (Float32), kind, actor_id, and what features read: query and region_id
    (side query), anchor_id (item). Sorted by asked_at, key, item_id, actor_id."""
    counts: Counts


def examples(
    engagements: pl.DataFrame,
    items: pl.DataFrame,
    side: Side,
    arm: Arm,
    rewards: LogSettings,
    *,
    shares: Mapping[str, Share] | None = None,
) -> Examples:
    """Examples of `Attribution.engagements`, one for each (key, item_id, actor).

    The key of side query is `views.search(query)`; of side item the item that the actor engaged (in any way) just
    before, in the same session and within `rewards.window_s`; of side actor the actor. Of repeated engagements the one
    of the highest weight stands, of equal ones the earliest. Rows without a key, of items that are not in `items`
    (item_id, created_at, ended_at), or that were not alive at asked_at are dropped and counted. May be empty.
    """
    import polars as pl

    weights = {kind: float(getattr(rewards, kind)) for kind in ARMS[arm]}
    weights = {kind: weight for kind, weight in weights.items() if weight > 0}
    keyed = _keyed(engagements, side, rewards.window_s)
    counted = keyed.filter(pl.col("kind").is_in(list(weights))).with_columns(
        pl.col("kind").replace_strict(weights, default=0.0, return_dtype=pl.Float32).alias("weight")
    )
    judged = counted.join(_known(items), on="item_id", how="left").with_columns(_reason().alias("reason"))
    if side == "item":
        unknown = ~pl.col("key").is_in(items["item_id"].implode()) & pl.col("reason").is_null()
        judged = judged.with_columns(pl.when(unknown).then(pl.lit(DROPPED[1])).otherwise("reason").alias("reason"))
    kept = judged.filter(pl.col("reason").is_null())
    merged = _merged(kept, side)
    reasons = dict(judged["reason"].drop_nulls().value_counts().iter_rows())
    return Examples(
        merged,
        Counts(
            n_rows=len(engagements),
            n_counted=len(counted),
            dropped={reason: reasons.get(reason, 0) for reason in DROPPED},
            n_merged=len(kept) - len(merged),
            n_examples=len(merged),
            n_keys=merged["key"].n_unique(),
            n_actors=merged["actor_id"].n_unique(),
            n_items=merged["item_id"].n_unique(),
            shares=dict(shares or {}),
        ),
    )


def _keyed(engagements: pl.DataFrame, side: Side, window_s: float) -> pl.DataFrame:
    """`engagements` with the column `key`, null where there is none."""
    import polars as pl

    if side == "actor":
        # Asked before the first contact with the item: else his recent items would hold what he is to be shown.
        first = pl.min_horizontal("asked_at", "ts").min().over("actor_id", "item_id")
        return engagements.with_columns(pl.col("actor_id").alias("key"), first.alias("asked_at"))
    if side == "item":
        return anchored(engagements, window_s).with_columns(pl.col("anchor_id").alias("key"))
    return engagements.join(search_keys(engagements["query"]), on="query", how="left", maintain_order="left")


def search_keys(queries: pl.Series) -> pl.DataFrame:
    """query, key: the search view of each distinct query; those without anything visible are left out."""
    import polars as pl

    typed = queries.drop_nulls().unique().sort()
    keys = pl.Series("key", [search(query) for query in typed], dtype=pl.String)
    return pl.DataFrame([typed.alias("query"), keys]).filter(pl.col("key") != "")


def _known(items: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return items.select("item_id", "created_at", "ended_at", pl.lit(value=True).alias("known"))


def _reason() -> pl.Expr:
    """Why a row is dropped, null when it is not."""
    import polars as pl

    at = pl.col("asked_at")
    tests = (pl.col("key").is_null(), pl.col("known").is_null(), ~created_by(at), ended_by(at))
    return pl.coalesce(pl.when(test).then(pl.lit(reason)) for test, reason in zip(tests, DROPPED, strict=True))


def _merged(kept: pl.DataFrame, side: Side) -> pl.DataFrame:
    """One row for each key, item and actor."""
    import polars as pl

    columns = list(dict.fromkeys(("key", "asked_at", "item_id", "weight", "kind", "actor_id", *_EXTRA[side])))
    order = ["weight", "asked_at", "ts", "kind", *_EXTRA[side]]
    first = kept.sort(order, descending=[True, *[False] * (len(order) - 1)], nulls_last=True)
    once = first.unique(["key", "item_id", "actor_id"], keep="first", maintain_order=True)
    return once.select(columns).with_columns(pl.col("weight").cast(pl.Float32)).sort(
        "asked_at", "key", "item_id", "actor_id"
    )  # fmt: skip
