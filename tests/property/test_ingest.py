"""Import holds for any rows: what goes in comes out, however it is cut; any bytes are counted or refused."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.importing import ImportSummary, import_rows
from semsearch.settings import ImportSettings
from semsearch.workspace import Workspace

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=30)
TITLE = TEXT.filter(lambda text: text.strip() and "\r" not in text)
ID = st.text("0123456789abc가나", min_size=1, max_size=6)
ROWS = st.dictionaries(ID, st.tuples(TITLE, st.one_of(st.none(), st.floats(0, 1e12))), min_size=1, max_size=12)


@contextmanager
def workspace() -> Iterator[Workspace]:
    with tempfile.TemporaryDirectory() as folder:
        yield Workspace.create(Path(folder))


def load(into: Workspace, content: bytes, batch: int = 1000, block: int = 1 << 20, **options) -> ImportSummary:
    with patch("semsearch.ingest.tables.BATCH_ROWS", batch), patch("semsearch.ingest.sources.BLOCK", block):
        return import_rows(into, "items", ["-"], now=NOW, stdin=io.BytesIO(content), **options)


def as_jsonl(rows: dict) -> bytes:
    lines = ({"item_id": key, "title": title, "price": price} for key, (title, price) in rows.items())
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def as_csv(rows: dict) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["item_id", "title", "price"])
    writer.writerows((key, title, "" if price is None else repr(price)) for key, (title, price) in rows.items())
    return out.getvalue().encode()


@FEW
@given(rows=ROWS, batch=st.integers(1, 5), block=st.integers(1, 64), data=st.data())
def test_rows_come_back_whatever_the_format_the_chunks_and_the_order(rows, batch, block, data):
    with workspace() as one, workspace() as other:
        first = load(one, as_jsonl(rows))
        assert first.new == len(rows)
        stored = Catalogue(one).items().select("item_id", "title", "price").rows()
        assert stored == sorted(((key, *row) for key, row in rows.items()), key=lambda row: row[0].encode())
        shuffled = dict(data.draw(st.permutations(list(rows.items()))))
        assert load(other, as_csv(shuffled), batch, block).digest == first.digest
        assert load(other, as_jsonl(shuffled), batch, block).unchanged == len(rows)


TABLE = (b"id,title,price\n", b"1,x,2\n", b'2,"y,z",\n', b'"', b",", b"\t")
JSON = (b'{"id":1,"title":"a"}\n', b"{", b"]", b"\\")
BYTES = (b"\n", b"\r", b"a", b"1", "가".encode(), "나".encode("cp949"), b"\xff", b"\x00")
PIECE = st.sampled_from(TABLE + JSON + BYTES)


@FEW
@given(content=st.one_of(st.lists(PIECE, max_size=30).map(b"".join), st.binary(max_size=200)), block=st.integers(1, 40))
def test_any_bytes_are_counted_or_refused(content, block):
    with workspace() as into:
        for start in (b"", b"id,title,price\n", b'{"id":7,"title":"x"}\n'):
            try:
                done = load(into, start + content, 2, block, settings=ImportSettings(max_rejects=1))
            except UsageError as error:
                assert error.next_step or "twice" in error.message
                continue
            assert done.read == done.new + done.updated + done.unchanged + done.duplicates + done.rejected
            told = done.quarantine.read_text().splitlines() if done.quarantine else []
            assert len(told) == done.rejected
