"""Pairs from runs and files: what is in a pool, what is hidden, what is left out and what is refused."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

from semsearch.errors import UsageError
from semsearch.evaluation.queries import query_id_of
from semsearch.evaluation.runs import Run
from semsearch.ingest.importing import import_rows
from semsearch.relevance.pools import Pool, lookup_of, pool, read_pairs
from semsearch.workspace import Workspace

TEXTS = {"q1": "red chair", "q2": "desk"}
ITEMS = {name: {"title": f"item {name}"} for name in "abcdef"}


def lookup(item_ids: Collection[str]) -> dict[str, dict[str, str]]:
    return {item_id: ITEMS[item_id] for item_id in item_ids if item_id in ITEMS}


def run(name: str, **rankings: str) -> Run:
    """Items by one letter each, the best first."""
    return Run.of({q: [(item, -rank) for rank, item in enumerate(items)] for q, items in rankings.items()}, name)


def ids(found: Pool) -> list[tuple[str, str]]:
    return [(pair.query_id, pair.item_id) for pair in found.pairs]


# --- pools --------------------------------------------------------------------------------------------------------


def test_a_pool_is_the_union_of_what_runs_rank_high_each_pair_once():
    found = pool([run("A", q1="abc", q2="d"), run("B", q1="cda", q2="")], TEXTS, 2, lookup)
    assert sorted(ids(found)) == [("q1", "a"), ("q1", "b"), ("q1", "c"), ("q1", "d"), ("q2", "d")]
    assert {(p.item_id, p.query): dict(p.ranks) for p in found.pairs} == {
        ("a", "red chair"): {"A": 1},
        ("b", "red chair"): {"A": 2},
        ("c", "red chair"): {"B": 1},
        ("d", "red chair"): {"B": 2},
        ("d", "desk"): {"A": 1},
    }
    assert pool([run("A", q1="abc"), run("B", q1="cda")], TEXTS, 3, lookup).pairs[0].item in ITEMS.values()
    both = pool([run("A", q1="ab"), run("B", q1="ba")], TEXTS, 2, lookup)
    assert {p.item_id: dict(p.ranks) for p in both.pairs} == {"a": {"A": 1, "B": 2}, "b": {"A": 2, "B": 1}}
    assert {tuple(p.ranks) for p in both.pairs} == {("A", "B")}


def test_who_brought_a_pair_is_recorded_and_hidden():
    (pair,) = pool([run("secret-system", q2="d")], TEXTS, 1, lookup).pairs
    assert "secret" not in repr(pair)
    assert tuple(pair.ranks) == ("secret-system",)


def test_the_order_of_a_query_is_that_of_no_run_and_always_the_same():
    forth = pool([run("A", q1="abcdef"), run("B", q2="ab")], TEXTS, 6, lookup)
    back = pool([run("B", q2="ba"), run("A", q1="fedcba")], TEXTS, 6, lookup)
    items = [p.item_id for p in forth.pairs if p.query_id == "q1"]
    assert items not in (list("abcdef"), list("fedcba"))
    assert items == [p.item_id for p in back.pairs if p.query_id == "q1"]
    assert [p.query_id for p in forth.pairs] == ["q1"] * 6 + ["q2"] * 2


def test_ids_of_one_text_are_one_query():
    found = pool([run("A", q1="ab"), run("B", x9="bc")], TEXTS | {"x9": " Red  Chair"}, 2, lookup)
    assert {p.query for p in found.pairs} == {"red chair"}
    assert sorted(ids(found)) == [("q1", "a"), ("q1", "b"), ("q1", "c")]


def test_an_item_that_is_gone_is_left_out_and_told():
    found = pool([run("A", q1="axb", q2="x")], TEXTS, 3, lookup)
    assert sorted(ids(found)) == [("q1", "a"), ("q1", "b")]
    assert sorted(found.gone) == [("desk", "x"), ("red chair", "x")]


@pytest.mark.parametrize("texts", [{}, {"q1": "  "}])
def test_a_query_without_a_text_is_refused(texts: dict[str, str]):
    with pytest.raises(UsageError, match="Run 'A' holds query 'q1', and nobody says what was typed") as refused:
        pool([run("A", q1="a")], texts, 1, lookup)
    assert "--queries" in refused.value.next_step


def test_two_runs_of_one_name_are_refused():
    with pytest.raises(UsageError, match="Two runs are called 'A'"):
        pool([run("A", q1="a"), run("A", q1="b")], TEXTS, 1, lookup)


# --- files --------------------------------------------------------------------------------------------------------


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pairs.csv", "query,item_id\nred chair,a\ndesk,b\nred chair,a\n"),
        ("pairs.tsv", "item_id\tquery\na\tred chair\nb\tdesk\na\tred  chair \n"),
        (
            "pairs.jsonl",
            '{"query": "red chair", "item_id": "a"}\n{"query": "desk", "item_id": "b"}\n'
            '\n{"query": "RED chair", "item_id": "a"}\n',
        ),
    ],
)
def test_pairs_of_a_file_in_their_order_each_once(tmp_path: Path, name: str, text: str):
    found = read_pairs(written(tmp_path, name, text), lookup)
    assert [(p.query, p.item_id, p.item, tuple(p.ranks)) for p in found.pairs] == [
        ("red chair", "a", ITEMS["a"], ()),
        ("desk", "b", ITEMS["b"], ()),
    ]
    assert found.n_repeated == 1
    assert found.pairs[0].query_id == query_id_of("red chair")
    assert found.pairs[0].key == ("red chair", "a")


def test_a_file_may_bring_the_items_and_the_ids(tmp_path: Path):
    rows = [
        {"query_id": "7", "query": "의자", "item_id": "0012", "title": "나무 의자", "body": "", "price": 5000},
        {"query": "의자", "item_id": "a"},
        {"query": "의자", "item_id": "n", "body": "only words"},
        {"query": "의자", "item_id": "gone", "price": 3},
    ]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    found = read_pairs(written(tmp_path, "pairs.jsonl", lines), lookup)
    assert [(p.query_id, p.item_id, dict(p.item)) for p in found.pairs] == [
        ("7", "0012", {"title": "나무 의자", "price": "5000"}),
        (query_id_of("의자"), "a", ITEMS["a"]),
        (query_id_of("의자"), "n", {"body": "only words"}),
    ]
    assert found.gone == (("의자", "gone"),)


def test_a_drawn_pair_keeps_its_probability(tmp_path: Path):
    name = written(tmp_path, "drawn.csv", "query,item_id,inclusion_probability\nred chair,a,0.25\nred chair,b,\n")
    assert [pair.inclusion_probability for pair in read_pairs(name, lookup).pairs] == [0.25, None]
    for wrong in ("0", "1.5", "often", "nan"):
        name = written(tmp_path, "wrong.csv", f"query,item_id,inclusion_probability\nred chair,a,{wrong}\n")
        with pytest.raises(UsageError, match=r"wrong\.csv:2: inclusion_probability"):
            read_pairs(name, lookup)


def test_pairs_from_standard_input_and_parquet(tmp_path: Path):
    assert len(read_pairs("-", lookup, stdin=BytesIO(b"query,item_id\ndesk,a\n")).pairs) == 1
    path = tmp_path / "pairs.parquet"
    pl.DataFrame({"query": ["desk"], "item_id": ["a"]}).write_parquet(path)
    assert len(read_pairs(str(path), lookup).pairs) == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.csv", "query,item_id\ndesk,a\n ,b\n", "p.csv:3: the query is empty"),
        ("p.csv", "query,item_id\n\u3164,b\n", "p.csv:2: the query is empty"),
        ("p.csv", "query,item_id\ndesk,\n", "p.csv:2: the item_id is empty"),
        ("p.jsonl", '{"query": "desk", "item_id": "a"}\n{"query": null, "item_id": "b"}', "p.jsonl:2: the query is"),
        ("p.jsonl", '{"query": "desk", "item_id": "a"}\n{"query"', "p.jsonl:2: is not valid JSON"),
        ("p.csv", "query,item_id\ndesk,a,b\n", "p.csv:2:"),
        ("p.csv", "q,item\ndesk,a\n", "p.csv has no column 'query'; there are: q, item"),
        ("p.csv", "query,item\ndesk,a\n", "has no column 'item_id'"),
        ("p.csv", "query,item_id\n", "holds no pair"),
        ("p.csv", "", "holds no pair"),
    ],
)
def test_what_is_no_pair_is_refused_with_its_line(tmp_path: Path, name: str, text: str, said: str):
    with pytest.raises(UsageError) as refused:
        read_pairs(written(tmp_path, name, text), lookup)
    assert said in refused.value.message
    assert refused.value.next_step.startswith("Next: ")


def test_items_come_from_the_catalogue(tmp_path: Path):
    workspace = Workspace.create(tmp_path / "market")
    given = lookup_of(workspace)
    assert given(["1"]) == {}
    file = written(tmp_path, "items.csv", "item_id,title,body,price\n1,chair,oak,5000\n2,desk,,\n3,lamp,,\n")
    import_rows(workspace, "items", [file], now=datetime(2026, 3, 1, tzinfo=UTC))
    found = given(["1", "2", "9"])
    assert found.keys() == {"1", "2"}
    assert found["2"] == {"title": "desk"}
    assert (found["1"]["title"], found["1"]["body"], found["1"]["price"]) == ("chair", "oak", "5000")
    assert given([]) == {}
