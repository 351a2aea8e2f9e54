"""`prompts` in every output mode, inside of a workspace and outside, and what it says to a file that is wrong."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.e2e.program import ENVIRONMENT, PROGRAM, run
from tests.e2e.test_commands import commands

from semsearch.cli.output import CONTROL
from semsearch.llm.prompts import shipped_folder
from semsearch.workspace import Workspace

ID = "spam-verdict"
SHIPPED = shipped_folder() / f"{ID}.md"
IDS = sorted(path.stem for path in shipped_folder().glob("*.md"))
MODES = [
    (path, mode)
    for path, known in commands().items()
    for mode in ("", "--json", "--jsonl")
    if path.startswith("prompts ") and (not mode or mode in known)
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a prompt of its own, which is fine."""
    Workspace.create(tmp_path / "market")
    changed(tmp_path / "market", ("version = 1", "version = 2"), ("Never guess", "Do not guess"))
    return tmp_path / "market"


def changed(root: Path, *pairs: tuple[str, str]) -> Path:
    """Put the shipped prompt into the workspace, with other words."""
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    own = root / "prompts" / f"{ID}.md"
    own.parent.mkdir(exist_ok=True)
    own.write_text(text, encoding="utf-8")
    return own


@pytest.mark.parametrize(("path", "mode"), MODES, ids=lambda value: value or "plain")
def test_every_prompts_command_in_every_output_mode(path: str, mode: str, root: Path):
    verb = path.split()[1]
    done = run(*path.split(), *([ID] if verb in ("show", "diff") else []), "-w", root, *([mode] if mode else []))
    assert done.code == 0, done.err
    assert "Next: " not in done.out and "Next: semsearch prompts " in done.err and f"-w {root}" in done.err
    assert not CONTROL.search(done.out + done.err)
    if mode == "--jsonl":
        rows = [json.loads(line) for line in done.out.splitlines()]
        assert {row["id"]: row["from"] for row in rows} == dict.fromkeys(IDS, "shipped") | {ID: "workspace"}
    elif mode:
        document = json.loads(done.out)
        chosen = document if isinstance(document, dict) else next(row for row in document if row["id"] == ID)
        assert chosen["id"] == ID
        expected = {"list": ("version", 2), "show": ("version", 2), "check": ("problems", [])}
        assert verb == "diff" or chosen[expected[verb][0]] == expected[verb][1]
        assert verb != "diff" or "+version = 2" in chosen["diff"].splitlines()
    else:
        assert {"list": "workspace", "show": "Do not guess", "diff": "+version = 2", "check": "none"}[verb] in done.out


def test_show_is_the_file_and_says_which_variables(root: Path):
    shown = run("prompts", "show", ID, "-w", root)
    assert shown.out == (root / "prompts" / f"{ID}.md").read_text(encoding="utf-8")
    assert "variables: namespace (own), profile (outside), post (outside)" in shown.err
    document = json.loads(run("prompts", "show", ID, "--json", "-w", root).out)
    assert document["variables"] == {"namespace": "own", "profile": "outside", "post": "outside"}
    assert document["model"] == "small" and "{{ post }}" in document["user"] and "{{ namespace }}" in document["system"]
    assert document["path"] == str(root / "prompts" / f"{ID}.md")


def test_diff_is_a_unified_one(root: Path):
    lines = run("prompts", "diff", ID, "-w", root).out.splitlines()
    assert lines[:2] == [f"--- shipped/{ID}.md", f"+++ workspace/{ID}.md"]
    kept = [line for line in lines[2:] if line[0] in "+-"]
    assert [line[0] for line in kept] == ["-", "+", "-", "+"]
    assert kept[:2] == ["-version = 1", "+version = 2"]


def test_the_way_from_the_shipped_prompt_to_one_of_the_workspace(root: Path):
    """As `diff` tells it: a shell empties the file before the command reads."""
    own = root / "prompts" / f"{ID}.md"
    own.unlink()
    own.parent.rmdir()
    none = run("prompts", "diff", ID, "-w", root)
    assert (none.code, none.out.strip()) == (0, "")
    step = f"Next: mkdir -p {own.parent}; semsearch prompts show -w {root} {ID} > {own}"
    assert step in none.err
    typed = step.removeprefix("Next: ").replace("semsearch ", f"{' '.join(PROGRAM)} ")
    subprocess.run(["bash", "-c", typed], check=True, env=ENVIRONMENT, capture_output=True)
    assert own.read_bytes() == SHIPPED.read_bytes()
    same = run("prompts", "diff", ID, "-w", root)
    assert (same.code, same.out.strip()) == (0, "") and "has the text of the shipped prompt" in same.err
    assert json.loads(run("prompts", "list", "--json", "-w", root).out)[IDS.index(ID)]["from"] == "workspace"


def test_outside_of_a_workspace_the_shipped_prompts_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert {json.loads(line)["from"] for line in run("prompts", "list", "--jsonl").out.splitlines()} == {"shipped"}
    assert run("prompts", "show", ID).out == SHIPPED.read_text(encoding="utf-8")
    assert run("prompts", "check").code == 0
    for arguments in (["diff", ID], ["list", "-w", tmp_path / "nothing"]):
        missing = run("prompts", *arguments)
        assert (missing.code, missing.out) == (4, "") and "Next: semsearch init" in missing.err


def test_a_new_text_under_the_old_version_is_a_problem(root: Path):
    own = changed(root, ("Never guess", "Do not guess"))
    done = run("prompts", "check", "--json", "-w", root)
    assert done.code == 3 and f"1 of {len(IDS)} prompts has problems" in done.err
    assert f"Next: correct {own}, then semsearch prompts check -w {root} {ID}" in done.err
    [faulty] = [row for row in json.loads(done.out) if row["problems"]]
    assert faulty["problems"] == [
        f"{own}: it has the version of the shipped prompt, 1, and another text: raise the version."
    ]
    assert run("prompts", "check", "spam-profile", "-w", root).code == 0


WRONG = [
    ("{{ post }}", "{{ ''.__class__ }}", "line {line}: an attribute cannot stand here"),
    (
        "{{ post }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "line {line}: a loop runs over one variable from outside",
    ),
    ("{{ namespace }}", "{{ post }}", "line {line}: 'post' is from outside and cannot stand in the system message"),
    ("# user", "# usr", "it has no line '# user'"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG)
def test_a_file_that_is_wrong_is_told_by_its_line(old: str, new: str, said: str, root: Path):
    own = changed(root, (old, new))
    line = SHIPPED.read_text(encoding="utf-8").partition(old)[0].count("\n") + 1
    used = run("prompts", "show", ID, "-w", root)
    assert (used.code, used.out) == (2, "")
    assert str(own) in used.err and said.format(line=line) in used.err
    assert f"Next: correct it, then semsearch prompts check -w {root} {ID}" in used.err
    checked = run("prompts", "check", "-w", root)
    assert checked.code == 3 and f"1 of {len(IDS)} prompts has problems" in checked.err
    listed = run("prompts", "list", "--jsonl", "-w", root)
    assert listed.code == 0 and f"Next: semsearch prompts check -w {root} {ID}" in listed.err
    assert [bool(json.loads(line)["fault"]) for line in listed.out.splitlines()] == [each == ID for each in IDS]


def test_a_file_that_is_no_text_and_an_id_that_nothing_has(root: Path):
    (root / "prompts" / f"{ID}.md").write_bytes(b"\xff\xfe+\x00")
    for verb in ("show", "diff"):
        done = run("prompts", verb, ID, "-w", root)
        assert done.code == 2 and "line 1: this is not UTF-8" in done.err and "Next: save it as UTF-8" in done.err
    for verb in ("show", "diff", "check"):
        done = run("prompts", verb, "../market/semsearch", "-w", root)
        assert (done.code, done.out) == (2, "") and f"Next: semsearch prompts list -w {root}" in done.err


def test_a_prompt_that_nothing_ships_stands_for_itself(root: Path):
    own = root / "prompts" / "mine.md"
    own.write_text(SHIPPED.read_text(encoding="utf-8").replace(f'"{ID}"', '"mine"'), encoding="utf-8")
    done = run("prompts", "diff", "mine", "-w", root)
    assert (done.code, done.out.strip()) == (0, "") and "Nothing ships as 'mine'" in done.err
    assert run("prompts", "check", "mine", "-w", root).code == 0
