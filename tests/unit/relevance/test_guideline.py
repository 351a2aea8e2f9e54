"""The guideline is checked as code is: the grade of each worked example is that of its facets, and all is settled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from semsearch.errors import MissingPart
from semsearch.llm.guard.guard import clean
from semsearch.records import INTENTS, Facet
from semsearch.relevance import guideline
from semsearch.relevance.asking.examples import of_guideline
from semsearch.relevance.asking.reading import stands
from semsearch.relevance.guideline import Worked, guideline_path, read_examples, worked_examples
from semsearch.relevance.rubric import RUBRIC, grade
from semsearch.text.views import search

ROOT = Path(__file__).resolve().parents[3]
TEXT = guideline_path().read_text(encoding="utf-8")
FOUND = worked_examples()


def grades(query: str) -> dict[str, str]:
    """Titles to grades of the examples of one query."""
    return {each.title: each.grade for each in FOUND if each.query == query}


@pytest.mark.parametrize("example", FOUND, ids=lambda each: f"line {each.line}")
def test_each_grade_follows_from_its_facets(example: Worked):
    assert str(grade(example.facets)) == example.grade, grade(example.facets).why


@pytest.mark.parametrize("example", FOUND, ids=lambda each: f"line {each.line}")
def test_facets_ask_for_words_of_the_query_and_each_word_once(example: Worked):
    asked = [each.asked for each in example.facets]
    assert all(stands(words, example.query) for words in asked)
    words = [word for each in asked for word in search(each).split()]
    assert len(words) == len(set(words))


def test_all_rows_are_read():
    rows = [line for line in TEXT.splitlines() if re.search(r"(met|cannot tell|none) \| ", line)]
    assert len(rows) == len(FOUND) > 50


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("에어팟 프로 케이스", ["2", "1", "0", "1–2"]),
        ("나이키 운동화", ["2", "1", "0", "ungradeable"]),
        ("nike shoes", ["1", "0"]),
        ("무료나눔", ["ungradeable"]),
        ("급처", ["ungradeable"]),
        ("역삼동", ["ungradeable"]),
        ("맥북 아이패드 일괄", ["2", "1", "0"]),
        ("아이폰", ["2"]),
    ],
)
def test_what_the_rubric_has_to_settle_is_settled(query: str, expected: list[str]):
    assert list(grades(query).values()) == expected


def test_both_languages_all_intents_and_all_kinds_of_grades_are_shown():
    korean = [bool(re.search("[가-힣]", each.query)) for each in FOUND]
    assert min(korean.count(True), korean.count(False)) >= 12
    assert {facet.intent for each in FOUND for facet in each.facets} == set(INTENTS)
    assert {facet.met for each in FOUND for facet in each.facets} == {True, False, None}
    assert {each.grade for each in FOUND} == {"0", "1", "2", "0–1", "1–2", "0–2", "ungradeable"}


def test_one_query_has_the_same_facets_wherever_it_stands():
    typed: dict[str, set] = {}
    for each in FOUND:
        typed.setdefault(each.query, set()).add(tuple((facet.intent, facet.asked) for facet in each.facets))
    assert all(len(ways) == 1 for ways in typed.values())


def test_it_is_the_guideline_of_this_rubric():
    assert f"Rubric version {RUBRIC}." in TEXT


def test_its_examples_can_be_shown_to_a_model():
    assert not [each.text for each in of_guideline() if clean(each.text).instructed]


def test_a_row_is_taken_apart():
    row = "| 책상 강남 | 원목 책상 // 강남역 직거래 | item 책상: met; attribute 강남: cannot tell | 1–2 |"
    (found,) = read_examples(f"text\n\n| query | item | facets | grade |\n|---|---|---|---|\n{row}\n\n| a | b |\n")
    facets = (Facet("item", "책상", True), Facet("attribute", "강남", None))
    assert found == Worked("책상 강남", "원목 책상", "강남역 직거래", facets, "1–2", 5)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("| q | i | item q: met |", "line 3: 3 cells, not 4"),
        ("| q | i | colour q: met | 2 |", "line 3: 'colour q: met' is no facet"),
        ("| q | i | item q: maybe | 2 |", "line 3: 'item q: maybe' is no facet"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_line(row: str, said: str):
    with pytest.raises(ValueError, match=said):
        list(read_examples(f"| query | item | facets | grade |\n|---|---|---|---|\n{row}\n"))


def test_it_is_in_the_package_or_beside_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert guideline_path() == ROOT / "labels" / "GUIDELINE.md"
    package = tmp_path / "src" / "semsearch"
    monkeypatch.setattr(guideline, "__file__", str(package / "relevance" / "guideline.py"))
    with pytest.raises(MissingPart, match="has no guideline"):
        guideline_path()
    for folder in (tmp_path / "labels", package / "labels"):  # a checkout; an installed package, which goes first
        folder.mkdir(parents=True)
        (folder / "GUIDELINE.md").touch()
        assert guideline_path() == folder / "GUIDELINE.md"
