"""`label sample|session|adjudicate`: the last two in a real terminal, also killed in the middle of a pair."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.e2e.program import ENVIRONMENT, PROGRAM, Done, run
from tests.e2e.terminal import Terminal
from tests.unit.store.labelled import label, machine

from semsearch.cli.output import CONTROL
from semsearch.records import Facet, Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.store.labels import LabelFiles, effective
from semsearch.store.labels.batches import read_batch
from semsearch.workspace import Workspace

QUERY = "나이키 운동화 260"
ITEMS = {f"i{n}": f"나이키 에어맥스 {n}번 \x1b[31m운동화" for n in range(6)}
PAIRS = "query,item_id\n" + "".join(f"{QUERY},{i}\n" for i in ITEMS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with items, a batch of six pairs and a model's labels of them."""
    root = tmp_path_factory.mktemp("labelling") / "w"
    workspace = Workspace.create(root)
    items = root.parent / "items.jsonl"
    items.write_text("\n".join(json.dumps({"item_id": i, "title": t, "body": "상태 좋아요"}) for i, t in ITEMS.items()))
    assert run("import", "items", items, "-w", root).code == 0
    done = sample(root, "spring")
    assert done.code == 0, done.err
    LabelFiles(workspace).append(*(machine(2, query=QUERY, item_id=i, rubric=RUBRIC, batch="m") for i in ITEMS))
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "w"))


def session(root: Path, *more: object, by: str = "minji", size: tuple[int, int] = (100, 30)) -> Terminal:
    return Terminal("label", "session", "spring", "--by", by, "-w", root, *more, size=size)


def people(root: Path) -> list[Label]:
    return list(LabelFiles(Workspace(root)).read("person"))


def item_on(screen: str) -> str:
    found = re.search(r"(\d)번", screen)
    assert found, screen
    return f"i{found[1]}"


def after(terminal: Terminal, keys: str, n_done: int) -> str:
    """Press keys; the screen when so many pairs are done."""
    terminal.press(keys)
    return terminal.wait(f"{n_done} of 6 done")


def test_one_key_is_one_label_and_a_kill_in_mid_pair_loses_nothing(root: Path) -> None:
    with session(root) as terminal:
        first = terminal.wait("0 of 6 done")
        assert "machine" not in first.lower()
        assert QUERY in first
        second = after(terminal, "2", 1)
        assert "Last: 2" in second and "machine" not in second.lower()
        assert [(each.item_id, each.grade_low) for each in people(root)] == [(item_on(first), 2)]
        third = after(terminal, "0", 2)
        assert "Last: 0" in third
        assert f"Before: 2, the machine agrees: 2 · “{QUERY}” 나이키 에어맥스 {item_on(first)[1]}번" in third
        assert "differs" not in third  # the last answer can be taken back without having seen that
        terminal.press("f")
        terminal.wait("What is 나이키?")
        terminal.press("b")  # a facet is begun, nothing is answered
        terminal.wait("What is 운동화?")
        terminal.kill()
    assert len(people(root)) == 2
    with session(root) as terminal:
        again = terminal.wait("2 of 6 done")
        assert item_on(again) == item_on(third)
        terminal.press("\x03")
        code, _, told = terminal.end()
    assert code == 130
    assert "Interrupted; run the same command again to go on." in told
    assert told.rfind("\x1b[?1049l") > told.rfind("\x1b[?1049h")  # the terminal is as it was
    assert len(people(root)) == 2


def test_marks_of_a_merge_in_a_file_of_another_batch_are_told_and_stop_nobody(root: Path) -> None:
    [model] = LabelFiles(Workspace(root)).paths("model")
    model.write_bytes(b"<<<<<<< ours\n" + model.read_bytes() + b"=======\n>>>>>>> theirs\n")
    with session(root) as terminal:
        terminal.wait("0 of 6 done")
        after(terminal, "2", 1)
        terminal.press("q")
        code, _, told = terminal.end()
    assert code == 0
    assert f"What can be read of this file counts: {model}:1: a merge conflict" in told
    assert [each.grade_low for each in people(root)] == [2]
    refused = run("grade", "audit", "-w", root)
    assert refused.code == 2 and "merge conflict" in refused.err


def test_facets_notes_skips_and_undo(root: Path) -> None:
    with session(root, "--json") as terminal:
        first = terminal.wait("0 of 6 done")
        terminal.press("f")
        terminal.wait("What is 나이키?")
        terminal.press("ba")
        terminal.wait("What is 260?")
        terminal.press("\x7f")
        terminal.wait("What is 운동화?")
        terminal.press("ib")
        terminal.wait("brand 나이키?")
        terminal.press("\x7f")
        terminal.wait("What is 260?")
        terminal.press("a")
        terminal.wait("brand 나이키?")
        terminal.press("ync")
        screen = terminal.wait("Enter keeps it")
        assert "0–1: 1 minor not met: item 운동화" in screen
        screen = after(terminal, "\r", 1)
        terminal.press("n")
        terminal.wait("Note:")
        terminal.press("\x1b[200~지난\n해 것?\x1b[201~\r")
        terminal.wait(lambda shown: "Note: 지난 해 것?" in shown and "Enter keeps" not in shown)
        terminal.press("s")
        skipped, waiting = terminal.wait("Skipped; its note waits"), item_on(screen)
        assert item_on(skipped) != waiting
        terminal.press("z")
        again = terminal.wait("The skip is taken back.")
        assert item_on(again) == waiting and "Note: 지난 해 것?" in again
        terminal.press("s")
        terminal.wait("Skipped; its note waits")
        terminal.press("n")
        terminal.wait("Note:")
        terminal.press("작아요 z2\x7f\r")
        terminal.wait(lambda shown: "Note: 작아요 z" in shown and "Enter keeps" not in shown)
        after(terminal, "1", 2)
        terminal.press("f")  # the intents of this query are known by now
        terminal.wait("brand 나이키?")
        terminal.press("yyy")
        terminal.wait("2: all met")
        screen = after(terminal, "1", 3)
        assert "Its facets give 2: all met" in screen
        after(terminal, "z", 2)
        terminal.press("g")
        terminal.wait("The first rule that fits decides:")
        terminal.press("0")
        assert "**" not in terminal.wait("How relevance is graded")
        terminal.press(" q")
        terminal.wait("2 of 6 done")
        terminal.press("q")
        code, out, told = terminal.end()
    assert code == 0
    assert f"note of “{QUERY}” {waiting}: 지난 해 것?" in told
    assert "Next: semsearch label session" in told and "which goes on" in told
    told = json.loads(out)
    assert (told["labelled"], told["done"], told["left"], told["golden"]) == (2, 2, 4, 0)
    facets, noted, direct, undone = people(root)
    assert (facets.item_id, facets.origin, facets.grade_low, facets.grade_high) == (item_on(first), "facets", 0, 1)
    assert [(each.intent, each.asked, each.met) for each in facets.facets] == [
        ("brand", "나이키", True), ("item", "운동화", False), ("attribute", "260", None),
    ]  # fmt: skip
    assert (noted.note, noted.grade_low, noted.origin) == ("작아요 z", 1, "direct")
    assert (direct.grade_low, direct.origin, len(direct.facets)) == (1, "direct", 3)
    assert undone.retracts == direct.label_id
    assert all(each.inclusion_probability is None and each.seconds for each in (facets, noted, direct))


def test_all_pairs_in_a_tiny_terminal_that_is_made_wider_and_a_key_that_bounces(root: Path) -> None:
    with session(root, size=(12, 5)) as terminal:
        terminal.wait("나이키")
        terminal.resize(90, 24)
        terminal.wait("0 of 6 done")
        for n in range(1, 6):
            after(terminal, "\x1b[200~2 1 0\x1b[201~10", n)  # a paste; the last key came before its pair was seen
        terminal.press("ㅕ")  # u on a Korean keyboard
        terminal.wait("All pairs are labelled")
        after_all = people(root)
        terminal.press("2k")  # no pair is there for it
        terminal.press("q")
        code, out, _ = terminal.end()
    assert code == 0
    assert re.search(r"left\s+0", out)
    assert len(after_all) == len(people(root)) == 6
    assert [each.grade_low for each in after_all] == [1, 1, 1, 1, 1, None]
    assert not CONTROL.search(out)


def test_people_see_places_and_attributes_by_their_names(root: Path) -> None:
    (root.parent / "regions.csv").write_text("region_id,name,neighbour_ids\n0104,강남구 역삼동,\n")
    assert run("import", "regions", root.parent / "regions.csv", "-w", root).code == 0
    item = {"item_id": "i0", "title": "0번", "region_id": "0104", "attributes": {"brand": "비타론"}, "price": 12000}
    (root.parent / "placed.jsonl").write_text(json.dumps(item | {"currency": "KRW"}))
    assert run("import", "items", root.parent / "placed.jsonl", "-w", root).code == 0
    (root.parent / "one.csv").write_text("query,item_id\n비타민,i0\n")
    drawn = run("label", "sample", "placed", "--pairs", root.parent / "one.csv", "-w", root)
    assert (drawn.code, "강남구 역삼동" in drawn.out) == (0, True)
    with Terminal("label", "session", "placed", "--by", "minji", "-w", root) as terminal:
        screen = terminal.wait("0 of 1 done")
    assert "12,000 KRW · 강남구 역삼동 · brand: 비타론\n" in screen
    assert "0104" not in screen


def test_a_second_process_of_one_annotator_is_told(root: Path) -> None:
    with session(root) as terminal:
        terminal.wait("0 of 6 done")
        with session(root) as second:
            code, _, told = second.end()
        assert code == 4
        assert "Another process is writing labels of minji, batch spring" in told


@pytest.mark.parametrize("mode", ["", "--json"])
def test_adjudication_hides_names_until_it_is_decided(root: Path, mode: str) -> None:
    shown = {"query": QUERY, "item_id": "i1", "item": {"title": ITEMS["i1"]}, "rubric": RUBRIC, "batch": "spring"}
    files = LabelFiles(Workspace(root))
    files.append(label(2, "minji", **shown))
    facets = (Facet("brand", "나이키", True),)
    files.append(label(0, "jun", note="too big", facets=facets, **shown))
    with Terminal("label", "adjudicate", "spring", "--by", "sora", "-w", root, *filter(None, [mode])) as terminal:
        screen = terminal.wait("0 of 1 done")
        assert "minji" not in screen and "jun" not in screen
        assert "0 — brand 나이키: met — but these facets give 2 — “too big”" in screen
        terminal.press("1")
        screen = terminal.wait("All pairs are labelled")
        assert "minji" not in screen and "jun" not in screen
        terminal.press("q")
        code, out, told = terminal.end()
    assert code == 0, told
    assert "minji said 2" in told and "jun said 0" in told
    assert "The last pair: 1, the machine differs: 2, " in told
    assert "Next: semsearch label export" in told
    assert (json.loads(out)["left"] == 0) if mode else out.strip()
    [found] = [each for each in effective(people(root)).values() if each.item_id == "i1"]
    assert (found.level, found.grade_low, found.disputed) == ("adjudication", 1, False)


def test_a_pair_that_is_marked_as_known_measures_others_and_not_who_marked_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session(root, "--json") as terminal:
        known = item_on(terminal.wait("0 of 6 done"))
        terminal.press("k")
        terminal.wait("Known: your answer makes it a golden pair")
        after(terminal, "2", 1)
        terminal.press("kk")
        screen = after(terminal, "1", 2)
        assert "Known:" not in screen
        terminal.press("q")
        code, out, told = terminal.end()
    assert (code, json.loads(out)["known"]) == (0, 1)
    assert "1 pair marked as known by minji" in told
    assert [(each.item_id == known, each.role) for each in people(root)] == [(True, "golden"), (False, "label")]
    other = root.parent / "other.csv"
    other.write_text("query,item_id\n" + "".join(f"구두,{i}\n" for i in ITEMS))
    monkeypatch.setenv("SEMSEARCH_RELEVANCE__GOLDEN", "0.15")
    assert run("label", "sample", "other", "--pairs", other, "-w", root).code == 0
    [golden] = [each for each in read_batch(Workspace(root), "other") if each.golden]
    assert (golden.item_id, golden.golden.low, golden.golden.by) == (known, 2, ("minji",))  # type: ignore[union-attr]
    for by, n in (("minji", 6), ("jun", 7)):
        with Terminal("label", "session", "other", "--by", by, "-w", root) as terminal:
            terminal.wait(f"0 of {n} done")
            terminal.press("q")
            terminal.end()


def test_golden_pairs_are_told_at_the_end_and_an_item_that_changed_is_marked(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMSEARCH_RELEVANCE__GOLDEN", "0.15")
    known = {"query": "구두", "item_id": "g1", "item": {"title": "구두 9번"}, "rubric": "", "origin": "imported"}
    LabelFiles(Workspace(root)).append(label(2, "expert", role="golden", batch="known", **known))
    assert sample(root, "golden", "--annotator", "minji").code == 0
    changed = root.parent / "changed.jsonl"
    changed.write_text("\n".join(json.dumps({"item_id": i, "title": f"{t} 판매완료"}) for i, t in ITEMS.items()))
    assert run("import", "items", changed, "-w", root).code == 0
    with Terminal("label", "session", "golden", "--by", "minji", "-w", root) as terminal:
        marked = {}
        for n in range(7):
            screen = terminal.wait(f"{n} of 7 done")
            assert "golden" not in screen.replace("golden · minji", "").lower()
            marked[item_on(screen)] = "The item is another one now" in screen
            assert "판매완료" not in screen
            terminal.press("0")
        terminal.wait("All pairs are labelled")
        terminal.press("q")
        code, _, told = terminal.end()
    assert code == 0
    assert marked == {item_id: item_id != "i9" for item_id in (*ITEMS, "i9")}
    assert "Golden pairs: 0 of 1 answered as they are known to be." in told
    assert "“구두” g1: you said 0, known is 2." in told


# --- without a terminal -----------------------------------------------------------------------


def piped(root: Path, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "label", *arguments, "-w", str(root)],
        input="2\n", capture_output=True, text=True, env=environment or ENVIRONMENT, check=False,
    )  # fmt: skip


def test_without_a_terminal_it_says_what_to_do_instead(root: Path) -> None:
    done = piped(root, "session", "spring", "--by", "minji")
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert f"label import -w {root} FILE --as minji --batch spring" in done.stderr
    assert people(root) == []


@pytest.mark.parametrize("command", [["session", "spring"], ["adjudicate"]])
def test_without_a_name_nobody_labels(root: Path, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEMSEARCH_REVIEWER", raising=False)
    done = run("label", *command, "-w", root)
    assert done.code == 2
    assert "--by NAME" in done.err


# --- sample -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["", "--json", "--jsonl"])
def test_a_sample_in_every_output_mode(root: Path, mode: str) -> None:
    done = sample(root, "autumn", *filter(None, [mode]))
    assert done.code == 0, done.err
    assert not CONTROL.search(done.out + done.err)
    assert "Next: semsearch label session" in done.err
    if mode == "--json":
        told = json.loads(done.out)
        assert (told["queries"], told["pairs"], told["second"], told["strata"]) == (1, 6, 1, 1)
        assert told["rows"][0]["drawn"] == 1
    elif mode == "--jsonl":
        assert json.loads(done.out)["queries"] == 1
    else:
        assert "autumn" in done.out


def sample(root: Path, name: str, *more: object) -> Done:
    (root.parent / "pairs.csv").write_text(PAIRS)
    return run("label", "sample", name, "--pairs", root.parent / "pairs.csv", "-w", root, *more)


def test_a_batch_is_drawn_once_and_can_be_graded_by_a_machine_as_it_is(root: Path) -> None:
    assert sample(root, "spring").code == 2
    drawn = root / "labels" / "batches" / "spring.jsonl"
    again = run("label", "sample", "again", "--pairs", drawn, "-w", root)
    assert again.code == 0, again.err
    first, second = (read_batch(Workspace(root), name) for name in ("spring", "again"))
    assert {each.key: each.item for each in first} == {each.key: each.item for each in second}
    assert "count as picked on purpose" in again.err
    assert {each.inclusion_probability for each in first + second} == {None}


def test_a_pool_of_runs_by_the_bands_of_the_log_and_the_categories_of_a_table(root: Path) -> None:
    asked = [("운동화", 6), ("나이키", 3), ("에어맥스", 1)]
    log = root.parent / "log.csv"
    times = (f"2026-01-01T00:{n:02}:00Z,u{n},search,{q}\n" for q, times in asked for n in range(times))
    log.write_text("ts,actor_id,kind,query\n" + "".join(times))
    assert run("import", "interactions", log, "-w", root).code == 0
    queries = root.parent / "queries.tsv"
    queries.write_text("query_id\tquery\tcategory\n" + "".join(f"q{n}\t{q}\tshoes\n" for n, (q, _) in enumerate(asked)))
    for name, shift in (("alpha", 0), ("beta", 1)):
        hits = (f"q{q} Q0 i{(q + i + shift) % 7} {i + 1} {9 - i} {name}\n" for q in range(3) for i in range(2))
        (root.parent / f"{name}.trec").write_text("".join(hits))
    runs = [part for name in ("alpha", "beta") for part in ("--run", root.parent / f"{name}.trec")]
    done = run("label", "sample", "pool", *runs, "--queries", queries, "-w", root, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    # 2 hits of each run, shifted by one: 3 items a query
    assert (told["queries"], told["pairs"], told["gone"]) == (3, 9, 0)
    assert [(row["band"], row["category"], row["intent"]) for row in told["rows"]] == [
        ("head", "shoes", "unknown"), ("tail", "shoes", "unknown"), ("torso", "shoes", "unknown"),
    ]  # fmt: skip
    brought = {tuple(sorted(each.ranks)) for each in read_batch(Workspace(root), "pool")}
    assert len(brought) == 3  # one run, the other, both
    again = run("label", "sample", "again", *runs, "--queries", queries, "-w", root)
    assert (again.code, "All 3 queries of these runs were drawn" in again.err) == (2, True)
    (root / "labels" / "batches" / "pool.jsonl").unlink()
    assert "The intent of all queries is unknown" in done.err
    step = done.err.split("Next: semsearch ")[1].splitlines()[0]
    assert step == f"grade pairs -w {root} {' '.join(map(str, runs))} --queries {queries}"
    facets = (Facet("item", "운동화", True),)
    LabelFiles(Workspace(root)).append(label(2, "sora", query="운동화", facets=facets, rubric=RUBRIC, batch="typed"))
    small = run("label", "sample", "small", *runs, "--queries", queries, "--size", "1", "-w", root)
    assert "2 strata have queries and none was drawn" in small.err
    assert "The intent of all" not in small.err
    assert "alpha" not in small.out


@pytest.mark.parametrize("more", [[], ["--pairs", "p.csv", "--run", "a"]])
def test_pairs_come_from_runs_or_from_a_file(root: Path, more: list[str]) -> None:
    done = run("label", "sample", "new", "-w", root, *more)
    assert done.code == 2
    assert "Pairs come from runs or from a file" in done.err
