"""What is compared of a text, and its numbers."""

from __future__ import annotations

import pytest

from semsearch.longtail.mismatch.quantities import measured, shape, unit_of, without_asides
from semsearch.longtail.mismatch.words import item_words, words_of
from semsearch.text.lexicons import Group, Lexicon

LEXICON = Lexicon(
    [Group("brands", ("엘지", "LG")), Group("brands", ("보스", "BOSE")), Group("synonyms", ("노트북", "랩탑"))]
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("정가 36만에 샀어요", "정가에 샀어요"),
        ("15만5천원 아이폰 14", "아이폰 14"),
        ("5천원", ""),
        ("150,000원에 팝니다", "에 팝니다"),
        ("$49.99 lens", "lens"),
        ("49 usd", ""),
        ("2024년 구매", "구매"),
        ("2024-05-01 오후 3시 이후", "오후 이후"),
        ("010-1234-5678 연락", "연락"),
        ("3개 있어요", "있어요"),
        ("배터리 90% 3번 착용", "배터리"),
        ("3 months old", "old"),
    ],
)
def test_prices_and_times_are_taken_out(text: str, left: str) -> None:
    assert without_asides(text).replace(" ", "") == left.replace(" ", "")


@pytest.mark.parametrize(
    "text",
    [
        "아이폰 14 프로",
        "bmw 3시리즈",
        "2024년형 그램",
        "27인치",
        "14 천안",
        "4인용",
        "10개입",
        "5번 아이언",
        "rtx 3060",
        "21.5",
    ],
)
def test_what_names_a_thing_stays(text: str) -> None:
    assert without_asides(text) == text


def test_units_of_one_kind_are_one() -> None:
    assert measured("27cm") == measured("270mm") == ("mm", 270.0)
    assert measured("1tb") == ("gb", 1024.0)
    assert measured("15평") == ("평", 15.0)
    assert [unit_of(n) for n in ("256", "270", "14", "100")] == ["gb", "mm", "", ""]
    assert shape("s23") == "s##"


def test_every_view_of_a_text() -> None:
    words = words_of("LG 노트북 그램 16Z90P 512기가", LEXICON)
    assert words.held["lg노트북"] == "lg 노트북"
    assert set(words.groups) == {"=엘지", "=노트북"}
    assert words.quantities.codes == {"##z##p": ("16z90p",)}
    assert words.quantities.sizes == {"gb": {512.0: "512gb"}}
    assert words.quantities.following["그램"] == ("16z90p",)


def test_names_are_read_in_run_together_words_where_that_is_sure() -> None:
    assert set(words_of("엘지노트북", LEXICON).groups) == {"=엘지", "=노트북"}
    assert set(words_of("엘지노트북램", LEXICON).groups) == set()
    assert set(words_of("보스턴백", LEXICON).groups) == set()


def test_words_do_not_join_across_the_parts_of_an_item() -> None:
    row = {"title": "책", "body": "상 드려요. 가\n방", "category": "도서 > 국내", "attributes": {"brand": "창비"}}
    held = item_words(row, LEXICON).held
    assert {"책", "상", "가", "방", "도서", "국내", "창비"} <= set(held)
    assert not {"책상", "가방", "책도서", "국내창비"} & set(held)


def test_an_item_may_lack_everything() -> None:
    for row in ({}, {"title": None, "body": None, "category": None, "attributes": None}):
        assert item_words(row, LEXICON).held == {}


def test_the_body_is_read_as_far_as_the_tower_reads_it() -> None:
    row = {"title": "책", "body": "가나 " * 200 + "끝말"}
    assert "끝말" not in item_words(row, LEXICON).held
