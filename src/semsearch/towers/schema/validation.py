"""What a schema asks of two frames, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from semsearch.errors import UsageError
from semsearch.towers.schema.groups import GROUPS

if TYPE_CHECKING:
    import polars as pl

    from semsearch.towers.schema.definition import Feature, Schema, Side

ATTRIBUTES = "attributes"
SHOWN = 3
IDS = ("item_id", "anchor_id", "actor_id", "query")
ALIKE = {"text", "category"}
"""A made category is text too."""
NEXT = "Next: correct it (docs/schema.md)"


def validate(schema: Schema, query_frame: pl.DataFrame, item_frame: pl.DataFrame) -> None:
    """Raise UsageError for a missing column, a column of another kind, and missing required values."""
    query_is_item = schema.of == "item" and "anchor_id" in query_frame.columns
    frames = {"query": item_frame if query_is_item else query_frame, "item": item_frame}
    for name, side in schema.sides.items():
        check_columns(schema, name, side, frames[name])
        check_values(schema, name, side, frames[name])


def check_values(schema: Schema, name: str, side: Side, frame: pl.DataFrame) -> None:
    """Raise UsageError for missing required values, in the columns that the frame has."""
    for feature in side.features:
        if feature.required and feature.column in frame.columns:
            _check_values(schema, name, feature, frame)


def check_columns(schema: Schema, name: str, side: Side, frame: pl.DataFrame) -> None:
    """Raise UsageError for a column that neither the frame nor a group has, or whose values are of another kind."""
    made: dict[str, str] = {}
    for group in side.groups:
        found = GROUPS[group.transform]
        for column, kind in found.reads(group.options).items():
            _check_column(schema, f"{name}.groups.{group.name}", (column, kind), frame, made)
        made |= found.makes(group.name, group.options)
    for feature in side.features:
        read = (feature.column, feature.type)
        _check_column(schema, f"{name}.features.{feature.name}", read, frame, made)


def _check_column(schema: Schema, at: str, read: tuple[str, str], frame: pl.DataFrame, made: Mapping[str, str]) -> None:
    """Raise UsageError unless the column that is read is there and holds what its type says."""
    name, wanted = read
    column = ATTRIBUTES if name.startswith(f"{ATTRIBUTES}.") and name not in frame.columns else name
    if column in made:
        if not (made[column] == wanted or {made[column], wanted} <= ALIKE):
            _refuse(schema, at, f"the group makes a {made[column]} of '{column}', not a {wanted}.", NEXT)
    elif column not in frame.columns:
        known = [*frame.columns, *made]
        close = get_close_matches(column, known, n=1, cutoff=0.6)
        guess = f"Did you mean {close[0]}?" if close else f"There are {', '.join(known)}."
        _refuse(schema, at, f"there is no column '{column}'. {guess}", NEXT)
    elif column == name and not _suits(wanted, frame.schema[column]):
        _refuse(schema, at, f"column '{column}' holds {frame.schema[column]}, not {wanted}.", NEXT)


def _suits(wanted: str, dtype: Any) -> bool:
    """Whether a column of this kind can be read as a type; one without any value can be read as all."""
    import polars as pl

    words = dtype in (pl.String, pl.Categorical, pl.Enum)
    return dtype == pl.Null or bool(
        {
            "text": dtype == pl.String,
            "number": dtype.is_numeric(),
            "category": words or dtype == pl.Boolean or dtype.is_integer(),
            "time": dtype == pl.Datetime,
            "list": dtype == pl.List,
        }[wanted]
    )


def _check_values(schema: Schema, name: str, feature: Feature, frame: pl.DataFrame) -> None:
    """Raise UsageError when a required column has nulls, empty texts or empty lists."""
    import polars as pl

    column = pl.col(feature.column)
    empty = column.is_null()
    if frame.schema[feature.column] == pl.String:
        empty |= column.str.strip_chars() == ""
    elif frame.schema[feature.column] == pl.List:
        empty |= column.list.len() == 0
    bad = frame.filter(empty)
    if bad.height:
        key = next((c for c in IDS if c in frame.columns and c != feature.column), feature.column)
        first = ", ".join(map(str, bad[key].head(SHOWN).to_list()))
        missing = f"{bad.height:,} of {frame.height:,} rows have no '{feature.column}', which is required"
        _refuse(
            schema,
            f"{name}.features.{feature.name}",
            f"{missing}; first {key}: {first}.",
            "Next: import them with a value, or take `required` away",
        )


def _refuse(schema: Schema, at: str, problem: str, step: str) -> NoReturn:
    raise UsageError(f"{schema.place} [{at}]: {problem}", step)
