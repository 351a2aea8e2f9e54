"""`grade pairs` in every output mode, from pairs to labels that are a machine's, and what it says to bad input.

The model is a scripted server over real HTTP: nothing that it says is a figure of quality.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.contract.chat_replies import Asked, Reply, wrong_shape
from tests.contract.chat_server import Server
from tests.contract.scripted_judge import judge
from tests.e2e.program import Done, market_that_asks, run
from tests.e2e.test_commands import commands

from semsearch.cli.output import CONTROL

NASTY = "\x1b[31m\u202e[bold]"
ITEMS = {
    "a": "에어팟 프로 케이스 새상품",
    "b": "에어팟 프로 본체",
    "c": f"에어팟 3세대 케이스 {NASTY}",
    "d": "나이키 운동화 270",
}
PAIRS = [("프로 케이스", item) for item in ITEMS] + [("나이키? 운동화", "d"), ("나이키? 파랑 운동화", "d")]
GRADES = {"a": "2", "b": "0", "c": "1", "d": "0"}


@dataclass(frozen=True)
class Desk:
    """A workspace with items and runs, and the server that its model is."""

    root: Path
    files: Path
    server: Server

    def grade(self, *arguments: object) -> Done:
        return run("grade", *arguments, "-w", self.root)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(judge) as served:
        yield served


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Desk:
    folder = tmp_path_factory.mktemp("grade")
    root = folder / "market"
    market_that_asks(root, server.url)
    items = "".join(json.dumps({"item_id": key, "title": title}) + "\n" for key, title in ITEMS.items())
    (folder / "items.jsonl").write_text(items)
    assert run("import", "items", folder / "items.jsonl", "-w", root).code == 0
    pairs = "".join(json.dumps({"query": query, "item_id": item}) + "\n" for query, item in PAIRS)
    (folder / "pairs.jsonl").write_text(pairs)
    (folder / "queries.tsv").write_text("query_id\tquery\nq1\t프로 케이스\n")
    (folder / "one.run").write_text("q1 Q0 a 1 3 one\nq1 Q0 b 2 2 one\nq1 Q0 d 3 1 one\n")
    (folder / "two.run").write_text("q1 Q0 c 1 3 two\nq1 Q0 a 2 2 two\n")
    return Desk(root, folder, server)


@pytest.fixture
def desk(made: Desk, tmp_path: Path) -> Desk:
    return Desk(Path(shutil.copytree(made.root, tmp_path / "market")), made.files, made.server)


def labels(root: Path) -> list[dict[str, object]]:
    found = sorted((root / "labels").glob("*/*/*.jsonl"))
    return [json.loads(line) for path in found for line in path.read_text(encoding="utf-8").splitlines()]


def pool(root: Path, batch: str = "pairs") -> dict[str, dict[str, Any]]:
    """Rows of a batch's pool by item; none when nothing was asked."""
    path = root / "labels" / "pools" / f"{batch}.jsonl"
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines()) if path.exists() else ()
    return {row["item_id"]: row for row in rows}


@pytest.mark.parametrize("mode", ["", "--json", "--jsonl"])
def test_grade_pairs_in_every_output_mode(mode: str, desk: Desk):
    done = desk.grade("pairs", desk.files / "pairs.jsonl", *([mode] if mode else []))
    assert done.code == 0, done.err
    assert "Next: " not in done.out and "Next: semsearch " in done.err
    assert not CONTROL.search(done.out + done.err)
    if not mode:
        assert "core not met: item 케이스" in done.out
        facts = [line.split() for line in done.out.splitlines()[:8]]
        assert facts[:6] == [["pairs", "6"], ["2", "1"], ["1–2", "1"], ["1", "1"], ["0–1", "1"], ["0", "2"]]
        assert [name for name, _ in facts[6:]] == ["labels", "pool"] and all(
            Path(path).is_file() for _, path in facts[6:]
        )
        return
    rows = json.loads(done.out)["rows"] if mode == "--json" else [json.loads(line) for line in done.out.splitlines()]
    assert {row["item_id"]: row["grade"] for row in rows[:4]} == GRADES
    assert [(row["grade_low"], row["grade_high"]) for row in rows[4:]] == [(1, 2), (0, 1)]


def test_abstentions_are_told_with_what_was_wrong(desk: Desk):
    before = desk.server.answer
    desk.server.answer = lambda _: wrong_shape()
    try:
        (desk.files / "new.jsonl").write_text(json.dumps({"query": "파랑 운동화", "item_id": "d"}) + "\n")
        done = desk.grade("pairs", desk.files / "new.jsonl", "--json")
    finally:
        desk.server.answer = before
    (row,) = json.loads(done.out)["rows"]
    assert row["why"].startswith("wrong shape: ") and row["why"].endswith(row["reasoning"])
    assert "1 pair of 1 (100%) got no answer, and no label: wrong shape 1.\n1 call, 0 answers known" in done.err
    assert labels(desk.root) == [] and list(pool(desk.root)) == ["d"]
    shown = desk.grade("pairs", desk.files / "new.jsonl").out
    assert "no answer  1\n" in shown and " – " in shown


def test_what_is_next_is_what_people_say_of_the_same_pairs(desk: Desk, tmp_path: Path):
    def told() -> str:
        return desk.grade("pairs", desk.files / "pairs.jsonl").err.rsplit("Next: semsearch ", 1)[1].strip()

    step = told().split()
    assert step[:2] == ["label", "sample"] and run(*step).code == 0
    assert told() == f"label session -w {desk.root} pairs --by NAME"
    (tmp_path / "said.tsv").write_text("query\titem_id\tgrade\n프로 케이스\ta\t2\n")
    assert run("label", "import", tmp_path / "said.tsv", "--as", "minji", "-w", desk.root).code == 0
    assert told() == f"grade audit -w {desk.root}"


def test_every_grade_command_is_tested_here():
    assert {path for path in commands() if path.startswith("grade ")} == {"grade pairs", "grade tune", "grade audit"}


def test_labels_are_a_machines_and_a_repeated_run_adds_none(desk: Desk):
    assert desk.grade("pairs", desk.files / "pairs.jsonl").code == 0
    first, before = labels(desk.root), desk.server.n_calls
    assert len(first) == 6 and {label["source"] for label in first} == {"model"}
    assert not (desk.root / "labels" / "people").exists()
    again = json.loads(desk.grade("pairs", desk.files / "pairs.jsonl", "--json").out)
    assert (again["n_calls"], again["spent_usd"], desk.server.n_calls) == (0, 0, before)
    assert labels(desk.root) == first


def test_a_pool_of_runs_has_each_pair_once_and_is_kept_without_saying_whose(desk: Desk):
    one, two = (("--run", desk.files / f"{name}.run", "--queries", desk.files / "queries.tsv")
                for name in ("one", "two"))  # fmt: skip
    assert desk.grade("pairs", *one, "--dry-run").code == 0 and pool(desk.root) == {}
    before = len(desk.server.requests)
    done = desk.grade("pairs", *one, *two[:2], "--depth", "2", "--jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert sorted(row["item_id"] for row in rows) == ["a", "b", "c"]
    asked = "".join(each.system + each.user for each in desk.server.requests[before:]).replace("¦", "")
    assert not any(name in text for name in ("one.run", "two.run") for text in (done.out, done.err, asked))
    assert {item: row["ranks"] for item, row in pool(desk.root).items()} == {
        "a": {"one.run": 1, "two.run": 2},
        "b": {"one.run": 2},
        "c": {"two.run": 1},
    }
    assert {each["inclusion_probability"] for each in [*pool(desk.root).values(), *labels(desk.root)]} == {1}
    deeper = json.loads(desk.grade("pairs", *one, "--depth", "3", "--json").out)
    assert (deeper["pairs"], deeper["n_calls"], deeper["n_cached"]) == (3, 1, 2)
    assert {item: set(row["ranks"]) for item, row in pool(desk.root).items()} == {
        "a": {"one.run", "two.run"}, "b": {"one.run"}, "c": {"two.run"}, "d": {"one.run"},
    }  # fmt: skip


def test_a_pool_becomes_a_batch_for_people(desk: Desk, tmp_path: Path):
    runs = ["--run", desk.files / "one.run", "--queries", desk.files / "queries.tsv"]
    assert desk.grade("pairs", *runs).code == 0
    studio = ["--format", "label-studio", "--batch", "pairs"]
    done = run("label", "export", tmp_path / "tasks.json", *studio, "-w", desk.root)
    assert done.code == 2 and "'pairs' is a pool that a model graded" in done.err
    step = done.err.rsplit("Next: semsearch ", 1)[1].split()
    assert step[:3] == ["label", "sample", "-w"]
    assert run(*step).code == 0
    drawn = (desk.root / "labels" / "batches" / "pairs.jsonl").read_text(encoding="utf-8")
    rows = list(map(json.loads, drawn.splitlines()))
    assert {(row["item_id"], row["inclusion_probability"], row["imported"]) for row in rows} == {
        ("a", 1, True), ("b", 1, True), ("d", 1, True),
    }  # fmt: skip
    assert {row["item_id"]: row["ranks"]["one.run"] for row in rows} == {"a": 1, "b": 2, "d": 3}


def test_a_dry_run_sends_nothing_and_a_cap_keeps_what_was_paid(desk: Desk):
    before = desk.server.n_calls
    priced = json.loads(desk.grade("pairs", desk.files / "pairs.jsonl", "--dry-run", "--json").out)
    assert priced["n"] == 6 and priced["worst_usd"] > 0 and desk.server.n_calls == before
    cap = 1.1 * priced["worst_usd"] / 6
    capped = desk.grade("pairs", desk.files / "pairs.jsonl", "--max-usd", str(cap), "--json")
    assert capped.code == 5 and 0 < json.loads(capped.out)["spent_usd"] <= cap
    rest = json.loads(desk.grade("pairs", desk.files / "pairs.jsonl", "--json").out)
    assert rest["pairs"] == 6 and len(labels(desk.root)) == 6


def test_an_outage_in_the_middle_loses_nothing_and_pays_nothing_twice(desk: Desk):
    def three_answers(asked: Asked) -> Reply:
        return judge(asked) if asked.number <= first + 3 else Reply(status=503, error="down")

    first = desk.server.n_calls
    desk.server.answer = three_answers
    try:
        stopped = run("grade", "pairs", desk.files / "pairs.jsonl", "--json", "-w", desk.root)
    finally:
        desk.server.answer = judge
    n_answered = len(labels(desk.root))
    assert n_answered <= 3
    rest = json.loads(desk.grade("pairs", desk.files / "pairs.jsonl", "--json").out)
    assert rest["n_calls"] == 6 - 3 and len(labels(desk.root)) == 6
    assert stopped.code in (0, 4)


def test_nothing_to_audit_or_to_tune_on_says_what_to_do(desk: Desk):
    for verb in ("audit", "tune"):
        done = desk.grade(verb, "--by", "minji") if verb == "tune" else desk.grade(verb)
        assert done.code in (2, 4) and "Next: semsearch " in done.err, done.err


BAD = {
    "nothing": ([], "from a file or from runs"),
    "both": (["{pairs}", "--run", "{run}"], "from a file or from runs"),
    "no such file": (["{files}/none.tsv"], "none.tsv"),
    "an empty query": (["{empty}"], "empty.tsv:3"),
    "items that are gone": (["{gone}"], "No pair is left"),
    "a run without queries": (["--run", "{run}"], "nobody says what was typed"),
    "one run twice": (["--run", "{run}", "--run", "{run}", "--queries", "{queries}"], "Two runs"),
    "depth for a file": (["{pairs}", "--depth", "3"], "--depth"),
    "no depth": (["--run", "{run}", "--depth", "0"], "depth"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_exits_2_and_asks_nothing(name: str, desk: Desk, tmp_path: Path):
    arguments, told = BAD[name]
    (tmp_path / "empty.tsv").write_text("query\titem_id\n프로\ta\n  \tb\n")
    (tmp_path / "gone.tsv").write_text("query\titem_id\n프로\tz\n")
    paths = {
        "files": desk.files,
        "pairs": desk.files / "pairs.jsonl",
        "run": desk.files / "one.run",
        "queries": desk.files / "queries.tsv",
        "empty": tmp_path / "empty.tsv",
        "gone": tmp_path / "gone.tsv",
    }
    before = desk.server.n_calls
    done = desk.grade("pairs", *(each.format(**paths) for each in arguments))
    assert done.code == 2 and told in done.err, done.err
    assert "Next: " in done.err or "Usage" in done.err
    assert desk.server.n_calls == before and labels(desk.root) == [] and pool(desk.root) == {}
