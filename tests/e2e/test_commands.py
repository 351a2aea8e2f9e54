"""Every command in every output mode, as `main()` runs it: stdout is data, stderr is talk; every exit code."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import typer
from tests.e2e.program import ENVIRONMENT, PROGRAM, Done, run

from semsearch import wiring
from semsearch.cli import options
from semsearch.cli.app import app
from semsearch.cli.output import CONTROL
from semsearch.demo import listings
from semsearch.simulate import market
from semsearch.simulate.files import write
from semsearch.workspace import Workspace

pytest.importorskip("torch")

NASTY = "evil\x1b[31m\x1b]0;owned\x07 \x9b2J\u202egnp.exe\u2066 [bold]chair[/bold]"


@dataclass(frozen=True)
class Shop:
    """A served workspace with two releases, and the files that it was made from."""

    root: Path
    files: Path
    first: str
    second: str
    item_id: str


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("commands")
    files, root = folder / "made", folder / "market"
    made = market(300, seed=4, lang="en", per_kind=5)
    write(made, files)
    pl.DataFrame({"item_id": ["nasty"], "title": [NASTY], "body": [NASTY]}).write_ndjson(files / "more.jsonl")
    (files / "small.csv").write_text(made.items.head(120).select("item_id", "title", "body", "price").write_csv())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring.building, "_segmenter", lambda _: None)  # Kiwi takes seconds to load
        patch.setattr(listings, "TRAIN_SECONDS", 1.0)
        assert run("init", "-w", root).code == 0
        for kind, name in (("regions", "regions.csv"), ("items", "items.parquet")):
            assert run("import", kind, files / name, "-w", root).code == 0
        trained = run("train", "--seconds", "2", "--dim", "32", "-w", root)
        assert trained.code == 0
        assert [line.split()[0] for line in trained.out.splitlines()] == ["model", "catalogue"]
        releases = [json.loads(run("index", "build", "--publish", "--json", "-w", root).out)["release_id"]]
        assert run("import", "items", files / "more.jsonl", "-w", root).code == 0
        releases.append(json.loads(run("index", "build", "--publish", "--json", "-w", root).out)["release_id"])
        judged = ("--qrels", files / "qrels.txt", "--queries", files / "queries.tsv", "-w", root)
        for mode in ("lexical", "hybrid"):
            assert run("evaluate", "run", "--mode", mode, "--name", mode, *judged).code == 0
        yield Shop(root, files, *releases, made.items["item_id"][0])


def cases(shop: Shop, scratch: Path) -> dict[str, list[object]]:
    """What a person types for each command; -w is added where the command takes it."""
    judged = ["--qrels", shop.files / "qrels.txt", "--queries", shop.files / "queries.tsv", "--metric", "ndcg@10"]
    (scratch / "reports.csv").write_text("author_id,at,kind,route\nu1,2026-01-05,ban,keyword rule\n")
    return {
        "init": [],
        "status": [],
        "doctor": [],
        "demo": ["--on", shop.files / "small.csv", "--out", scratch / "demo"],
        "simulate": [scratch / "made", "--items", "60", "--lang", "en"],
        "import items": [shop.files / "items.parquet"],
        "import interactions": [shop.files / "interactions.parquet"],
        "import regions": [shop.files / "regions.csv"],
        "import reports": [scratch / "reports.csv"],
        "train": ["--seconds", "1", "--dim", "16"],
        "index build": [],
        "index info": [],
        "index verify": [],
        "release list": [],
        "release show": [shop.first],
        "release gate": [shop.first, *judged[:4]],
        "release publish": [shop.second],
        "release rollback": [],
        "search": ["chair", "--all"],
        "similar": [shop.item_id, "--all"],
        "why": ["chair", shop.item_id],
        "evaluate run": [*judged],
        "evaluate compare": ["lexical", "hybrid", *judged],
        "evaluate plan": ["--width", "0.1", "--deviation", "0.35", "--correlation", "0.8", "--machine", "1000"],
    }


def commands() -> dict[str, set[str]]:
    """Every command of the program with the names of its options."""
    found: dict[str, set[str]] = {}
    for name, command in typer.main.get_command(app).commands.items():
        verbs = getattr(command, "commands", None)
        for path, leaf in {f"{name} {verb}": c for verb, c in verbs.items()}.items() if verbs else [(name, command)]:
            found[path] = {option for parameter in leaf.params for option in parameter.opts}
    return found


MODERATION = ("scan", "watch", "hunt", "replay", "alerts", "authors", "campaigns")
"""Nouns whose commands test_moderation_commands runs."""
ELSEWHERE = (*MODERATION, "lexicon", "longtail", "prompts", "spam", "label", "grade")
"""Nouns that have a file of their own, such as test_lexicon_commands, test_longtail, test_prompts."""
MODES = [
    (path, mode)
    for path, known in commands().items()
    for mode in ("", "--json", "--jsonl")
    if path.split()[0] not in ELSEWHERE and (not mode or mode in known)
]


def typed(path: str, mode: str, shop: Shop, scratch: Path) -> list[object]:
    place = ["-w", scratch / "new" if path == "init" else shop.root] if "-w" in commands()[path] else []
    return [*path.split(), *cases(shop, scratch)[path], *place, *([mode] if mode else [])]


@pytest.mark.parametrize(("path", "mode"), MODES, ids=lambda value: value or "plain")
def test_every_command_in_every_output_mode(path: str, mode: str, shop: Shop, tmp_path: Path) -> None:
    if path == "release rollback":
        wiring.publish(Workspace(shop.root), shop.first, now=market(1, seed=0).end)
        wiring.publish(Workspace(shop.root), shop.second, now=market(1, seed=0).end)
    done = run(*typed(path, mode, shop, tmp_path))
    assert done.code == (3 if path == "release gate" else 0), done.err  # the same model does not gain
    assert "Next: " not in done.out
    assert not CONTROL.search(done.out + done.err)
    if mode == "--json":
        assert isinstance(json.loads(done.out), dict | list)
    elif mode == "--jsonl":
        assert done.out.splitlines()
        assert all(isinstance(json.loads(line), dict) for line in done.out.splitlines())
    elif path == "init":
        assert done.out == ""
        assert "Workspace ready" in done.err
    else:
        assert done.out.strip()


@pytest.mark.parametrize("mode", ["", "--json", "--jsonl"])
def test_hits_of_queries_that_nobody_judged_are_saved_to_be_judged(mode: str, shop: Shop, tmp_path: Path) -> None:
    name = f"unjudged{mode}"
    asked = ["--queries", shop.files / "queries.tsv", "--name", name, "--run-out", tmp_path / "run.trec"]
    done = run("evaluate", "run", *asked, *([mode] if mode else []), "-w", shop.root)
    assert done.code == 0, done.err
    assert "Next: semsearch grade pairs" in done.err and f"--run {name} --dry-run" in done.err
    told = json.loads(done.out) if mode else {}
    n_queries = len((shop.files / "queries.tsv").read_text(encoding="utf-8").splitlines()) - 1
    assert not mode or (told["run"], told["queries"]) == (name, n_queries)
    saved = shop.root / "runs" / name
    assert {path.name for path in saved.iterdir()} == {"run.trec", "queries.jsonl"}
    assert (tmp_path / "run.trec").read_bytes() == (saved / "run.trec").read_bytes()
    drawn = run("label", "sample", f"b{mode}", "--run", name, "--size", "3", "-w", shop.root)
    assert drawn.code == 0, drawn.err


def test_every_command_has_a_help_with_an_example() -> None:
    groups = {path.split()[0] for path in commands() if " " in path}
    for path in ["", *groups, *commands()]:
        done = run(*path.split(), "--help")
        assert done.code == 0
        assert "Example" in done.out, path
        assert "semsearch" in done.out, path


# --- exit codes ------------------------------------------------------------------------------

BAD_INPUT = [
    ["search"],
    ["search", "chair", "--mode", "magic"],
    ["search", "chair", "--where", "prise < 5"],
    ["search", "chair", "--release", "r0"],
    ["similar", "unknown"],
    ["why", "chair", "unknown"],
    ["train", "--seed", "-1"],
    ["train", "--family", "magic"],
    ["index", "build", "--dense", "magic"],
    ["index", "build", "--threads", "0"],
    ["import", "items", "no-such-file.csv"],
    ["import", "items", "no-such-file.csv", "--max-rejects", "5"],
    ["release", "show", "r0"],
    ["release", "publish", "../x"],
    ["evaluate", "run", "--qrels", "no-such-file"],
    ["evaluate", "run"],
    ["evaluate", "run", "--labels"],
    ["evaluate", "plan", "--width", "0.1"],
]


@pytest.mark.parametrize("arguments", BAD_INPUT, ids=" ".join)
def test_bad_input_exits_2_and_says_what_to_do(arguments: list[str], shop: Shop) -> None:
    done = run(*arguments, "-w", shop.root)
    assert (done.code, done.out) == (2, "")
    assert any(told in done.err for told in ("Next: ", "Usage: ", "Did you mean"))


@pytest.mark.parametrize("metric", [",", "magic@10"])
def test_a_metric_that_is_none_exits_2(metric: str, shop: Shop) -> None:
    arguments = ["evaluate", "run", "--qrels", shop.files / "qrels.txt", "--queries", shop.files / "queries.tsv"]
    assert run(*arguments, "--metric", metric, "-w", shop.root).code == 2


@pytest.mark.parametrize("place", ["file/x", "/proc/x"])
def test_a_place_that_cannot_hold_a_workspace_exits_2_with_its_path(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("init", "-w", tmp_path / place)
    assert done.code == 2
    assert place in done.err


def test_the_answer_no_exits_3(shop: Shop, tmp_path: Path) -> None:
    judged = ["--qrels", shop.files / "qrels.txt", "--queries", shop.files / "queries.tsv", "-w", shop.root]
    refused = run("evaluate", "run", *judged, "--fail-on", "ndcg@10<2", "--json")
    assert (refused.code, json.loads(refused.out)["k"]) == (3, 10)
    (tmp_path / "file").write_text("")
    assert run("doctor", "-w", tmp_path / "file").code == 3
    stray = Workspace(shop.root).release_path(shop.first) / "stray"
    stray.write_text("x")
    try:
        damaged = run("index", "verify", "--release", shop.first, "--json", "-w", shop.root)
    finally:
        stray.unlink()
    assert (damaged.code, json.loads(damaged.out)["damages"][0]["path"]) == (3, "stray")
    assert "stray" in damaged.err


def test_what_is_missing_exits_4(shop: Shop, tmp_path: Path) -> None:
    assert run("status", "-w", tmp_path / "none").code == 4
    run("init", "-w", tmp_path / "empty")
    for arguments in (["search", "chair"], ["train"], ["index", "build"], ["release", "rollback"]):
        done = run(*arguments, "-w", tmp_path / "empty")
        assert (done.code, done.out) == (4, ""), arguments
    with Workspace(shop.root).writing():
        busy = run("release", "publish", shop.second, "-w", shop.root)
    assert busy.code == 4
    assert "Another process" in busy.err


def test_a_writer_elsewhere_does_not_stop_a_build(shop: Shop) -> None:
    with Workspace(shop.root).writing():
        assert run("index", "build", "-w", shop.root).code == 0


def test_an_interrupted_command_exits_130_in_one_line(shop: Shop) -> None:
    command = [*PROGRAM, "import", "items", "-", "-w", str(shop.root)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert process.stdin
    assert process.stderr
    process.stdin.write('{"item_id": "x", "title": "x"}\n')
    process.stdin.flush()
    with pytest.raises(subprocess.TimeoutExpired):  # it waits for more rows
        process.wait(3)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert process.stderr.read() == "Interrupted; run the same command again to go on.\n"
    process.stdin.close()
    assert run("status", "-w", shop.root).code == 0


def test_interrupted_before_any_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("semsearch.cli.app.app", interrupt)
    assert run("status") == Done(130, "", "Interrupted; run the same command again to go on.\n")


# --- pipes and terminals -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["", "--json", "--jsonl"])
def test_a_reader_that_leaves_is_no_failure(mode: str, shop: Shop) -> None:
    line = f"{' '.join(PROGRAM)} search chair --all -k 300 {mode} -w {shop.root} | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert (done.returncode, len(done.stdout), done.stderr) == (0, 1, "")


@pytest.mark.parametrize("command", ["", "search", "index build"])
def test_a_reader_that_leaves_a_help_page_is_no_failure(command: str) -> None:
    line = f"{' '.join(PROGRAM)} {command} --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("flags", [["--json", "--jsonl"], ["--jsonl", "--json"]])
def test_one_form_of_output_at_a_time(flags: list[str], tmp_path: Path) -> None:
    done = run("search", "chair", *flags, "-w", tmp_path)
    assert (done.code, done.out) == (2, "") and "Next: give one of them" in done.err


def test_a_closed_pipe_does_not_hide_the_answer_no(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = f"{' '.join(PROGRAM)} doctor --json -w {tmp_path / 'file'} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_sellers_cannot_steer_the_terminal(shop: Shop) -> None:
    table = run("search", "evil", "--release", shop.second, "--explain", "-w", shop.root)
    assert "[bold]chair[/bold]" in table.out
    assert "evil" in run("why", NASTY, "nasty", "--release", shop.second, "-w", shop.root).out
    for mode in ("", "--json", "--jsonl"):
        done = run("search", NASTY, "--release", shop.second, *([mode] if mode else ["--explain"]), "-w", shop.root)
        assert done.out
        assert not CONTROL.search(done.out + done.err)
    line = run("search", "evil", "--release", shop.second, "--jsonl", "-w", shop.root).out.splitlines()[0]
    assert json.loads(line)["title"] == NASTY


# --- next steps ----------------------------------------------------------------------------------


def test_next_steps_carry_the_workspace_and_the_pipeline(shop: Shop, tmp_path: Path) -> None:
    place = tmp_path / "my shop"
    assert f"Next: semsearch init -w '{place}'" in run("status", "-w", place).err
    assert f"Next: semsearch import items -w '{place}' FILE" in run("init", "-w", place).err
    missing = run("search", "x", "--pipeline", "vintage", "-w", shop.root)
    assert f"semsearch index build -w {shop.root} --pipeline vintage --publish" in missing.err


def test_a_flag_from_the_environment_is_not_repeated(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMSEARCH_WORKSPACE", str(shop.root))
    assert str(shop.root) not in run("search", "x", "--pipeline", "vintage").err


@pytest.mark.parametrize(("path", "known"), commands().items())
def test_only_flags_that_a_command_takes_are_added_to_it(
    path: str, known: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "_given", {"workspace": "W", "pipeline": "P"})
    step = options.typable(f"Next: semsearch {path} X")
    assert ("-w W" in step) == ("-w" in known)
    assert ("--pipeline P" in step) == ("--pipeline" in known)
    assert step.startswith(f"Next: semsearch {path} ")


def test_a_flag_as_the_next_step_is_this_command_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["semsearch", "search", "office chair", "--near", "역삼", "-k", "5", "--near=x"])
    assert options.typable("Next: --near 0101") == "Next: semsearch search 'office chair' -k 5 --near 0101"
    assert options.typable("Next: --k 10").endswith("--near=x --k 10") and "-k 5" not in options.typable("Next: --k 10")


def test_after_make_demo_the_program_is_named_by_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/semsearch", "demo"])
    monkeypatch.setenv("PATH", "/nowhere")
    assert options.typable("Next: semsearch status") == "Next: .venv/bin/semsearch status"


def test_why_tells_what_people_and_models_said_of_the_pair(shop: Shop, tmp_path: Path):
    (tmp_path / "labels.csv").write_text(f"query,item_id,grade\nchair,{shop.item_id},1\n")
    assert run("label", "import", tmp_path / "labels.csv", "--as", "minji", "-w", shop.root).code == 0
    try:
        told = run("why", "Chair", shop.item_id, "-w", shop.root)
        assert "1 by minji" in told.out
        said = json.loads(run("why", "Chair", shop.item_id, "--json", "-w", shop.root).out)["labels"]
        assert [(each["by"], each["grade_low"], each["source"]) for each in said] == [("minji", 1, "person")]
    finally:
        shutil.rmtree(shop.root / "labels")
