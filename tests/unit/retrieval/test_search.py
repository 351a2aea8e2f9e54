"""Searching the tiny market, arithmetic in view."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
import tiny_market as market
from tiny_market import NOW

from semsearch.errors import FilterError, MismatchError, MissingPart, UsageError
from semsearch.index.release import Release
from semsearch.retrieval.search import Searcher
from semsearch.settings import SearchSettings


def ids(result):
    return [hit.item_id for hit in result.hits]


def test_dense_ranks_by_cosine(searcher):
    result = searcher.search("phone", now=NOW, mode="dense")
    # phone·phone = 1; (2,0,1)/√5 gives 2/√5; (1,1,1)/√3 gives 1/√3; chairs at a right angle; 아이폰 has no vector
    assert ids(result) == ["a1", "a2", "a9", "a3", "a4"]
    assert [hit.score for hit in result.hits] == pytest.approx([1, 2 / math.sqrt(5), 1 / math.sqrt(3), 0, 0])
    assert result.hits[1].dense.rank == 2
    assert result.hits[1].lexical is None


def test_lexical_has_only_items_with_a_word(searcher):
    assert set(ids(searcher.search("phone", now=NOW, mode="lexical"))) == {"a1", "a2", "a9"}


@pytest.mark.parametrize("fusion", ["rrf", "score"])
def test_hybrid_joins_both(searcher, fusion):
    result = searcher.search("phone", now=NOW, mode="hybrid", fusion=fusion)
    assert result.fusion == fusion
    assert ids(result)[0] == "a1" or ids(result)[0] == "a2"
    assert set(ids(result)) == {"a1", "a2", "a9", "a3", "a4"}
    assert [hit.rank for hit in result.hits] == [1, 2, 3, 4, 5]
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)


def test_an_item_that_the_encoder_does_not_know_is_found_by_its_words(searcher):
    assert ids(searcher.search("아이폰", now=NOW))[0] == "a8"


def test_hits_carry_what_a_person_wants_to_see(searcher):
    hit = searcher.search("phone", now=NOW, mode="dense").hits[0]
    assert (hit.title, hit.price, hit.currency, hit.region_id, hit.status) == ("phone", 100.0, "USD", "011", "active")


def test_only_items_alive_at_now(searcher):
    def lamps(now, **more):
        return ids(searcher.search("lamp", now=now, mode="dense", where="title = lamp", **more))

    assert lamps(NOW) == []
    assert lamps(datetime(2023, 12, 31, tzinfo=UTC)) == ["a6"]  # before it ended
    assert lamps(datetime(2024, 1, 1, tzinfo=UTC)) == []  # it ends at this instant
    assert lamps(datetime(2025, 1, 1, tzinfo=UTC)) == ["a7"]  # created at this instant
    assert lamps(NOW, include_ended=True) == ["a6", "a7"]
    assert "a5" not in ids(searcher.search("chair", now=NOW))
    assert "a5" in ids(searcher.search("chair", now=NOW, include_ended=True))


def test_where_and_near_are_exact(searcher):
    def found(**filters):
        return set(ids(searcher.search("phone", now=NOW, mode="dense", **filters)))

    assert found(where="price >= 55") == {"a1", "a2", "a4"}
    assert found(near_region="011") == {"a1", "a2", "a4"}  # 011 and its neighbour 012
    assert found(near_region="역삼동", where="price < 100") == {"a4"}
    assert found(near_region="012") == {"a2"}  # neighbours are listed one way


def test_fewer_than_k_is_a_shorter_list(searcher):
    result = searcher.search("phone", now=NOW, k=100, mode="dense", where="price > 150")
    assert ids(result) == ["a2"]


def test_a_filter_that_nothing_passes_says_so(searcher):
    result = searcher.search("phone", now=NOW, where="price > 10_000")
    assert result.hits == ()
    assert "No item passes the filters." in result.notes


@pytest.mark.parametrize("query", ["", "   ", "🪑🔥", "!!! ???", "\u200b\u3164"])
@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_a_query_of_nothing_has_no_hits_and_a_note(searcher, query, mode):
    result = searcher.search(query, now=NOW, mode=mode)
    assert result.hits == ()
    assert "no letters or digits" in result.notes[0]


def test_unknown_words_say_so(searcher):
    dense = searcher.search("zzzqqq", now=NOW, mode="dense")
    assert dense.hits == ()
    assert "encoder knows nothing" in dense.notes[0]
    lexical = searcher.search("zzzqqq", now=NOW, mode="lexical")
    assert lexical.hits == ()
    assert "No allowed item has a word" in lexical.notes[0]


@pytest.mark.parametrize("query", ["phone " * 1_700, "phone" + "가나다라마" * 2_000, "x" * 10_000])
def test_ten_thousand_characters_are_answered(searcher, query):
    result = searcher.search(query, now=NOW)
    assert result.query == query
    if " " in query:
        assert result.hits
        assert "very long" in result.notes[0]


@pytest.mark.parametrize(("n", "told"), [(65, "its last word was not"), (66, "its last 2 words were not")])
def test_words_beyond_the_limit_are_counted(searcher, n, told):
    assert told in searcher.search("phone " * n, now=NOW).notes[0]


def test_explain_gives_both_ranks_however_deep(release):
    shallow = Searcher(release, market.Axes, SearchSettings(depth=1, k=1))
    hit = shallow.search("phone chair", now=NOW, explain=True, include_ended=True).hits[0]
    assert hit.dense is not None
    assert hit.lexical is not None
    assert {match.term for match in hit.matches} <= {"phone", "chair"}
    assert sum(match.score for match in hit.matches) == pytest.approx(hit.lexical.score, rel=1e-5)


def test_explain_names_the_steps(searcher):
    result = searcher.search("dkdlvhs", now=NOW, explain=True)  # 아이폰 on the wrong keyboard
    assert [(step.kind, step.before, step.after) for step in result.steps] == [("keyboard", "dkdlvhs", "아이폰")]
    assert ids(result)[0] == "a8"


def test_bad_input_is_refused(searcher):
    with pytest.raises(UsageError, match="at least 1"):
        searcher.search("phone", now=NOW, k=0)
    with pytest.raises(UsageError, match="Modes: hybrid"):
        searcher.search("phone", now=NOW, mode="magic")
    with pytest.raises(UsageError, match="Rules: rrf"):
        searcher.search("phone", now=NOW, fusion="magic")
    with pytest.raises(FilterError, match="'price'"):
        searcher.search("phone", now=NOW, where="prise < 5")
    with pytest.raises(UsageError, match=r"역삼동 \(011\)"):
        searcher.search("phone", now=NOW, near_region="역심동")
    with pytest.raises(UsageError, match=r"\(013\).*\(014\)"):
        searcher.search("phone", now=NOW, near_region="중구")


def test_another_encoder_is_refused(release):
    class Other(market.Axes):
        encoder_id = "axes2"

    searcher = Searcher(release, Other, SearchSettings())
    with pytest.raises(MismatchError, match="axes2"):
        searcher.search("phone", now=NOW)
    assert searcher.search("phone", now=NOW, mode="lexical").hits  # which needs no encoder


def test_a_missing_model_is_named(workspace):
    from semsearch import wiring
    from semsearch.settings import Settings

    searcher = wiring.open_searcher(workspace, Settings())
    with pytest.raises(MissingPart, match="Model m1"):
        searcher.search("phone", now=NOW)
    assert searcher.search("phone", now=NOW, mode="lexical").hits


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_an_hnsw_release_answers_like_an_exact_one(searcher, workspace, mode):
    from semsearch.settings import IndexSettings

    manifest = market.build(workspace, settings=IndexSettings(dense="hnsw"))
    opened = Release.open(manifest, workspace.release_path(manifest.release_id))
    graph = Searcher(opened, market.Axes, SearchSettings())
    scan = Searcher(opened, market.Axes, SearchSettings(), exact=True)
    for query in ("phone", "chair lamp", "lamp"):
        wanted = [(h.item_id, h.score) for h in searcher.search(query, now=NOW, mode=mode).hits]
        assert [(h.item_id, h.score) for h in graph.search(query, now=NOW, mode=mode).hits] == wanted
        assert [(h.item_id, h.score) for h in scan.search(query, now=NOW, mode=mode).hits] == wanted


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
@pytest.mark.parametrize("fusion", ["score", "rrf"])
@pytest.mark.parametrize("exact", [True, False])
def test_what_is_served_does_not_depend_on_how_many_are_asked_for(release, mode, fusion, exact):
    """The legs of depth 1 hold two of the items, so that nearly all come from deeper legs."""
    searcher = Searcher(release, market.Axes, SearchSettings(depth=1, fusion=fusion), exact=exact)
    for query in ("phone chair", "lamp", "아이폰 phone"):
        whole = searcher.search(query, now=NOW, k=9, mode=mode, include_ended=True).hits
        scores = [hit.score for hit in whole]
        assert scores == sorted(scores, reverse=True)
        assert len({hit.item_id for hit in whole}) == len(whole) > 1
        for k in range(1, 9):
            first = searcher.search(query, now=NOW, k=k, mode=mode, include_ended=True).hits
            assert [hit.item_id for hit in first] == [hit.item_id for hit in whole[:k]]


def test_deep_answers_hold_every_item_once(searcher):
    deep = searcher.search("phone", now=NOW, k=100, include_ended=True)
    assert sorted(ids(deep)) == sorted(set(ids(deep)))
    assert len(ids(deep)) == 8  # all that have a vector
