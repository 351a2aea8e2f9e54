"""The records that travel through semsearch, one dataclass each, and the column types made from them.

Bulk work is columnar (Polars frames with `schema(Item)`); a dataclass appears at the edges only.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

STATUSES = ("active", "reserved", "sold", "hidden")
ENGAGEMENTS = ("click", "favorite", "chat", "purchase")
"""Kinds of interactions that engage an item, the weakest first."""
INTERACTION_KINDS = ("search", "impression", *ENGAGEMENTS)
CATEGORY_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Item:
    """One listing. Alive at t: created, not ended, status active."""

    item_id: str
    """Unique, text; leading zeros kept."""
    title: str
    """As the seller wrote it."""
    body: str = ""
    """As the seller wrote it; may be empty."""
    category: str | None = None
    """Path from the root, levels joined by ` > `."""
    price: float | None = None
    """In `currency`; 0 means given away, null unknown."""
    currency: str | None = None
    """ISO 4217."""
    region_id: str | None = None
    """Text; leading zeros kept."""
    seller_id: str | None = None
    """Who sells."""
    seller_type: str | None = None
    """Such as person or business; free text."""
    created_at: datetime | None = None
    """UTC; null counts as always there."""
    updated_at: datetime | None = None
    """UTC; the last edit."""
    bumped_at: datetime | None = None
    """UTC; the last move to the top."""
    ended_at: datetime | None = None
    """UTC; null while it runs."""
    status: str = "active"
    """One of active, reserved, sold, hidden."""
    image_paths: tuple[str, ...] = ()
    """Paths or URLs; kept, not read."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Brand and the like; in a frame one JSON object with sorted keys."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One row of the log."""

    ts: datetime
    """UTC; when it happened."""
    actor_id: str
    """Who did it."""
    kind: str
    """One of search, impression, click, favorite, chat, purchase."""
    query: str | None = None
    """As typed."""
    item_id: str | None = None
    """The item, for all kinds but search."""
    session_id: str | None = None
    """Joins the rows of one visit."""
    position: int | None = None
    """1 is the top."""
    region_id: str | None = None
    """The searcher's."""
    n_results: int | None = None
    """How many items the search returned."""
    surface: str | None = None
    """Where it was shown."""
    arm: str | None = None
    """Experiment arm."""


@dataclass(frozen=True, slots=True)
class Region:
    """One row of the region table."""

    region_id: str
    """Text; leading zeros kept."""
    name: str
    """As shown."""
    neighbour_ids: tuple[str, ...] = ()
    """Regions whose items count as near."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One graded judgement of a query-item pair, a row of qrels."""

    query_id: str
    """Joins the query table."""
    item_id: str
    """The judged item."""
    grade: float
    """Gain; 0 is not relevant, higher is better."""


@dataclass(frozen=True, slots=True)
class LegScore:
    """What one leg of retrieval (dense or lexical) said of one item."""

    rank: int
    """1 is the top."""
    score: float
    """Higher is better; only comparable within one leg and query."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One retrieved item, and where it came from."""

    item_id: str
    rank: int
    """1 is the top."""
    score: float
    """Higher is better; fused over the legs."""
    dense: LegScore | None = None
    """Null when the dense leg did not return it."""
    lexical: LegScore | None = None
    """Null when the lexical leg did not return it."""


def schema(record: type) -> dict[str, pl.DataType]:
    """Column names and Polars (Arrow) types of one record, in field order.

    Times are UTC microseconds, paths and ids are lists of text, mappings one JSON text.
    """
    hints = typing.get_type_hints(record)
    return {f.name: _column_type(hints[f.name]) for f in fields(record)}


def _column_type(hint: Any) -> pl.DataType:
    import polars as pl

    members = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    plain = members[0] if type(None) in typing.get_args(hint) else hint
    if plain is str or typing.get_origin(plain) is Mapping:
        return pl.String()
    if typing.get_origin(plain) is tuple:
        return pl.List(pl.String())
    return {float: pl.Float64(), int: pl.Int64(), bool: pl.Boolean(), datetime: pl.Datetime("us", "UTC")}[plain]
