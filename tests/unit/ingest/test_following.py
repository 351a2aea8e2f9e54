"""A growing file: whole lines only, rotation and truncation seen, nothing lost and nothing twice."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.ingest.following import Chunk, follow, stream
from semsearch.ingest.posts import PostReader
from semsearch.ingest.rejects import Rejects
from semsearch.settings import Settings


class Stop(Exception):
    """Ends a file that is followed."""


def watched(path: Path, *changes: Callable[[], object]) -> list[Chunk]:
    """What `follow` gives while one change after the other happens, each when nothing is left to read."""
    steps = iter(changes)

    def wait() -> None:
        change = next(steps, None)
        if change is None:
            raise Stop
        change()

    chunks: list[Chunk] = []
    with pytest.raises(Stop):
        chunks.extend(follow(path, wait))
    return chunks


def write(path: Path, text: str) -> Callable[[], object]:
    def append() -> None:
        with path.open("a") as file:
            file.write(text)

    return append


def texts(chunks: list[Chunk]) -> list[tuple[int, bytes]]:
    return [(chunk.number, chunk.data) for chunk in chunks if chunk.data]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "log").write_text("a\nb\n")
    return tmp_path / "log"


def test_a_file_is_read_from_its_beginning_and_as_it_grows(path):
    chunks = watched(path, write(path, "c\n"), lambda: None, write(path, "d\ne\n"))
    assert texts(chunks) == [(1, b"a\nb\n"), (3, b"c\n"), (4, b"d\ne\n")]


def test_a_line_without_its_end_waits_for_it(path):
    chunks = watched(path, write(path, "c"), write(path, "d"), write(path, "e\nf"))
    assert texts(chunks) == [(1, b"a\nb\n"), (3, b"cde\n")]


def test_an_empty_file_is_waited_for(tmp_path):
    (tmp_path / "log").touch()
    assert texts(watched(tmp_path / "log", write(tmp_path / "log", "a\n"))) == [(1, b"a\n")]


def test_a_rotated_file_is_read_to_its_end_then_the_new_one(path, tmp_path):
    def rotate() -> None:
        write(path, "c\nlast")()
        path.rename(tmp_path / "log.1")
        write(tmp_path / "log.1", " line")()
        path.write_text("d\n")

    chunks = watched(path, rotate, write(path, "e\n"))
    assert texts(chunks) == [(1, b"a\nb\n"), (3, b"c\n"), (4, b"last line\n"), (1, b"d\n"), (2, b"e\n")]
    assert [chunk.note for chunk in chunks if chunk.note] == [
        f"{path} was replaced: the new file is read from its beginning."
    ]


def test_a_file_that_is_gone_for_a_while_is_waited_for(path, tmp_path):
    chunks = watched(path, lambda: path.rename(tmp_path / "old"), lambda: None, lambda: path.write_text("c\n"))
    assert texts(chunks) == [(1, b"a\nb\n"), (1, b"c\n")]


def test_a_file_that_is_cut_is_read_from_its_beginning(path):
    chunks = watched(path, write(path, "part"), lambda: path.write_text("c\n"), write(path, "d\n"))
    assert texts(chunks) == [(1, b"a\nb\n"), (1, b"c\n"), (2, b"d\n")]
    assert "was cut" in "".join(chunk.note for chunk in chunks)


def test_an_endless_line_is_one_bad_line(path, monkeypatch):
    monkeypatch.setattr("semsearch.ingest.following.MAX_LINE", 100)
    monkeypatch.setattr("semsearch.ingest.following.HEAD", 9)
    monkeypatch.setattr("semsearch.ingest.sources.BLOCK", 40)
    chunks = watched(path, write(path, "x" * 1000), write(path, "y" * 1000 + "\nz\n"))
    assert b"".join(data for _, data in texts(chunks)) == b"a\nb\nxxxxxxxxx\nz\n"
    assert texts(chunks)[-1] == (4, b"z\n")


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        next(follow(tmp_path / "none", lambda: None))


@settings(max_examples=30, deadline=None)
@given(content=st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\n\n"])).map(b"".join), block=st.integers(1, 9))
def test_a_stream_comes_whole_in_whole_lines(content, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("semsearch.ingest.sources.BLOCK", block)
        chunks = list(stream(io.BufferedReader(io.BytesIO(content))))
    data = b"".join(chunk.data for chunk in chunks)
    assert data == content + (b"" if content.endswith(b"\n") or not content else b"\n")
    number = 1
    for chunk in chunks:
        assert (chunk.number, chunk.data[-1:]) == (number, b"\n")
        number += chunk.data.count(b"\n")


# --- its posts -----------------------------------------------------------------------------

NOW = datetime(2026, 1, 10, tzinfo=UTC)
ROW = {"post_id": "p1", "author_id": "a1", "created_at": "2026-01-02", "text": "팝니다"}


def line(**fields: object) -> bytes:
    return json.dumps(ROW | fields).encode() + b"\n"


@pytest.fixture
def posts(tmp_path: Path):
    def posts_(*pieces: bytes, **options):
        with Rejects(tmp_path / "rejects.jsonl") as rejects:
            reader = PostReader(Settings(), rejects, now=NOW, **options)
            number, chunks = 1, []
            for piece in pieces:
                chunks.append(Chunk(piece, number))
                number += piece.count(b"\n")
            batches = list(reader.lines("log", iter(chunks)))
        path = tmp_path / "rejects.jsonl"
        entries = [json.loads(entry) for entry in path.read_text().splitlines()] if path.exists() else []
        return batches, [(entry["row"], entry["column"], entry["reason"]) for entry in entries]

    return posts_


def test_each_chunk_is_followed_by_an_empty_batch(posts):
    batches, _ = posts(line() + line(post_id="p2"), b"\n", line(post_id="p3"))
    assert [[post.post_id for post in batch] for batch in batches] == [["p1", "p2"], [], [], ["p3"], []]


def test_bad_lines_never_end_it(posts):
    batches, told = posts(line(), b"{bad\n" * 3, b"[1]\n\xff\xfe\n", line(author_id=""), line(post_id="p2"))
    assert [post.post_id for batch in batches for post in batch] == ["p1", "p2"]
    assert sorted(row for row, _, _ in told) == [2, 3, 4, 5, 6, 7]
    assert told[-1] == (7, "author_id", "author_id is missing")


def test_no_bytes_at_the_start_of_a_chunk_end_it(posts):
    batches, told = posts(b"\xef\xbb\xbf" + line(), b"\xff\xfe\n" + line(post_id="p2"), b"\xfe\xffx\n", b"\x1f\x8b\n")
    assert [post.post_id for batch in batches for post in batch] == ["p1", "p2"]
    assert [row for row, _, _ in told] == [2, 4, 5]


def test_rows_before_their_columns_are_bad_and_the_others_good(posts):
    batches, told = posts(b'{"post_id": 1, "author_id": 2}\n', line(), b'{"post_id": 3}\n')
    assert [post.post_id for batch in batches for post in batch] == ["p1"]
    assert told == [(1, "", "no column for created_at and text"), (3, "author_id", "author_id is missing")]


def test_columns_and_namespace_can_be_said(posts):
    batches, _ = posts(line(내용="x", text="y"), maps={"text": "내용"}, namespace="chat")
    assert [(post.namespace, post.text) for batch in batches for post in batch] == [("chat", "x")]


UTF16 = line().decode().encode("utf-16")


@pytest.mark.parametrize(
    "first", [UTF16, b"id,title\n1,a\n", b"\x89PNG\r\n\x1a\n", b"PAR1", b"\x1f\x8b\x08" + bytes(90)]
)
def test_what_is_no_json_lines_is_refused_at_the_beginning(posts, first):
    with pytest.raises(UsageError) as error:
        posts(b"\n", first)
    assert error.value.next_step.startswith("Next: ")


def test_a_bad_first_line_is_no_reason_to_refuse(posts):
    batches, told = posts(b"half a line}\n" + line())
    assert [post.post_id for batch in batches for post in batch] == ["p1"]
    assert [row for row, _, _ in told] == [1]
