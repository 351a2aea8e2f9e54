"""Which items were there at a moment of the past.

The status of an item is that of now and says nothing of the past, so only its times count: created at or before the
moment, not ended by then. A null time is open: created always, ended never.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def created_by(moment: pl.Expr) -> pl.Expr:
    """Whether the item of the row (column `created_at`) was created at or before `moment`."""
    import polars as pl

    return (pl.col("created_at") <= moment).fill_null(value=True)


def ended_by(moment: pl.Expr) -> pl.Expr:
    """Whether the item of the row (column `ended_at`) had ended by `moment`."""
    import polars as pl

    return (pl.col("ended_at") <= moment).fill_null(value=False)
