"""Any bytes are posts or rejects, or refused as a whole; posts come back as they were written."""

from __future__ import annotations

import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.ingest.following import stream
from semsearch.ingest.posts import PostReader
from semsearch.ingest.rejects import Rejects
from semsearch.ingest.sources import expand
from semsearch.records import Post
from semsearch.settings import Settings

NOW = datetime(2026, 1, 10, tzinfo=UTC)
ALL = Settings().override("imports", max_rejects=1.0)
FEW = settings(max_examples=25, deadline=None)
GOOD = b'{"post_id":"1","author_id":"a","created_at":"2026-01-01","text":"x"}\n'
PIECE = st.sampled_from([
    GOOD, b'{"post_id":2,"created_at":1}\n', b"{", b"]", b"\\ud83d", b'"', b"\n", b"\r", b"\x00", b"\xff\xfe",
    "가".encode(), "나".encode("cp949"), b"\xef\xbb\xbf", b"post_id,author_id,created_at,text\n",
    b"1,a,2026-01-01,x\n", b",",
])  # fmt: skip
BYTES = st.one_of(st.lists(PIECE, max_size=25).map(b"".join), st.binary(max_size=200))
TEXT = st.text(max_size=40)
POSTS = st.lists(st.tuples(st.integers(0, 99), st.sampled_from(["listing", "chat"]), TEXT), min_size=1, max_size=12)


def read(content: bytes, block: int, watch: bool) -> tuple[list[Post], int, int, int]:
    """Posts, rows, good ones, and lines of the quarantine; any end but an error of a whole file is let through."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("semsearch.ingest.sources.BLOCK", block)
        patch.setattr("semsearch.ingest.tables.BATCH_ROWS", 3)
        with Rejects(Path(folder) / "r") as rejects:
            reader = PostReader(ALL, rejects, now=NOW)
            pipe = io.BufferedReader(io.BytesIO(content))
            batches = reader.lines("pipe", stream(pipe)) if watch else reader.files(expand(["-"], pipe))
            taken: list[Post] = []
            try:
                for batch in batches:
                    taken.extend(batch)
            except UsageError as error:
                assert error.next_step or "twice" in error.message
        told = rejects.path.read_text().splitlines() if rejects.path.exists() else []
        return taken, reader.n_read, reader.n_good, len(told)


@FEW
@given(content=BYTES, block=st.integers(1, 40), watch=st.booleans())
def test_any_bytes_are_posts_or_rejects_or_refused(content, block, watch):
    for start in (b"", GOOD):
        taken, n_read, n_good, n_told = read(start + content, block, watch)
        assert (n_read, len(taken)) == (n_good + n_told, n_good)


@FEW
@example(content=b"\x00\x00\xff\xfe", block=11)
@given(content=st.lists(PIECE, max_size=25).map(b"".join), block=st.integers(1, 40))
def test_a_watch_that_has_begun_takes_every_good_line(content, block):
    taken, *_ = read(GOOD + content + b"\n" + GOOD, block, watch=True)
    assert taken[0].text == taken[-1].text == "x"
    assert len(taken) >= 2


@FEW
@given(rows=POSTS, block=st.integers(1, 60))
def test_posts_come_back_as_they_were_written_however_they_are_cut(rows, block):
    given_ = [
        Post(namespace, f"p{n}", f"a{author}", NOW, text if text.strip() else "", attributes={"k": "v"})
        for n, (author, namespace, text) in enumerate(rows)
    ]
    documents = [
        {"namespace": p.namespace, "post_id": p.post_id, "author_id": p.author_id, "created_at": NOW.isoformat(),
         "text": p.text, "attributes": p.attributes}
        for p in given_
    ]  # fmt: skip
    content = b"".join(json.dumps(document).encode() + b"\n" for document in documents)
    for watch in (False, True):
        taken, *_ = read(content, block, watch)
        for namespace in ("listing", "chat"):
            assert [p for p in taken if p.namespace == namespace] == [p for p in given_ if p.namespace == namespace]
