from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from semsearch.ingest.quality import look
from semsearch.records import Item, schema

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = {
    "title": "나이키 운동화 270",
    "body": "거의 새것",
    "category": "패션 > 신발",
    "price": 30000.0,
    "currency": "KRW",
    "status": "active",
    "created_at": datetime(2025, 12, 1, tzinfo=UTC),
}


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    made = [GOOD | {"item_id": f"i{n}", "title": f"나이키 운동화 {n}"} | row for n, row in enumerate(rows)]
    return pl.DataFrame(made, schema=schema(Item))


def found(*rows: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {finding.what: finding.examples for finding in look(frame(*rows), now=NOW)}


def test_a_clean_catalogue_has_no_findings() -> None:
    assert look(frame({}, {}, {}), now=NOW) == ()
    assert look(frame(), now=NOW) == ()


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"body": " "}, "empty body"),
        ({"price": None}, "no price"),
        ({"price": 1111.0}, "placeholder price"),
        ({"price": 99_000_000.0}, "price far from its currency's median"),
        ({"category": None}, "no category"),
        ({"title": "팜"}, "very short title"),
        ({"title": "같은 글", "body": "같은 글"}, "body repeats the title"),
        ({"body": "싸게 &amp; 빨리<br>"}, "HTML left in the text"),
        ({"title": "占쏙옙 판매"}, "broken characters"),
        ({"item_id": "1.2E+10"}, "id that a spreadsheet changed"),
        ({"created_at": datetime(2027, 1, 1, tzinfo=UTC)}, "created in the future"),
        ({"created_at": datetime(1970, 1, 20, tzinfo=UTC)}, "created before 2000"),
        ({"status": "sold"}, "ended or not active"),
    ],
)
def test_each_trouble_is_found_and_named(row: dict[str, Any], what: str) -> None:
    bad = {"item_id": "bad"} | row
    assert found({}, {}, bad) == {what: (bad["item_id"],)}


def test_repeated_text_names_the_copies_only() -> None:
    same = {"title": "아이폰 13", "body": "팝니다"}
    assert found({}, same, same, {"title": "아이폰  13", "body": "팝니다"}) == {
        "same text as another item": ("i2", "i3")
    }


def test_share_and_order() -> None:
    findings = look(frame({"price": None}, {"price": None}, {"body": ""}, {}), now=NOW)
    assert [(f.what, f.n, f.share) for f in findings] == [("no price", 2, 0.5), ("empty body", 1, 0.25)]
