"""The file of what was asked: it grows, says who brought what to nobody who grades, and is a file of pairs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from semsearch.errors import UsageError
from semsearch.relevance.pools import Pool, pool_at, read_pairs
from semsearch.store.labels.pools import Pair, keep_pool, pool_path, read_pool
from semsearch.workspace import Workspace

ITEM = {"title": "의자", "price": "5000"}


def pair(item_id: str, query: str = "Red  chair", **changed: object) -> Pair:
    return replace(Pair(query, item_id, "q1", ITEM, 1.0, {"bm25": 2}, imported=True), **changed)  # type: ignore[arg-type]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def test_a_pool_comes_back_without_the_items_that_can_be_looked_up(workspace: Workspace):
    brought = pair("b", "나이키 \ud83d", inclusion_probability=None, ranks={}, imported=False)
    keep_pool(workspace, "first", [pair("a"), brought])
    assert read_pool(workspace, "first") == {
        ("red chair", "a"): pair("a", item={}),
        (brought.key): brought,
    }
    assert read_pool(workspace, "second") == {}
    path = workspace.path("labels", "pools", "first.jsonl")
    assert path == pool_path(workspace, "first")
    assert json.loads(path.read_bytes().splitlines()[0]) == {
        "query": "Red  chair",
        "item_id": "a",
        "query_id": "q1",
        "inclusion_probability": 1.0,
        "imported": True,
        "ranks": {"bm25": 2},
    }


def test_it_is_a_file_of_pairs_as_any_other(workspace: Workspace):
    own = {"title": "its own"}
    keep_pool(workspace, "first", [pair("a"), pair("b", "desk", imported=False, item=own), pair("gone")])
    found = read_pairs(str(pool_path(workspace, "first")), lambda _: {"a": ITEM})
    assert [(each.item_id, each.item, each.inclusion_probability, each.imported) for each in found.pairs] == [
        ("a", ITEM, 1.0, True),
        ("b", own, 1.0, False),
    ]
    assert found.gone == (("Red  chair", "gone"),)


def test_as_a_pool_it_keeps_the_runs_and_has_the_items_as_they_are_now(workspace: Workspace):
    keep_pool(workspace, "first", [pair("a"), pair("gone"), pair("b", "desk", imported=False)])
    path = pool_path(workspace, "first")
    found = pool_at(workspace, str(path), lambda _: {"a": {"title": "now"}})
    assert found == Pool(
        (pair("a", item={"title": "now"}), pair("b", "desk", imported=False)), (("Red  chair", "gone"),)
    )
    path.rename(path.parent.parent / "elsewhere.jsonl")
    for other in (path, path.parent.parent / "elsewhere.jsonl"):
        assert pool_at(workspace, str(other), dict) is None


def test_a_deeper_pool_and_another_run_add_to_it_and_the_same_again_changes_nothing(workspace: Workspace):
    path = pool_path(workspace, "first")
    keep_pool(workspace, "first", [pair("a"), pair("z", "desk")])
    written = path.stat().st_mtime_ns, path.read_bytes()
    keep_pool(workspace, "first", [pair("z", "desk")])
    assert (path.stat().st_mtime_ns, path.read_bytes()) == written
    deeper = [pair("a", "RED chair", ranks={"bm25": 3, "hybrid": 1}), pair("b", ranks={"hybrid": 2})]
    keep_pool(workspace, "first", deeper)
    keep_pool(workspace, "first", [pair("a", ranks={}, inclusion_probability=None)])
    found = read_pool(workspace, "first")
    assert {key: dict(each.ranks) for key, each in found.items()} == {
        ("red chair", "a"): {"bm25": 3, "hybrid": 1},
        ("red chair", "b"): {"hybrid": 2},
        ("desk", "z"): {"bm25": 2},
    }
    assert {each.inclusion_probability for each in found.values()} == {1.0}
    queries = [query for query, _ in found]
    assert queries == ["red chair", "red chair", "desk"]


def test_the_order_of_a_query_is_that_of_no_run(workspace: Workspace):
    names = "abcdefgh"
    for depth in (2, 5, 8):
        keep_pool(workspace, "first", [pair(name) for name in names[:depth]])
    keep_pool(workspace, "second", [pair(name) for name in reversed(names)])
    orders = [[item for _, item in read_pool(workspace, batch)] for batch in ("first", "second")]
    assert orders[0] == orders[1] != list(names)


def test_both_sides_of_a_merge_count(workspace: Workspace):
    keep_pool(workspace, "first", [pair("a")])
    ours = pool_path(workspace, "first").read_bytes()
    theirs = ours.replace(b'"bm25": 2', b'"hybrid": 1')
    pool_path(workspace, "first").write_bytes(ours + theirs)
    assert read_pool(workspace, "first")["red chair", "a"].ranks == {"bm25": 2, "hybrid": 1}


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("=======", "no JSON"),
        ("[]", "no JSON object"),
        ('{"item_id": "i"}', "no query"),
        ('{"query": "q", "item_id": " "}', "no item_id"),
        ('{"query": "q", "item_id": "i", "title": 5}', "title is no text"),
        ('{"query": "q", "item_id": "i", "inclusion_probability": 0}', "inclusion_probability 0"),
        ('{"query": "q", "item_id": "i", "ranks": [1]}', "ranks is no object"),
    ],
)
def test_a_line_that_is_no_pair_is_named_and_stays(workspace: Workspace, line: str, wrong: str):
    keep_pool(workspace, "first", [pair("a")])
    path = pool_path(workspace, "first")
    path.write_text(f"{path.read_text()}\n{line}\n")
    for ask in (lambda: read_pool(workspace, "first"), lambda: keep_pool(workspace, "first", [pair("b")])):
        with pytest.raises(UsageError, match=f"first.jsonl:3: {wrong}"):
            ask()
    assert path.read_text().endswith(f"{line}\n")
