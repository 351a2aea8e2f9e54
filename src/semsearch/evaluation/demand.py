"""Bands of queries by demand: head, torso and tail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from semsearch.text.views import search

if TYPE_CHECKING:
    import polars as pl

BANDS = ("head", "torso", "tail")
BANDS = ("head", "torso", "tail")
"""From the most to the least asked."""
HEAD, TORSO = 0.5, 0.8
"""Shares of the searches at which the head ends and the torso ends, unless settings say otherwise."""


def bands(n_searches: Mapping[str, int], head: float = HEAD, torso: float = TORSO) -> dict[str, str]:
    """query → head, torso or tail, most asked first; `n_searches` counts how often each was asked.

    The head are the most asked queries that make up `head` of the searches, the torso those up to `torso`, the tail is
    the rest. Queries that were asked equally often share a band: that of the middle of their searches. A query that
    was asked once or never is tail.
    """
    if not n_searches:
        return {}
    counts = np.array(list(n_searches.values()), np.int64)
    asked, place = np.unique(-counts, return_inverse=True)
    mass = np.bincount(place, weights=counts)
    middle = (np.cumsum(mass) - mass / 2) / max(mass.sum(), 1)
    most, middling, least = BANDS
    named = np.where(middle <= head, most, np.where(middle <= torso, middling, least))
    named[asked >= -1] = least
    order = sorted(zip(-counts, n_searches, named[place].tolist(), strict=True))
    return {query: band for _, query, band in order}


def n_searches(log: pl.DataFrame | pl.LazyFrame) -> dict[str, int]:
    """Number of searches of each query in the search view, from the rows of kind `search` of a log."""
    import polars as pl

    searches = log.lazy().filter((pl.col("kind") == "search") & pl.col("query").is_not_null())
    counted = searches.group_by("query").len().collect()
    out: dict[str, int] = {}
    for query, n in counted.iter_rows():
        if key := search(query):
            out[key] = out.get(key, 0) + n
    return dict(sorted(out.items(), key=lambda pair: (-pair[1], pair[0])))
