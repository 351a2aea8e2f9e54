"""Labels by pair: the index follows the files, whatever happens to them."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.store.labelled import label, machine

from semsearch.errors import UsageError
from semsearch.records import Label
from semsearch.store.database import Store
from semsearch.store.labels import LabelFiles, query_key
from semsearch.store.labels import index as label_index
from semsearch.store.labels.index import LabelIndex
from semsearch.workspace import Workspace


@pytest.fixture
def files(tmp_path: Path) -> LabelFiles:
    return LabelFiles(Workspace.create(tmp_path / "w"))


def of(index: LabelIndex, query: str, item_id: str = "i1") -> list[Label]:
    return index.of([(query_key(query), item_id)])


def test_labels_are_found_by_pair_and_spelling(store: Store, files: LabelFiles) -> None:
    person, model = label(2, query="iPhone"), machine(0, query="IPHONE")
    undo = label(2, query="iPhone", minute=1, retracts=person.label_id)
    files.append(person, label(1, item_id="i2"), undo)
    files.append(model)
    index = LabelIndex(store, files)
    assert of(index, "iphone") == []
    assert index.refresh() == 2
    assert of(index, "iphone") == [model, person, undo]
    assert index.of([("iphone", "i1"), (query_key("에어팟 프로"), "i2")]) == [
        model,
        person,
        undo,
        label(1, item_id="i2"),
    ]
    assert index.refresh() == 0


def test_it_follows_what_is_appended_replaced_and_removed(store: Store, files: LabelFiles) -> None:
    index = LabelIndex(store, files)
    files.append(label(2))
    files.append(label(1, "jun"))
    index.refresh()
    files.append(label(0, minute=1))
    assert index.refresh() == 1
    assert len(of(index, "에어팟 프로")) == 3
    path = files.path("person", "minji", "b1")
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b'"i1"', b'"i2"'))  # as a checkout of another branch: as many bytes
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    shutil.rmtree(files.path("person", "jun", "b1").parent)
    assert index.refresh() == 2
    assert of(index, "에어팟 프로") == []
    assert len(of(index, "에어팟 프로", "i2")) == 2


def test_a_file_that_cannot_be_read_leaves_the_index_as_it_was(store: Store, files: LabelFiles) -> None:
    files.append(label(2))
    index = LabelIndex(store, files)
    index.refresh()
    with files.path("person", "minji", "b1").open("a") as file:
        file.write("<<<<<<< ours\n")
    with pytest.raises(UsageError, match="merge conflict"):
        index.refresh()
    assert of(index, "에어팟 프로") == [label(2)]


def test_another_way_to_compare_queries_makes_it_again(
    store: Store, files: LabelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.append(label(2, query="iPhone"))
    index = LabelIndex(store, files)
    index.refresh()
    monkeypatch.setattr(label_index, "VIEWS_VERSION", "next")
    monkeypatch.setattr(label_index, "query_key", lambda query: f"new {query}")
    assert index.refresh() == 1
    assert index.of([("new iPhone", "i1")]) == [label(2, query="iPhone")]
    assert index.of([("iphone", "i1")]) == []
    assert index.refresh() == 0


def test_a_file_that_goes_while_it_looks_is_not_there(store: Store, files: LabelFiles) -> None:
    files.append(label(2))
    index, path = LabelIndex(store, files), files.path("person", "minji", "b1")
    listed = files.paths()
    path.unlink()
    files.paths = lambda: listed  # type: ignore[method-assign]
    assert index.refresh() == 0


def test_an_index_of_before_there_were_versions_is_made_again(tmp_path: Path) -> None:
    path, now = tmp_path / "moderation.sqlite", datetime(2026, 3, 1, tzinfo=UTC)
    files = LabelFiles(Workspace.create(tmp_path / "w"))
    files.append(label(2))
    with Store.open(path, now=now) as store:
        LabelIndex(store, files).refresh()
        with store.writing() as connection:
            for line in (
                "ALTER TABLE label_files DROP COLUMN views",
                "UPDATE labels SET query_key = 'of old'",
                "UPDATE alembic_version SET version_num = '0003'",
                "DELETE FROM schema_history WHERE revision = '0004'",
            ):
                connection.exec_driver_sql(line)
    with Store.open(path, now=now) as store:
        index = LabelIndex(store, files)
        assert index.refresh() == 1
        assert of(index, "에어팟 프로") == [label(2)]
        assert index.of([("of old", "i1")]) == []
