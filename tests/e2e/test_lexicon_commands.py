"""`lexicon` in every output mode, from a log to a line in the workspace's lexicon, and what it says to bad input."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.e2e.program import run
from tests.e2e.test_commands import commands

from semsearch.cli.output import CONTROL

NASTY = "\x1b[31m\u202e[bold]"
MODES = [
    (path, mode)
    for path, known in commands().items()
    for mode in ("", "--json", "--jsonl")
    if path.startswith("lexicon ") and (not mode or mode in known)
]
TITLES = {"i1": f"브리츠 헤드셋 {NASTY}", "i2": "브리츠 스피커", "i3": "스니커즈 270"}
START = datetime(2026, 3, 1, tzinfo=UTC)


def rows(people: int = 20) -> list[dict[str, object]]:
    """In a session each, people type a name in Latin letters, then in Hangul, and an old word after a new one."""
    made: list[dict[str, object]] = []
    turns = (("britz 헤드셋", ""), ("브리츠 헤드셋", "i1"), ("운동화", ""), ("스니커즈", "i3"))
    for n in range(people):
        for turn, (query, item) in enumerate(turns):
            at = (START + timedelta(hours=n, minutes=turn)).isoformat()
            row = {"ts": at, "actor_id": f"a{n}", "session_id": f"s{n}", "query": query}
            made.append(row | {"kind": "search"})
            made += [row | {"kind": "click", "item_id": item}] * bool(item)
            made.append(row | {"actor_id": f"b{n}", "kind": "click", "item_id": "i3" if turn > 1 else "i1"})
    return made


def jsonl(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with items and a log, and its proposals."""
    folder = tmp_path_factory.mktemp("lexicon")
    root = folder / "market"
    items = [{"item_id": item, "title": title} for item, title in TITLES.items()]
    assert run("init", "-w", root).code == 0
    assert run("import", "items", jsonl(folder / "items.jsonl", items), "-w", root).code == 0
    assert run("import", "interactions", jsonl(folder / "log.jsonl", rows()), "-w", root).code == 0
    assert run("lexicon", "propose", "-w", root).code == 0
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "market"))


def proposals(root: Path) -> dict[str, str]:
    """surfaces → id."""
    listed = run("lexicon", "list", "--jsonl", "-w", root).out.splitlines()
    return {row["surfaces"]: row["proposal_id"] for row in map(json.loads, listed)}


@pytest.mark.parametrize(("path", "mode"), MODES, ids=lambda value: value or "plain")
def test_every_lexicon_command_in_every_output_mode(path: str, mode: str, root: Path) -> None:
    decides = path.split()[1] in ("accept", "reject")
    arguments = [*proposals(root).values(), "--by", "minji"] if decides else []
    done = run(*path.split(), *arguments, "-w", root, *([mode] if mode else []))
    assert done.code == 0, done.err
    assert "Next: " not in done.out
    assert "Next: semsearch " in done.err
    assert not CONTROL.search(done.out + done.err)
    if mode == "--json":
        document = json.loads(done.out)
        assert len(document["proposals"] if path == "lexicon propose" else document) == 2
    elif mode == "--jsonl":
        assert len([json.loads(line) for line in done.out.splitlines()]) == 2
    else:
        assert "브리츠 = britz" in done.out


def test_accepted_is_known_rejected_is_remembered(root: Path) -> None:
    ids = proposals(root)
    britz, shoes = ids["브리츠 = britz"], next(v for k, v in ids.items() if "운동화" in k)
    accepted = run("lexicon", "accept", britz, "--by", "minji", "-w", root)
    assert f"Next: semsearch index build -w {root}" in accepted.err
    assert (root / "lexicon" / "transliterations.tsv").read_text() == "브리츠\tbritz\n"
    assert run("lexicon", "reject", shoes, "--by", "jun", "--reason", "not the same", "-w", root).code == 0
    again = run("lexicon", "propose", "--json", "-w", root)
    assert json.loads(again.out)["proposals"] == []
    assert "The log suggests nothing that the lexicon does not know" in again.err
    assert "1 that people rejected" in again.err
    listed = [json.loads(line) for line in run("lexicon", "list", "--jsonl", "-w", root).out.splitlines()]
    assert {(row["decided"], row["by"]) for row in listed} == {("accept", "minji"), ("reject", "jun")}
    repeated = run("lexicon", "accept", britz, "--by", "minji", "-w", root)
    assert (repeated.code, repeated.out) == (0, "")
    assert "nothing changed" in repeated.err


def test_the_reviewer_of_the_environment_decides(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(iter(proposals(root).values()))
    nobody = run("lexicon", "accept", name, "-w", root)
    assert (nobody.code, nobody.out) == (2, "") and "--by NAME" in nobody.err
    monkeypatch.setenv("SEMSEARCH_REVIEWER", "minji")
    assert run("lexicon", "accept", name, "-w", root).code == 0


def test_bad_input_exits_2_and_missing_parts_4(root: Path, tmp_path: Path) -> None:
    unknown = run("lexicon", "accept", "l0", "--by", "minji", "-w", root)
    assert (unknown.code, unknown.out) == (2, "") and "There is no proposal 'l0'" in unknown.err
    (root / "lexicon" / "brands.tsv").write_text("브리츠\t\n")
    for arguments in (["propose"], ["accept", next(iter(proposals(root).values())), "--by", "minji"]):
        broken = run("lexicon", *arguments, "-w", root)
        assert broken.code == 2 and "brands.tsv, line 1" in broken.err and "Next: correct the line" in broken.err
    empty = tmp_path / "empty"
    run("init", "-w", empty)
    nothing = run("lexicon", "propose", "-w", empty)
    assert nothing.code == 4 and "Next: semsearch import" in nothing.err
    items = jsonl(tmp_path / "other.jsonl", [{"item_id": "x", "title": "y"}])
    run("import", "items", items, "-w", empty)
    no_log = run("lexicon", "propose", "-w", empty)
    assert no_log.code == 4 and f"Next: semsearch import interactions -w {empty}" in no_log.err
    run("import", "interactions", jsonl(tmp_path / "log.jsonl", rows()), "-w", empty)
    strangers = run("lexicon", "propose", "-w", empty)
    assert strangers.code == 4 and "in the catalogue" in strangers.err
    assert run("lexicon", "list", "-w", empty).code == 0
