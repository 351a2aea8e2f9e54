"""Grades from behaviour, to be held against people's: what was engaged after a search, and what was only shown.

An engaged item has a grade: 2 for a chat or purchase, 1 for a favourite or click, as in `questions`. One that was
shown and not engaged has none: it may be as good as the one above it that was taken, and nobody looked further.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semsearch.evaluation.attribution import attribute
from semsearch.evaluation.intervals import RESAMPLES, Interval, wilson
from semsearch.evaluation.labels.agreement import Agreement, agree
from semsearch.evaluation.questions import STRONG, STRONG_KINDS, WEAK
from semsearch.text.views import search

if TYPE_CHECKING:
    import polars as pl

Key = tuple[str, str]
"""The query in the search view, and the item."""


@dataclass(frozen=True, slots=True)
class Clicked:
    """What a log tells of some pairs."""

    grades: Mapping[Key, float]
    """Of those that were engaged."""
    shown: frozenset[Key]
    """Those that were shown and never engaged."""


def clicked(log: pl.DataFrame | pl.LazyFrame, pairs: Collection[Key], window_s: float) -> Clicked:
    """What a log with `schema(Interaction)` tells of these pairs; a chat belongs to its click as in `attribute`."""
    import polars as pl

    wanted = set(pairs)
    item_ids = sorted({item_id for _, item_id in wanted})
    rows = log.lazy().filter(pl.col("item_id").is_in(item_ids))
    strong = pl.col("kind").is_in(STRONG_KINDS)
    grade = pl.when(strong).then(STRONG).otherwise(WEAK).max().alias("grade")
    engaged = attribute(rows, window_s).engagements.drop_nulls("query").group_by("query", "item_id").agg(grade)
    shown = rows.filter(pl.col("kind") == "impression").select("query", "item_id").drop_nulls().unique().collect()
    keys = _keys({*engaged["query"], *shown["query"]})
    grades: dict[Key, float] = {}
    for query, item_id, value in engaged.select("query", "item_id", "grade").sort("query", "item_id").iter_rows():
        if (key := (keys[query], item_id)) in wanted:
            grades[key] = max(value, grades.get(key, WEAK))
    seen = {(keys[query], item_id) for query, item_id in shown.iter_rows()}
    return Clicked(grades, frozenset((seen & wanted) - grades.keys()))


@dataclass(frozen=True, slots=True)
class Share:
    """A share of pairs with its Wilson interval; NaN of none."""

    n_good: int
    """That people grade 1 or 2."""
    n: int
    value: float
    interval: Interval


@dataclass(frozen=True, eq=False)
class ClickAgreement:
    """Grades from behaviour beside people's, on the pairs that people graded."""

    engaged: Agreement
    """Of people and behaviour on engaged pairs alone: the others have no grade from behaviour."""
    good_engaged: Share
    """Of the engaged pairs, those that people call relevant."""
    good_shown: Share
    """The same of pairs that were shown and never engaged: so many good items an unclicked one is wrongly a bad one."""
    n_unseen: int
    """Pairs that were never shown: behaviour says nothing of them."""


def click_agreement(
    people: Mapping[Key, float], told: Clicked, *, seed: int, resamples: int = RESAMPLES
) -> ClickAgreement:
    """Hold behaviour against people's grades 0, 1, 2 of the pairs."""
    grades = np.array(list(people.values()), np.float64)
    clicks = np.array([told.grades.get(key, np.nan) for key in people], np.float64)
    engaged, shown = ~np.isnan(clicks), np.array([key in told.shown for key in people], np.bool_)
    good = grades >= 1
    return ClickAgreement(
        agree(grades, clicks, [query for query, _ in people], seed=seed, resamples=resamples),
        _share(int((good & engaged).sum()), int(engaged.sum())),
        _share(int((good & shown).sum()), int(shown.sum())),
        int((~engaged & ~shown).sum()),
    )


def _share(n_good: int, n: int) -> Share:
    return Share(n_good, n, n_good / n if n else np.nan, wilson(n_good, n))


def _keys(queries: Collection[str]) -> dict[str, str]:
    return {query: search(query) for query in queries}
