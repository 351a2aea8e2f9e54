"""Held-out questions: what was asked in a span of time, and what the askers engaged.

One question for each distinct key (a query in the search view, an item, an actor). What was asked is put to the items
that were alive when it was asked: a query or an item at its last event in the span, so that what was engaged is there
as often as possible; an actor at the start of the span, for whom all that follows is still to come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from semsearch.evaluation.alive import created_by, ended_by
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries, query_id_of

if TYPE_CHECKING:
    import polars as pl

Side = Literal["query", "item", "actor"]
"""What is asked with: typed text, another item, or a user."""
STRONG_KINDS = ("chat", "purchase")
STRONG, WEAK = 2.0, 1.0
"""Grade of a chat or purchase; of a favorite or click."""
BAND = "band"
REGION = "region_id"


@dataclass(frozen=True)
class Questions:
    """Questions with their answers; the keys of all mappings are the query ids, in one order."""

    queries: Queries
    """query_id → key: the query in the search view, the item_id or the actor_id.

    Columns: band, and the region_id of the one who typed it last.
    """
    qrels: Qrels
    """Grade 2 for an item with a chat or purchase, 1 for one with a favorite or click; the rest is unjudged."""
    asked_at: Mapping[str, datetime]
    """UTC; the items that were alive then compete."""
    seen: Mapping[str, frozenset[str]]
    """Item ids that are left out of the answers: the item itself, what an actor had engaged before."""

    def __len__(self) -> int:
        return len(self.queries)

    def of(self, query_ids: Iterable[str]) -> Questions:
        """These questions only, in the order of this table."""
        wanted = set(query_ids)
        queries = self.queries.of(wanted)
        return Questions(
            queries,
            Qrels({q: self.qrels.grades[q] for q in queries.texts}),
            {q: self.asked_at[q] for q in queries.texts},
            {q: self.seen[q] for q in queries.texts},
        )


def questions_of(
    examples: pl.DataFrame,
    items: pl.DataFrame,
    span: tuple[datetime, datetime],
    *,
    side: Side = "query",
    bands: Mapping[str, str] | None = None,
    history: pl.DataFrame | None = None,
    new_only: bool = True,
) -> Questions:
    """The questions of `examples` (key, asked_at, item_id, kind) asked in `span` (from, up to and without).

    `items` needs item_id, created_at and ended_at. Positives that are not in it, or not alive when the question is
    asked, are left out, and with them a question that keeps none: the result may be empty. `bands` gives the band of
    a key, tail where it has none. For actors, what he had before the span is taken from `history` (actor_id, asked_at,
    item_id; else from `examples`) and left out of positives and answers; with `new_only=False` nothing is.
    Sorted by key; the order of rows does not matter.
    """
    import polars as pl

    start, stop = map(_moment, span)
    inside = pl.col("asked_at").is_between(start, stop, closed="left")
    positives = examples.filter(inside).select("key", "asked_at", "item_id", _grade())
    seen = _seen(examples, positives, span[0], side, history) if side != "query" and new_only else {}
    moment = start if side == "actor" else pl.col("asked_at").max().over("key")
    asked = positives.with_columns(moment.alias("asked_at")).join(
        items.select("item_id", "created_at", "ended_at"), on="item_id"
    )
    there = asked.filter(created_by(pl.col("asked_at")) & ~ended_by(pl.col("asked_at")))
    best = there.group_by("key", "item_id").agg(pl.col("asked_at").first(), pl.col("grade").max())
    return _questions(best.sort("key", "item_id"), side, bands or {}, seen, _regions(examples.filter(inside), side))


def _moment(at: datetime) -> pl.Expr:
    import polars as pl

    return pl.lit(at).cast(pl.Datetime("us", "UTC"))


def _grade() -> pl.Expr:
    import polars as pl

    return pl.when(pl.col("kind").is_in(STRONG_KINDS)).then(STRONG).otherwise(WEAK).alias("grade")


def _seen(
    examples: pl.DataFrame, positives: pl.DataFrame, start: datetime, side: Side, history: pl.DataFrame | None
) -> dict[str, frozenset[str]]:
    """Key → items that are left out; of the keys that are asked."""
    import polars as pl

    keys = positives.select("key").unique()
    if side == "item":
        return {key: frozenset((key,)) for key in keys["key"]}
    before = examples.select("key", "asked_at", "item_id") if history is None else history.select(
        pl.col("actor_id").alias("key"), "asked_at", "item_id"
    )  # fmt: skip
    had = before.filter(pl.col("asked_at") < _moment(start)).join(keys, on="key", how="semi")
    return {key: frozenset(ids) for key, ids in had.group_by("key").agg("item_id").iter_rows()}


def _regions(asked: pl.DataFrame, side: Side) -> dict[str, str]:
    """Key → where the one was who asked last, of typed queries."""
    import polars as pl

    if side != "query" or REGION not in asked.columns:
        return {}
    last = asked.drop_nulls(REGION).sort("asked_at", REGION).group_by("key").agg(pl.col(REGION).last())
    return dict(last.iter_rows())


def _questions(
    best: pl.DataFrame,
    side: Side,
    bands: Mapping[str, str],
    seen: Mapping[str, Collection[str]],
    regions: Mapping[str, str],
) -> Questions:
    grades: dict[str, dict[str, float]] = {}
    texts: dict[str, str] = {}
    asked_at: dict[str, datetime] = {}
    left_out: dict[str, frozenset[str]] = {}
    for key, item_id, at, grade in best.select("key", "item_id", "asked_at", "grade").iter_rows():
        mine = frozenset(seen.get(key, ()))
        if item_id in mine:
            continue
        query_id = query_id_of(key) if side == "query" else key
        texts[query_id], asked_at[query_id], left_out[query_id] = key, at, mine
        grades.setdefault(query_id, {})[item_id] = grade
    band = {query_id: bands.get(key, "tail") for query_id, key in texts.items()}
    columns = {BAND: band}
    if regions:
        columns[REGION] = {query_id: regions[key] for query_id, key in texts.items() if key in regions}
    return Questions(Queries(texts, columns), Qrels(grades), asked_at, left_out)
