"""What a release answers to many queries is what it answers to each."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.retrieval import tiny_market as market

from semsearch.errors import UsageError
from semsearch.index.dense import matching
from semsearch.index.release import Release
from semsearch.longtail import hits as room
from semsearch.longtail.hits import hits_of
from semsearch.retrieval.legs import Filters
from semsearch.retrieval.query_side import QuerySide
from semsearch.retrieval.search import Searcher
from semsearch.settings import SearchSettings
from semsearch.workspace import Workspace

QUERIES = ["phone", "chair lamp", "아이폰", "wooden chair", "🎁", "ㅋ", "", "x" * 500]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    workspace = Workspace.create(tmp_path_factory.mktemp("market"))
    manifest = market.build(workspace)
    release = Release.open(manifest, workspace.release_path(manifest.release_id))
    return Searcher(release, market.Axes, SearchSettings())


def asked(searcher, queries=QUERIES, k=2, **more):
    return list(hits_of(searcher, queries, now=market.NOW, k=k, **more))


def test_dense_hits_are_those_of_a_search(searcher):
    for found in asked(searcher, depth=4):
        hits = searcher.search(found.query, now=market.NOW, k=4, mode="dense").hits if found.vector is not None else ()
        assert [searcher.release.rows[row]["item_id"] for row in found.dense.rows] == [hit.item_id for hit in hits]
        assert found.dense.scores.tolist() == [hit.score for hit in hits]


def test_lexical_hits_are_the_best_of_all_scores(searcher):
    allowed = searcher.allowed(Filters(market.NOW))
    lexical = searcher.release.lexical
    for found in asked(searcher):
        scores = lexical.scores(lexical.plan(found.query))
        best = matching(scores, 2, allowed)
        assert found.lexical.rows.tolist() == best.rows.tolist()
        assert found.lexical.scores.tolist() == best.scores.tolist()
        assert found.shared.tolist() == scores[found.dense.rows[:2]].tolist()


def test_what_nobody_can_search_for_has_no_hits(searcher):
    for found in asked(searcher, ["🎁", "", "ㅋ"]):
        assert found.vector is None
        assert not found.dense.rows.size and not found.lexical.rows.size and not found.shared.size


def test_an_unknown_word_of_the_encoder_is_still_looked_up(searcher):
    (found,) = asked(searcher, ["아이폰"])
    assert found.vector is None and not found.dense.rows.size
    assert [searcher.release.rows[row]["item_id"] for row in found.lexical.rows] == ["a8"]


def test_batches_do_not_matter(searcher, monkeypatch):
    whole = asked(searcher)
    monkeypatch.setattr(room, "BATCH", 3)
    for one, other in zip(whole, asked(searcher), strict=True):
        assert one.query == other.query
        assert one.plan == other.plan
        for leg in ("dense", "lexical"):
            assert all(np.array_equal(a, b) for a, b in zip(getattr(one, leg), getattr(other, leg), strict=True))


def test_one_answer_a_query_and_none_without(searcher):
    assert [found.query for found in asked(searcher)] == QUERIES
    assert asked(searcher, []) == []


def test_a_tower_that_is_not_asked_with_typed_text_is_refused(searcher):
    class OfItems(QuerySide):
        of = "item"

    other = Searcher(searcher.release, market.Axes, SearchSettings(), open_side=OfItems)
    with pytest.raises(UsageError, match="an item"):
        asked(other)
