"""Labels of other tools into the files of people, and what counts out to other tools."""

from __future__ import annotations

import csv
import errno
import json
import os
import unicodedata
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.store.labelled import START, label, machine

from semsearch.errors import Busy, MismatchError, UsageError
from semsearch.evaluation.queries import query_id_of
from semsearch.evaluation.reading import read_judgements, read_queries
from semsearch.ingest.labels.grades import Grader, Scale
from semsearch.ingest.labels.reading import LabelFormat, read_labels
from semsearch.ingest.labels.rows import Judged, Passed
from semsearch.ingest.labels.tables import Wanted
from semsearch.records import Facet, Label
from semsearch.review.labelling.exporting import ExportFormat, export_labels, export_tasks
from semsearch.review.labelling.importing import LabelImport, Names, import_labels
from semsearch.store.labels import LabelFiles, effective, item_digest
from semsearch.store.labels import files as label_files
from semsearch.store.labels.lines import label_of
from semsearch.store.labels.pools import Pair
from semsearch.workspace import Workspace

ITEMS = {"i1": {"title": "에어팟 프로", "price": "5000"}}
NOW = START + timedelta(days=1)


@pytest.fixture
def files(tmp_path: Path) -> LabelFiles:
    return LabelFiles(Workspace.create(tmp_path / "w"))


def row(grade: str = "2", by: str = "minji", *, item_id: str = "i1", **changed: Any) -> Judged:
    place = changed.pop("place", f"f:{item_id}")
    return Judged(place, changed.pop("query", "에어팟"), item_id, grade, by=by, **changed)


def bring(
    files: LabelFiles, *rows: Judged, names: tuple[str, ...] = (), scale: Scale | None = None, batch: str = "b1"
) -> LabelImport:
    return import_labels(
        rows,
        files,
        batch=batch,
        names=Names.of(names),
        grader=Grader(scale=scale),
        lookup=lambda ids: {each: ITEMS[each] for each in ids if each in ITEMS},
        now=NOW,
    )


# --- in -------------------------------------------------------------------------------------


def test_imported_labels_carry_their_item_and_say_that_they_are_imported(files: LabelFiles) -> None:
    done = bring(
        files,
        row("2", at=START, note="ok", seconds=3.0),
        row("1", item_id="i2", item={"title": "other", "price": "7.0"}, golden=True),
        row("ungradeable", "jun", item_id="i3"),
        row("", "jun", item_id="i4"),
        row("2", "gpt-x", item_id="i5", machine=True),
    )
    assert done == LabelImport(
        batch="b1",
        read=5,
        new=3,
        known=0,
        unjudged=1,
        machine=1,
        ungradeable=1,
        without_item=1,
        annotators={"minji": 2, "jun": 1},
        files=("labels/people/jun/b1.jsonl", "labels/people/minji/b1.jsonl"),
    )
    unsure, first, second = files.read()
    assert (first.source, first.origin, first.rubric, first.at) == ("person", "imported", "", START)
    assert (first.item, first.item_digest) == (ITEMS["i1"], item_digest(ITEMS["i1"]))
    assert (first.note, first.seconds, first.inclusion_probability) == ("ok", 3.0, None)
    assert (second.role, second.item, second.at) == ("golden", {"title": "other", "price": "7.0"}, NOW)
    assert (unsure.grade_low, unsure.grade_high, unsure.item_digest) == (None, None, "")


def test_an_item_that_reads_differently_now_is_kept_as_it_was_judged(files: LabelFiles) -> None:
    bring(
        files, row(item={"title": "에어팟 프로"}), row(item_id="i1", query="b", item={"title": "에어팟 프로, 판매완료"})
    )
    same, other = files.read()
    assert same.item == ITEMS["i1"]
    assert other.item == {"title": "에어팟 프로, 판매완료"}
    assert not effective([same], {"i1": item_digest(ITEMS["i1"])})["에어팟", "i1"].stale
    assert effective([other], {"i1": item_digest(ITEMS["i1"])})["b", "i1"].stale


def test_a_second_import_adds_nothing_and_a_changed_grade_is_a_newer_label(files: LabelFiles) -> None:
    history = (row("2", at=START), row("0", at=START + timedelta(hours=1)), row("1", "jun"))
    assert bring(files, *history).new == 3
    again = bring(files, *history)
    assert (again.new, again.known, again.files) == (0, 3, ())
    changed = bring(files, row("0", "jun"))
    assert (changed.new, changed.annotators) == (1, {"jun": 1})
    assert len(list(files.read())) == 4


def test_equal_rows_count_once_and_contradictions_are_refused_with_both_places(files: LabelFiles) -> None:
    assert bring(files, row("2"), row("2")).new == 1
    with pytest.raises(UsageError, match="minji judged '에어팟' and item i9 twice: 2 at f:7, 0 at f:9") as error:
        bring(files, row("2", item_id="i9", place="f:7"), row("0", item_id="i9", place="f:9"))
    assert "--map at=COLUMN" in error.value.next_step


def test_nothing_is_written_when_anything_is_wrong(files: LabelFiles) -> None:
    for rows, told in (
        ((row("2"), row("3", item_id="i2")), "not the grades 0, 1, 2: '3'"),
        ((row("2"), row("1", "", item_id="i2")), "does not say who judged"),
        ((row("2"), row("2", "x" * 300, item_id="i2")), "cannot name"),
        ((row("2"), row("2", "jun", grade_high="1")), "grade_low is above grade_high"),
    ):
        with pytest.raises(UsageError, match=told):
            bring(files, *rows)
    with files.writing("person", "soyeon", "b1"), pytest.raises(Busy):
        bring(files, row("2"), row("2", "soyeon"))
    assert files.paths() == []
    files.append(label(2, "soyeon", batch="b1"))
    LabelFiles(files._workspace).append(machine(2, batch="m"))
    with pytest.raises(UsageError, match="gpt-x is a model here"):
        bring(files, row("2", ""), names=("gpt-x",), batch="b3")
    with pytest.raises(MismatchError, match="rubric r1; now it is unknown"):
        bring(files, row("2"))
    assert bring(files, row("2"), batch="b2").new == 1


def test_what_is_known_is_read_while_the_files_are_held(files: LabelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (row("2", "ann"), row("1", "jun"))
    real = LabelFiles.writing

    def late(self: LabelFiles, source: str, by: str, batch: str) -> Any:
        monkeypatch.setattr(LabelFiles, "writing", real)
        bring(files, *rows)  # another process, which comes before the first file is held
        return real(self, source, by, batch)

    monkeypatch.setattr(LabelFiles, "writing", late)
    assert bring(files, *rows).new == 0
    assert len(list(files.read())) == 2
    with files.writing("person", "jun", "b1"), pytest.raises(Busy):
        bring(files, row("0", "ann"), *rows[1:])
    assert len(list(files.read())) == 2


def test_a_disk_that_fills_up_says_what_was_kept_and_the_rest_comes_later(
    files: LabelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, write = (row("2", "ann"), row("1", "jun"), row("0", "soyeon")), os.write

    def full(descriptor: int, content: memoryview) -> int:
        if b'"by": "jun"' in bytes(content):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(UsageError, match=r"jun/b1\.jsonl cannot .* Kept before it: labels by ann\.") as error:
        bring(files, *rows)
    assert "nothing comes twice" in error.value.next_step
    assert [each.by for each in files.read()] == ["ann"]
    monkeypatch.undo()
    assert (bring(files, *rows).known, [each.by for each in files.read()]) == (1, ["ann", "jun", "soyeon"])


def test_one_person_has_one_name_however_it_is_composed(files: LabelFiles) -> None:
    apart = unicodedata.normalize("NFD", "민지")
    told = bring(files, row("2", "민지"), row("1", apart, item_id="i2"), row("1", " 민지", item_id="i3"), batch=apart)
    assert (told.annotators, told.batch) == ({"민지": 3}, "민지")
    assert bring(files, row("2", "7"), names=(f"7={apart}",), batch="민지").known == 1
    assert bring(files, row("0", apart), names=("민지=jun",), batch="b2").annotators == {"jun": 1}
    assert bring(files, row("0", apart), row("0", "민지", item_id="i2"), names=(apart,), batch="b3").new == 2


def test_an_import_reads_its_own_files_alone(files: LabelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(files, *(row("2", "jun", item_id=f"i{n}") for n in range(50)))
    read: list[bytes] = []
    monkeypatch.setattr(label_files, "label_of", lambda line: read.append(line) or label_of(line))
    assert bring(files, row("2", "ann"), row("1", "soyeon")).new == 2
    assert len(read) <= 4


def test_a_scale_is_applied_when_asked(files: LabelFiles) -> None:
    bring(files, *(row(str(grade), item_id=f"i{grade}") for grade in range(4)), scale="0-3")
    assert [each.grade_low for each in files.read()] == [0, 1, 1, 2]


def test_whose_labels_they_are_is_said(files: LabelFiles) -> None:
    assert bring(files, row("2", ""), names=("minji",)).annotators == {"minji": 1}
    assert bring(files, row("2", "7"), row("2", "8"), names=("7=jun", "8=소연"), batch="b2").annotators == {
        "jun": 1,
        "소연": 1,
    }
    assert bring(files, row("2", "7"), names=("minji",), batch="b3").annotators == {"minji": 1}
    with pytest.raises(UsageError, match=r"Several people judged here \(7, 8\), and --as minji is one"):
        bring(files, row("2", "7"), row("2", "8"), names=("minji",), batch="b4")
    assert bring(files, row("2", "7"), names=("7=jun", "9=sora"), batch="b5").strangers == ("9",)
    for texts in (("a", "b"), ("a", "7=b"), ("7=",)):
        with pytest.raises(UsageError, match="one name for all, or THEIRS=OURS"):
            Names.of(texts)


# --- out ------------------------------------------------------------------------------------


def known(**now: str) -> dict[Any, Any]:
    """i1 1, i2 1 or 2, i3 disputed 0 and 2, i4 by a model, i5 ungradeable, i6 stale."""
    shown = {"title": "a\n\"b\", 'c'", "body": "x", "price": "5000"}
    labels = [
        label(1, query="신발, red", item=shown),
        label(1, query="신발, red", item_id="i2", grade_high=2, minute=1),
        label(0, "jun", query="b", item_id="i3", minute=2),
        label(2, query="b", item_id="i3", minute=3),
        machine(2, query="b", item_id="i4", minute=4),
        label(None, query="b", item_id="i5", minute=5),
        label(2, query="b", item_id="i6", item_digest="old", minute=6),
    ]
    return effective(labels, {"i6": "new"} | now)


ALL = {("신발, red", "i1"): (1, 1), ("신발, red", "i2"): (1, 2), ("b", "i3"): (0, 2)}


@pytest.mark.parametrize("format_", ["trec", "csv", "jsonl", "beir", "quepid", "esci"])
@pytest.mark.parametrize("end", ["low", "high"])
def test_every_format_reads_back_to_the_grades_that_it_was_given(
    tmp_path: Path, format_: ExportFormat, end: Any
) -> None:
    out = tmp_path / "out"
    done = export_labels(known(), out, format_=format_, end=end)
    assert (done.pairs, done.queries, done.disputed, done.ungradeable, done.stale, done.machine) == (3, 2, 1, 1, 1, 1)
    assert all(path.is_file() for path in done.files)
    texts = read_queries(done.files[1]).texts if format_ == "trec" else {}
    rows = list(read_labels(str(out), Wanted(texts=texts), Passed()))
    grader = Grader(scale="esci" if format_ == "esci" else None)
    place = ("low", "high").index(end)
    told = {(each.query, each.item_id): grader.grade(each.grade) for each in rows}
    if format_ in ("csv", "jsonl"):
        assert [(each.query, each.item_id, each.by, each.grade, each.grade_high) for each in rows] == [
            ("신발, red", "i1", "minji", "1", "1"),
            ("신발, red", "i2", "minji", "1", "2"),
            ("b", "i3", "jun", "0", "0"),
            ("b", "i3", "minji", "2", "2"),
        ]
    else:
        assert told == {pair: grades[place] for pair, grades in ALL.items()}


def test_tables_say_where_a_grade_comes_from_and_evaluate_reads_them(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    export_labels(known(), out, format_="csv", end="high", machine=True)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(each["item_id"], each["source"], each["by"], each["disputed"]) for each in rows] == [
        ("i1", "person", "minji", "False"),
        ("i2", "person", "minji", "False"),
        ("i3", "person", "jun", "True"),
        ("i3", "person", "minji", "True"),
        ("i4", "model", "gpt-x", "False"),
    ]
    assert rows[0]["title"] == "a\n\"b\", 'c'"
    qrels, queries = read_judgements(out)
    assert qrels.grades[query_id_of("b")] == {"i3": 2.0, "i4": 2.0}
    assert queries is not None
    assert queries.texts[query_id_of("신발, red")] == "신발, red"


def test_a_models_grades_leave_only_when_asked_and_never_come_in_as_peoples(tmp_path: Path, files: LabelFiles) -> None:
    out = tmp_path / "out.jsonl"
    assert export_labels(known(), out, format_="jsonl", machine=True).machine == 1
    done = bring(files, *read_labels(str(out), Wanted(), Passed()))
    assert (done.new, done.machine) == (4, 1)
    assert {each.item_id for each in files.read()} == {"i1", "i2", "i3"}


@pytest.mark.parametrize("format_", ["trec", "beir", "quepid", "esci"])
def test_formats_that_cannot_say_that_a_model_judged_take_no_grades_of_models(
    tmp_path: Path, format_: ExportFormat
) -> None:
    with pytest.raises(UsageError, match="cannot say which grades are a model's") as error:
        export_labels(known(), tmp_path / "out", format_=format_, machine=True)
    assert "--format jsonl" in error.value.next_step
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_our_own_tables_come_back_with_the_people_and_their_roles(
    tmp_path: Path, files: LabelFiles, format_: ExportFormat
) -> None:
    item = {"query": "c", "item_id": "i7"}
    given = effective(
        [
            label(0, "jun", query="b", item_id="i3"),
            label(2, query="b", item_id="i3", minute=1, grade_low=1, shown=True),
            label(0, **item),
            label(1, "sora", minute=2, role="adjudication", **item),
            label(2, "expert", item_id="i8", role="golden"),
        ]
    )
    done = export_labels(given, tmp_path / "out", format_=format_)
    assert (done.pairs, done.disputed) == (3, 1)
    bring(files, *read_labels(str(tmp_path / "out"), Wanted(), Passed()))
    assert {
        (each.by, each.item_id, each.grade_low, each.grade_high, each.role, each.shown) for each in files.read()
    } == {
        ("jun", "i3", 0, 0, "label", False),
        ("minji", "i3", 1, 2, "label", True),
        ("sora", "i7", 1, 1, "adjudication", False),
        ("expert", "i8", 2, 2, "golden", False),
    }
    assert [(each.disputed, each.level) for each in effective(files.read()).values() if each.item_id != "i8"] == [
        (True, "person"),
        (False, "adjudication"),
    ]


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_our_own_tables_hold_all_that_a_label_has(tmp_path: Path, files: LabelFiles, format_: ExportFormat) -> None:
    item = {"title": "a, b", "body": 'c\n"d"', "price": "5000", "attributes": '{"brand": "x"}'}
    facets = (Facet("brand", "나이키", True), Facet("item", "신발", None))
    more: dict[str, Any] = {"grade_high": 2, "facets": facets, "note": "왜\n?", "seconds": 2.5, "origin": "facets"}
    given = label(1, item=item, item_digest=item_digest(item), inclusion_probability=0.25, **more)
    export_labels(effective([given]), tmp_path / "out", format_=format_)
    if format_ == "jsonl":
        [told] = map(json.loads, (tmp_path / "out").read_text().splitlines())
        assert told["facets"][0] == {"intent": "brand", "asked": "나이키", "met": True}
        assert {each.name for each in fields(Label)} - told.keys() == {"item", "retracts"}
    bring(files, *read_labels(str(tmp_path / "out"), Wanted(), Passed()))
    [found] = files.read()
    lost = {"origin": "imported", "rubric": "", "inclusion_probability": None, "batch": "b1"}
    assert found == replace(given, **lost)


def test_a_beir_folder_holds_the_items(tmp_path: Path) -> None:
    export_labels(known(), tmp_path / "beir", format_="beir")
    rows = [json.loads(line) for line in (tmp_path / "beir" / "corpus.jsonl").read_text().splitlines()]
    assert rows[0] == {"_id": "i1", "title": "a\n\"b\", 'c'", "text": "x", "metadata": {"price": "5000"}}
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        export_labels(known(), tmp_path / "file", format_="beir")
    tabbed = {("b", "i\t1"): replace(known()["b", "i3"], item_id="i\t1")}
    with pytest.raises(UsageError, match="cannot stand in a file of tabs"):
        export_labels(tabbed, tmp_path / "beir", format_="beir")


def test_nothing_to_export_says_why(tmp_path: Path) -> None:
    left = {pair: each for pair, each in known().items() if pair[1] in ("i4", "i5", "i6")}
    with pytest.raises(UsageError, match="nothing to export: 1 only by a model, 1 ungradeable, 1 stale"):
        export_labels(left, tmp_path / "out", format_="trec")
    with pytest.raises(UsageError, match="nothing to export: there is no label"):
        export_labels({}, tmp_path / "out", format_="csv")
    assert list(tmp_path.iterdir()) == []


def test_tasks_for_label_studio_come_back_annotated(tmp_path: Path, files: LabelFiles) -> None:
    out = tmp_path / "tasks.json"
    pairs = [Pair("에어팟", "i1", "q", ITEMS["i1"], ranks={"secret-system": 1}), Pair("b", "i2", "q2", {"title": "t"})]
    assert export_tasks(pairs, out).pairs == 2
    assert "secret" not in out.read_text()
    tasks = json.loads(out.read_text())
    assert tasks[0] == {"data": {"query": "에어팟", "item_id": "i1", "title": "에어팟 프로", "price": "5000"}}
    for grade, task in enumerate(tasks, start=1):
        result = [{"from_name": "grade", "value": {"choices": [str(grade)]}}]
        task["annotations"] = [{"completed_by": 7, "result": result, "was_cancelled": False}]
    out.write_text(json.dumps(tasks))
    label_format: LabelFormat = "label-studio"
    bring(files, *read_labels(str(out), Wanted(), Passed(), format_=label_format), names=("7=minji",))
    assert [(each.item_id, each.grade_low, each.item) for each in files.read()] == [
        ("i1", 1, ITEMS["i1"]),
        ("i2", 2, {"title": "t"}),
    ]
