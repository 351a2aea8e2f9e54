"""Single values: prices, numbers, times, names, mappings."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from semsearch.errors import UsageError
from semsearch.ingest import mapping, times, values


def one(text: str) -> pl.Series:
    return pl.Series([text, None])


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("15000", 15000),
        ("15,000원", 15000),
        ("₩15,000", 15000),
        ("1.5만", 15000),
        ("1.5만원", 15000),
        ("15만5천", 155000),
        ("15만 5천원", 155000),
        ("3만", 30000),
        ("2억3천만", None),
        ("2억", 2e8),
        ("1억 2만", 100_020_000),
        ("$49.95", 49.95),
        ("49.95 USD", 49.95),
        ("1,234,567.5", 1234567.5),
        (" 3 ", 3),
        ("0", 0),
        ("-0", 0),
        ("무료나눔", 0),
        ("Free", 0),
        ("5천", 5000),
        ("1만2345", 12345),
        ("2.3만", 23000),
        ("1,5", None),
        ("12,34", None),
        ("1.234,56", None),
        ("abc", None),
        ("원", None),
        ("10,000~15,000", None),
        ("만", None),
        ("1.2.3만", None),
        ("-5", "negative"),
        ("-5,000원", "negative"),
        ("inf", "finite"),
        ("nan", "finite"),
    ],
)
def test_prices(text, amount):
    number, reasons = values.price(one(text))
    if isinstance(amount, (int, float)):
        assert (number[0], reasons[0]) == (amount, None)
        assert str(number[0])[0] != "-"
    else:
        assert (amount or "is not an amount") in reasons[0]
    assert (number[1], reasons[1]) == (None, None)


def test_scaled_prices():
    assert values.price(pl.Series(["4995", "7"]), 0.01)[0].to_list() == [49.95, 0.07]
    assert values.price(pl.Series(["1.5"]), 10_000)[0].to_list() == [15000]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123456"),
        ("2026-01-02T03:04:05+09:00", "2026-01-01T18:04:05"),
        ("2026-01-02 03:04:05 -0330", "2026-01-02T06:34:05"),
        ("2026-01-02T03:04+09", "2026-01-01T18:04:00"),
        ("2026-01-02 09:00", "2026-01-02T00:00:00"),
        ("2026-01-02", "2026-01-01T15:00:00"),
        ("2026. 1. 2.", "2026-01-01T15:00:00"),
        ("2026.01.02", "2026-01-01T15:00:00"),
        ("2026. 1. 2. 오후 2:30", "2026-01-02T05:30:00"),
        ("2026. 1. 2 오전 12:05:01", "2026-01-01T15:05:01"),
        ("2026년 1월 2일", "2026-01-01T15:00:00"),
        ("2026년 1월 2일 14:30", "2026-01-02T05:30:00"),
        ("2026/1/2 2:30:00 PM", "2026-01-02T05:30:00"),
        ("20260102", "2026-01-01T15:00:00"),
        ("20260102T030405Z", "2026-01-02T03:04:05"),
        ("1767225600", "2026-01-01T00:00:00"),
        ("1767225600000", "2026-01-01T00:00:00"),
        ("1767225600000000", "2026-01-01T00:00:00"),
        ("1767225600.5", "2026-01-01T00:00:00.500000"),
        ("9999-12-31T00:00:00Z", "9999-12-31T00:00:00"),
        ("2026-13-01", None),
        ("2026-02-30", None),
        ("2026-01-02 25:00", None),
        ("12/31/2026", None),
        ("now", None),
        ("45000", None),
    ],
)
def test_times(text, expected):
    got = times.to_utc(one(text), "Asia/Seoul")
    assert got.dtype == pl.Datetime("us", "UTC")
    wanted = datetime.fromisoformat(expected).replace(tzinfo=UTC) if expected else None
    assert got.to_list() == [wanted, None]


def test_times_mixed_in_one_column():
    got = times.to_utc(pl.Series(["2026-01-02T00:00:00Z", None, "1767225600", "x", "2026. 1. 2."]), "UTC")
    assert [t and t.isoformat() for t in got] == [
        "2026-01-02T00:00:00+00:00",
        None,
        "2026-01-01T00:00:00+00:00",
        None,
        "2026-01-02T00:00:00+00:00",
    ]


def test_a_time_that_a_clock_change_skips_or_repeats():
    got = times.to_utc(pl.Series(["2026-03-29 01:30", "2026-10-25 01:30"]), "Europe/London")
    assert got.to_list() == [None, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_attributes_are_flat_text_with_sorted_keys():
    text = '{"b": 1.50, "a": ["x", 2], "c": {"d": true, "e": null}, "empty": " ", "ㄱ": "값"}'
    got, reasons = values.attributes(one(text))
    assert got[0] == '{"a": "x, 2", "b": "1.5", "c.d": "true", "ㄱ": "값"}'
    assert reasons.null_count() == 2


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("가구/인테리어>의자", "가구/인테리어 > 의자"),
        ('["a","b > c"]', "a > b > c"),
        ("[중고] 폰", "[중고] 폰"),
        (" > a > ", "a"),
    ],
)
def test_categories(text, path):
    assert values.category(one(text))[0].to_list() == [path, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("판매중", "active"),
        ("판매 완료", "sold"),
        ("SOLD", "sold"),
        ("예약중", "reserved"),
        ("숨김", "hidden"),
    ],
)
def test_statuses(text, expected):
    from semsearch.ingest.names import STATUS_NAMES

    assert values.one_of(one(text), STATUS_NAMES)[0].to_list() == [expected, None]


def test_lists():
    assert values.text_list(one("02|03, 04"), "|;, \t")[0].to_list() == [["02", "03", "04"], None]
    assert values.text_list(one('["a b", null, 3]'), "|")[0][0].to_list() == ["a b", "3"]


def test_guesses_prefer_the_best_name_and_leave_the_rest():
    mapped = mapping.resolve("items", ["ID", "name", "Title", "브랜드", "대분류", "중분류", "x"], {})
    assert {field: e.text for field, e in mapped.fields.items()} == {
        "item_id": "ID",
        "title": "Title",
        "category": "대분류+중분류",
        "attributes.brand": "브랜드",
    }
    assert mapped.unused == ("name", "x")


def test_a_given_field_frees_its_guess_and_an_empty_one_unsets_it():
    mapped = mapping.resolve("items", ["id", "title", "name", "status"], {"title": "name", "status": ""})
    assert {field: e.text for field, e in mapped.fields.items()} == {"item_id": "id", "title": "name"}
    assert mapped.unused == ("title", "status")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b", mapping.Expression("a.b", (mapping.Place("a", ("b",)),))),
        ("a[0].c", mapping.Expression("a[0].c", (mapping.Place("a", (0, "c")),))),
        ("x.y", mapping.Expression("x.y", (mapping.Place("x.y"),))),
        ("x.y.z", mapping.Expression("x.y.z", (mapping.Place("x.y", ("z",)),))),
        ("p+q", mapping.Expression("p+q", (mapping.Place("p+q"),))),
        ("p + a", mapping.Expression("p + a", (mapping.Place("p"), mapping.Place("a")))),
        ("a*0.01", mapping.Expression("a*0.01", (mapping.Place("a"),), scale=0.01)),
        ("'KRW'", mapping.Expression("'KRW'", constant="KRW")),
        ('"원"', mapping.Expression('"원"', constant="원")),
    ],
)
def test_expressions(text, expected):
    assert mapping.parse(text, ["a", "p", "x.y", "p+q"]) == expected


def test_maps_from_flags_and_settings():
    assert mapping.parse_maps(["title=제목", "body=a=b"]) == {"title": "제목", "body": "a=b"}
    with pytest.raises(UsageError, match="is not field=column"):
        mapping.parse_maps(["title"])
    table = {"title": "제목", "attributes": {"brand": "maker"}, "category": ["a", "b"], "price": 3}
    assert mapping.from_settings(table) == {
        "title": "제목",
        "attributes.brand": "maker",
        "category": "a+b",
        "price": "'3'",
    }
