"""What a schema asks of two frames, checked before anything is trained."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from semsearch.errors import UsageError
from semsearch.towers.groups import GROUPS

if TYPE_CHECKING:
    import polars as pl

    from semsearch.towers.schema import Feature, Schema, Side

ATTRIBUTES = "attributes"
SHOWN = 3
IDS = ("item_id", "anchor_id", "actor_id", "query")
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
        for column in found.reads(group.options):
            _check_there(schema, f"{name}.groups.{group.name}", column, [*frame.columns, *made])
        made |= dict.fromkeys(found.makes(group.name, group.options), group.transform)
    for feature in side.features:
        at = f"{name}.features.{feature.name}"
        column = ATTRIBUTES if feature.column.startswith(f"{ATTRIBUTES}.") else feature.column
        _check_there(schema, at, column, [*frame.columns, *made])
        if column not in made and not _suits(feature, frame.schema[column]):
            _refuse(schema, at, f"column '{column}' holds {frame.schema[column]}, not {feature.type}.", NEXT)
        if column in made and (feature.type == "list") != (made[column] == "as_of"):
            _refuse(schema, at, f"{made[column]} makes {_kind(made[column])}, not {feature.type}.", NEXT)


def _kind(transform: str) -> str:
    return {"as_of": "lists", "normalise": "a number"}.get(transform, "a category")


def _check_there(schema: Schema, at: str, column: str, known: list[str]) -> None:
    if column not in known:
        close = get_close_matches(column, known, n=1, cutoff=0.6)
        guess = f"Did you mean {close[0]}?" if close else f"There are {', '.join(known)}."
        _refuse(schema, at, f"there is no column '{column}'. {guess}", NEXT)


def _suits(feature: Feature, dtype: Any) -> bool:
    import polars as pl

    if dtype == pl.Null or feature.column.startswith(f"{ATTRIBUTES}."):
        return True
    return bool(
        {
            "text": dtype == pl.String,
            "number": dtype.is_numeric(),
            "category": dtype in (pl.String, pl.Categorical, pl.Boolean) or dtype.is_integer() or dtype == pl.Enum,
            "time": dtype == pl.Datetime,
            "list": dtype == pl.List,
        }[feature.type]
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
