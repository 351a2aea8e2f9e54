"""Known positives and items shown in vain, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from semsearch.training.log.hard import impressed, known_positives

START = datetime(2026, 1, 1, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")
IDS = ["i0", "i1", "i2", "i3"]


def lists(ragged) -> list[list[int]]:
    return [ragged.values[a:b].tolist() for a, b in zip(ragged.starts, ragged.starts[1:], strict=False)]


def test_known_positives_are_clusters_per_key():
    frame = pl.DataFrame({"key": ["폰", "폰", "폰", "책", "x"], "item_id": ["i3", "i0", "i0", "gone", "i1"]})
    clusters = np.array([7, 1, 2, 5])
    assert lists(known_positives(frame, ["책", "폰", "새", "폰"], IDS, clusters)) == [[], [5, 7], [], [5, 7]]
    assert lists(known_positives(frame, ["폰"], IDS, np.array([7, 1, 2, 7]))) == [[7]]
    assert lists(known_positives(frame.clear(), ["폰"], IDS, clusters)) == [[]]
    assert len(known_positives(frame, [], IDS, clusters)) == 0


def log(*rows: tuple) -> pl.DataFrame:
    """(minute, kind, query, item, actor)"""
    made = [(START + timedelta(minutes=m), *rest) for m, *rest in rows]
    names = {"ts": TIME, "kind": pl.String, "query": pl.String, "item_id": pl.String, "actor_id": pl.String}
    return pl.DataFrame(made, schema=names, orient="row")


SHOWN = log(
    (0, "impression", "폰", "i0", "a"), (0, "impression", "폰", "i1", "a"), (0, "impression", "폰", "i2", "a"),
    (1, "impression", " 폰", "i2", "b"), (1, "impression", "폰", "i3", "b"), (1, "impression", "폰", "gone", "b"),
    (1, "impression", None, "i0", "b"), (1, "search", "폰", None, "b"), (2, "impression", "책", "i0", "b"),
    (9, "impression", "폰", "i3", "b"), (9, "impression", "폰", "i3", "b"),
)  # fmt: skip
ENGAGED = log((20, "click", "폰 ", "i0", "c"), (20, "chat", "책", "i3", "b"))
LATE = START + timedelta(hours=1)


def test_what_was_shown_and_engaged_by_nobody_comes_most_shown_first():
    keys = ["폰", "새", "책", "폰"]
    assert lists(impressed(SHOWN, ENGAGED, keys, IDS, before=LATE)) == [[3, 2, 1], [], [0], [3, 2, 1]]
    early = impressed(SHOWN.lazy(), ENGAGED, keys, IDS, before=START + timedelta(minutes=9), cap=2)
    assert lists(early) == [[2, 0], [], [0], [2, 0]]  # what is engaged later is not known yet


def test_an_actor_is_shown_things_himself_and_an_item_nothing():
    assert lists(impressed(SHOWN, ENGAGED, ["a", "b"], IDS, before=LATE, side="actor")) == [[0, 1, 2], [0, 2]]
    assert lists(impressed(SHOWN, ENGAGED, ["i1"], IDS, before=LATE, side="item")) == [[]]


def test_without_impressions_or_keys_the_lists_are_empty():
    assert lists(impressed(SHOWN.clear(), ENGAGED, ["폰"], IDS, before=LATE)) == [[]]
    assert len(impressed(SHOWN, ENGAGED, [], IDS, before=LATE)) == 0
    assert lists(impressed(SHOWN, ENGAGED.clear(), ["책"], IDS, before=LATE)) == [[0]]


def test_row_order_never_matters():
    shuffled = SHOWN.sample(fraction=1.0, shuffle=True, seed=3)
    expected = lists(impressed(SHOWN, ENGAGED, ["폰", "책"], IDS, before=LATE))
    assert lists(impressed(shuffled, ENGAGED.reverse(), ["폰", "책"], IDS, before=LATE)) == expected
