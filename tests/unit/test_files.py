from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from semsearch.errors import UsageError
from semsearch.files import atomic


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic(target) as draft:
        draft.write_text("half")
        assert target.read_text() == "old"
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_write_replaces_makes_folders_and_follows_the_umask(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    before = os.umask(0o027)
    try:
        for text in ("first", "second"):
            with atomic(target) as draft:
                draft.write_text(text)
    finally:
        os.umask(before)
    assert target.read_text() == "second"
    assert target.stat().st_mode & 0o777 == 0o640
    assert list(target.parent.iterdir()) == [target]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    with atomic(link) as draft:
        draft.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with atomic(pipe) as draft:
        draft.write_text("x")
    reader.join(5)
    assert read == ["x"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("bad", [".", "file/x"])
def test_a_place_that_cannot_be_written_is_bad_input(tmp_path: Path, bad: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"directory|cannot be written"), atomic(tmp_path / bad):
        pass
