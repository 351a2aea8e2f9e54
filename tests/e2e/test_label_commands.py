"""`label import|export|agreement` in every output mode, and what they refuse."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.program import ENVIRONMENT, PROGRAM, run
from tests.unit.store.labelled import label

from semsearch.cli.output import CONTROL
from semsearch.relevance.rubric import RUBRIC
from semsearch.store.labels import LabelFiles
from semsearch.store.labels.batches import Task, write_batch
from semsearch.workspace import Workspace

RATINGS = "query,item_id,minji,jun,title\n{}".format(
    "".join(f"query {n % 6},i{n},{n % 4},{(n + n % 3 // 2) % 4},title\x1b[31m {n}\n" for n in range(24))
)
JUDGED = ("--scale", "0-3", "--batch", "spring")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Workspace.create(tmp_path / "w")
    (tmp_path / "ratings.csv").write_text(RATINGS)
    return tmp_path / "w"


@pytest.fixture
def judged(root: Path) -> Path:
    for by in ("minji", "jun"):
        done = run(
            "label", "import", root.parent / "ratings.csv", "--as", by, "--map", f"grade={by}", *JUDGED, "-w", root
        )
        assert done.code == 0, done.err
    return root


def test_import_says_what_came_in(root: Path) -> None:
    command = (
        "label",
        "import",
        root.parent / "ratings.csv",
        "--as",
        "minji",
        "--map",
        "grade=minji",
        *JUDGED,
        "-w",
        root,
    )
    done = run(*command, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["new"], told["batch"], told["annotators"], told["without_item"]) == (24, "spring", {"minji": 24}, 0)
    assert told["columns"]["grade"] == "minji"
    assert ", grade=minji" in done.err.split("Columns: query=query")[1].splitlines()[0]
    assert "Next: semsearch label agreement" in done.err
    again = run(*command)
    assert again.code == 0
    assert ["new", "0"] in [line.split() for line in again.out.splitlines()]
    assert ["known", "24"] in [line.split() for line in again.out.splitlines()]
    assert "Next: " not in again.out
    assert len(list(LabelFiles(Workspace(root)).read())) == 24


@pytest.mark.parametrize("format_", ["trec", "csv", "jsonl", "beir", "quepid", "esci"])
def test_export_writes_every_format(judged: Path, tmp_path: Path, format_: str) -> None:
    for mode in ("", "--json"):
        done = run("label", "export", tmp_path / "out", "--format", format_, "-w", judged, *([mode] if mode else []))
        assert done.code == 0, done.err
        assert "pairs disputed between people. Next: semsearch label adjudicate" in done.err
        assert not CONTROL.search(done.out + done.err)
        if mode:
            told = json.loads(done.out)
            assert told["pairs"] == 24
            assert all(Path(name).is_file() for name in told["files"])
        else:
            assert done.out.split() == ["pairs", "24", "queries", "6"]


def test_what_was_decided_on_a_batch_counts_in_its_export_wherever_it_stands(judged: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    told = run("label", "export", out, "--batch", "spring", "-w", judged, "--json")
    before = json.loads(told.out)["disputed"]
    row = next(each for each in map(json.loads, out.read_text().splitlines()) if each["disputed"])
    decided = {"query": row["query"], "item_id": row["item_id"], "role": "adjudication", "batch": "spring-adjudicated"}
    other = {"query": "elsewhere", "item_id": "i", "role": "adjudication", "batch": "spring-adjudicated"}
    LabelFiles(Workspace(judged)).append(label(1, "sora", **decided), label(1, "sora", **other))  # type: ignore[arg-type]
    told = run("label", "export", out, "--batch", "spring", "-w", judged, "--json")
    assert (json.loads(told.out)["disputed"], json.loads(told.out)["pairs"]) == (before - 1, 24)


def test_tasks_for_label_studio_come_from_pairs(judged: Path, tmp_path: Path) -> None:
    out = tmp_path / "tasks.json"
    told = run(
        "label", "export", out, "--format", "label-studio", "--pairs", judged.parent / "ratings.csv", "-w", judged
    )
    assert told.code == 0, told.err
    assert len(json.loads(out.read_text())) == 24
    for wrong, message in (
        (["--format", "label-studio"], "of a drawn batch, or of a file"),
        (["--pairs", "x.csv"], "--pairs are to be judged, and jsonl takes labels"),
    ):
        refused = run("label", "export", out, *wrong, "-w", judged)
        assert refused.code == 2
        assert message in refused.err


def test_a_drawn_batch_goes_to_label_studio_and_comes_back_with_its_probabilities(root: Path, tmp_path: Path) -> None:
    tasks = [Task("q", f"i{n}", "q1", {"title": f"t{n}"}, "spring", inclusion_probability=0.25) for n in (1, 2)]
    write_batch(Workspace(root), "spring", tasks)
    out = tmp_path / "tasks.json"
    assert run("label", "export", out, "--format", "label-studio", "--batch", "spring", "-w", root).code == 0
    told = json.loads(out.read_text())
    assert told[0] == {"data": {"query": "q", "item_id": "i1", "title": "t1"}}
    for grade, task in enumerate(told, start=1):
        result = [{"from_name": "g", "value": {"choices": [str(grade)]}}]
        task["annotations"] = [{"completed_by": 7, "result": result}]
    out.write_text(json.dumps(told))
    done = run("label", "import", out, "--batch", "spring", "--as", "7=minji", "-w", root)
    assert done.code == 0, done.err
    labels = list(LabelFiles(Workspace(root)).read())
    assert [(each.grade_low, each.inclusion_probability, each.rubric) for each in labels] == [
        (1, 0.25, RUBRIC),
        (2, 0.25, RUBRIC),
    ]
    assert [each.item_digest for each in labels] == [task.item_digest for task in tasks]
    assert "did not draw" not in done.err
    told[0]["data"]["query"] = "another"
    out.write_text(json.dumps(told))
    done = run("label", "import", out, "--batch", "spring", "--as", "7=jun", "-w", root)
    assert "1 label of pairs that batch spring did not draw, without a probability" in done.err


@pytest.mark.parametrize("mode", ["", "--json", "--jsonl"])
def test_agreement_shows_every_two_and_all(judged: Path, mode: str) -> None:
    done = run("label", "agreement", "-w", judged, "--batch", "spring", *([mode] if mode else []))
    assert done.code == 0, done.err
    if mode == "--json":
        told = json.loads(done.out)
        (duo,) = told["duos"]
        assert (duo["first"], duo["second"], duo["pairs"], duo["queries"]) == ("jun", "minji", 24, 6)
        assert sum(map(sum, duo["confusion"])) == 24
        assert told["together"]["alpha"] == pytest.approx(duo["alpha"])
    elif mode == "--jsonl":
        duo, together = map(json.loads, done.out.splitlines())
        assert (duo["weighted_kappa_low"], together["alpha_low"]) == (None, None)  # of six queries
        assert (together["first"], together["pairs"]) == ("all", 24)
    else:
        assert "95 % intervals" in done.out
        assert "weighted_kappa" in done.out


def test_from_few_queries_no_interval_is_given(judged: Path) -> None:
    few = judged.parent / "few.csv"
    few.write_text(
        "query,item_id,grade,by\n" + "".join(f"q{n % 4},f{n},{n % 3},{by}\n" for n in range(8) for by in "ab")
    )
    assert run("label", "import", few, "-w", judged, "--batch", "few").code == 0
    done = run("label", "agreement", "--batch", "few", "-w", judged)
    assert (done.code, "1.000 [–]" in done.out) == (0, True), done.out + done.err
    assert "Some figures have no interval" in done.err
    told = json.loads(run("label", "agreement", "--batch", "few", "-w", judged, "--json").out)
    assert (told["together"]["alpha"], told["together"]["alpha_low"], told["rubrics"]) == (1, None, [""])


def test_a_batch_without_a_label_is_told(judged: Path) -> None:
    for command in (("agreement",), ("export", judged.parent / "x")):
        done = run("label", *command, "--batch", "sprnig", "-w", judged)
        assert done.code == 2
        assert "There is no label in batch 'sprnig'; there are some in: spring." in done.err
        assert "with --batch spring" in done.err


def test_agreement_needs_two_people(root: Path) -> None:
    done = run("label", "agreement", "-w", root)
    assert done.code == 4
    assert "No pair was graded by two people" in done.err


def test_refusals_name_the_next_step_that_works(root: Path) -> None:
    file = root.parent / "ratings.csv"
    done = run("label", "import", file, "--map", "grade=minji", "-w", root)
    assert done.code == 2
    assert "does not say who judged" in done.err
    assert f"Next: semsearch label import {file} --map grade=minji -w {root} --as NAME" in done.err
    done = run("label", "import", file, "--map", "grade=minji", "--as", "minji", "-w", root)
    assert done.code == 2
    assert "'3' (6 ×, first at" in done.err
    step = done.err.split("Next: semsearch ")[1].strip()
    assert step.endswith("--scale 0-3")
    assert run(*step.split()).code == 0
    assert LabelFiles(Workspace(root)).paths()[0].name == "import-ratings.jsonl"
    assert run("label", "export", root.parent / "x", "-w", root, "--batch", "none").code == 2


def test_a_file_without_a_judgement_is_told(root: Path) -> None:
    file = root.parent / "none.csv"
    for text in ("", "query,item_id,grade\n"):
        file.write_text(text)
        done = run("label", "import", file, "--as", "minji", "-w", root)
        assert (done.code, f"{file} holds no judgement" in done.err) == (2, True)
    cancelled = {"data": {"query": "q", "item_id": "i"}, "annotations": [{"completed_by": 7, "was_cancelled": True}]}
    file.write_text(json.dumps([cancelled]))
    done = run("label", "import", file, "--as", "7=minji", "-w", root)
    assert (done.code, "Nothing came in" in done.err) == (0, True)
    assert "Nobody in it is called 7" in done.err


def test_a_merge_conflict_and_a_cut_line_are_told(judged: Path) -> None:
    path = LabelFiles(Workspace(judged)).path("person", "jun", "spring")
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    done = run("label", "agreement", "-w", judged, "--jsonl")
    assert done.code == 0
    assert json.loads(done.out.splitlines()[0])["pairs"] == 23
    assert f"The last line of {path} was cut off" in done.err
    first, *rest = whole.splitlines(keepends=True)
    path.write_bytes(first + b"<<<<<<< HEAD\n" + rest[0] + b"=======\n" + b"".join(rest[1:]) + b">>>>>>> theirs\n")
    for command in (("agreement",), ("export", judged.parent / "x")):
        done = run("label", *command, "-w", judged)
        assert done.code == 2
        assert f"{path}:2: a merge conflict (labels on our side: 1, on theirs: 22)" in done.err
        assert "take out only the lines that begin with" in done.err


def test_the_second_of_two_annotators_on_one_file_is_told(judged: Path) -> None:
    command = (
        "label",
        "import",
        judged.parent / "ratings.csv",
        "--as",
        "jun",
        "--map",
        "grade=minji",
        *JUDGED,
        "-w",
        judged,
    )
    with LabelFiles(Workspace(judged)).writing("person", "jun", "spring"):
        done = subprocess.run(
            [*PROGRAM, *map(str, command)], env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
    assert done.returncode == 4
    assert "Another process is writing labels of jun, batch spring" in done.stderr


def test_one_is_told_as_one(root: Path) -> None:
    files = LabelFiles(Workspace(root))
    files.append(label(2, "minji"), label(None, "minji", item_id="i2"))
    files.append(label(0, "jun"))
    done = run("label", "export", root.parent / "out.jsonl", "-w", root)
    assert "1 pair disputed" in done.err
    assert "1 pair left out: ungradeable" in done.err
    done = run("label", "agreement", "-w", root)
    assert "1 label of ungradeable pairs left out" in done.err
    assert not re.search(r"\b1 (pairs|labels|rows|grades) ", done.err)


def test_standard_input_is_read(root: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "label", "import", "-", "--as", "minji", "-w", str(root)],
        input="query,item_id,grade\n에어팟,1,2\n",
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in LabelFiles(Workspace(root)).paths()] == ["import-stdin.jsonl"]


def test_labels_need_no_torch_and_no_model_client(root: Path) -> None:
    code = (
        "import sys; from semsearch.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.exit(len({'torch', 'openai', 'krippendorff', 'sentence_transformers'} & set(sys.modules)))"
    )
    command = ["label", "import", root.parent / "ratings.csv", "--as", "a", "--map", "grade=jun", *JUDGED, "-w", root]
    done = subprocess.run([sys.executable, "-c", code, *map(str, command)], env=ENVIRONMENT, check=False)
    assert done.returncode == 0
