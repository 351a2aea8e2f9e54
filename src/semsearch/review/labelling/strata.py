"""Queries by stratum, and a draw of them in which each has a known probability.

A stratum is what a query is by demand (band), by what its hits are (category, region) and by the intent that decides
its grade. Small strata get more than their share: the expected draw of a stratum goes with the square root of its size
(power allocation, Bankier 1988, "Power allocations: determining sample sizes for subnational areas"), at most all of
it. These expectations are not whole numbers; systematic rounding with one random start (Madow 1949) turns them into
draws that add up to what was asked for and whose mean they are, so that expectation / size is exactly the probability
with which each query of a stratum is drawn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from semsearch.records import CATEGORY_SEPARATOR, Label
from semsearch.relevance.rubric import core
from semsearch.store.labels import query_key, standing

DIMENSIONS = ("band", "category", "region", "intent")
UNKNOWN, SEVERAL = "unknown", "several"
"""Nobody says; no value has half of the hits."""
POWER = 0.5
STARTS = 1 << 24
"""Random starts that there are: a sum with one of them is exact."""
Values = tuple[str, ...]
"""One value for each of DIMENSIONS."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Queries of one kind, and how many of them were drawn."""

    values: Values
    queries: int
    drawn: int
    probability: float
    """Of each of its queries to be drawn, before it was."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A draw of queries."""

    probabilities: Mapping[str, float]
    """Query key → with which probability it was drawn, of those that were."""
    strata: tuple[Stratum, ...]
    """All that have queries, sorted by their values."""

    @property
    def without_queries(self) -> int:
        """Combinations of values that occur, of which no query is."""
        return prod(len(set(values)) for values in zip(*(each.values for each in self.strata), strict=True)) - len(
            self.strata
        )


def draw(queries: Mapping[str, Values], n: int | None, rng: np.random.Generator) -> Drawn:
    """Draw `n` queries (None, or more than there are: all) of key → values; the order of `queries` does not matter."""
    members: dict[Values, list[str]] = defaultdict(list)
    for key in sorted(queries):
        members[queries[key]].append(key)
    strata = sorted(members)
    sizes = np.array([len(members[values]) for values in strata], np.int64)
    expected = allocation(sizes, len(queries) if n is None else min(n, len(queries)))
    counts = rounded(expected, int(rng.integers(STARTS)) / STARTS)
    probabilities: dict[str, float] = {}
    found = []
    for values, size, count, mean in zip(strata, sizes.tolist(), counts.tolist(), expected.tolist(), strict=True):
        chance = mean / size
        for i in rng.choice(size, count, replace=False).tolist():
            probabilities[members[values][i]] = chance
        found.append(Stratum(values, size, count, chance))
    return Drawn(probabilities, tuple(found))


def allocation(sizes: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """How many of each stratum are expected, [n_strata]: as the root of its size, at most all; they add up to `n`."""
    whole = np.zeros(len(sizes), bool)
    roots = sizes.astype(np.float64) ** POWER
    while True:
        left = n - sizes[whole].sum()
        scale = left / roots[~whole].sum() if not whole.all() else 0.0
        expected = np.where(whole, sizes, roots * scale)
        over = ~whole & (expected >= sizes)
        if not over.any():
            return expected
        whole |= over


def rounded(expected: NDArray[np.float64], start: float) -> NDArray[np.int64]:
    """Whole numbers with the same sum, each the floor or the ceiling of its expectation.

    `start` is in [0, 1), one of STARTS.
    """
    ends = np.round(np.cumsum(expected), 9)  # sums of roots miss a whole number by a hair
    return np.diff(np.floor(np.concatenate([[0.0], ends]) + start)).astype(np.int64)


def values_of(
    hits: Mapping[str, Sequence[Mapping[str, str]]],
    *,
    columns: Mapping[str, Mapping[str, str]],
    bands: Mapping[str, str] | None,
    intents: Mapping[str, str],
) -> dict[str, Values]:
    """Query key → its values.

    `hits` are the snapshots of the items of each query. `columns` are what a table of queries says (dimension → query
    key → value): it goes before all. `bands` are those of the log (None: there is no log), `intents` those of earlier
    labels. A category is the first level of its path.
    """
    return {
        key: tuple(
            columns.get(name, {}).get(key) or value
            for name, value in zip(
                DIMENSIONS,
                (
                    UNKNOWN if bands is None else bands.get(key, "tail"),
                    _common(item.get("category", "").split(CATEGORY_SEPARATOR)[0] for item in items),
                    _common(item.get("region_id", "") for item in items),
                    intents.get(key, UNKNOWN),
                ),
                strict=True,
            )
        )
        for key, items in hits.items()
    }


def intents_of(labels: Iterable[Label]) -> dict[str, str]:
    """Query key → the intent that is its core, by the newest label that names facets, of people or models."""
    found: dict[str, str] = {}
    for label in standing(labels):
        if label.facets:
            found[query_key(label.query)] = core(label.facets)[0].intent
    return found


def _common(values: Iterable[str]) -> str:
    """The value of at least half of those that have one."""
    counted = Counter(value for value in values if value)
    if not counted:
        return UNKNOWN
    value, n = min(counted.items(), key=lambda each: (-each[1], each[0]))
    return value if 2 * n >= counted.total() else SEVERAL
