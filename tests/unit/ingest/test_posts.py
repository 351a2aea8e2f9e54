"""Files to posts: every format gives the same, nothing that an author writes is lost, bad rows are set aside."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import zstandard

from semsearch.errors import UsageError
from semsearch.ingest.posts import PostReader
from semsearch.ingest.rejects import Rejects, TooManyBad
from semsearch.ingest.sources import Unreadable, expand
from semsearch.records import Post
from semsearch.settings import Settings

NOW = datetime(2026, 1, 10, tzinfo=UTC)
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROW = {"post_id": "p1", "author_id": "a1", "created_at": "2026-01-02T03:04:05Z", "text": "헤어져서 팝니다"}


@pytest.fixture
def read(tmp_path: Path):
    """Posts of some bytes, and the reader, whose rejects are in `rejects.jsonl`."""

    def read_(content: bytes, *, max_rejects: float = 1.0, tz: str = "UTC", toml: str = "", **options):
        (tmp_path / "semsearch.toml").write_text(toml)
        settings = Settings.load(tmp_path).override("imports", max_rejects=max_rejects, tz=tz)
        with Rejects(tmp_path / "rejects.jsonl") as rejects:
            reader = PostReader(settings, rejects, now=NOW, **options)
            batches = list(reader.files(expand(["-"], io.BytesIO(content))))
        return batches, reader

    return read_


def lines(*rows: object) -> bytes:
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def only(batches) -> Post:
    ((post,),) = batches
    return post


def told(tmp_path: Path) -> list[tuple[int, str, str]]:
    path = tmp_path / "rejects.jsonl"
    entries = map(json.loads, path.read_text().splitlines() if path.exists() else [])
    return sorted((entry["row"], entry["column"], entry["reason"]) for entry in entries)


def test_a_row_is_a_post_with_all_of_its_fields(read):
    more = {
        "revision": 2, "image_path": "a.jpg", "parent_id": "p0", "room_id": "r", "recipient_id": "b", "category": "A>B",
        "attributes": {"brand": "x"}, "seller_type": "shop", "namespace": "chat",
    }  # fmt: skip
    batches, reader = read(lines(ROW | more))
    assert only(batches) == Post(
        "chat", "p1", "a1", AT, "헤어져서 팝니다", 2, "a.jpg", "p0", "r", "b", "A > B", {"brand": "x"}, "shop"
    )
    assert only(batches).created_at.utcoffset() == timedelta(0)
    assert (reader.n_read, reader.n_good, reader.rejects.n) == (1, 1, 0)


def test_what_is_not_said_is_null(read):
    assert only(read(lines(ROW))[0]) == Post("listing", "p1", "a1", AT, "헤어져서 팝니다")


HEADERS = [
    ("post_id", "author_id", "created_at", "text"),
    ("게시글번호", "작성자", "작성일시", "내용"),
    ("메시지ID", "보낸사람", "보낸시각", "메시지"),
    ("id", "user_id", "timestamp", "content"),
    ("comment_id", "author", "date", "Content"),
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda names: names[0])
def test_usual_columns_are_recognised(read, header):
    batches, _ = read(lines(dict(zip(header, ROW.values(), strict=True))))
    assert only(batches) == Post("listing", "p1", "a1", AT, "헤어져서 팝니다")


def test_every_format_gives_the_same_posts(read, tmp_path):
    rows = [ROW | {"post_id": f"{n:03}", "text": f'줄\n"둘", {n}'} for n in range(5)]
    frame = pl.DataFrame(rows)
    frame.with_columns(pl.col("created_at").str.to_datetime(time_zone="UTC")).write_parquet(tmp_path / "a.parquet")
    parquet = (tmp_path / "a.parquet").read_bytes()
    csv, tsv = frame.write_csv(), frame.write_csv(separator="\t")
    first, _ = read(lines(*rows))
    assert [post.post_id for post in first[0]] == ["000", "001", "002", "003", "004"]
    for content in (
        csv.encode(), csv.encode("cp949"), csv.encode("utf-16"), tsv.encode(), gzip.compress(csv.encode()),
        zstandard.compress(lines(*rows)), parquet, gzip.compress(parquet),
    ):  # fmt: skip
        assert read(content)[0] == first


def test_batches_have_at_most_1000_posts_in_order(read):
    batches, reader = read(lines(*(ROW | {"post_id": str(n)} for n in range(2_300))))
    assert [len(batch) for batch in batches] == [1_000, 1_000, 300]
    assert [post.post_id for batch in batches for post in batch] == [str(n) for n in range(2_300)]
    assert reader.n_good == 2_300


def test_posts_are_the_same_however_the_input_is_cut(read, monkeypatch):
    rows = [ROW | {"post_id": str(n), "text": "가" * n} for n in range(50)] + [b'{"broken\n']
    whole, _ = read(lines(*rows))
    monkeypatch.setattr("semsearch.ingest.tables.BATCH_ROWS", 7)
    monkeypatch.setattr("semsearch.ingest.sources.BLOCK", 11)
    cut, _ = read(lines(*rows))
    assert sum(cut, ()) == sum(whole, ())


def test_posts_come_before_the_whole_file_was_read(tmp_path, monkeypatch):
    """What stands behind the first piece is not touched before its posts were taken."""
    monkeypatch.setattr("semsearch.ingest.sources.BLOCK", 1 << 10)
    monkeypatch.setattr("semsearch.ingest.tables.BATCH_ROWS", 10)
    stdin = io.BytesIO(lines(*(ROW | {"post_id": str(n)} for n in range(20_000))))
    reader = PostReader(Settings(), Rejects(tmp_path / "r"), now=NOW)
    batches = reader.files(expand(["-"], stdin))
    assert len(next(batches)) == 10
    assert stdin.tell() < 100_000 < len(stdin.getvalue())


# --- namespaces ----------------------------------------------------------------------------


def test_a_column_says_the_namespace_and_batches_have_one_each(read):
    rows = [ROW | {"post_id": str(n), "namespace": name} for n, name in enumerate(["chat", None, "chat", "listing"])]
    batches, _ = read(lines(*rows))
    assert [[(post.namespace, post.post_id) for post in batch] for batch in batches] == [
        [("chat", "0"), ("chat", "2")], [("listing", "1"), ("listing", "3")],
    ]  # fmt: skip


def test_a_named_namespace_is_that_of_every_row(read):
    assert only(read(lines(ROW | {"namespace": "listing"}), namespace="chat")[0]).namespace == "chat"


def test_an_unknown_namespace_names_those_that_are_known(read, tmp_path):
    toml = "[campaigns.namespaces.review]\nmin_letters = 5\n"
    with pytest.raises(UsageError, match="no namespace 'chats': there are listing, image, chat, profile, review"):
        read(lines(ROW), namespace="chats", toml=toml)
    assert only(read(lines(ROW), namespace="review", toml=toml)[0]).namespace == "review"
    batches, _ = read(lines(ROW, ROW | {"namespace": "chats"}, ROW | {"namespace": "review"}), toml=toml)
    assert [post.namespace for batch in batches for post in batch] == ["listing", "review"]
    assert told(tmp_path) == [
        (2, "namespace", "is none of listing, image, chat, profile, review: 'chats'"),
    ]


# --- what authors write --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["x" * (10 << 20), "\x00 \x1b[2J \u202e", "a" * 300_000, "☆" * 1000, "😀", "ㅋ\r\nㅋ", " 앞뒤 "],
    ids=["10-MB", "control", "one-character", "symbols", "emoji", "lines", "spaces"],
)  # fmt: skip
def test_any_text_is_kept_as_it_was_written(read, text):
    assert only(read(lines(ROW | {"text": text}))[0]).text == text


@pytest.mark.parametrize("row", [ROW | {"text": ""}, ROW | {"text": "  "}, ROW | {"text": None}])
def test_empty_text_is_kept(read, row):
    assert only(read(lines(row))[0]).text == ""


def test_half_an_emoji_does_not_hide_a_post(read):
    batches, reader = read(
        lines(ROW) + json.dumps(ROW).replace("p1", "p2").replace('"text": "', '"text": "\\ud83d').encode()
    )
    assert [post.text for post in batches[0]] == ["헤어져서 팝니다", "\ufffd헤어져서 팝니다"]
    assert reader.rejects.n == 0


def test_a_10_mb_post_in_csv_and_parquet(read, tmp_path):
    frame = pl.DataFrame([ROW | {"text": "팝니다 " * 700_000}])
    frame.write_parquet(tmp_path / "a.parquet")
    for content in (frame.write_csv().encode(), (tmp_path / "a.parquet").read_bytes()):
        assert len(only(read(content)[0]).text) == 2_800_000


def test_equal_times_and_times_that_run_backwards_stay_in_order_of_arrival(read):
    times = ["2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "1969-12-31T23:59:59Z"]
    batches, _ = read(lines(*(ROW | {"post_id": str(n), "created_at": at} for n, at in enumerate(times))))
    assert [post.post_id for post in batches[0]] == ["0", "1", "2", "3"]
    assert batches[0][3].created_at.year == 1969


# --- bad rows ------------------------------------------------------------------------------


def test_bad_rows_are_set_aside_with_their_reasons(read, tmp_path):
    rows = [
        ROW,
        ROW | {"post_id": ""},
        ROW | {"author_id": None},
        {key: value for key, value in ROW.items() if key != "created_at"},
        ROW | {"created_at": "yesterday"},
        ROW | {"created_at": "2026-01-11T00:00:00Z"},
        ROW | {"created_at": "2026-01-11T00:00:01Z"},
        ROW | {"created_at": "9999-01-01"},
        b'{"post_id": 1, \n',
        b"[1]\n",
        ROW | {"revision": -1},
        ROW | {"author_id": "a\tb"},
        b'{"text": "\xff\xfe"}\n',
    ]
    batches, reader = read(lines(*rows))
    assert [post.created_at for post in batches[0]] == [AT, NOW + timedelta(days=1)]
    assert (reader.n_read, reader.n_good, reader.rejects.n) == (13, 2, 11)
    assert told(tmp_path) == [
        (2, "post_id", "post_id is missing"),
        (3, "author_id", "author_id is missing"),
        (4, "created_at", "created_at is missing"),
        (5, "created_at", "is no time: 'yesterday'"),
        (7, "created_at", "is more than a day from now: '2026-01-11T00:00:01Z'"),
        (8, "created_at", "is more than a day from now: '9999-01-01T00:00:00Z'"),
        (9, "", "is not valid JSON: Expecting property name enclosed in double quotes"),
        (10, "", "is not a JSON object"),
        (11, "revision", "is not a whole number from 0: '-1'"),
        (12, "author_id", "has a control character: 'a\tb'"),
        (13, "", "the row is in neither UTF-8 nor CP949, the file in UTF-8"),
    ]


def test_times_without_a_zone_are_in_tz(read):
    batches, _ = read(lines(ROW | {"created_at": "2026. 1. 2. 오후 12:04:05"}), tz="Asia/Seoul")
    assert only(batches).created_at == AT


def test_columns_are_said_by_flags_and_by_settings(read):
    row = {"nr": "p1", "who": {"id": "a1"}, "when": ROW["created_at"], "head": "급처", "tail": "팝니다", "x": 1}
    toml = '[import.posts]\npost_id = "nr"\nauthor_id = "x"\ncreated_at = "when"\ntext = ["head", "tail"]\n'
    batches, reader = read(lines(row), toml=toml, maps={"author_id": "who.id"})
    assert only(batches) == Post("listing", "p1", "a1", AT, "급처\n팝니다")
    assert reader.mapping["text"] == "head+tail"
    assert list(reader.unused) == ["x"]


def test_more_bad_rows_than_allowed_stop_a_scan_before_their_piece(read, tmp_path, monkeypatch):
    monkeypatch.setattr("semsearch.ingest.tables.BATCH_ROWS", 10)
    good, bad = [ROW] * 30, [ROW | {"post_id": ""}] * 4
    taken = []
    with (
        Rejects(tmp_path / "r") as rejects,
        pytest.raises(TooManyBad, match=r"4 of 30 rows \(13.33%\) are bad, more than the 10.00%") as error,
    ):
        reader = PostReader(Settings().override("imports", max_rejects=0.1), rejects, now=NOW)
        for batch in reader.files(expand(["-"], io.BytesIO(lines(*good[:20], *bad, *good[:6])))):
            taken += batch
    assert len(taken) == 20
    assert "The 20 posts before them were scanned and stay." in str(error.value)
    assert error.value.next_step.endswith("--max-rejects 0.134")
    _, reader = read(lines(*good[:20], *bad, *good[:6]), max_rejects=0.134)
    assert reader.n_good == 26


def test_one_bad_row_of_two_is_too_many_before_anything_is_scanned(read):
    with pytest.raises(TooManyBad, match=r"1 of 2 rows .* Nothing was scanned\."):
        read(lines(ROW, b"{\n"), max_rejects=0.01)


def test_rows_that_are_all_bad_are_refused_whatever_is_allowed(read):
    with pytest.raises(TooManyBad, match=r"2 of 2 rows .* all that there are") as error:
        read(lines(b"{\n", b"{\n"))
    assert "--max-rejects" not in error.value.next_step


REFUSED = {
    "empty": (b"", UsageError, "No rows in stdin"),
    "blank": (b"\n \n", UsageError, "No rows in stdin"),
    "unknown-columns": (lines({"a": 1, "b": 2}), UsageError, "no column for post_id and author_id and created_at and"),
    "no-author": (b"post_id,created_at,text\n1,2026-01-01,a\n", UsageError, "no column for author_id. Columns"),
    "array": (b'[{"post_id": 1}]', UsageError, "one JSON array"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), UsageError, "a PNG image"),
    "binary": (b"\xff\xd8\xff\xe0\x00\x10" + bytes(n * 37 % 256 for n in range(4000)), UsageError, "a binary file"),
    "parquet": (b"PAR1 not really", Unreadable, "damaged Parquet"),
    "cut-gzip": (gzip.compress(lines(ROW) * 99)[:-9], Unreadable, "cut off or damaged"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_of_posts_is_refused_with_a_next_step(read, case):
    content, kind, message = REFUSED[case]
    with pytest.raises(kind, match=message) as error:
        read(content)
    assert error.value.next_step.startswith("Next: ")
    assert "imported" not in error.value.message


def test_posts_before_a_cut_are_handed_on(tmp_path, monkeypatch):
    monkeypatch.setattr("semsearch.ingest.tables.BATCH_ROWS", 100)
    monkeypatch.setattr("semsearch.ingest.sources.BLOCK", 1 << 12)
    content = gzip.compress(lines(*(ROW | {"post_id": str(n * n)} for n in range(3000))))[:-9]
    taken = []
    reader = PostReader(Settings(), Rejects(tmp_path / "r"), now=NOW)
    with pytest.raises(Unreadable):
        for batch in reader.files(expand(["-"], io.BytesIO(content))):
            taken += batch
    assert 2_900 <= len(taken) < 3_000


@pytest.mark.parametrize(("maps", "message"), [
    ({"txt": "a"}, "no field 'txt'. Did you mean text?"),
    ({"text": "txt"}, "no column 'txt'. Did you mean 'text'?"),
    ({"post_id": "a+b"}, "only category and text take several columns"),
])  # fmt: skip
def test_a_mapping_that_cannot_be(read, maps, message):
    with pytest.raises(UsageError) as error:
        read(lines(ROW), maps=maps)
    assert message in str(error.value)
