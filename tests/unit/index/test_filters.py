"""`--where`: what it means and how it complains."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from semsearch.errors import FilterError
from semsearch.index.masks import where_mask
from semsearch.index.where import parse_where
from semsearch.records import Item, schema

ITEMS = pl.DataFrame(
    [
        {
            "item_id": "0",
            "title": "아이폰 14 프로",
            "body": "",
            "category": "디지털 > 휴대폰",
            "price": 900_000.0,
            "region_id": "0011",
            "status": "active",
            "attributes": '{"brand":"Apple","inch":"6.1","색 상":"검정"}',
            "created_at": datetime(2024, 5, 1, 0, 0, tzinfo=UTC),
        },
        {
            "item_id": "1",
            "title": 'Chair "Aeron"',
            "body": "",
            "category": "Furniture",
            "price": 0.0,
            "region_id": "11",
            "status": "sold",
            "attributes": '{"brand":"Herman Miller","inch":"40"}',
            "created_at": datetime(2024, 5, 1, 23, 59, 59, 999_999, tzinfo=UTC),
        },
        {
            "item_id": "2",
            "title": "노트북 파우치",
            "body": "",
            "category": "디지털 > 노트북 > 가방",
            "price": None,
            "region_id": None,
            "status": "active",
            "attributes": "{}",
            "created_at": datetime(2024, 5, 2, 0, 0, tzinfo=UTC),
        },
        {
            "item_id": "3",
            "title": "노트북",
            "body": "",
            "category": "디지털 > 노트북",
            "price": 50_000.0,
            "region_id": "26",
            "status": "reserved",
            "attributes": None,
            "created_at": None,
        },
    ],
    schema=schema(Item),
)


def found(where):
    return "".join(ITEMS["item_id"].filter(pl.Series(where_mask(ITEMS.lazy(), parse_where(where)))).to_list())


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("price = 0", "1"),
        ("price == 0", "1"),
        ("price != 0", "03"),
        ("price <> 0", "03"),
        ("price < 50000", "1"),
        ("price <= 50_000", "13"),
        ("price > 5e4", "0"),
        ("price >= 50000", "03"),
        ("not price > 50000", "13"),  # unknown stays unknown
        ("price is null", "2"),
        ("price IS NOT NULL", "013"),
        ("price in 0..50000", "13"),
        ("price = 0..50000", "13"),
        ("price between 1 and 900000", "03"),
        ("price in (0, 50000)", "13"),
        ("price not in (0, 50000)", "0"),
        ("status in (active, reserved)", "023"),
        ("status = active and price is null", "2"),
        ("status = active or status = sold and price > 0", "02"),
        ("(status = active or status = sold) and price >= 0", "01"),
        ("not (status = active)", "13"),
        ("not not status = active", "02"),
        ("region_id = 11", "1"),
        ("region_id = 0011", "0"),
        ("category = '디지털 > 노트북'", "3"),
        ("category under '디지털 > 노트북'", "23"),
        ("category under 디지털", "023"),
        ("category under '디지털 > 노'", ""),
        ("title ^= 노트북", "23"),
        ("title = 'Chair \"Aeron\"'", "1"),
        ('title = "Chair \\"Aeron\\""', "1"),
        ("attributes.brand = Apple", "0"),
        ("attributes.brand is null", "23"),
        ("attributes.brand ^= 'Herman '", "1"),
        ("attributes.inch > 7", "1"),
        ("attributes.inch > '7'", ""),
        ("attributes.inch in 6..7", "0"),
        ("attributes.brand > 7", ""),  # not a number
        ('attributes."색 상" = 검정', "0"),
        ("created_at = 2024-05-01", "01"),
        ("created_at <= 2024-05-01", "01"),
        ("created_at < 2024-05-02", "01"),
        ("created_at > 2024-05-01", "2"),
        ("created_at >= 2024-05-01", "012"),
        ("created_at != 2024-05-01", "2"),
        ("created_at in 2024-05-01..2024-05-01", "01"),
        ("created_at = 2024-05-02T09:00+09:00", "2"),
        ("created_at > 2024-05-01T00:00", "12"),
        ("created_at is null", "3"),
    ],
)
def test_meaning(where, ids):
    assert found(where) == ids


@pytest.mark.parametrize(
    ("where", "column", "message"),
    [
        ("", 0, "empty"),
        ("prise < 5", 0, "No field 'prise'"),
        ("price < cheap", 8, "'cheap' is not"),
        ("price <", 7, "Expected a value"),
        ("price", 5, "comparison"),
        ("price < 5 and", 13, "name of a field"),
        ("price < 5 status = sold", 10, "Expected 'and', 'or'"),
        ("(price < 5", 10, r"Expected '\)'"),
        ("price < 5)", 9, "not '\\)'"),
        ("status in (active", 17, r"Expected '\)'"),
        ("status in active", 16, "for a range"),
        ("title = 'open", 8, "not closed"),
        ("price under 5", 6, "is for text"),
        ("created_at > yesterday", 13, "not a time"),
        ("created_at > 2024-13-01", 13, "not a time"),
        ("price is 5", 9, "Expected 'null'"),
        ("price not 5", 10, "Expected 'in'"),
        ("price between 1 or 2", 16, "Expected 'and'"),
        ("attributes. = 5", 0, "Expected a key"),
        ("image_paths = a", 0, "No field"),
        ("status = and", 9, "Expected a value"),
        ("price ! 5", 6, "means nothing"),
        ("카테고리 = 5", 0, "No field"),
        ("title = 노트북 or prise < 5", 18, "No field 'prise'"),  # a caret under the terminal column: 노트북 takes 6
    ],
)
def test_complaints_point_at_the_column(where, column, message):
    with pytest.raises(FilterError, match=message) as caught:
        parse_where(where)
    assert caught.value.column == column
    assert caught.value.message.splitlines()[-1] == "  " + " " * column + "^"


@pytest.mark.parametrize(
    ("where", "name"), [("prise < 5", "price"), ("Status = a", "status"), ("creatd > 1", "created_at")]
)
def test_the_nearest_field_is_suggested(where, name):
    with pytest.raises(FilterError) as caught:
        parse_where(where)
    assert f"'{name}'" in caught.value.next_step


@pytest.mark.parametrize("where", ["(" * 5_000 + "price=1", "not " * 2_400 + "price = 1", "price = 1 " * 10_000])
def test_abuse_is_refused(where):
    with pytest.raises(FilterError):
        parse_where(where)


def test_a_long_chain_is_fine():
    assert found(" or ".join(["price = 0"] * 700)) == "1"
