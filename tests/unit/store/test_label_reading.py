"""How little of the files of labels is read: the lines of some items, the first of each file, the last line alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.store.labelled import label

from semsearch.errors import UsageError
from semsearch.records import Label
from semsearch.store.labels import faults as label_faults
from semsearch.store.labels import files as label_files
from semsearch.store.labels.faults import mend, torn
from semsearch.store.labels.files import LabelFiles
from semsearch.store.labels.lines import label_of
from semsearch.workspace import Workspace


@pytest.fixture
def files(tmp_path: Path) -> LabelFiles:
    return LabelFiles(Workspace.create(tmp_path))


def test_a_session_that_ends_unanswered_takes_its_file_from_under_readers(files: LabelFiles) -> None:
    files.append(label(2, "jun"))
    with files.writing("person", "minji", "b1"):
        reading, path = files.read(), files.path("person", "minji", "b1")
        listed = files.paths()
        assert next(reading).by == "jun"
    assert path in listed
    assert list(reading) == []
    assert list(files.lines(path)) == []
    assert list(files.about(["i1"], listed, [])) == [label(2, "jun")]
    assert files.torn() == []
    assert torn(path) == b""


def test_a_session_that_ends_unanswered_leaves_no_folder_that_others_do_not_need(files: LabelFiles) -> None:
    with files.writing("person", "./x", "b1"), files.writing("person", "./x", "b2") as other:
        folder = files.path("person", "./x", "b1").parent
        assert folder.is_dir()
        other.append(label(2, "./x", batch="b2"))
    assert [path.name for path in folder.iterdir()] == ["b2.jsonl"]
    with files.writing("person", "sora", "b1"):
        pass
    assert not files.path("person", "sora", "b1").parent.exists()


def test_labels_of_some_items_are_found_beside_what_is_wrong(files: LabelFiles) -> None:
    files.append(label(2, item_id='a"b'), label(1, item_id="i2", note='"item_id": "i3"'), label(0, item_id="i3"))
    path = files.path("person", "minji", "b1")
    third = path.read_bytes().splitlines(keepends=True)[2]
    path.write_bytes(path.read_bytes() + b'<<<<<<< ours\n{"item_id": "i4"}\n{"item_id": "i3"}\n' + third[:40])
    faults: list[UsageError] = []
    assert {each.item_id for each in files.about(["i3"], [path], faults)} == {"i3"}
    assert [each.grade_low for each in files.about(["가", 'a"b'], [path], []) if each.item_id == 'a"b'] == [2]
    assert len(faults) == 1
    assert "b1.jsonl:4: a merge conflict" in faults[0].message


def test_lines_of_other_items_are_not_taken_apart(files: LabelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.append(*(label(2, item_id=f"물건{n}") for n in range(50)))
    read: list[bytes] = []

    def counted(line: bytes) -> Label:
        read.append(line)
        return label_of(line)

    monkeypatch.setattr(label_files, "label_of", counted)
    assert [each.item_id for each in files.about(["물건7", "물건70"], files.paths(), [])] == ["물건7"]
    assert len(read) == 1


def test_to_write_reads_its_own_file_and_the_first_label_of_others(
    files: LabelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.append(*(label(2, "jun", item_id=f"i{n}") for n in range(50)))
    files.append(*(label(2, "minji", item_id=f"i{n}") for n in range(5)))
    read: list[bytes] = []

    def counted(line: bytes) -> Label:
        read.append(line)
        return label_of(line)

    monkeypatch.setattr(label_files, "label_of", counted)
    with files.writing("person", "minji", "b1") as writer:
        assert [each.item_id for each in writer.before] == [f"i{n}" for n in range(5)]
    assert len(read) == 1 + 5


@pytest.mark.parametrize("block", [1, 7, 1 << 16])
def test_the_last_line_is_found_from_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(label_faults, "BLOCK", block)
    path = tmp_path / "f.jsonl"
    for content, cut in (
        (b"", b""),
        (b"{}\n", b""),
        (b'{"a', b'{"a'),
        (b'{}\n{"a": "' + b"x" * 20, None),
        (b"{}", b""),
    ):
        path.write_bytes(content)
        assert torn(path) == (content.split(b"\n")[-1] if cut is None else cut)
    mend(path)
    assert path.read_bytes() == b"{}\n"
