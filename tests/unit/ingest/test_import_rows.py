"""The import job on whole files: counts, storage, idempotence, quarantine."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import zstandard

from semsearch.errors import Busy, MissingPart, UsageError
from semsearch.ingest.catalogue import Catalogue, content_digest
from semsearch.ingest.importing import ImportSummary, import_rows, preview_rows
from semsearch.records import Interaction, Item, Region, schema
from semsearch.settings import ImportSettings
from semsearch.workspace import Workspace

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LENIENT = ImportSettings(max_rejects=0.9)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "market")


@pytest.fixture
def put(tmp_path: Path):
    def write(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


def load(workspace: Workspace, *files: str, kind: str = "items", **options) -> ImportSummary:
    return import_rows(workspace, kind, files, now=NOW, **options)


def quarantined(summary: ImportSummary) -> list[dict]:
    return [json.loads(line) for line in summary.quarantine.read_text().splitlines()]


ITEMS_CSV = '상품번호,제목,가격,지역,색\n00012,나이키 에어맥스,"15,000원",03,빨강\n00013,책,무료나눔,04,파랑\n'


def test_a_korean_spreadsheet_export(workspace, put):
    summary = load(workspace, put("a.csv", ITEMS_CSV.encode("cp949")))
    assert (summary.read, summary.new, summary.rejected, summary.total) == (2, 2, 0, 2)
    assert summary.unused == ("색",)
    assert summary.mapping == {"item_id": "상품번호", "title": "제목", "price": "가격", "region_id": "지역"}
    items = Catalogue(workspace).items()
    assert dict(items.schema) == schema(Item)
    assert items.select("item_id", "title", "price", "region_id", "body", "status").rows() == [
        ("00012", "나이키 에어맥스", 15000.0, "03", "", "active"),
        ("00013", "책", 0.0, "04", "", "active"),
    ]


@pytest.mark.parametrize("encode", [
    lambda text: text.encode(),
    lambda text: ("\ufeff" + text).encode(),
    lambda text: text.encode("cp949"),
    lambda text: text.encode("utf-16"),
    lambda text: gzip.compress(text.encode()),
    lambda text: gzip.compress(text.encode()[:20]) + gzip.compress(text.encode()[20:]),
    lambda text: zstandard.compress(text.encode("cp949")),
    lambda text: text.replace("\n", "\r\n").encode(),
    lambda text: text.rstrip("\n").encode(),
], ids=["utf8", "bom", "cp949", "utf16", "gzip", "gzip-members", "zstd-cp949", "crlf", "no-last-line-end"])  # fmt: skip
def test_every_encoding_and_compression_gives_the_same_items(workspace, put, encode):
    load(workspace, put("plain.csv", ITEMS_CSV))
    again = load(workspace, put("other.bin", encode(ITEMS_CSV)))
    assert (again.unchanged, again.new, again.updated, again.rejected) == (2, 0, 0, 0)


def test_every_format_gives_the_same_items(workspace, put, tmp_path):
    rows = [
        {"item_id": "007", "title": "르크루제 냄비", "price": 49.5, "created_at": "2026-01-01T00:00:00Z"},
        {"item_id": "8", "title": 'quote " and, comma\nand line', "price": 3.0, "created_at": None},
    ]
    frame = pl.DataFrame(rows).with_columns(pl.col("created_at").str.to_datetime(time_zone="UTC"))
    frame.write_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.parquet.gz").write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    pl.DataFrame(rows).write_csv(tmp_path / "a.csv")
    pl.DataFrame(rows).write_csv(tmp_path / "a.tsv", separator="\t")
    first = load(workspace, put("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert first.new == 2
    for name in ("a.parquet", "a.parquet.gz", "a.csv", "a.tsv"):
        again = load(workspace, str(tmp_path / name))
        assert (again.unchanged, again.digest) == (2, first.digest), name


def test_stdin_is_recognised_and_can_be_told(workspace):
    assert load(workspace, "-", stdin=io.BytesIO(b'{"id": 1, "title": "a"}\n')).new == 1
    assert load(workspace, "-", stdin=io.BytesIO(gzip.compress(b"id,title\n2,b\n"))).new == 1
    assert load(workspace, "-", stdin=io.BytesIO(b"id\ttitle\n3\tb, c\n"), format_="tsv").new == 1


def test_importing_again_changes_nothing_and_order_does_not_matter(tmp_path, put):
    lines = [
        json.dumps({"id": f"{n:03}", "title": f"t{n}", "attributes": {"b": 1, "a": "x"}}) + "\n" for n in range(50)
    ]
    one, other = Workspace.create(tmp_path / "one"), Workspace.create(tmp_path / "other")
    first = load(one, put("all.jsonl", "".join(lines)))
    pointer = one.path("catalogue", "items.json").read_bytes()
    again = load(one, put("all.jsonl", "".join(lines)))
    assert (again.unchanged, again.new, again.updated, again.digest) == (50, 0, 0, first.digest)
    assert one.path("catalogue", "items.json").read_bytes() == pointer
    load(other, put("back.jsonl", "".join(reversed(lines[20:]))))
    assert load(other, put("front.jsonl", "".join(lines[:20]))).digest == first.digest
    assert Catalogue(other).items().equals(Catalogue(one).items())


def test_a_changed_row_is_an_update_and_the_last_duplicate_wins(workspace, put):
    load(workspace, put("a.csv", "id,title\n1,a\n2,b\n"))
    summary = load(workspace, put("b.csv", "id,title\n2,B\n2,BB\n3,c\n1,a\n"))
    assert (summary.read, summary.new, summary.updated, summary.unchanged, summary.duplicates) == (4, 1, 1, 1, 1)
    assert Catalogue(workspace).items().get_column("title").to_list() == ["a", "BB", "c"]


def test_old_snapshots_go_with_the_import_after_the_next(workspace, put):
    for title in "abc":
        load(workspace, put("a.csv", f"id,title\n1,{title}\n"))
    assert len(list(workspace.path("catalogue").glob("items-*.parquet"))) == 2
    load(workspace, put("a.csv", "id,title\n1,c\n"))
    assert len(list(workspace.path("catalogue").glob("items-*.parquet"))) == 1
    assert Catalogue(workspace).items().get_column("title").to_list() == ["c"]


def test_mapping_with_nesting_scale_constants_and_settings(workspace, put):
    row = {"no": 7, "t": "폰", "cents": 4995, "specs": {"maker": "애플"}, "pics": [{"url": "a.jpg"}], "a.b": "dotted"}
    settings = ImportSettings(items={"title": "t", "currency": "'USD'", "attributes": {"brand": "specs.maker"}})
    maps = {"item_id": "no", "price": "cents*0.01", "image_paths": "pics[0].url", "currency": "'KRW'", "body": "a.b"}
    load(workspace, put("a.jsonl", json.dumps(row)), maps=maps, settings=settings)
    item = Catalogue(workspace).items().row(0, named=True)
    assert (item["item_id"], item["title"], item["price"], item["currency"]) == ("7", "폰", 49.95, "KRW")
    assert (item["image_paths"], item["body"]) == (["a.jpg"], "dotted")
    assert json.loads(item["attributes"]) == {"brand": "애플"}


def test_category_levels_join_into_a_path(workspace, put):
    load(workspace, put("a.csv", "id,title,level1,level2,level3\n1,a,가구/인테리어,의자,\n2,b,,,\n"))
    assert Catalogue(workspace).items().get_column("category").to_list() == ["가구/인테리어 > 의자", None]
    load(
        workspace,
        put("b.jsonl", '{"id":3,"title":"c","category":["가전","폰"]}\n{"id":4,"title":"d","category":"A>B"}'),
    )
    assert Catalogue(workspace).items().get_column("category").to_list()[2:] == ["가전 > 폰", "A > B"]


def test_bad_rows_are_kept_with_row_column_reason_and_raw(workspace, put):
    content = 'id,title,price\n1,a,10\n2,,5\n3,c,-5\n4,"Vintage" bag,1\n5,"two\nlines",2\n6\n7,"open,3\n8,h,abc\n'
    summary = load(workspace, put("a.csv", content), settings=LENIENT)
    assert (summary.read, summary.new, summary.rejected) == (8, 2, 6)
    told = sorted((r["row"], r["column"], r["reason"], r["raw"]) for r in quarantined(summary))
    quote = "has a quote that is not closed or doubled"
    assert told == [
        (3, "title", "title is missing", "2,,5"),
        (4, "price", "is negative: '-5'", "3,c,-5"),
        (5, "", quote, '4,"Vintage" bag,1'),
        (8, "", "has 1 column, the header 3", "6"),
        (9, "", quote, '7,"open,3'),
        (10, "price", "is not an amount: 'abc'", "8,h,abc"),
    ]
    assert Catalogue(workspace).items().get_column("title").to_list() == ["a", "two\nlines"]


def test_above_max_rejects_nothing_is_imported_and_the_reasons_are_kept(workspace, put):
    load(workspace, put("a.csv", "id,title\n1,a\n"))
    before = {p.name: p.read_bytes() for p in workspace.path("catalogue").iterdir()}
    with pytest.raises(UsageError, match=r"1 of 10 rows \(10.00%\)") as error:
        load(workspace, put("b.csv", "id,title\n" + "".join(f"{n},b\n" for n in range(2, 11)) + "11,\n"))
    assert error.value.exit_code == 2
    assert "--max-rejects 0.101" in error.value.next_step
    assert {p.name: p.read_bytes() for p in workspace.path("catalogue").iterdir()} == before
    (kept,) = workspace.path("quarantine").iterdir()
    assert json.loads(kept.read_text())["raw"] == "11,"
    assert load(workspace, put("b.csv", "id,title\n2,b\n3,\n"), settings=ImportSettings(max_rejects=0.5)).new == 1


def test_interactions_are_events_of_which_copies_count_once(workspace, put):
    click = "1700000001,u,click,나이키,1\n"
    log = f"ts,user_id,event,검색어,item_id\n1700000000,u,search,나이키,\n{click}{click}"
    first = load(workspace, put("log.csv", log), kind="interactions")
    assert (first.read, first.new, first.duplicates) == (3, 2, 1)
    again = load(workspace, put("log.csv", log + "1700000002,u,chat,,1\n"), kind="interactions")
    assert (again.new, again.unchanged, again.duplicates, again.total) == (1, 2, 1, 3)
    catalogue = Catalogue(workspace)
    assert catalogue.n_interactions == 3
    stored = catalogue.interactions().collect()
    assert dict(stored.schema) == schema(Interaction)
    assert stored.sort("ts").get_column("kind").to_list() == ["search", "click", "chat"]


def test_regions(workspace, put):
    summary = load(
        workspace, put("r.csv", "region_id,name,neighbour_ids\n01,역삼동,02|03\n02,논현동,\n"), kind="regions"
    )
    assert summary.new == 2
    regions = Catalogue(workspace).regions()
    assert dict(regions.schema) == schema(Region)
    assert regions.get_column("neighbour_ids").to_list() == [["02", "03"], []]


def test_nothing_imported_yet_names_the_next_step(workspace):
    catalogue = Catalogue(workspace)
    assert (catalogue.n_items, catalogue.n_interactions, catalogue.n_regions) == (0, 0, 0)
    for read in (catalogue.items, catalogue.interactions, catalogue.regions, lambda: catalogue.items_digest):
        with pytest.raises(MissingPart, match="Next: semsearch import"):
            read()


def test_a_second_writer_is_refused(workspace, put):
    from filelock import FileLock

    with FileLock(workspace.path(".semsearch", "lock")), pytest.raises(Busy):
        load(workspace, put("a.csv", "id,title\n1,a\n"))


def test_preview_shows_five_rows_and_writes_nothing(workspace, put):
    path = put("a.csv", "id,제목,값\n" + "".join(f"{n},t{n},x\n" for n in range(9)) + "9,,x\n")
    before = sorted(workspace.root.rglob("*"))
    preview = preview_rows(workspace.root, "items", [path])
    assert preview.mapping == {"item_id": "id", "title": "제목"}
    assert [row["item_id"] for row in preview.rows] == ["0", "1", "2", "3", "4"]
    assert preview.unused == ("값",)
    assert [(bad["row"], bad["reason"]) for bad in preview.rejected] == [(11, "title is missing")]
    assert sorted(workspace.root.rglob("*")) == before


def test_columns_that_appear_late_in_jsonl_are_taken(workspace, put, monkeypatch):
    monkeypatch.setattr("semsearch.ingest.tables.BATCH_ROWS", 2)
    lines = ['{"id":1,"title":"a"}', '{"id":2,"title":"b"}', '{"id":3,"title":"c","price":5,"odd":1}']
    summary = load(workspace, put("a.jsonl", "\n".join(lines)))
    assert summary.unused == ("odd",)
    assert Catalogue(workspace).items().get_column("price").to_list() == [None, None, 5.0]


def test_a_better_name_that_appears_late_does_not_change_the_mapping(workspace, put, monkeypatch):
    monkeypatch.setattr("semsearch.ingest.tables.BATCH_ROWS", 1)
    lines = ['{"id":1,"name":"a","level1":"x"}', '{"id":2,"name":"b","title":"B","level1":"x","level2":"y"}']
    summary = load(workspace, put("a.jsonl", "\n".join(lines)))
    assert (summary.unused, summary.mapping["title"]) == (("title",), "name")
    stored = Catalogue(workspace).items().select("title", "category").rows()
    assert stored == [("a", "x"), ("b", "x > y")]


def test_the_digest_is_of_content():
    frame = pl.DataFrame({"a": ["x", None, ""], "b": [["p", "q"], [], ["pq"]], "c": [1.0, None, 0.0]})
    assert content_digest(frame) == content_digest(pl.concat([frame[:1], frame[1:]], rechunk=False))
    seen = {content_digest(frame)}
    for changed in (
        frame.with_columns(a=pl.Series(["x", "", ""])),
        frame.with_columns(b=pl.Series([["p"], ["q"], ["pq"]])),
        frame.with_columns(b=pl.Series([["pq"], [], ["pq"]])),
        frame.with_columns(c=pl.Series([1.0, 0.0, 0.0])),
        frame.reverse(),
    ):
        seen.add(content_digest(changed))
    assert len(seen) == 6


def test_the_chorus_catalogue(workspace, shared_data):
    summary = load(workspace, str(shared_data / "chorus" / "items.jsonl.gz"))
    assert (summary.read, summary.new, summary.rejected, summary.unused) == (19_406, 19_406, 0, ())
    items = Catalogue(workspace).items()
    assert items.get_column("item_id").is_sorted()
    assert items.null_count().select("title", "price", "created_at").row(0)[0] == 0
    assert json.loads(items.filter(pl.col("item_id") == "3920564").item(0, "attributes"))["brand"] == "Xerox"


def test_korean_categories_as_items(workspace, shared_data):
    file = str(shared_data / "korean" / "categories.csv")
    maps = {"item_id": "code", "title": "level4", "category": "level1+level2+level3"}
    summary = load(workspace, file, maps=maps, settings=LENIENT)
    assert summary.read == 4967
    first = Catalogue(workspace).items().filter(pl.col("item_id") == "50003307").row(0, named=True)
    assert (first["title"], first["category"]) == ("가구다리", "가구/인테리어 > DIY자재/용품 > 가구부속품")


def test_two_formats_in_one_command(workspace, put):
    files = put("a.csv", "상품번호,제목\n1,가\n"), put("b.jsonl", '{"id": 2, "title": "b", "price": 3}\n')
    summary = load(workspace, *files)
    assert (summary.new, summary.files) == (2, files)
    assert Catalogue(workspace).items().get_column("price").to_list() == [None, 3.0]


def test_parquet_columns_of_every_type(workspace, tmp_path):
    frame = pl.DataFrame(
        {
            "id": [1, 2],
            "title": pl.Series(["a", "b"], dtype=pl.Categorical),
            "price": [Decimal("1.50"), None],
            "category": [["A", "B"], []],
            "created_at": [date(2026, 1, 1), None],
            "ended_at": [datetime(2026, 1, 2, 3), None],
            "specs": [{"maker": "x", "n": 1}, None],
            "raw": [b"\xff", None],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    options = {"maps": {"attributes.maker": "specs.maker"}, "settings": ImportSettings(tz="Asia/Seoul")}
    summary = load(workspace, str(tmp_path / "a.parquet"), **options)
    assert summary.unused == ("raw",)
    item = Catalogue(workspace).items().row(0, named=True)
    assert (item["item_id"], item["title"], item["price"], item["category"]) == ("1", "a", 1.5, "A > B")
    assert item["created_at"] == datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert item["ended_at"] == datetime(2026, 1, 1, 18, tzinfo=UTC)
    assert item["attributes"] == '{"maker": "x"}'
    with pytest.raises(UsageError, match="'raw' is binary"):
        load(workspace, str(tmp_path / "a.parquet"), maps={"body": "raw"})


def test_a_bad_parquet_row_is_told_by_its_number(workspace, tmp_path):
    pl.DataFrame({"id": ["1", None, "3"], "title": ["a", "b", "c"]}).write_parquet(tmp_path / "a.parquet")
    summary = load(workspace, str(tmp_path / "a.parquet"), settings=LENIENT)
    (told,) = quarantined(summary)
    assert (told["row"], told["column"], told["raw"]) == (2, "id", {"id": None, "title": "b"})
