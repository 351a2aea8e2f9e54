"""Which items were there at a moment of the past.

The status of an item is that of now and says nothing of the past, so only its times count: created at or before the
moment, not ended by then. A null time is open: created always, ended never.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl


def alive(items: pl.DataFrame, at: datetime) -> NDArray[np.bool_]:
    """bool[n_items], in the order of `items`: True for what was there `at` (UTC-aware)."""
    import polars as pl

    moment = pl.lit(at).cast(pl.Datetime("us", "UTC"))
    kept = items.select((created_by(moment) & ~ended_by(moment)).alias("alive"))
    return np.asarray(kept["alive"].to_numpy(), np.bool_)


def created_by(moment: pl.Expr) -> pl.Expr:
    """Whether the item of the row (column `created_at`) was created at or before `moment`."""
    import polars as pl

    return (pl.col("created_at") <= moment).fill_null(value=True)


def ended_by(moment: pl.Expr) -> pl.Expr:
    """Whether the item of the row (column `ended_at`) had ended by `moment`."""
    import polars as pl

    return (pl.col("ended_at") <= moment).fill_null(value=False)
