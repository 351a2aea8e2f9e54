"""Surfaces, reformulations and engaged titles, on texts and logs that fit on a page."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.longtail.lexicon import surfaces
from semsearch.longtail.lexicon.agreement import Looks
from semsearch.longtail.lexicon.engaged import answers, by_query, log_likelihood, looks_at
from semsearch.longtail.lexicon.reformulations import replaced, replacements, turns
from semsearch.longtail.lexicon.surfaces import Reader
from semsearch.longtail.sessions import SILENCE_S
from semsearch.records import Interaction, schema
from semsearch.text.lexicons import Group, Lexicon

START = datetime(2026, 3, 1, tzinfo=UTC)
LEXICON = Lexicon([Group("transliterations", ("에어팟", "AirPods")), Group("brands", ("블루래빗",))])
HANGUL = st.text(st.characters(min_codepoint=ord("가"), max_codepoint=ord("힣")), min_size=1, max_size=6)


def log(*rows: tuple[int, str, str | None, str, str, str | None]) -> pl.DataFrame:
    """Rows of (second, actor, session, kind, query, item)."""
    names = ("ts", "actor_id", "session_id", "kind", "query", "item_id")
    made = [dict(zip(names, (START + timedelta(seconds=row[0]), *row[1:]), strict=True)) for row in rows]
    return pl.DataFrame(made, schema=schema(Interaction))


def engaged(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("kind") == "click").with_columns(pl.col("ts").alias("asked_at"))


# --- surfaces ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "slip"),
    [
        ("헤드셋", "헤트셋", True),
        ("코드제로", "코제드로", True),
        ("iphone", "ㅑㅔㅙㅜㄷ", True),
        ("airpods", "airpdos", True),
        ("브리츠", "britz", False),
        ("에팟", "에어팟", False),
        ("운동화", "스니커즈", False),
        ("딜롱기", "드롱기", False),
    ],
)
def test_slips_are_told_from_spellings(left: str, right: str, slip: bool) -> None:
    assert surfaces.is_slip(left, right) is slip
    assert surfaces.is_slip(right, left) is slip


@pytest.mark.parametrize(
    ("left", "right", "alike"),
    [("브리츠", "britz", True), ("보네이도", "vornado", True), ("나이키", "나이스", False), ("nike", "sony", False),
     ("더블니", "double knee", True), ("사과", "apple", False),
     ("bold", "britz 헤드셋", False)],
)  # fmt: skip
def test_sound_joins_scripts_and_nothing_else(left: str, right: str, alike: bool) -> None:
    assert surfaces.sounds_alike(left, right) is surfaces.sounds_alike(right, left) is alike


@pytest.mark.parametrize(
    ("left", "right", "short"),
    [("에팟", "에어팟", True), ("파판", "파이널 판타지", True), ("팟에", "에어팟", False), ("에어팟", "에어팟", False),
     ("글", "글카", False)],
)  # fmt: skip
def test_abbreviations_keep_the_order_of_syllables(left: str, right: str, short: bool) -> None:
    assert surfaces.shortened(left, right) is short


@pytest.mark.parametrize("n", [1, surfaces.MOST_ATOMS, surfaces.MOST_ATOMS + 1])
def test_only_what_a_lexicon_file_may_hold_fits(n: int, tmp_path: Path) -> None:
    words = " ".join("가나다라마바"[:n])
    (tmp_path / "synonyms.tsv").write_text(f"{words}\t다른 말\n", encoding="utf-8")
    assert surfaces.fits(words) is (n <= surfaces.MOST_ATOMS)
    if surfaces.fits(words):
        Lexicon.load([tmp_path])
    else:
        with pytest.raises(UsageError, match="more than 5 words"):
            Lexicon.load([tmp_path])


@given(HANGUL, HANGUL)
def test_relations_are_symmetric(left: str, right: str) -> None:
    for relation in (surfaces.is_slip, surfaces.sounds_alike, surfaces.shortened, surfaces.overlap):
        assert relation(left, right) == relation(right, left)


def test_one_name_stands_for_all_spellings_of_a_group() -> None:
    reader = Reader(LEXICON)
    (token,) = reader.tokens("airpods")
    assert token.name == "에어팟"
    assert not token.ids.isdisjoint(reader.tokens("에어팟")[0].ids)
    assert reader.tied("airpods", "에어팟")
    assert reader.tied("airpods 케이스", "에어팟케이스")
    assert not reader.tied("에팟", "에어팟")


def test_spans_leave_out_numbers_and_what_the_rest_says() -> None:
    reader = Reader(Lexicon())
    assert reader.spans("나이키 런닝화 270 검정") == {"나이키", "런닝화", "나이키 런닝화", "검정"}
    nike = reader.tokens("나이키")[0].ids
    assert surfaces.spans(reader.tokens("나이키 런닝화 검정"), nike) == {"런닝화", "검정", "런닝화 검정"}


# --- reformulations ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        ("에팟 프로", "에어팟 프로", [("에팟", "에어팟")]),
        ("런닝화 nike", "나이키 런닝화", [("nike", "나이키")]),
        ("스니커즈", "운동화", [("스니커즈", "운동화")]),
        ("이어폰", "무선 이어폰", []),  # only added
        ("아이폰 14", "아이폰 15", []),  # numbers are never entries
        ("모니터 27인치", "모니터 32인치", []),
        ("아이폰 14 케이스", "갤럭시 23 케이스", []),
        ("가방", "가방", []),
        ("airpods", "에어팟", []),  # the lexicon says so
        ("musinsa standard 셔츠", "무신사 스탠다드 셔츠", [("musinsa", "무신사"), ("standard", "스탠다드")]),
        ("a b c 빨간 파란 노란 검은 모자", "모자", []),
    ],
)
def test_what_stands_in_the_place_of_what(first: str, second: str, pairs: list[tuple[str, str]]) -> None:
    reader = Reader(LEXICON)
    assert list(replaced(reader.tokens(first), reader.tokens(second))) == pairs


def test_a_turn_needs_a_better_second_query_of_the_same_session_soon() -> None:
    rows = log(
        (0, "a", "s1", "search", "에팟", None),
        (9, "a", "s1", "search", "에어팟", None),
        (12, "a", "s1", "click", "에어팟", "i1"),
        # both were engaged
        (0, "b", "s2", "search", "에팟", None),
        (3, "b", "s2", "click", "에팟", "i1"),
        (9, "b", "s2", "search", "에어팟", None),
        (12, "b", "s2", "click", "에어팟", "i1"),
        # too late
        (0, "c", "s3", "search", "에팟", None),
        (9000, "c", "s3", "search", "에어팟", None),
        (9003, "c", "s3", "click", "에어팟", "i1"),
        # another actor in a session of the same name
        (20, "e", "s1", "search", "브리츠", None),
        (22, "e", "s1", "click", "브리츠", "i1"),
        # another session
        (0, "d", "s4", "search", "에팟", None),
        (9, "d", "s5", "search", "에어팟", None),
        (12, "d", "s5", "click", "에어팟", "i1"),
    )
    assert turns(rows.lazy(), engaged(rows)).rows() == [("에팟", "에어팟", "a", "s1")]


def test_without_sessions_silence_ends_one() -> None:
    late = SILENCE_S + 60
    rows = log(
        (0, "a", None, "search", "에팟", None),
        (9, "a", None, "search", "에어팟", None),
        (12, "a", None, "click", "에어팟", "i1"),
        (late, "a", None, "search", "에어팟 프로", None),
        (0, "b", None, "search", "에팟", None),
        (late, "b", None, "search", "에어팟", None),
        (late + 3, "b", None, "click", "에어팟", "i1"),
    )
    found = turns(rows.lazy(), engaged(rows))
    assert found.select("key", "instead", "actor_id").rows() == [("에팟", "에어팟", "a")]
    assert turns(rows.reverse().lazy(), engaged(rows)).rows() == found.rows()


def test_what_is_engaged_without_a_session_belongs_to_that_of_its_search() -> None:
    rows = log(
        (0, "a", "s1", "search", "에팟", None),
        (9, "a", "s1", "search", "에어팟", None),
        (12, "a", None, "click", "에어팟", "i1"),
    )
    assert turns(rows.lazy(), engaged(rows)).rows() == [("에팟", "에어팟", "a", "s1")]


def test_replacements_keep_who_made_them() -> None:
    found = pl.DataFrame(
        {"key": ["에팟 프로", "에팟 프로", "에팟"], "instead": ["에어팟 프로", "에어팟 프로", "에팟 프로"],
         "actor_id": ["a", "b", "c"], "session": ["1", "2", "3"]}
    )  # fmt: skip
    rows = replacements(found, Reader(LEXICON)).select("typed", "meant", "actor_id").rows()
    assert rows == [("에팟", "에어팟", "a"), ("에팟", "에어팟", "b")]


# --- engaged titles --------------------------------------------------------------------------------


def test_log_likelihood_by_hand() -> None:
    # 10 of 10 looks at a word's titles have the surface, and 10 of the other 90: rows 10/90, columns 20/80
    expected = 2 * (10 * math.log(10 / 2) + 0 + 10 * math.log(10 / 18) + 80 * math.log(80 / 72))
    assert log_likelihood(10, 10, 20, 100) == pytest.approx(expected)
    assert log_likelihood(2, 10, 20, 100) == 0.0  # as often as by chance


TITLES = {
    "britz 헤드셋": [("브리츠 헤드셋 블랙", 9), ("브리츠 게이밍 헤드셋", 6)],
    "브리츠 헤드셋": [("브리츠 헤드셋 블랙", 9), ("브리츠 게이밍 헤드셋", 6)],
    "나이키 운동화": [("나이키 운동화 블랙", 20), ("나이키 에어맥스", 9)],
    "헤드샛": [("브리츠 헤드셋 블랙", 5)],
    "gpemtpt": [("브리츠 헤드셋 블랙", 5)],
}


def test_a_word_that_no_title_has_is_answered_by_what_stands_there_instead() -> None:
    found = answers(TITLES, Reader(Lexicon()))
    assert {typed for typed, _ in found} == {"britz", "britz 헤드셋"}  # neither the slip nor the other keyboard
    # britz: 15 looks, all at 브리츠; 40 of all 69 + 5 + 5 - 10 looks
    n_looks = sum(n for titles in TITLES.values() for _, n in titles)
    assert found["britz", "브리츠"] == pytest.approx(log_likelihood(15, 15, 40, n_looks))


def test_agreement_compares_what_was_engaged_for_the_same_rest() -> None:
    looks = Looks(TITLES, Reader(Lexicon()), ["britz", "브리츠", "나이키"])
    told = looks.agreement("britz", "브리츠")
    assert (told.n_looks, told.n_there, told.n_own, told.n_slips) == (15, 15, 0, 0)
    assert (told.usual, told.cover, told.n_shared) == (1.0, 1.0, 15)
    assert told.likeness == pytest.approx(1.0)
    other = looks.agreement("나이키", "브리츠")
    assert (other.n_there, other.n_shared) == (0, 0)
    assert math.isnan(other.likeness)


def test_looks_count_each_actor_once_and_known_items_only() -> None:
    rows = log(
        (1, "a", "s", "click", "Britz 헤드셋", "i1"),
        (2, "a", "s", "click", "britz  헤드셋", "i1"),
        (3, "b", "s", "click", "britz 헤드셋", "i1"),
        (4, "b", "s", "click", "britz 헤드셋", "gone"),
        (5, "b", "s", "click", "  ", "i1"),
    )
    titles = pl.DataFrame({"item_id": ["i1", "i2"], "title": ["브리츠 헤드셋", "x"]})
    looks = looks_at(engaged(rows), titles)
    assert looks.select("key", "actor_id").rows() == [("britz 헤드셋", "a"), ("britz 헤드셋", "b")]
    assert by_query(looks) == {"britz 헤드셋": [("브리츠 헤드셋", 2)]}
