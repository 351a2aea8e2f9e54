from __future__ import annotations

import json
import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.towers.template import ItemTemplate
from semsearch.training.catalogue.pairs import _segments, catalogue_pairs
from semsearch.training.catalogue.spelling import slip

ITEMS = pl.DataFrame(
    {
        "title": ["Tripp Lite 4-Port Desktop KVM Switch for PC", "나이키 에어맥스 270 새상품", "!!!"],
        "body": ["Share one monitor among four computers", "한번 신었어요", ""],
        "category": [None, "패션 > 신발", None],
        "attributes": [json.dumps({"brand": "Tripp Lite", "type": "KVM"}), "{}", "{}"],
    }
)


def test_queries_are_made_of_their_items_words() -> None:
    pairs = catalogue_pairs(ITEMS, ItemTemplate(), per_item=60, seed=0)
    assert set(pairs.item_rows.tolist()) == {0, 1}  # the third item has no word
    korean = {q for q, row in zip(pairs.queries, pairs.item_rows, strict=True) if row == 1}
    assert {"신발"} <= {word for q in korean for word in q.split()}
    own = {"나이키", "에어맥스", "270", "새상품", "한번", "신었어요", "패션", "신발"}
    whole = [q for q in korean if set(q.split()) <= own]
    assert len(whole) / len(korean) > 0.5  # the rest is misspelt


def test_same_seed_same_pairs() -> None:
    first = catalogue_pairs(ITEMS, ItemTemplate(), 5, seed=1)
    assert first.queries == catalogue_pairs(ITEMS, ItemTemplate(), 5, seed=1).queries
    assert first.queries != catalogue_pairs(ITEMS, ItemTemplate(), 5, seed=2).queries


def test_segments_end_where_the_thing_is_named() -> None:
    assert _segments("tripp lite 4-port desktop kvm switch for pc, black")[:2] == [
        ["tripp", "lite"],
        ["desktop", "kvm", "switch"],
    ]
    assert _segments("에어맥스 270 운동화") == [["에어맥스"], ["운동화"]]
    assert _segments("") == []


def test_short_words_and_numbers_are_never_misspelt() -> None:
    rng = random.Random(0)
    assert all(slip(word, rng) == word for word in ("usb", "tv", "가", "iphone7", "2060", "") for _ in range(50))


@pytest.mark.parametrize("word", ["keyboard", "아이폰", "르쿠르제"])
def test_slips_change_the_word_a_little(word: str) -> None:
    rng = random.Random(0)
    made = {slip(word, rng) for _ in range(200)} - {word}
    assert len(made) > 10
    assert all(abs(len(m) - len(word)) <= 1 for m in made)


@given(st.text(max_size=20), st.integers(0, 100))
def test_slip_takes_any_text(word: str, seed: int) -> None:
    assert isinstance(slip(word, random.Random(seed)), str)
