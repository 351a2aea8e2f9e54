"""`why` names every place where an item can get lost."""

from __future__ import annotations

import pytest
import tiny_market as market
from tiny_market import NOW

from semsearch.errors import UsageError
from semsearch.retrieval.search import Searcher
from semsearch.retrieval.why import why
from semsearch.settings import SearchSettings


def test_a_found_item(searcher):
    answer = why(searcher, "phone", "a2", now=NOW)
    assert (answer.dense.rank, answer.lexical is not None, answer.title) == (2, True, "phone phone lamp")
    assert answer.removed_by == ()
    assert answer.missing == ()
    assert answer.reasons[0].startswith("It is found: rank ")
    assert answer.rank in (1, 2)
    assert answer.release_id == searcher.release.manifest.release_id


def test_its_rank_is_the_one_of_the_search(searcher):
    for mode_rank, hit in enumerate(searcher.search("chair lamp", now=NOW).hits, 1):
        assert why(searcher, "chair lamp", hit.item_id, now=NOW).rank == mode_rank


def test_an_item_below_k(searcher):
    rank = why(searcher, "phone", "a4", now=NOW).rank
    assert rank > 2
    answer = why(searcher, "phone", "a4", now=NOW, k=2)
    assert answer.reasons[0] == f"It ranks {rank}, and 2 are shown. Next: --k {rank}"
    assert "No word of the query is in the item." in answer.reasons


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
@pytest.mark.parametrize("fusion", ["score", "rrf"])
def test_every_rank_is_the_one_of_the_search_however_shallow_the_legs(release, mode, fusion):
    shallow = Searcher(release, market.Axes, SearchSettings(depth=1, mode=mode, fusion=fusion))
    shown = shallow.search("phone chair", now=NOW, k=9).hits
    assert len(shown) > 2
    for hit in shown:
        answer = why(shallow, "phone chair", hit.item_id, now=NOW, k=9)
        assert (answer.rank, answer.mode) == (hit.rank, mode)
        assert answer.reasons[0] == f"It is found: rank {hit.rank} of the 9 that are shown."


def test_a_rank_deeper_than_was_ranked(release):
    shallow = Searcher(release, market.Axes, SearchSettings(depth=1))
    answer = why(shallow, "phone", "a4", now=NOW, k=2)
    assert answer.rank is None
    assert answer.dense.rank == 5
    assert (
        answer.reasons[0] == "It is not among the 2 items that the search ranks: the best 1 of each leg (search.depth)."
    )


@pytest.mark.parametrize(
    ("item_id", "cause"),
    [("a5", "its status is sold"), ("a6", "it ended at 2024-01-01T00:00:00+00:00"), ("a7", "created later, at 2025")],
)
def test_an_item_that_is_not_alive(searcher, item_id, cause):
    answer = why(searcher, "lamp", item_id, now=NOW)
    assert len(answer.removed_by) == 1
    assert answer.removed_by[0].startswith("alive: ")
    assert cause in answer.removed_by[0]
    assert answer.dense is not None  # the rank that it would have
    assert why(searcher, "lamp", item_id, now=NOW, include_ended=True).removed_by == ()


def test_every_filter_that_removes_it_is_named(searcher):
    answer = why(searcher, "phone", "a1", now=NOW, where="price > 150", near_region="012")
    assert answer.removed_by == ("--where price > 150", "--near 012: its region is 011")
    kept = why(searcher, "phone", "a1", now=NOW, where="price < 150", near_region="011")
    assert kept.removed_by == ()


def test_an_item_without_a_vector(searcher):
    answer = why(searcher, "phone", "a8", now=NOW)
    assert answer.dense is None
    assert "The item has no vector: the encoder knows nothing in its text." in answer.reasons


def test_a_query_that_nothing_knows(searcher):
    answer = why(searcher, "zzzqqq", "a1", now=NOW)
    assert (answer.dense, answer.lexical, answer.rank) == (None, None, None)
    assert "The query has nothing that either leg knows." in answer.reasons


def test_an_item_that_is_only_in_the_catalogue(searcher):
    answer = why(searcher, "phone", "b1", now=NOW, in_catalogue=lambda item_id: item_id == "b1")
    assert not answer.in_release
    assert "semsearch index build" in answer.reasons[0]


def test_an_item_that_nobody_knows(searcher):
    with pytest.raises(UsageError, match="nor the catalogue has an item 'b2'") as error:
        why(searcher, "phone", "b2", now=NOW)
    assert "semsearch import items" in error.value.next_step


def test_a_region_that_does_not_exist(searcher):
    with pytest.raises(UsageError, match="No region"):
        why(searcher, "phone", "a1", now=NOW, near_region="nowhere")
