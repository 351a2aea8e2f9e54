"""Which queries get extra training: those above the bound, and only those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.errors import UsageError

if TYPE_CHECKING:
    import polars as pl


def route(queries: pl.DataFrame, bound: float) -> list[str]:
    """Keys of the `queries` of a scan (key, chance) whose chance of failure is `bound` or more, sorted.

    A query whose chance is unknown (null or NaN) is not routed. Raises UsageError when none is: there is nothing to
    teach.
    """
    import polars as pl

    chance = pl.col("chance").fill_nan(None)
    found: list[str] = queries.filter(chance >= bound)["key"].sort().to_list()
    if not found:
        highest = queries.select(chance.max()).item() if queries.height else None
        told = "none was scanned" if highest is None else f"the highest is {highest:.2f}"
        raise UsageError(
            f"No query has a chance of failure of {bound:g} or more: {told}.",
            "Next: semsearch longtail scan, or a lower --bound",
        )
    return found
