"""The tree of a filter over item fields; `where.py` reads it from text, `masks.py` evaluates it."""

from __future__ import annotations

import typing
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

from semsearch.records import Item

Kind = Literal["text", "number", "time"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an item; `attribute` names the key when it is one of the attributes."""

    name: str
    kind: Kind
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open interval of instants that a date or a time names."""

    start: datetime
    stop: datetime


Value = str | float | Span


@dataclass(frozen=True, slots=True)
class Compare:
    """field op value, op one of = != < <= > >= ^= under."""

    field: Field
    op: str
    value: Value


@dataclass(frozen=True, slots=True)
class AnyOf:
    """field in (values)."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """low <= field <= high."""

    field: Field
    low: Value
    high: Value


@dataclass(frozen=True, slots=True)
class IsNull:
    """The field has no value."""

    field: Field


@dataclass(frozen=True, slots=True)
class Not:
    """The other way round; unknown stays unknown."""

    inner: Where


@dataclass(frozen=True, slots=True)
class Both:
    """left and right."""

    left: Where
    right: Where


@dataclass(frozen=True, slots=True)
class Either:
    """left or right."""

    left: Where
    right: Where


Where = Compare | AnyOf | Between | IsNull | Not | Both | Either


def item_fields() -> dict[str, Kind]:
    """The fields that a filter can name, with the kind of their values."""
    hints = typing.get_type_hints(Item)
    kinds = {f.name: _kind(hints[f.name]) for f in fields(Item)}
    return {name: kind for name, kind in kinds.items() if kind}


def _kind(hint: object) -> Kind | None:
    members = [m for m in (typing.get_args(hint) or (hint,)) if m is not type(None)]
    kinds: dict[object, Kind] = {str: "text", float: "number", int: "number", datetime: "time"}
    return kinds.get(members[0]) if len(members) == 1 else None
