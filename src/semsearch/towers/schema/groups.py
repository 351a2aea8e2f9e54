"""Group transforms: they run before the features and make the columns that several features read together.

A group named `recent` with one result makes the column `recent`; with `columns` it makes `recent.item_id`,
`recent.category`, … whose lists belong together, entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.records import ENGAGEMENTS

if TYPE_CHECKING:
    import polars as pl

MIN_ROWS = 5
"""A part of a `by` column with fewer numbers takes the mean and deviation of all."""
LOG_COLUMNS = ("item_id", "kind", "query")
Options = Mapping[str, Any]
State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """What a group may join."""

    log: pl.DataFrame | None = None
    """ts, actor_id, item_id, perhaps kind and query; one row an engagement."""
    items: pl.DataFrame | None = None
    """The catalogue, `schema(Item)`."""


def _no_state(_frame: pl.DataFrame, _options: Options) -> State:
    return {}


@dataclass(frozen=True, slots=True)
class GroupTransform:
    """How rows get new columns."""

    options: Mapping[str, Any]
    """Its keys and their defaults; a key whose default is a type must be given."""
    reads: Callable[[Options], Mapping[str, str]]
    """Columns that the frame must have, and their types."""
    makes: Callable[[str, Options], dict[str, str]]
    """Columns that a group of this name makes, and their types."""
    apply: Callable[[pl.DataFrame, str, Options, State, Tables], pl.DataFrame]
    """(frame, name, options, state, tables) → the frame with these columns, row by row the same."""
    fit: Callable[[pl.DataFrame, Options], State] = _no_state
    sides: tuple[str, ...] = ("query", "item")


# --- as_of ---------------------------------------------------------------------------------------


def _as_of(frame: pl.DataFrame, name: str, options: Options, _state: State, tables: Tables) -> pl.DataFrame:
    """The items that an actor engaged strictly before `asked_at`, newest first, each once, at most n."""
    import polars as pl

    if tables.log is None:
        raise UsageError(f"The group '{name}' looks back into the log, and there is none.", "Next: semsearch status")
    log = tables.log.filter(pl.col("kind").is_in(options["kinds"])) if "kind" in tables.log.columns else tables.log
    log = log.drop_nulls(["actor_id", "item_id"]).sort("ts", maintain_order=True)
    of, rows = _recent_rows(frame, log, options["n"])
    joined = _columns_of(log, options["columns"], tables)[rows].with_columns(of=of)
    lists = joined.group_by("of", maintain_order=True).all()
    made = pl.DataFrame({"of": np.arange(frame.height)}).join(lists, on="of", how="left", maintain_order="left")
    return frame.with_columns(made[column].alias(f"{name}.{column}") for column in options["columns"])


def _recent_rows(frame: pl.DataFrame, log: pl.DataFrame, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of `frame`, and of `log` (sorted by ts) that they look back on; one pass over both in order of time."""
    asked = frame.select("actor_id", "asked_at").with_row_index("of").drop_nulls().sort("asked_at")
    recent: dict[str, dict[str, int]] = {}
    found: list[int] = []
    n_each: list[int] = []
    events = zip(log["actor_id"].to_list(), log["item_id"].to_list(), _micros(log["ts"]), strict=True)
    event, row = next(events, None), 0
    for actor, at in zip(asked["actor_id"].to_list(), _micros(asked["asked_at"]), strict=True):
        while event is not None and event[2] < at:
            engaged = recent.setdefault(event[0], {})
            engaged.pop(event[1], None)  # engaged again: it moves to the front
            engaged[event[1]] = row
            event, row = next(events, None), row + 1
        newest = list(islice(reversed(recent.get(actor, {}).values()), n))
        found += newest
        n_each.append(len(newest))
    of = np.repeat(asked["of"].to_numpy().astype(np.int64), np.array(n_each, np.int64))
    return of, np.array(found, np.int64)


def _micros(times: pl.Series) -> list[int]:
    return times.dt.epoch("us").to_list()


def _columns_of(log: pl.DataFrame, columns: list[str], tables: Tables) -> pl.DataFrame:
    """`columns` of each log row: its own, or those of its item."""
    own = [c for c in columns if c in LOG_COLUMNS and c in log.columns]
    joined = [c for c in columns if c not in own]
    if not joined:
        return log.select(own)
    known = tables.items.columns if tables.items is not None else []
    if missing := [c for c in joined if c not in known]:
        raise UsageError(
            f"as_of joins the column '{missing[0]}', which neither the log nor the items have.",
            "Next: correct `columns` in schema.toml (docs/schema.md)",
        )
    items = tables.items.select("item_id", *joined)  # type: ignore[union-attr]
    return log.join(items, on="item_id", how="left", maintain_order="left").select(columns)


# --- normalise -----------------------------------------------------------------------------------


def _fit_parts(frame: pl.DataFrame, options: Options) -> State:
    """Mean and deviation of all, and of each part of `by` with at least `MIN_ROWS` numbers."""
    import polars as pl

    numbers = frame.select(_number(options), by=pl.col(options["by"]).cast(pl.String)).drop_nulls("number")
    value = pl.col("number")
    moments = [value.mean().alias("mean"), value.std(ddof=0).alias("std")]
    parts = numbers.drop_nulls("by").group_by("by").agg(*moments, n=pl.len()).filter(pl.col("n") >= MIN_ROWS).sort("by")
    mean, std = numbers.select(moments).row(0)
    held = {by: [m, s] for by, m, s in parts.select("by", "mean", "std").iter_rows()}
    return {"all": [mean or 0.0, std or 0.0], "parts": held}


def _normalise(frame: pl.DataFrame, name: str, options: Options, state: State, _tables: Tables) -> pl.DataFrame:
    """The standard score of `column` among the rows with the same `by`, by frozen means and deviations."""
    import polars as pl

    parts = list(state["parts"])
    by = pl.col(options["by"]).cast(pl.String)

    def moment(which: int) -> pl.Expr:
        values = [float(state["parts"][part][which]) for part in parts]
        return by.replace_strict(parts, values, default=float(state["all"][which]), return_dtype=pl.Float64)

    std = moment(1)
    return frame.with_columns(((_number(options) - moment(0)) / pl.when(std > 0).then(std).otherwise(1.0)).alias(name))


def _number(options: Options) -> pl.Expr:
    """The finite numbers of the column; with `log` their logarithm after adding 1, so that a gift has one too."""
    import polars as pl

    value = pl.col(options["column"]).cast(pl.Float64, strict=False)  # an attribute is text
    usable = value.is_finite() & (value >= 0) if options["log"] else value.is_finite()
    return pl.when(usable).then(value.log1p() if options["log"] else value).alias("number")


# --- cross ---------------------------------------------------------------------------------------


def _cross(frame: pl.DataFrame, name: str, options: Options, _state: State, _tables: Tables) -> pl.DataFrame:
    """The values of several columns as one; null where one is null."""
    import polars as pl

    parts = [pl.col(column).cast(pl.String) for column in options["columns"]]
    return frame.with_columns(pl.concat_str(parts, separator=" × ").alias(name))


GROUPS: dict[str, GroupTransform] = {
    "as_of": GroupTransform(
        {"columns": ["item_id"], "n": 20, "kinds": list(ENGAGEMENTS)},
        reads=lambda _: {"actor_id": "category", "asked_at": "time"},
        makes=lambda name, options: {f"{name}.{column}": "list" for column in options["columns"]},
        apply=_as_of,
        sides=("query",),
    ),
    "normalise": GroupTransform(
        {"column": str, "by": str, "log": False},
        reads=lambda options: {options["by"]: "category", options["column"]: "number"},
        makes=lambda name, _: {name: "number"},
        apply=_normalise,
        fit=_fit_parts,
    ),
    "cross": GroupTransform(
        {"columns": list},
        reads=lambda options: dict.fromkeys(options["columns"], "category"),
        makes=lambda name, _: {name: "category"},
        apply=_cross,
    ),
}
