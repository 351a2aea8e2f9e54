"""The best lexical items, found without scoring all: equal to the scores of all, to the last bit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.index import lexical_top
from semsearch.index.dense import matching
from semsearch.index.lexical import Column
from semsearch.index.lexical_top import LexicalTop

N = 40


def table(columns):
    """A stand-in for a LexicalIndex whose plan is always these columns."""
    made = [
        Column(str(i), np.float32(weight), np.array(sorted(held), np.int32), np.array(values, np.float32))
        for i, (weight, held, values) in enumerate(columns)
    ]
    most = {one.token: float(one.values.max()) for one in made}
    return SimpleNamespace(n_items=N, columns=lambda plan: made, most=most.__getitem__)


def scores(columns):
    total = np.zeros(N, np.float32)
    for weight, held, values in columns:
        total[sorted(held)] += np.float32(weight) * np.array(values, np.float32)
    return total


def same(one, other):
    return one.rows.tolist() == other.rows.tolist() and one.scores.tolist() == other.scores.tolist()


@st.composite
def column(draw):
    held = draw(st.sets(st.integers(0, N - 1), min_size=1))
    few = st.sampled_from([0.1, 0.3, 0.7, 1.9, 5.3])  # few values, so that there are ties
    return draw(few), held, draw(st.lists(few, min_size=len(held), max_size=len(held)))


@settings(max_examples=80, deadline=None)
@given(st.lists(column(), max_size=7), st.integers(1, 8), st.lists(st.booleans(), min_size=N, max_size=N))
def test_equal_to_scoring_everything(columns, k, mask):
    for allowed in (np.array(mask), None):
        top = LexicalTop(table(columns), allowed)
        for _ in range(2):  # the table is left as it was found
            assert same(top.search(None, k), matching(scores(columns), k, allowed))


@settings(max_examples=80, deadline=None)
@given(st.lists(column(), max_size=7), st.integers(1, 3), st.sampled_from([0, 1, 100]))
def test_columns_gone_through_or_looked_up(columns, k, factor):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical_top, "LOOKED_UP", factor)
        assert same(LexicalTop(table(columns)).search(None, k), matching(scores(columns), k))


def test_frequent_words_are_looked_up_and_not_gathered(monkeypatch):
    rare = (5.0, {3, 17}, [1.0, 2.0])
    frequent = (0.5, set(range(N)), [1.0] * N)
    asked = []
    add_to = Column.add_to
    monkeypatch.setattr(
        Column,
        "add_to",
        lambda self, total, rows: (asked.append((self.token, rows.tolist())), add_to(self, total, rows)),
    )
    found = LexicalTop(table([frequent, rare])).search(None, 1)
    assert (found.rows.tolist(), found.scores.tolist()) == ([17], [10.5])
    assert asked == [("0", [17]), ("0", [17]), ("1", [17])]  # to find the best, then to sum in the plan's order


def test_a_row_that_only_the_frequent_word_has_can_be_asked_for():
    rare = (5.0, {3}, [1.0])
    frequent = (0.5, set(range(N)), [1.0] * N)
    found = LexicalTop(table([frequent, rare])).search(None, 3)
    assert (found.rows.tolist(), found.scores.tolist()) == ([3, 0, 1], [5.5, 0.5, 0.5])


@pytest.mark.parametrize("k", [1, 5])
def test_nothing_to_look_for(k):
    assert not LexicalTop(table([])).search(None, k).rows.size
    assert not LexicalTop(table([(1.0, {2}, [1.0])]), np.zeros(N, bool)).search(None, k).rows.size
