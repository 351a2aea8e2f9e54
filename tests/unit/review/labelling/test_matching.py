"""Words of a query in the text of an item."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.review.labelling.matching import spans


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("에어팟프로 2", "새상품 에어팟 프로 2세대 12개", ["에어팟 프로", "2"]),
        ("나이키 운동화", "나이키에어맥스운동화", ["나이키", "운동화"]),
        ("nike shoes", "Nike SHOE and shoes, snikers", ["Nike", "SHOE", "shoes"]),
        ("rtx3060ti", "RTX 3060 Ti", ["RTX", "3060", "Ti"]),
        ("아이폰 256기가", "아이폰 256GB, 1256", ["아이폰", "256"]),
        ("pro", "프로 process", []),
        ("(a.b) [c", "a.b [c] ab", ["a", "b", "c"]),
        ("", "text", []),
        ("!!!", "text!!!", []),
    ],
)
def test_what_is_marked(query: str, text: str, found: list[str]) -> None:
    assert [text[start:stop] for start, stop in spans(query, text)] == found


@given(st.text(max_size=30), st.text(max_size=80))
def test_any_query_in_any_text_gives_places_in_order(query: str, text: str) -> None:
    places = [place for span in spans(query, text) for place in span]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)
    assert all(start < stop for start, stop in spans(query, text))
