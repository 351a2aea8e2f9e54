"""A batch of raw rows to typed rows: every field filled by the mapping, converted and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from semsearch.ingest import times, values
from semsearch.ingest.mapping import JOINED, Expression, Place
from semsearch.ingest.names import KIND_NAMES, MAY_BE_EMPTY, REPORT_KIND_NAMES, REQUIRED, STATUS_NAMES, RowKind
from semsearch.ingest.tables import Batch, text_series
from semsearch.records import NAMESPACES, Interaction, Item, Post, Region, Report, schema

if TYPE_CHECKING:
    import polars as pl

    from semsearch.ingest.values import Typed

RECORDS: dict[RowKind, type] = {
    "items": Item,
    "interactions": Interaction,
    "regions": Region,
    "reports": Report,
    "posts": Post,
}
Reasons = list[tuple[str, "pl.Series"]]
"""Column, and for each row why it is bad, or null."""
Rules = Callable[["pl.DataFrame"], Reasons]
"""What else is wrong with typed rows."""
_LISTS = {"image_paths": "|\n", "neighbour_ids": "|;, \t"}
_TIMES = ("ts", "at", "created_at", "updated_at", "bumped_at", "ended_at")


@dataclass(frozen=True)
class Checked:
    """The good rows of a batch with the record's schema, and why the others are not."""

    good: pl.DataFrame
    bad: list[tuple[int, str, str]]
    """Index in the batch, column ('' is the row), reason."""


def validate(
    kind: RowKind,
    batch: Batch,
    fields: Mapping[str, Expression],
    tz: str,
    rules: Rules | None = None,
) -> Checked:
    """Typed rows in input order; the first bad field of a row, in record order, is its reason.

    `rules` are asked after everything else.
    """
    import polars as pl

    columns: dict[str, pl.Series] = {}
    reasons: Reasons = []
    for name, dtype in schema(RECORDS[kind]).items():
        source = filled(batch, fields.get(name), JOINED.get(name, ""))
        converted, reason = _convert(kind, name, source, fields.get(name), tz)
        if name == "attributes":
            converted = _with_single_attributes(converted, batch, fields)
        columns[name] = _default(kind, name, converted).cast(dtype).alias(name)
        label = fields[name].text if name in fields else name
        reasons += [(label, reason), (label, _missing(kind, name, source))]
    frame = pl.DataFrame(columns)
    reasons += _across(kind, frame)
    if rules:
        reasons += [(fields[name].text if name in fields else name, reason) for name, reason in rules(frame)]
    return _split(frame, reasons)


def _split(frame: pl.DataFrame, reasons: Reasons) -> Checked:
    import polars as pl

    some = [(column, reason) for column, reason in reasons if reason.null_count() < len(reason)]
    if not some:
        return Checked(frame, [])
    why = pl.DataFrame([reason.alias(str(n)) for n, (_, reason) in enumerate(some)])
    bad = why.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    listed = [
        (index, *next((some[n][0], reason) for n, reason in enumerate(why.row(index)) if reason is not None))
        for index in bad.arg_true().to_list()
    ]
    return Checked(frame.filter(~bad), listed)


# --- from the batch ------------------------------------------------------------------------


def filled(batch: Batch, expression: Expression | None, between: str = "") -> pl.Series:
    """The text of one field, several columns joined with `between`; empty and blank texts are null."""
    import polars as pl

    n = len(batch.numbers)
    if expression is None or expression.constant is not None:
        constant = expression.constant if expression else None
        return pl.Series([constant or None], dtype=pl.String).new_from_index(0, n)
    columns = [_reached(batch, place) for place in expression.places]
    if len(columns) == 1:
        return _unblank(columns[0])
    joined = pl.concat_str([_unblank(c).alias(str(i)) for i, c in enumerate(columns)], separator=between,
                           ignore_nulls=True)  # fmt: skip
    return _unblank(pl.select(joined.alias("joined")).to_series())


def _unblank(series: pl.Series) -> pl.Series:
    blank = series.str.contains(r"^\s*$").fill_null(False)
    return series.set(blank, None) if blank.any() else series


def _reached(batch: Batch, place: Place) -> pl.Series:
    column = batch.column(place.column)
    return text_series([_reach(value, place.steps) for value in column] if place.steps else column)


def _reach(value: Any, steps: Sequence[str | int]) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = values.parsed(value)
    for step in steps:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and step < len(value) else None
    return value


# --- converting ----------------------------------------------------------------------------


def _convert(kind: RowKind, name: str, source: pl.Series, expression: Expression | None, tz: str) -> Typed:
    scale = expression.scale if expression else None
    if name == "price":
        return values.price(source, scale)
    if name in _TIMES:
        converted = times.to_utc(source, tz)
        return converted, values.told(source, source.is_not_null() & converted.is_null(), "is no time")
    if name in _LISTS:
        return values.text_list(source, _LISTS[name])
    if name == "kind":
        return values.one_of(source, REPORT_KIND_NAMES if kind == "reports" else KIND_NAMES)
    return _CONVERTERS.get(name, values.identifier if name.endswith("_id") else values.text)(source)


_CONVERTERS: dict[str, Callable[[pl.Series], Typed]] = {
    "title": lambda s: values.text(s, values.MAX_TITLE),
    "body": lambda s: values.text(s, values.MAX_BODY),
    "text": lambda s: (s, values.ok(s)),  # whoever writes a post must not be able to have it left out
    "status": lambda s: values.one_of(s, STATUS_NAMES),
    "route": values.identifier,
    "position": lambda s: values.whole(s, 1),
    "n_results": lambda s: values.whole(s, 0),
    "revision": lambda s: values.whole(s, 0),
    "currency": values.currency,
    "category": values.category,
    "attributes": values.attributes,
}


def _default(kind: RowKind, name: str, series: pl.Series) -> pl.Series:
    import polars as pl

    fill: dict[str, Any] = {
        "body": "",
        "text": "",
        "status": "active",
        "attributes": "{}",
        "reason": "",
    }
    if kind == "posts":
        fill["namespace"] = NAMESPACES[0]
    if name in fill:
        return series.fill_null(fill[name])
    if name in _LISTS:
        return series.fill_null(pl.Series([[]], dtype=pl.List(pl.String)).first())
    return series


def _with_single_attributes(series: pl.Series, batch: Batch, fields: Mapping[str, Expression]) -> pl.Series:
    """`attributes.NAME` mappings laid over the attributes object; a value of its own wins."""
    import polars as pl

    singles = {
        field.partition(".")[2]: filled(batch, expression)
        for field, expression in fields.items()
        if field.startswith("attributes.")
    }
    if not singles:
        return series
    merged = []
    for whole, *own in zip(series, *singles.values(), strict=True):
        base = values.parsed(whole) if whole else {}
        base |= {name: value.strip() for name, value in zip(singles, own, strict=True) if value is not None}
        merged.append(values.dump_attributes(base))
    return pl.Series(merged, dtype=pl.String)


# --- checking ------------------------------------------------------------------------------


def _missing(kind: RowKind, name: str, source: pl.Series) -> pl.Series:
    import polars as pl

    if name not in REQUIRED[kind] or name in MAY_BE_EMPTY:
        return values.ok(source)
    frame = pl.DataFrame({"v": source})
    return frame.select(pl.when(pl.col("v").is_null()).then(pl.lit(f"{name} is missing")).alias("r")).to_series()


def _across(kind: RowKind, frame: pl.DataFrame) -> Reasons:
    """Checks that look at more than one field."""
    import polars as pl

    if kind == "items":
        rule = pl.when(pl.col("ended_at") < pl.col("created_at")).then(pl.lit("ended before it was created"))
        return [("ended_at", frame.select(rule.alias("r")).to_series())]
    if kind == "interactions":
        rule = pl.when((pl.col("kind") != "search") & pl.col("item_id").is_null()).then(
            pl.format("a {} needs an item_id", pl.col("kind"))
        )
        return [("item_id", frame.select(rule.alias("r")).to_series())]
    return []
