"""Grades from behaviour beside people's; an item that nobody clicked is not a bad one."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from semsearch.evaluation.labels.clicks import Clicked, click_agreement, clicked
from semsearch.records import Interaction, schema

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = 86_400


def log(*rows: tuple[str, str | None, str | None]) -> pl.DataFrame:
    """(kind, query, item_id), a minute apart, all by one actor."""
    told = [
        {"ts": START + timedelta(minutes=n), "actor_id": "a", "session_id": "s", "kind": kind, "query": query,
         "item_id": item}
        for n, (kind, query, item) in enumerate(rows)
    ]  # fmt: skip
    columns = list(schema(Interaction))
    frame = pl.DataFrame(told, schema_overrides={"ts": pl.Datetime("us", "UTC")})
    return frame.with_columns(pl.lit(None).alias(name) for name in columns if name not in frame.columns).select(columns)


def test_grades_come_from_engagements_alone():
    rows = log(
        ("search", "Nike", None),
        ("impression", "Nike", "i1"),
        ("impression", "Nike", "i2"),
        ("impression", "nike", "i3"),
        ("click", "Nike", "i1"),
        ("chat", None, "i1"),
        ("favorite", "NIKE", "i2"),
        ("click", "puma", "i3"),
        ("click", "Nike", "i9"),
    )
    found = clicked(rows, [("nike", f"i{n}") for n in (1, 2, 3, 4)], DAY)
    assert found.grades == {("nike", "i1"): 2.0, ("nike", "i2"): 1.0}
    assert found.shown == {("nike", "i3")}


def test_agreement_is_of_engaged_pairs_and_unclicked_ones_are_no_zeros():
    people = {("q", f"i{n}"): float(grade) for n, grade in enumerate((2, 1, 0, 2, 2, 0, 1))}
    told = Clicked(
        {("q", "i0"): 2.0, ("q", "i1"): 1.0, ("q", "i2"): 1.0}, frozenset({("q", "i3"), ("q", "i4"), ("q", "i5")})
    )
    found = click_agreement(people, told, seed=0, resamples=50)
    assert found.engaged.confusion.tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert (found.good_engaged.n_good, found.good_engaged.n) == (2, 3)
    assert (found.good_shown.n_good, found.good_shown.n, found.n_unseen) == (2, 3, 1)
    assert found.good_shown.value == pytest.approx(2 / 3)


def test_without_any_engagement_nothing_is_told():
    found = click_agreement({("q", "i"): 1.0}, Clicked({}, frozenset()), seed=0, resamples=50)
    assert found.engaged.n == 0
    assert math.isnan(found.good_engaged.value)
    assert found.n_unseen == 1
