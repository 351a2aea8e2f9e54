"""The whole pool by exact search, by hand: three items in a plane, questions at different days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.evaluation.runs import Run
from semsearch.records import Item, schema
from semsearch.training import pool as module
from semsearch.training.pool import Pool, by_popularity, by_vectors

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
LIVES = {"always": (None, None), "from 2": (2, None), "until 3": (None, 3), "2 to 3": (2, 3)}
ITEMS = pl.DataFrame(
    [(item, *(None if d is None else START + d * DAY for d in life)) for item, life in LIVES.items()],
    schema={name: schema(Item)[name] for name in ("item_id", "created_at", "ended_at")},
    orient="row",
)
POOL = Pool.of(ITEMS)
VECTORS = np.array([[1, 0], [0.8, 0.6], [0, 1], [0, 0]], np.float32)


def ranked(queries: list, days: list[int], k: int = 4, seen: dict | None = None) -> list[list[tuple[str, float]]]:
    asked = {f"q{n}": START + day * DAY for n, day in enumerate(days)}
    found = POOL.ranked(asked, seen or {}, by_vectors(np.array(queries, np.float32), VECTORS), k, "towers")
    return hits(found, list(asked))


def hits(run: Run, ids: list[str]) -> list[list[tuple[str, float]]]:
    return [[(item_id, round(score, 6)) for item_id, score in run.hits(q)] for q in ids]


def test_alive_from_its_first_moment_up_to_its_last() -> None:
    assert POOL.alive(START + DAY).tolist() == [True, False, True, False]
    assert POOL.alive(START + 2 * DAY).tolist() == [True, True, True, True]
    assert POOL.alive(START + 3 * DAY).tolist() == [True, True, False, False]
    assert POOL.alive(START + 3 * DAY - timedelta(microseconds=1)).tolist() == [True] * 4


def test_there_at_some_moment_of_a_span() -> None:
    assert POOL.between(START, START + 2 * DAY).tolist() == [True, False, True, False]
    assert POOL.between(START + 3 * DAY, START + 4 * DAY).tolist() == [True, True, False, False]
    assert POOL.between(START + DAY, START + 5 * DAY).tolist() == [True] * 4


def test_the_best_alive_items_of_each_question() -> None:
    first, later = ranked([[1, 0], [1, 0]], days=[1, 2])
    assert first == [("always", 1.0), ("until 3", 0.0)]  # `from 2` is not there yet; `2 to 3` has no vector
    assert later == [("always", 1.0), ("from 2", 0.8), ("until 3", 0.0)]
    assert ranked([[0, 1]], days=[2], k=1) == [[("until 3", 1.0)]]


def test_what_was_seen_is_left_out_and_unknown_ids_are_harmless() -> None:
    seen = {"q0": frozenset(("always", "gone")), "q1": frozenset()}
    first, second = ranked([[1, 0], [1, 0]], days=[2, 2], k=1, seen=seen)
    assert (first, second) == ([("from 2", 0.8)], [("always", 1.0)])


def test_a_question_without_a_vector_and_one_without_a_living_item_have_no_hits() -> None:
    assert ranked([[0, 0]], days=[2]) == [[]]
    only = Pool.of(ITEMS.filter(pl.col("item_id") == "from 2"))
    run = only.ranked({"q": START}, {}, by_vectors(np.ones((1, 2), np.float32), VECTORS[1:2]), 3, "x")
    assert hits(run, ["q"]) == [[]]
    none = POOL.ranked({}, {}, by_vectors(np.zeros((0, 2), np.float32), VECTORS), 3, "x")
    assert len(none) == 0


def test_popularity_answers_everyone_alike_with_what_is_there() -> None:
    scores = by_popularity(np.array([1.0, 5.0, 0.0, 2.0]))
    asked = {"a": START, "b": START + 2 * DAY}
    run = POOL.ranked(asked, {}, scores, 4, "popularity")
    assert hits(run, ["a", "b"]) == [[("always", 1.0)], [("from 2", 5.0), ("2 to 3", 2.0), ("always", 1.0)]]


def test_ties_go_by_row() -> None:
    scores = by_popularity(np.array([1.0, 1.0, 1.0, 1.0]))
    run = POOL.ranked({"q": START + 2 * DAY}, {}, scores, 4, "popularity")
    assert [item for item, _ in hits(run, ["q"])[0]] == list(LIVES)


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 6))
def test_the_size_of_a_block_changes_nothing(block: int, n: int, k: int) -> None:
    rng = np.random.default_rng(n)
    queries = rng.standard_normal((n, 2)).astype(np.float32)
    asked = {f"q{i}": START + int(rng.integers(4)) * DAY for i in range(n)}
    with pytest.MonkeyPatch.context() as patch:
        whole = POOL.ranked(asked, {}, by_vectors(queries, VECTORS), k, "x")
        patch.setattr(module, "BLOCK", block)
        parts = POOL.ranked(asked, {}, by_vectors(queries, VECTORS), k, "x")
    assert hits(whole, list(asked)) == hits(parts, list(asked))
