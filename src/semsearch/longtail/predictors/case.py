"""What a predictor is, and what all of them read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semsearch.index.dense import Floats, Rows
from semsearch.longtail.hits import Hits
from semsearch.longtail.predictors.ground import Ground

OURS = "ours"
NAN = float("nan")
Values = dict[str, float]
"""Predictors by name."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """One number a query."""

    name: str
    what: str
    """One line, for tables and docs; what a high value means."""
    source: str
    """The paper, or `ours`."""
    needs_log: bool = False


class Fit(Protocol):
    """What the mismatch check says of one item and the query; `mismatch.judging.Judged` is one."""

    @property
    def fits(self) -> bool:
        """Whether something in the item's text ties it to the query."""
        ...

    @property
    def coverage(self) -> float:
        """Share of what was asked that ties, 0 to 1; NaN when nothing was asked."""
        ...

    @property
    def contradicted(self) -> bool:
        """Whether a number or size that was asked is another one in the item."""
        ...


@dataclass(frozen=True, slots=True)
class Engaged:
    """What the log says of one query before the moment of the scan."""

    rows: Rows
    """Rows of the release that somebody engaged for it; may be none."""
    weights: NDArray[np.float64]
    """Of each of `rows`, above 0."""
    fits: Sequence[Fit]
    """Of each of `rows`."""
    n_searches: int
    n_empty: int
    """Searches without results."""
    n_asks: int
    """Searches, repeats within a session once."""
    n_engaged: int
    """Asks after which something was engaged."""
    n_followed: int
    """Asks that another query of the same session followed."""


@dataclass(frozen=True, eq=False)
class Case:
    """One query with all that is known of it."""

    hits: Hits
    fits: Sequence[Fit]
    """Of the first hits of the dense leg, in order."""
    ground: Ground
    engaged: Engaged | None
    """Null for a query that the log does not have, or without a log."""

    @property
    def k(self) -> int:
        """Dense hits that are looked at closely."""
        return len(self.fits)

    @property
    def rows(self) -> Rows:
        """Rows of these hits."""
        return self.hits.dense.rows[: self.k]

    @cached_property
    def background(self) -> tuple[float, float]:
        """Mean and standard deviation of the query's cosines with all items; NaN without a vector."""
        return (NAN, NAN) if self.hits.vector is None else self.ground.background(self.hits.vector)

    @cached_property
    def vectors(self) -> Floats:
        """Of `rows`, [n, dim]."""
        return self.ground.of_rows(self.rows)
