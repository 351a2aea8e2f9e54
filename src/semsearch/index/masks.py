"""A filter tree as a Polars expression: which rows of a release pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.index.dense import Mask
from semsearch.index.filters import AnyOf, Between, Both, Compare, Either, Field, IsNull, Not, Span, Value, Where
from semsearch.records import CATEGORY_SEPARATOR

if TYPE_CHECKING:
    import polars as pl


def where_mask(items: pl.LazyFrame, where: Where) -> Mask:
    """bool[n_items], True where the filter holds; only the columns that it names are read."""
    frame = items.select(passes(where).alias("passes")).collect()
    return np.asarray(frame["passes"].to_numpy(), np.bool_)


def passes(where: Where) -> pl.Expr:
    """A boolean expression over `schema(Item)` columns; unknown counts as no."""
    return _compiled(where).fill_null(value=False)


def _compiled(where: Where) -> pl.Expr:
    if isinstance(where, Both):
        return _compiled(where.left) & _compiled(where.right)
    if isinstance(where, Either):
        return _compiled(where.left) | _compiled(where.right)
    return ~_compiled(where.inner) if isinstance(where, Not) else _test(where)


def _test(where: Compare | AnyOf | Between | IsNull) -> pl.Expr:
    import polars as pl

    match where:
        case IsNull(field):
            return _column(field).is_null()
        case Compare(field, op, value):
            return _comparison(_column(field, value), op, value)
        case AnyOf(field, values):
            return pl.any_horizontal([_comparison(_column(field, value), "=", value) for value in values])
        case Between(field, low, high):
            above = _comparison(_column(field, low), ">=", low)
            return above & _comparison(_column(field, high), "<=", high)


def _column(field: Field, value: Value | None = None) -> pl.Expr:
    """The column of `field`; an attribute that is compared with a number is read as one."""
    import polars as pl

    if field.attribute is None:
        return pl.col(field.name)
    text = pl.col("attributes").str.json_decode(pl.Struct({field.attribute: pl.String}))
    text = text.struct.field(field.attribute)
    return text.cast(pl.Float64, strict=False) if isinstance(value, float) else text


def _comparison(column: pl.Expr, op: str, value: Value) -> pl.Expr:
    if isinstance(value, Span):
        return _in_time(column, op, value)
    match op:
        case "under":
            path = str(value)
            return (column == path) | column.str.starts_with(path + CATEGORY_SEPARATOR)
        case "^=":
            return column.str.starts_with(str(value))
        case _:
            return _simple(column, op, value)


def _in_time(column: pl.Expr, op: str, span: Span) -> pl.Expr:
    """A date is its whole day: `<=` takes the day in, `>` starts after it."""
    inside = (column >= _instant(span.start)) & (column < _instant(span.stop))
    match op:
        case "=":
            return inside
        case "!=":
            return ~inside
        case "<" | ">=":
            return _simple(column, op, span.start)
        case "<=":
            return _simple(column, "<", span.stop)
        case _:
            return _simple(column, ">=", span.stop)


def _instant(moment: Any) -> pl.Expr:
    import polars as pl

    return pl.lit(moment, dtype=pl.Datetime("us", "UTC"))


def _simple(column: pl.Expr, op: str, value: Any) -> pl.Expr:
    import polars as pl

    other = pl.lit(value) if isinstance(value, (str, float)) else _instant(value)
    tests = {"=": column.eq, "!=": column.ne, "<": column.lt, "<=": column.le, ">": column.gt, ">=": column.ge}
    return tests[op](other)
