"""Neighbours of one item."""

from __future__ import annotations

import math

import pytest
from tiny_market import NOW

from semsearch.errors import UsageError
from semsearch.retrieval.similar import similar


def test_the_item_itself_is_left_out_and_copies_are_listed_once(searcher):
    result = similar(searcher, "a5", now=NOW)  # chair lamp; it is sold, but may be asked about
    assert (result.by, result.title) == ("dense", "chair lamp")
    # (0,1,1)/√2 with (1,1,1)/√3: 2/√6; with chair: 1/√2, of which there are two; with (2,0,1)/√5: 1/√10; with phone: 0
    assert [(h.item_id, h.n_same) for h in result.hits] == [("a9", 1), ("a3", 2), ("a2", 1), ("a1", 1)]
    assert [h.score for h in result.hits] == pytest.approx([2 / math.sqrt(6), 1 / math.sqrt(2), 1 / math.sqrt(10), 0])


def test_a_copy_of_the_item_is_its_nearest(searcher):
    first = similar(searcher, "a3", now=NOW).hits[0]
    assert (first.item_id, first.n_same) == ("a4", 1)
    assert first.score == pytest.approx(1)


def test_copies_do_not_use_up_k(searcher):
    assert [h.item_id for h in similar(searcher, "a5", now=NOW, k=3).hits] == ["a9", "a3", "a2"]


def test_filters(searcher):
    assert [h.item_id for h in similar(searcher, "a5", now=NOW, where="price >= 100").hits] == ["a2", "a1"]
    assert similar(searcher, "a5", now=NOW, where="price > 10_000").hits == ()
    assert similar(searcher, "a5", now=NOW, where="title = 'lamp'", include_ended=True).hits[0].n_same == 2


def test_an_item_without_a_vector_is_compared_by_words(searcher):
    result = similar(searcher, "a8", now=NOW)
    assert result.by == "lexical"
    assert "no vector" in result.notes[0]
    assert "a8" not in [h.item_id for h in result.hits]


def test_an_unknown_item(searcher):
    with pytest.raises(UsageError, match="no item 'b1'"):
        similar(searcher, "b1", now=NOW)
    with pytest.raises(UsageError, match="at least 1"):
        similar(searcher, "a1", now=NOW, k=0)
