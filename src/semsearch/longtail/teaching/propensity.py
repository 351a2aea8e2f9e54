"""How likely a position is looked at, learned from the log alone: what is clicked less may only have been shown lower.

The position-based model: a click needs a look, whose chance hangs on the position, and an attraction, which hangs on
query and item. An item that one query met at several positions shows what the position does (Joachims et al. 2017,
'Unbiased learning-to-rank with biased feedback'; Agarwal et al. 2019, 'Estimating position bias without intrusive
interventions', who harvest such shifts from the log). Both are fitted by turns, each in closed form:

    attraction(q, d) = Σ_k clicks(q, d, k) / Σ_k shown(q, d, k) · look(k)
    look(k) = Σ_qd clicks(q, d, k) / Σ_qd shown(q, d, k) · attraction(q, d)

which climbs the likelihood of Poisson counts with an effect a pair; many pairs with few clicks each do not bias it
(Hausman et al. 1984, 'Econometric models for count data').
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_PAIRS = 200
"""Fewer (query, item) pairs that were clicked and shown at several positions say nothing."""
MIN_CLICKS = 50
"""A position with fewer clicks of such pairs is taken to be looked at as often as the one above it."""
MOST = 100
"""Deeper positions count as this one."""
ROUNDS, CLOSE = 200, 1e-6
_PLACE = ("query", "item_id", "position")


@dataclass(frozen=True, slots=True)
class Propensities:
    """Chance of a look at each position, relative to the first."""

    looks: tuple[float, ...] = (1.0,)
    """Of position 1, 2, …; a deeper one is looked at as often as the last."""
    n_pairs: int = 0
    """(query, item) pairs that it was learned from."""
    told: str = ""
    """Why clicks are not corrected; '' when they are."""

    @property
    def sentence(self) -> str:
        """How clicks are corrected, for a report."""
        if self.told:
            return f"Clicks are not corrected for their position: {self.told}."
        return (
            f"Clicks are corrected for their position by {self.n_pairs:,} pairs that were shown at several positions: "
            "one where few people look counts for more, by 1 over the chance of a look."
        )

    def weights(self, positions: pl.Series, most: float) -> Floats:
        """1 / look of each position (Int), at most `most`, [n]; 1 for an unknown one (null), as at the top."""
        depth = len(self.looks)
        place = positions.fill_null(1).clip(1, depth).to_numpy().astype(np.int64) - 1
        found: Floats = np.minimum(1.0 / np.array(self.looks), most)[place]
        return found


def propensities(log: pl.LazyFrame, *, before: datetime) -> Propensities:
    """Learn them from the impressions and clicks of a log with `schema(Interaction)` before `before` (UTC-aware).

    Only rows with a query and a position are read, in groups: 100 million of them need no more memory than their
    (query, item, position) do. Without enough of them no position is corrected, and `told` says so.
    """
    counted = _counted(log, before)
    n_shown = int(counted["shown"].sum() or 0)
    if not n_shown:
        return Propensities(told="the log has no impressions with a position")
    rows = _moved(counted)
    n_pairs = rows["pair"].n_unique()
    if n_pairs < MIN_PAIRS:
        return Propensities(
            n_pairs=n_pairs,
            told=f"only {n_pairs:,} clicked pairs of query and item were shown at more than one position",
        )
    place = rows["position"].to_numpy().astype(np.int64) - 1
    clicks = rows["clicks"].to_numpy().astype(np.float64)
    looks = fitted(rows["pair"].to_numpy().astype(np.int64), place, rows["shown"].to_numpy().astype(np.float64), clicks)
    return Propensities(tuple(_filled(looks, np.bincount(place, clicks).astype(np.float64)).tolist()), n_pairs)


def _counted(log: pl.LazyFrame, before: datetime) -> pl.DataFrame:
    """query, item_id, position, shown, clicks: one row for each that was shown."""
    import polars as pl

    earlier = pl.col("ts") < pl.lit(before).cast(pl.Datetime("us", "UTC"))
    known = pl.all_horizontal(pl.col(name).is_not_null() for name in _PLACE) & (pl.col("position") >= 1)
    rows = log.filter(pl.col("kind").is_in(["impression", "click"]) & earlier & known)
    placed = rows.select("query", "item_id", pl.col("position").clip(upper_bound=MOST), "kind")
    each = placed.group_by(_PLACE).agg(
        (pl.col("kind") == "impression").sum().cast(pl.Int64).alias("shown"),
        (pl.col("kind") == "click").sum().cast(pl.Int64).alias("clicks"),
    )
    # A click without its impression would be a look that nobody counted.
    return each.filter(pl.col("shown") > 0).collect(engine="streaming")


def _moved(counted: pl.DataFrame) -> pl.DataFrame:
    """Rows of the pairs that were shown at several positions and clicked, with their number: pair."""
    import polars as pl

    pairs = counted.group_by("query", "item_id").agg(pl.len().alias("places"), pl.col("clicks").sum().alias("any"))
    told = pairs.filter((pl.col("places") > 1) & (pl.col("any") > 0)).drop("places", "any")
    numbered = told.sort("query", "item_id").with_row_index("pair")
    return counted.join(numbered, on=["query", "item_id"]).sort("pair", "position")


def fitted(pair: Ints, place: Ints, shown: Floats, clicks: Floats) -> Floats:
    """Looks relative to the shallowest place, [n_places], NaN where no pair tells; the rows are one (pair, place) each.

    Every pair has a click. Places from 0.
    """
    there = np.bincount(place, clicks) > 0
    looks = np.where(there, 1.0, np.nan)
    kept = there[place]
    pair, place, shown, clicks = pair[kept], place[kept], shown[kept], clicks[kept]
    total, by_place = np.bincount(pair, clicks), np.bincount(place, clicks, minlength=len(looks))
    for _ in range(ROUNDS):
        attraction = total / np.maximum(np.bincount(pair, shown * looks[place], minlength=len(total)), 1e-300)
        expected = np.bincount(place, shown * attraction[pair], minlength=len(looks))
        new = by_place / np.where(there, expected, np.nan)
        new /= new[np.flatnonzero(there)[0]]
        done = np.nanmax(np.abs(new - looks)) < CLOSE
        looks = new
        if done:
            break
    return looks


def _filled(looks: Floats, clicks: Floats) -> Floats:
    """`looks` in which a place with too few clicks takes what the one above it has."""
    out = np.where(clicks >= MIN_CLICKS, looks, np.nan)
    out[0] = 1.0 if np.isnan(out[0]) else out[0]
    known = np.maximum.accumulate(np.where(np.isnan(out), 0, np.arange(len(out))))
    filled: Floats = out[known]
    return filled
