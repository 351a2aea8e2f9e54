"""Words of a profile that single posts of the sample have."""

from __future__ import annotations

import pytest

from semsearch.spam.drafts.copied import copied

STYLE = """1. Broadcast voice
   Professional sellers: They address many readers at once and announce; no life shows.
   Ordinary people: They speak to one reader, tell why they part with the thing, and ask back."""
POSTS = [
    "나이키 에어맥스 정품 대량 입고, 문의 010-1234-5678",
    "나이키 신발 한 번 신었어요",
    "나이키 저지, 이사 가서 팝니다",
    "Motorola phone, barely used, they say it is great",
    "say hello to Greta at 88600",
]


def found(line: str) -> tuple[str, ...]:
    return copied(f"{STYLE}\n{line}", POSTS)


def test_style_is_in_no_single_post() -> None:
    assert copied(STYLE, POSTS) == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("They write 에어맥스 often.", ("에어맥스",)),
        ("They write 나이키 often.", ()),  # in three posts
        ("They write 아디다스 often.", ()),  # in none
        ("They sell 신발 and Motorola phones.", ("신발", "Motorola")),
        ("Motorola phones are many.", ()),  # begins the sentence: the capital says nothing
        ("They name 88600 as the price of 5 things.", ("88600",)),
        ("They say it is barely there.", ("They say it is",)),
        ("Some write 'phone, barely used, they say', as Greta does.", ("phone, barely used, they say", "Greta")),
    ],
)  # fmt: skip
def test_names_numbers_and_quotes_of_one_or_two_posts_are_told(line: str, expected: tuple[str, ...]) -> None:
    assert found(line) == expected


def test_a_korean_profile_is_asked_for_latin_words() -> None:
    assert copied("1. 말투\n   판매자: 신발 이야기만 하고 Motorola 처럼 쓴다.", POSTS) == ("Motorola",)
