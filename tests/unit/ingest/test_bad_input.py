"""Bad input: each case has a clear error with a next step, or a row in quarantine; nothing is lost or half-imported."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from semsearch.errors import UsageError
from semsearch.ingest.importing import import_rows, preview_rows
from semsearch.ingest.rejects import TooManyBad, told_reasons
from semsearch.settings import ImportSettings
from semsearch.workspace import Workspace

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ALL = ImportSettings(max_rejects=1.0, tz="Asia/Seoul")
MANY = "".join(json.dumps({"id": f"{n:04}", "title": f"title {n * n}"}) + "\n" for n in range(3000)).encode()
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 20
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes((n * 37) % 256 for n in range(4000))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "market")


REFUSED = {
    "cut-gzip": ("a.jsonl.gz", gzip.compress(MANY)[:-2000], "cut off or damaged"),
    "cut-gzip-in-its-last-byte": ("a.jsonl.gz", gzip.compress(MANY)[:-1], "cut off or damaged"),
    "no-gzip": ("a.gz", b"\x1f\x8b\x08junk", "cut off or damaged"),
    "cut-zstd": ("a.jsonl.zst", zstandard.compress(MANY)[:-100], "cut off or damaged"),
    "damaged-zstd": ("a.jsonl.zst", zstandard.compress(MANY)[:9] + b"\x00" * 90, "cut off or damaged"),
    "empty": ("a.csv", b"", "No rows in"),
    "blank": ("a.csv", b"\n \n", "No rows in"),
    "byte-order-mark-only": ("a.csv", b"\xef\xbb\xbf", "No rows in"),
    "header-only": ("a.csv", b"id,title\n", "No rows in"),
    "png": ("a.csv", PNG, "a PNG image"),
    "jpeg": ("a.csv", JPEG, "a binary file"),
    "excel": ("a.xlsx", b"PK\x03\x04" + bytes(50), "an Excel workbook"),
    "utf16-without-mark": ("a.csv", "id,title\n1,a\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
    "cut-utf16": ("a.csv", "id,title\n1,a\n".encode("utf-16")[:-1], "starts as UTF-16 and is damaged"),
    "json-array": ("a.json", b'[{"id": 1, "title": "a"}]', "one JSON array"),
    "no-parquet": ("a.parquet", b"PAR1 not really", "damaged Parquet"),
    "missing-columns": ("a.csv", "번지,값\n1,a\n".encode(), "no column for item_id and title. Columns: 번지, 값"),
    "column-twice": ("a.csv", b"id,title,title\n1,a,b\n", "two columns named 'title'"),
    "old-mac-lines": ("a.csv", b"id,title\r1,a\r", "bare carriage return"),
    "only-bad-rows": ("a.csv", b"id,title\n,a\n", r"1 of 1 rows \(100.00%\) are bad, all that there are"),
    "only-bad-json": ("a.jsonl", b'{"id": 1\n{"id": 2\n', "2 of 2 rows"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_next_step_and_nothing_imported(workspace, tmp_path, case):
    name, content, message = REFUSED[case]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as error:
        import_rows(workspace, "items", [path], now=NOW, settings=ALL)
    assert error.value.next_step.startswith("Next: ")
    assert error.value.exit_code == 2
    assert not list(workspace.path("catalogue").iterdir())
    assert not list(workspace.path(".semsearch", "staging").iterdir())


@pytest.mark.parametrize(("name", "message"), [
    ("nope.csv", "No file"), ("*.nope", "No file matches"), (".", "is a directory"),
])  # fmt: skip
def test_names_that_are_no_file(workspace, tmp_path, name, message):
    with pytest.raises(UsageError, match=message) as error:
        import_rows(workspace, "items", [tmp_path / name], now=NOW)
    assert error.value.next_step


@pytest.mark.parametrize(("maps", "message"), [
    ({"titel": "a"}, "no field 'titel'. Did you mean title?"),
    ({"title": "titel"}, "no column 'titel'. Did you mean 'title'?"),
    ({"currency": "KRW"}, "a constant is quoted, such as --map \"currency='KRW'\""),
    ({"title": "title*2"}, "can be scaled"),
    ({"price": "title*2.."}, "not a number to scale by"),
    ({"title": "id+title"}, "only category and text take several columns"),
    ({"title": "a[b]"}, "is not a column"),
    ({"attributes.": "a"}, "no field 'attributes.'"),
])  # fmt: skip
def test_a_mapping_that_cannot_be(workspace, tmp_path, maps, message):
    path = tmp_path / "a.csv"
    path.write_text("id,title\n1,a\n")
    for run in (
        lambda: import_rows(workspace, "items", [path], now=NOW, maps=maps),
        lambda: preview_rows(workspace.root, "items", [path], maps=maps),
    ):
        with pytest.raises(UsageError) as error:
            run()
        assert message in str(error.value)


def test_a_bad_time_zone(workspace, tmp_path):
    with pytest.raises(UsageError, match="No time zone 'Asia/Seol'"):
        import_rows(workspace, "items", ["x"], now=NOW, settings=ImportSettings(tz="Asia/Seol"))


def test_no_stdin(workspace):
    closed = io.BytesIO()
    closed.close()
    for stdin in (None, closed):
        with pytest.raises(UsageError, match="no standard input"):
            import_rows(workspace, "items", ["-"], now=NOW, stdin=stdin)


def test_one_empty_file_among_others_is_said(workspace, tmp_path):
    (tmp_path / "1.csv").write_text("id,title\n1,a\n")
    (tmp_path / "2.csv").write_text("id,title\n")
    summary = import_rows(workspace, "items", [tmp_path / "*.csv"], now=NOW)
    assert (summary.new, summary.without_rows) == (1, (str(tmp_path / "2.csv"),))


QUARANTINED = {
    "nul-in-csv": (b"id,title\n1,a\x00b\n2,ok\n", [(2, "title", "holds a NUL character")]),
    "nul-in-json": (b'{"id":1,"title":"a\\u0000"}\n{"id":2,"title":"ok"}', [(1, "title", "holds a NUL character")]),
    "half-a-surrogate": (
        b'{"id":1,"title":"\\ud83d"}\n{"id":2,"title":"\\ud83d\\ude00"}',
        [(1, "", "half a surrogate")],
    ),
    "long-title": (
        b'{"id":1,"title":"' + b"x" * (1 << 20) + b'"}\n{"id":2,"title":"ok"}',
        [(1, "title", "longer than 10,000")],
    ),
    "no-json": (
        b'{"id":2,"title":"ok"}\n{"id":\n5\n[1]\n',
        [(2, "", "not valid JSON"), (3, "", "JSON object"), (4, "", "JSON object")],
    ),
    "deep-json": (b'{"id":2,"title":"ok"}\n' + b"[" * 100_000, [(2, "", "nested too deeply")]),
    "ragged": (b"id,title\n1\n2,ok\n3,a,b\n", [(2, "", "has 1 column"), (4, "", "has 3 columns")]),
    "json-after-csv": (b'id,title\n2,ok\n{"id":3,"title":"b"}\n', [(3, "", "quote")]),
    "bare-carriage-return": (b"id,title\n2,ok\n3,a\rb\n", [(3, "", "carriage return")]),
    "prices": (
        b"id,title,price\n1,a,-1\n2,ok,1\n3,c,nan\n4,d,inf\n5,e,1e999\n6,f,1.5.2\n",
        [
            (2, "price", "negative"),
            (4, "price", "finite"),
            (5, "price", "finite"),
            (6, "price", "finite"),
            (7, "price", "no"),
        ],
    ),
    "times": (
        b"id,title,created_at,ended_at\n1,a,2026-01-02,2026-01-01\n2,ok,,\n3,c,2026-13-01,\n4,d,yesterday,\n",
        [(2, "ended_at", "ended before"), (4, "created_at", "no time"), (5, "created_at", "no time")],
    ),
    "status": (b"id,title,status\n1,a,weird\n2,ok,\n", [(2, "status", "is none of active")]),
    "currency": (
        b"id,title,currency\n1,a,WONS\n2,ok,krw\n3,b,KR\n",
        [(2, "currency", "ISO 4217"), (4, "currency", "ISO 4217")],
    ),
    "attributes": (b"id,title,attributes\n1,a,red\n2,ok,\n", [(2, "attributes", "is not a JSON object")]),
    "blank-id": (b"id,title\n  ,a\n2,ok\n", [(2, "id", "item_id is missing")]),
    "tab-in-id": (b'{"id":"a\\tb","title":"x"}\n{"id":2,"title":"ok"}', [(1, "id", "control character")]),
}


@pytest.mark.parametrize("case", QUARANTINED)
def test_bad_rows_alone_are_set_aside(workspace, tmp_path, case):
    content, expected = QUARANTINED[case]
    path = tmp_path / "a"
    path.write_bytes(content)
    summary = import_rows(workspace, "items", [path], now=NOW, settings=ALL)
    assert summary.new >= 1
    assert summary.read == summary.new + summary.rejected
    told = sorted((r["row"], r["column"], r["reason"]) for r in map(json.loads, summary.quarantine.open()))
    assert [t[:2] for t in told] == [e[:2] for e in expected]
    for (_, _, reason), (_, _, part) in zip(told, expected, strict=True):
        assert part in reason


def test_mixed_encodings_are_told_per_row_and_stay_readable(workspace, tmp_path):
    path = tmp_path / "mixed.csv"
    lines = ["id,제목", "1,나이키", "2,아디다스"]
    path.write_bytes("\n".join(lines).encode() + "\n3,삼성\n".encode("cp949") + b"4,\xff\xfe\n")
    summary = import_rows(workspace, "items", [path], now=NOW, settings=ALL)
    assert summary.new == 2
    told = sorted((r["row"], r["reason"], r["raw"]) for r in map(json.loads, summary.quarantine.open()))
    assert told == [
        (4, "the row is in CP949, the file in UTF-8", "3,삼성"),
        (5, "the row is in neither UTF-8 nor CP949, the file in UTF-8", "4,\\xff\\xfe"),
    ]


def test_the_encoding_is_that_of_most_rows_and_stays(workspace, tmp_path, monkeypatch):
    path = tmp_path / "mixed.csv"
    korean = "id,제목\n1,나이키\n2,책\n3,자전거\n".encode("cp949")
    path.write_bytes(korean + "4,아디다스\n".encode() + "5,의자\n".encode("cp949"))
    summary = import_rows(workspace, "items", [path], now=NOW, settings=ALL)
    assert (summary.new, summary.rejected) == (4, 1)
    monkeypatch.setattr("semsearch.ingest.sources.BLOCK", 16)
    utf8 = "id,제목\n1,나이키\n2,책\n3,자전거\n".encode()
    path.write_bytes(utf8 + "4,아디다스\n5,의자\n6,책상\n".encode("cp949"))
    summary = import_rows(workspace, "items", [path], now=NOW, settings=ALL)
    assert (summary.read, summary.rejected) == (6, 3)


def test_a_quote_that_swallows_the_rest_costs_one_row(workspace, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,title\n0,"open\n' + "".join(f"{n},title {n}\n" for n in range(1, 5001)))
    summary = import_rows(workspace, "items", [path], now=NOW)
    assert (summary.new, summary.rejected) == (5000, 1)


def test_a_line_without_end_is_refused(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr("semsearch.ingest.lines.MAX_LINE", 1000)
    monkeypatch.setattr("semsearch.ingest.sources.BLOCK", 512)
    path = tmp_path / "a.csv"
    path.write_text("id,title" + "x" * 3000)
    with pytest.raises(UsageError, match="has a line of more than"):
        import_rows(workspace, "items", [path], now=NOW)


def test_rows_of_the_log(workspace, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(
        "ts,user_id,event,item_id,position\n1700000000,u,dance,1,\n1700000000,u,click,,\n1700000000,,click,1,\n"
        "1700000000,u,click,1,0\n1700000000,u,click,1,1.5\n1700000000,u,click,1,2.0\n"
    )
    summary = import_rows(workspace, "interactions", [path], now=NOW, settings=ALL)
    told = sorted((r["row"], r["column"], r["reason"]) for r in map(json.loads, summary.quarantine.open()))
    assert summary.new == 1
    assert told == [
        (2, "event", "is none of search, impression, click, favorite, chat, purchase: 'dance'"),
        (3, "item_id", "a click needs an item_id"),
        (4, "user_id", "actor_id is missing"),
        (5, "position", "is not a whole number from 1: '0'"),
        (6, "position", "is not a whole number from 1: '1.5'"),
    ]


def test_the_reasons_add_up_and_show_a_value(workspace, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "id,title,price,created_at,status,currency\n1,ok,1,,,\n2\n3,a,b\n4,,1,,,\n5,a,zz,,,\n6,a,-1,,,\n"
        "7,a,1,never,,\n8,a,1,,weird,\n9,a,1,,,WONS\n"
    )
    summary = import_rows(workspace, "items", [path], now=NOW, settings=ALL)
    told = told_reasons(summary.reasons, summary.examples)
    assert told[0] == "2 × has more or fewer columns than the header, such as 1 instead of 6"
    assert "1 × price: is not an amount, such as 'zz'" in told
    assert told[-1] == "2 more for other reasons"
    assert sum(int(line.split()[0]) for line in told) == summary.rejected == 8
    with pytest.raises(TooManyBad, match="such as 'zz'"):
        import_rows(workspace, "items", [path], now=NOW)
