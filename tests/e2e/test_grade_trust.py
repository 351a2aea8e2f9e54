"""`grade tune` and `grade audit`: from imported labels to a figure, with a judge whose error is known.

The model is a scripted server over real HTTP: nothing that it says is a figure of quality.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.contract.chat_replies import Asked, Reply
from tests.contract.chat_server import Server
from tests.e2e.program import Done, market_that_asks, run
from tests.unit.relevance.people import by_model, graded_queries, judge, label, numbers, reasons, shown_to

from semsearch.cli.output import CONTROL
from semsearch.evaluation.labels.labelled import judge_named
from semsearch.records import Facet, Label
from semsearch.relevance.splits import part_of
from semsearch.store.labels import LabelFiles
from semsearch.workspace import Workspace

NASTY = "min\x1b[31m\u202eji"
SIZES = {"tuning": 10, "selection": 2, "locked": 2}
LABELS = [each for part, n in SIZES.items() for each in graded_queries(numbers(part, n))]
OPEN = [each for each in LABELS if part_of(each.query) != "locked"]
DISPUTED = OPEN[0]


@dataclass(frozen=True)
class Desk:
    """A workspace with items, people's labels, runs and a log, and the server that its model is."""

    root: Path
    files: Path
    server: Server

    def grade(self, *arguments: object) -> Done:
        return run("grade", *arguments, "-w", self.root)

    def told(self, *arguments: object) -> dict:
        done = self.grade(*arguments, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)


def wrong(asked: Asked) -> Reply:
    """Calls every 1 a 2 unless it may reason."""
    return judge(asked, wrong=not reasons(asked))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(wrong) as served:
        yield served


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Desk:
    folder = tmp_path_factory.mktemp("trust")
    root = folder / "market"
    market_that_asks(root, server.url)
    _write(folder, LABELS)
    for kind in ("items", "interactions"):
        done = run("import", kind, folder / f"{kind}.jsonl", "-w", root)
        assert done.code == 0, done.err
    for by in ("minji", "jun"):
        done = run("label", "import", folder / "people.csv", "--as", by, "--map", f"grade={by}", "-w", root)
        assert done.code == 0, done.err
    done = run("grade", "pairs", folder / "pairs.jsonl", "-w", root)
    assert done.code == 0, done.err
    return Desk(root, folder, server)


@pytest.fixture
def desk(made: Desk, tmp_path: Path) -> Desk:
    return Desk(Path(shutil.copytree(made.root, tmp_path / "market")), made.files, made.server)


def _write(folder: Path, labels: list[Label]) -> None:
    def lines(name: str, rows: list[dict]) -> None:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    lines("items.jsonl", [{"item_id": each.item_id, **each.item} for each in labels])
    lines("pairs.jsonl", [{"query": each.query, "item_id": each.item_id} for each in labels])
    with (folder / "people.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["query", "item_id", "minji", "jun"])
        table.writerows([x.query, x.item_id, x.grade_low, 1 if x == DISPUTED else x.grade_low] for x in labels)
    seen = [{"kind": "search", "query": each.query} for each in labels[:9]]
    seen += [{"kind": "impression", "query": each.query, "item_id": each.item_id} for each in labels[:9]]
    seen += [{"kind": "click", "query": each.query, "item_id": each.item_id} for each in labels[1:3]]
    lines(
        "interactions.jsonl",
        [{"ts": f"2026-03-01T00:{n:02}:00Z", "actor_id": "a", **row} for n, row in enumerate(seen)],
    )
    queries = list(dict.fromkeys(each.query for each in labels))
    (folder / "queries.tsv").write_text(
        "query_id\tquery\n" + "".join(f"q{n}\t{text}\n" for n, text in enumerate(queries))
    )
    for name, order in (("good", (0, 1, 2)), ("bad", (2, 1, 0))):
        ranked = [
            (n, labels[3 * n + place].item_id, rank) for n in range(len(queries)) for rank, place in enumerate(order)
        ]
        (folder / f"{name}.run").write_text(
            "".join(f"q{n} Q0 {item} {r + 1} {9 - r} {name}\n" for n, item, r in ranked)
        )


@pytest.mark.parametrize("mode", ["", "--json"])
def test_tune_in_every_output_mode(mode: str, desk: Desk):
    done = desk.grade("tune", "--by", NASTY, *([mode] if mode else []))
    assert done.code == 0, done.err
    assert not CONTROL.search(done.out + done.err)
    assert "Next: semsearch grade pairs" in done.err and " FILE, which asks" in " ".join(done.err.split())
    assert "Next: " not in done.out
    assert "The locked part was opened once so far:" in done.err
    if not mode:
        assert max(map(len, done.out.splitlines())) <= 100  # intervals are read on one line
        assert (
            "In force from now on: relevance-facets no-code" in done.err
            and "locked part said weighted κ 1.000" in done.err
        )
        assert "Locked part, what was chosen" in done.out and "no-reasoning" in done.out
        return
    found = json.loads(done.out)
    assert [row["name"] for row in found["tuning"]][:2] == ["whole", "no-reasoning"]
    assert found["effects"][0]["name"] == "reasoning" and found["effects"][0]["gain_low"] > 0
    assert "reasoning" not in found["chosen"]["variant"]
    assert (found["locked"]["n"], found["locked"]["weighted_kappa"], found["openings"][0]["by"]) == (6, 1.0, NASTY)
    assert (found["n_disputed"], found["spent_usd"] > 0) == (1, True)


def test_the_locked_part_does_not_open_twice_in_silence(desk: Desk):
    before = desk.server.n_calls
    nobody = desk.grade("tune")
    assert (nobody.code, desk.server.n_calls) == (2, before)
    assert f"Next: semsearch grade tune -w {desk.root} --by NAME" in nobody.err
    first = desk.told("tune", "--by", "minji")
    free = {"n_calls": 0, "n_cached": 0, "spent_usd": 0, "changed": False, "in_force_before": first["in_force"]}
    assert desk.told("tune") | free == first | free
    path = desk.root / "prompts" / "relevance-facets.md"
    shown = run("prompts", "show", "relevance-facets", "-w", desk.root)
    path.parent.mkdir(exist_ok=True)
    path.write_text(shown.out.replace("You judge search results", "Judge search results"), encoding="utf-8")
    shut = desk.told("tune")
    assert (shut["locked"], len(shut["openings"])) == (None, 1)
    assert (shut["changed"], shut["in_force_before"], shut["in_force"]["locked"]) == (True, first["in_force"], None)
    assert "without a figure of the locked part, which stayed shut" in desk.grade("tune").err
    assert "Nothing was reported on the locked part of what grade tune chose" in desk.grade("audit").err
    assert desk.grade("tune", "--again").code == 2
    again = desk.told("tune", "--again", "--by", "jun")
    assert (again["locked"]["n"], [each["by"] for each in again["openings"]]) == (6, ["minji", "jun"])
    assert "opened twice so far" in desk.grade("tune").err


def test_a_paraphrase_is_tried_and_grading_goes_by_what_was_chosen(desk: Desk):
    text = run("prompts", "show", "relevance-facets", "-w", desk.root).out
    path = desk.root / "prompts" / "mine.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace('id = "relevance-facets"', 'id = "mine"').replace("You judge", "Judge"), "utf-8")
    found = desk.told("tune", "--prompt", "mine", "--by", "minji")
    assert "mine" in [row["name"] for row in found["tuning"]]
    rows = desk.told("pairs", desk.files / "pairs.jsonl")["rows"]
    assert {row["prompt_hash"] for row in rows} == {found["chosen"]["prompt_hash"]}
    versions = desk.told("audit")["drift"]
    (desk.root / "semsearch.toml").write_text(
        (desk.root / "semsearch.toml").read_text().replace('small = "scripted-small"', 'small = "scripted-large"')
    )
    said = "model scripted-small then, scripted-large now"
    judge = judge_named("", found["chosen"]["prompt_hash"], "").strip("@")
    assert said in desk.grade("pairs", desk.files / "pairs.jsonl", "--dry-run").err
    other = desk.grade("audit").err
    assert said in other and f"None of them is by scripted-large@{judge}@1" in other
    assert [each["newer"] for each in versions] == [f"scripted-small@{judge}@1"]


@pytest.mark.parametrize("mode", ["", "--json"])
def test_audit_in_every_output_mode(mode: str, desk: Desk):
    before = desk.server.n_calls
    runs = ["--run", desk.files / "good.run", "--run", desk.files / "bad.run", "--queries", desk.files / "queries.tsv"]
    done = desk.grade("audit", *runs, *([mode] if mode else []))
    assert (done.code, desk.server.n_calls) == (0, before), done.err
    assert "Left out: 6 pairs of the locked part" in done.err
    assert done.err.count("Next: ") == 1 and "None of them" not in done.err
    assert "An unclicked" not in done.out and "an unclicked item is not a bad one" in done.err
    assert "Left out: 1 pair on which people differ: semsearch label adjudicate" in done.err
    if not mode:
        assert "people with each other" in done.out and "Kendall's τ of the two orders: 1.000 [–]" in done.out
        assert "people's on 2 engaged pairs: weighted κ 0.000 [–], exact 0.500" in done.err
        assert "[–]: figures of fewer than 10 queries" in done.err  # of the band head
        assert max(map(len, done.out.splitlines())) <= 100
        return
    found = json.loads(done.out)
    kinds = {(row["people"], row["machine"]): row["n"] for row in found["table"]}
    assert kinds == {("0", "0"): 12, ("1", "1"): 12, ("2", "2"): 11}
    assert {(row["by"], row["part"]) for row in found["figures"]} >= {
        ("all", ""),
        ("intent", "brand"),
        ("band", "tail"),
    }
    assert (found["ceiling"]["people"]["n"], found["ceiling"]["n_raters"]) == (36, 2)
    assert found["clicks"]["good_engaged"]["n"] == 2
    order = found["order"][0]
    assert 0 < order["n_apart_by_people"] <= order["n_queries"] and order["tau_low"] is None, "no resample differs"
    assert found["order"][0]["systems"][0] == {"system": "good.run", "people": 1.0, "machine": 1.0}


def test_an_audit_finds_the_error_that_was_put_in(desk: Desk):
    """Every 1 of two queries is called a 2: the confusion says so, pair for pair."""
    bad = {each.query for each in OPEN[3:9:3]}
    desk.server.answer = lambda asked: judge(asked, wrong=shown_to(asked)[0] in bad)
    try:
        shutil.rmtree(desk.root / "labels" / "machine")
        (desk.root / "prompts").mkdir(exist_ok=True)
        text = run("prompts", "show", "relevance-facets", "-w", desk.root).out
        (desk.root / "prompts" / "relevance-facets.md").write_text(text.replace("You judge", "Judge"), "utf-8")
        assert desk.grade("pairs", desk.files / "pairs.jsonl").code == 0
    finally:
        desk.server.answer = wrong
    table = desk.told("audit")["table"]
    assert {(row["people"], row["machine"]): row["n"] for row in table} == {
        ("0", "0"): 12, ("1", "1"): 10, ("1", "2"): 2, ("2", "2"): 11,
    }  # fmt: skip


def test_probes_are_priced_before_they_are_asked(desk: Desk):
    before = desk.server.n_calls
    priced = desk.told("audit", "--probes", "2", "--dry-run")
    assert (desk.server.n_calls, priced["n_calls"]) == (before, 6)
    found = {row["name"]: row for row in desk.told("audit", "--probes", "2", "--max-usd", "1")["probes"]}
    assert {name: row["n"] for name, row in found.items()} == {"stuffing": 2, "length": 2, "brand only": 2}
    assert found["brand only"]["fooled"] == 0


def test_contradictions_of_people_and_probes_without_a_pair_are_told(tmp_path: Path, server: Server):
    people = graded_queries(numbers("tuning", 2), (1, 0))
    n = numbers("tuning", 3)[-1]
    facets = (Facet("brand", f"nike{n}", False), Facet("item", f"shoes{n}", True))
    slip = label(n, "slip", 1, facets=facets, note="so close")
    files = LabelFiles(Workspace.create(tmp_path))
    files.append(*people, slip)
    files.append(*(by_model(each, 0) for each in people))
    (tmp_path / "semsearch.toml").write_text(f'[llm]\nbase_url = "{server.url}"\nsmall = "scripted-small"\n')
    done = run("grade", "audit", "--probes", 1, "-w", tmp_path)
    assert done.code == 0, done.err
    assert "1 direct grade of people is not what their facets give" in done.err
    assert "No pair for the probe 'brand only': it takes a pair that people grade 2 whose query" in done.err
    found = json.loads(run("grade", "audit", "--probes", 1, "--json", "-w", tmp_path).out)
    missing = {row["name"]: bool(row["missing"]) for row in found["probes"]}
    assert missing == {"stuffing": False, "length": False, "brand only": True}
    assert (found["n_contradicting"], found["contradicting"]) == (1, [
        {"query": slip.query, "item_id": slip.item_id, "by": "minji", "batch": "b", "grade": 1, "rule": "0",
         "why": f"core not met: brand nike{n}", "note": "so close"},
    ])  # fmt: skip


def test_open_ends_stand_beside_each_other(tmp_path: Path):
    people = graded_queries(numbers("tuning", 12))
    files = LabelFiles(Workspace.create(tmp_path))
    files.append(*people)
    files.append(*(by_model(each, each.grade_low, 2 if each.grade_low == 1 else None) for each in people[1:]))
    files.append(by_model(people[0], None))
    done = run("grade", "audit", "-w", tmp_path)
    assert done.code == 0, done.err
    rows = done.out.splitlines()
    assert "machine, low end" in rows[2] and "machine, high end" in rows[2]
    assert next(row for row in rows if row.strip().startswith("exact")).split()[1] == "1.000"
    assert " 1–2 " in done.out
    worst = next(row for row in rows if row.strip().startswith("weighted κ at worst"))
    assert worst.count("[") == 2 and " – " in worst  # of the machine at both ends, of a constant none
    assert max(map(len, rows)) <= 100


def test_a_cap_ends_tuning_with_what_was_paid_for(desk: Desk):
    stopped = desk.grade("tune", "--by", "minji", "--max-usd", "0.02")
    assert stopped.code == 5 and "spent $0.0" in stopped.err
    assert not (desk.root / "tuning").exists()
    assert desk.told("tune", "--by", "minji")["n_cached"] > 0


BAD = {
    "one system": (["audit", "--run", "x.run"], 2, "One system has no order"),
    "no such prompt": (["tune", "--prompt", "none", "--by", "minji"], 2, "no prompt 'none'"),
    "another prompt": (["tune", "--prompt", "spam-verdict", "--by", "minji"], 2, "for facets"),
    "again, not locked": (["audit", "--again"], 2, "--locked --again --by NAME"),
    "by, not locked": (["audit", "--by", "minji"], 2, "--locked --by minji"),
    "locked, by nobody": (["audit", "--locked"], 2, "the name is written down"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, made: Desk):
    arguments, code, told = BAD[name]
    done = made.grade(*arguments)
    assert (done.code, done.out) == (code, "")
    assert told in done.err and "Next: semsearch " in done.err


def test_what_is_said_next_brings_an_audit_about(desk: Desk, tmp_path: Path):
    shutil.rmtree(desk.root / "labels" / "machine")
    done = desk.grade("audit")
    assert done.code == 4
    export, pairs = done.err.strip().splitlines()[-1].removeprefix("Next: ").split("; ")
    for said in (export, pairs):
        words = [str(tmp_path / word) if word == "people.csv" else word for word in said.split()[1:]]
        assert run(*words).code == 0
    assert desk.grade("audit").code == 0


def test_labels_that_came_without_items_count_once_the_items_are_imported(made: Desk, tmp_path: Path):
    assert run("init", "-w", tmp_path).code == 0
    shutil.copy(made.root / "semsearch.toml", tmp_path)
    by = ["--as", "minji", "--map", "grade=minji", "-w", tmp_path]
    assert run("label", "import", made.files / "people.csv", *by).code == 0
    done = run("grade", "tune", "--by", "minji", "-w", tmp_path)
    assert done.code == 4
    assert f"Not counted: {len(LABELS)} pairs without an item that is known" in done.err
    assert "Next: semsearch import items" in done.err
    assert run("import", "items", made.files / "items.jsonl", "-w", tmp_path).code == 0
    assert run("grade", "tune", "--by", "minji", "-w", tmp_path).code == 0


def test_saved_runs_are_joined_by_the_text_of_queries(desk: Desk):
    """One was saved with ids of a file, the other with ids of labels: nothing is halved."""
    texts = [line.split("\t") for line in (desk.files / "queries.tsv").read_text().splitlines()[1:]]
    for name, ids in (("good", "q"), ("bad", "label-")):
        folder = desk.root / "runs" / name
        folder.mkdir(parents=True)
        hits = (desk.files / f"{name}.run").read_text().replace("\nq", f"\n{ids}")
        (folder / "run.trec").write_text(ids + hits.removeprefix("q"))
        rows = [{"query_id": id.replace("q", ids), "query": text} for id, text in texts]
        (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = desk.told("audit", "--run", "good", "--run", "bad")["order"][0]
    assert (found["n_queries"], found["n_not_of_all"], found["systems"][0]["people"]) == (12, 0, 1.0)
    assert found["systems"][1]["people"] > 0.5


def test_judges_are_audited_one_at_a_time(desk: Desk):
    """Two of them judged some pairs each: no figure is of both."""
    (desk.root / "tuning").mkdir()
    choice = {
        "prompt": "relevance-facets",
        "prompt_hash": "x",
        "model": "scripted-small",
        "at": "",
        "variant": "no-code",
    }
    (desk.root / "tuning" / "choice.json").write_text(json.dumps(choice))
    some = desk.root / "some.jsonl"
    some.write_text("".join((desk.files / "pairs.jsonl").read_text().splitlines(keepends=True)[:9]))
    assert desk.grade("pairs", some).code == 0
    refused = desk.grade("audit")
    assert refused.code == 2 and "Several judges graded these pairs" in refused.err
    judge = refused.err.strip().rpartition("--judge ")[2].strip("'")
    whole, variant = (desk.told("audit", "--judge", each) for each in (judge, judge.replace("@1", "-no-code@1")))
    assert (whole["judge"], variant["judge"]) == (judge, judge.replace("@1", "-no-code@1"))
    assert [each["figures"][0]["n"] for each in (whole, variant)] == [35, 8]
    assert desk.grade("audit", "--judge", "nobody").code == 2
    assert f"--judge {judge}" in desk.grade("audit", "--judge", judge).err.strip().splitlines()[-1]


def test_what_was_tuned_on_is_told(desk: Desk):
    found = desk.told("tune", "--by", "minji")
    assert desk.told("audit")["tuned_on"] is False
    assert desk.grade("pairs", desk.files / "pairs.jsonl").code == 0
    done = desk.grade("audit")
    assert "so their figures flatter it; what speaks of other queries is the locked part: 1.000 weighted κ." in done.err
    parts = {row["part"] for row in desk.told("audit")["figures"] if row["by"] == "part"}
    assert (found["changed"], parts) == (True, {"tuning", "selection"})


def test_without_labels_there_is_nothing_to_tune_or_audit(tmp_path: Path):
    assert run("init", "-w", tmp_path).code == 0
    for command in (["tune", "--by", "minji"], ["audit"]):
        done = run("grade", *command, "-w", tmp_path)
        assert done.code == 4
        assert "Next: semsearch " in done.err
