"""The files of labels: appended to, held, mended, merged; and what must not stand in them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.store.labelled import START, label, machine

from semsearch.errors import Busy, MismatchError, UsageError
from semsearch.records import Facet, Label
from semsearch.store.labels.files import LabelFiles, named
from semsearch.store.labels.lines import BadLabel, label_of, line_of
from semsearch.workspace import Workspace


@pytest.fixture
def files(tmp_path: Path) -> LabelFiles:
    return LabelFiles(Workspace.create(tmp_path))


def test_labels_come_back_as_they_were_from_a_file_of_their_own(files: LabelFiles) -> None:
    full = label(
        None,
        "소연 kim",
        grade_low=1,
        grade_high=2,
        facets=(Facet("product", "에어팟 프로", True), Facet("attribute", "흰색", None)),
        item={"title": "에어팟\n프로", "price": "5000"},
        inclusion_probability=0.25,
        seconds=3,
        shown=True,
    )
    model = machine(0, "Qwen/Qwen2.5-7B")
    files.append(full)
    files.append(model, replace(model, item_id="i2"))
    assert list(files.read()) == [model, replace(model, item_id="i2"), full]
    assert [each.label_id for each in files.read("person")] == [full.label_id]
    assert [str(path.relative_to(files.root)) for path in files.paths()] == [
        "machine/Qwen%2FQwen2.5-7B/b1.jsonl",
        "people/소연%20kim/b1.jsonl",
    ]
    assert list(files.read(batch="other")) == []


def test_a_line_has_no_field_at_its_default_and_the_id_is_the_same_for_ever() -> None:
    told = json.loads(line_of(label(2)))
    required = "query item_id source by origin grade_low grade_high rubric at"
    assert " ".join(told) == f"{required} batch"
    assert label(2).label_id == "955b38f12d23b228"
    assert label(2, seconds=3).label_id == label(2, seconds=3.0).label_id != label(2).label_id


@settings(max_examples=50)
@given(
    st.builds(
        Label,
        query=st.text(min_size=1).filter(str.strip),
        item_id=st.text(min_size=1).filter(str.strip),
        source=st.just("person"),
        by=st.just("a"),
        origin=st.sampled_from(["direct", "facets", "imported"]),
        grade_low=st.just(0),
        grade_high=st.sampled_from([0, 1, 2]),
        rubric=st.text(),
        at=st.datetimes().map(lambda at: at.replace(tzinfo=START.tzinfo)),
        item=st.dictionaries(st.text(), st.text()),
        inclusion_probability=st.none() | st.floats(0.001, 1),
        batch=st.just("b"),
        note=st.text(),
        seconds=st.none() | st.floats(0, 1e6),
    )
)
def test_any_label_survives_its_line(given: Label) -> None:
    line = line_of(given)
    assert line.count(b"\n") == 1
    back = label_of(line)
    assert back == given
    assert back.label_id == given.label_id


@given(st.text(min_size=1, max_size=10), st.text(min_size=1, max_size=10))
def test_a_name_stays_in_its_folder_and_no_two_share_one(one: str, other: str) -> None:
    import unicodedata

    assert "/" not in named(one)
    assert not named(one).startswith((".", "-"))
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (named(one) == named(other)) == same


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name"):
        named(name)


@settings(max_examples=25)
@given(
    by=st.sampled_from(["minji", "gpt-x", "../people/minji"]),
    held_by=st.sampled_from(["minji", "gpt-x", "../people/minji"]),
    source=st.sampled_from(["person", "model"]),
)
def test_a_machines_label_never_enters_a_file_of_people(
    tmp_path_factory: pytest.TempPathFactory, by: str, held_by: str, source: str
) -> None:
    files = LabelFiles(Workspace.create(tmp_path_factory.mktemp("w")))
    given = machine(1, by)
    with files.writing(source, held_by, "b1") as writer:
        if (source, held_by) == ("model", by):
            writer.append(given)
        else:
            with pytest.raises(UsageError, match="does not belong"):
                writer.append(given)
    files.append(replace(given, batch="b2"))
    people = files.root / "people"
    assert not any(b"model" in path.read_bytes() for path in people.rglob("*") if path.is_file())


def test_a_machines_label_that_was_put_among_peoples_is_refused_with_its_place(files: LabelFiles) -> None:
    files.append(label(2))
    path = files.path("person", "minji", "b1")
    with path.open("ab") as file:
        file.write(line_of(machine(2, "minji")))
    with pytest.raises(UsageError, match=r"b1\.jsonl:2: a model's label stands among those of people"):
        list(files.read())
    moved = files.root / "people" / "jun"
    moved.mkdir()
    shutil.move(path, moved / "b1.jsonl")
    with pytest.raises(UsageError, match=r"jun/b1\.jsonl:1: a label by minji stands in a file of jun"):
        list(files.read())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"grade_low": 3, "grade_high": 3}, "a grade is 3, none of 0, 1, 2"),
        ({"query": " "}, "query is empty"),
        ({"grade_low": None}, "one of grade_low and grade_high is missing"),
        ({"grade_low": 2, "grade_high": 1}, "grade_low is above grade_high"),
        ({"at": START.replace(tzinfo=None)}, "at has no time zone"),
        ({"inclusion_probability": 0.0}, "inclusion_probability is 0.0"),
        ({"role": "judge"}, "role is none of label, golden, adjudication"),
        ({"facets": (Facet("colour", "red", True),)}, "a facet is none of product"),
        ({"source": "model"}, "a model's grade comes from facets alone"),
        ({"source": "model", "origin": "facets", "role": "adjudication"}, "a model's label is no adjudication"),
    ],
)
def test_a_label_that_cannot_be_is_refused_and_nothing_is_kept(files: LabelFiles, changed: dict, told: str) -> None:
    bad = label(**{"grade": 1} | changed)
    with pytest.raises(UsageError, match=told):
        files.append(replace(bad, grade_low=0, grade_high=0) if "grade" not in told else bad, bad)
    assert list(files.read()) == []


def test_what_a_newer_version_wrote_stays_and_what_is_missing_is_named(files: LabelFiles) -> None:
    files.append(label(2))
    path = files.path("person", "minji", "b1")
    newer = json.loads(path.read_bytes()) | {"item_id": "i2", "mood": "happy"}
    path.write_text(json.dumps(newer) + "\n")
    files.append(label(1, item_id="i3"))
    assert json.loads(path.read_bytes().splitlines()[0]) == newer
    assert [each.item_id for each in files.read()] == ["i2", "i3"]
    for broken, told in (
        ({"grade_low": None} | {k: v for k, v in newer.items() if k != "rubric"}, "it has no rubric"),
        (newer | {"grade_low": "2"}, "grade_low: input should be a valid integer"),
        (newer | {"facets": [{"intent": "item", "asked": "x"}]}, "it has no facets.0.met"),
        ([], "it is no JSON object"),
    ):
        path.write_text(json.dumps(newer) + "\n" + json.dumps(broken) + "\n")
        with pytest.raises(UsageError, match=rf"minji/b1\.jsonl:2: {told}"):
            list(files.read())


@pytest.mark.parametrize("cut", [1, 30, 190])
def test_a_line_that_a_kill_cut_off_is_mended_by_the_next_label(files: LabelFiles, cut: int) -> None:
    files.append(label(2), label(1, item_id="i2"))
    path = files.path("person", "minji", "b1")
    whole = path.read_bytes()
    path.write_bytes(whole + line_of(label(0, item_id="i3"))[:cut])
    assert [each.item_id for each in files.read()] == ["i1", "i2"]
    assert files.torn() == [path]
    with files.writing("person", "minji", "b1") as writer:
        assert f"({cut} bytes)" in writer.mended
        assert path.read_bytes() == whole
        writer.append(label(0, item_id="i4"))
    assert [each.item_id for each in files.read()] == ["i1", "i2", "i4"]
    assert files.torn() == []


def test_a_whole_last_line_without_its_end_is_kept(files: LabelFiles) -> None:
    files.append(label(2))
    path = files.path("person", "minji", "b1")
    path.write_bytes(path.read_bytes().rstrip())
    assert files.torn() == []
    files.append(label(1, item_id="i2"))
    assert [each.item_id for each in files.read()] == ["i1", "i2"]


@pytest.mark.parametrize("last", [b'{"query": "q", "grade_low": 3}', b">>>>>>> theirs"])
def test_a_last_line_that_can_be_read_is_never_cut_off(files: LabelFiles, last: bytes) -> None:
    files.append(label(2))
    path = files.path("person", "minji", "b1")
    path.write_bytes(path.read_bytes() + last)
    with pytest.raises(UsageError, match=r"b1\.jsonl:2: "):
        files.append(label(1, item_id="i2"))
    assert last in path.read_bytes()
    assert files.torn() == []


def test_a_full_disk_leaves_the_file_as_it_was(files: LabelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.append(label(2))
    path = files.path("person", "minji", "b1")
    before, write = path.read_bytes(), os.write

    def half(descriptor: int, content: memoryview) -> int:
        if len(content) > 100:
            return write(descriptor, content[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    with files.writing("person", "minji", "b1") as writer:
        monkeypatch.setattr(os, "write", half)
        with pytest.raises(UsageError, match="No space left"):
            writer.append(label(1))
        monkeypatch.undo()
        assert path.read_bytes() == before
        writer.append(label(1))
    assert len(list(files.read())) == 2


@pytest.mark.parametrize("late", [False, True])
def test_two_rubrics_in_a_batch_that_git_joined_are_refused_in_any_file_and_line(files: LabelFiles, late: bool) -> None:
    files.append(label(1, "jun"), label(2, "jun", item_id="i2"))
    files.append(label(1, "minji", batch="b2"))
    other = label(2, "minji", rubric="r2", item_id="i3")
    path = files.path("person", "minji", "b1")
    path.write_bytes((line_of(label(1, "minji")) if late else b"") + line_of(other))
    for read in (lambda: list(files.read()), lambda: list(files.read("person", "b1")), lambda: files.append(other)):
        with pytest.raises(MismatchError, match=rf"b1 holds .* r1 \(.*jun/b1.jsonl:1\) and r2 .*:{1 + late}\)") as told:
            read()
        assert told.value.next_step.endswith("minji/b1-r2.jsonl")
    if not late:
        path.rename(path.with_name("b1-r2.jsonl"))
        assert len(list(files.read())) == 4


def test_a_batch_has_one_rubric_whoever_grades(files: LabelFiles) -> None:
    files.append(label(2))
    files.append(machine(2, rubric="r2"))
    for by in ("minji", "jun"):
        with pytest.raises(MismatchError, match="Batch b1 was graded with rubric r1; now it is r2") as told:
            files.append(label(1, by, rubric="r2"))
        assert "--batch" in told.value.next_step
    files.append(label(1, rubric="r2", batch="b2"))
    assert (files.rubric("person", "b1"), files.rubric("person", "b2")) == ("r1", "r2")


HOLD = """
import sys
from pathlib import Path
from semsearch.store.labels.files import LabelFiles
from semsearch.workspace import Workspace
with LabelFiles(Workspace(Path(sys.argv[1]))).writing("person", "minji", "b1"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_process_on_a_file_is_told_and_other_files_are_free(files: LabelFiles) -> None:
    command = [sys.executable, "-c", HOLD, str(files.root.parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Busy, match="labels of minji, batch b1") as told:
            files.append(label(2))
        assert told.value.exit_code == 4
        files.append(label(2, "jun"))
        files.append(label(2, batch="b2"))
        other.kill()
    files.append(label(2))
    assert len(list(files.read())) == 3


GRADE = """
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path
from semsearch.store.labels.files import LabelFiles
from semsearch.store.labels.lines import label_of
from semsearch.workspace import Workspace
given = label_of(sys.argv[2].encode())
with LabelFiles(Workspace(Path(sys.argv[1]))).writing("person", "minji", "b1") as writer:
    for n in range(1_000_000):
        writer.append(replace(given, item_id=str(n)))
        print(n, flush=True)
"""


def test_a_label_that_was_acknowledged_outlives_a_kill(files: LabelFiles) -> None:
    command = [sys.executable, "-c", GRADE, str(files.root.parent), line_of(label(2)).decode()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as grading:
        assert grading.stdout is not None
        told = [grading.stdout.readline() for _ in range(20)]
        grading.kill()
        told += grading.stdout.readlines()
    kept = [each.item_id for each in files.read()]
    acknowledged = [line.strip() for line in told if line.endswith("\n")]
    assert kept[: len(acknowledged)] == acknowledged
    assert len(kept) <= len(acknowledged) + 1
    files.append(label(1, item_id="next"))
    assert [each.item_id for each in files.read()] == [*kept, "next"]


def git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    told = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *told, *arguments], cwd=root, check=False, capture_output=True, text=True)


def diverged(files: LabelFiles) -> Path:
    """A repository in which two branches went on with the same file, and with files of their own."""
    root = files.root
    files.append(label(2))
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "start")
    git(root, "checkout", "-qb", "theirs")
    files.append(label(0, item_id="i2"), label(0, item_id="i3"))
    files.append(label(1, "jun"))
    git(root, "add", "-A")
    git(root, "commit", "-qm", "theirs")
    git(root, "checkout", "-q", "main")
    files.append(label(1, item_id="i4"))
    files.append(label(0, "soyeon"))
    git(root, "add", "-A")
    git(root, "commit", "-qm", "ours")
    return root


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_merges_files_of_labels_without_a_conflict(files: LabelFiles) -> None:
    merged = git(diverged(files), "merge", "theirs", "-m", "both")
    assert merged.returncode == 0, merged.stdout
    told = {(each.by, each.item_id) for each in files.read()}
    assert told == {*((("minji", f"i{n}")) for n in (1, 2, 3, 4)), ("jun", "i1"), ("soyeon", "i1")}


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_a_file_with_conflict_marks_names_its_line_and_counts_both_sides(files: LabelFiles, style: str) -> None:
    root = diverged(files)
    (root / ".gitattributes").write_text("")
    merged = git(root, "-c", f"merge.conflictStyle={style}", "merge", "theirs", "-m", "both")
    assert merged.returncode == 1
    path = files.path("person", "minji", "b1")
    marked = path.read_bytes()
    told = r"minji/b1\.jsonl:2: a merge conflict \(labels on our side: 1, on theirs: 2\)"
    with pytest.raises(UsageError, match=told) as error:
        list(files.read())
    assert "take out only the lines" in error.value.next_step
    with pytest.raises(UsageError, match=told):
        files.append(label(2, item_id="i9"))
    assert path.read_bytes() == marked
    kept = [line for line in marked.splitlines(keepends=True) if line[:1] == b"{"]
    path.write_bytes(b"".join(kept))
    assert sorted(each.item_id for each in files.read("person") if each.by == "minji") == ["i1", "i2", "i3", "i4"]


def test_a_line_that_both_sides_have_counts_once(files: LabelFiles) -> None:
    files.append(label(2))
    path = files.path("person", "minji", "b1")
    path.write_bytes(path.read_bytes() * 2)
    assert len(list(files.read())) == 1


def test_a_bad_line_says_what_is_wrong() -> None:
    with pytest.raises(BadLabel, match="no JSON object"):
        label_of(b"{")


COMPOSED, APART = "민지", unicodedata.normalize("NFD", "민지")


@pytest.mark.parametrize("changed", [{"by": APART}, {"batch": APART}, {"by": "minji "}])
def test_a_name_is_written_in_one_way(files: LabelFiles, changed: dict) -> None:
    assert COMPOSED != APART
    with pytest.raises(UsageError, match="is not composed"):
        files.append(replace(label(2), **changed))
    with pytest.raises(UsageError, match="is not composed"), files.writing("person", APART, "b1"):
        pass
    assert files.paths() == []
    with pytest.raises(BadLabel, match="is not composed"):
        label_of(line_of(replace(label(2), **changed)))


def test_one_file_has_one_lock_however_its_name_is_written(files: LabelFiles) -> None:
    workspace = Workspace(files.root.parent)
    with workspace.labelling("person", COMPOSED, "b1"):
        with pytest.raises(Busy), workspace.labelling("person", APART, "b1"):
            pass
        with workspace.labelling("person", "jun", "b1"):
            pass
