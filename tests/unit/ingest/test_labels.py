"""Judgements of other tools, format by format, and their grades as 2, 1, 0."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from semsearch.errors import UsageError
from semsearch.ingest.labels.grades import Grader, maps_of
from semsearch.ingest.labels.reading import LabelFormat, read_labels
from semsearch.ingest.labels.rows import Judged, Passed
from semsearch.ingest.labels.tables import Wanted

TEXTS = {"q1": "에어팟 프로", "q2": "shoes, red"}


def read(
    path: Path, format_: LabelFormat | None = None, *, passed: Passed | None = None, **wanted: Any
) -> list[Judged]:
    return list(read_labels(str(path), Wanted(**wanted), passed or Passed(), format_=format_))


def said(rows: list[Judged]) -> list[tuple[str, str, str, str]]:
    return [(row.query, row.item_id, row.grade, row.by) for row in rows]


def put(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# --- tables ---------------------------------------------------------------------------------


def test_a_table_brings_all_that_it_says(tmp_path: Path) -> None:
    text = (
        "검색어,상품번호,등급,평가자,judged_at,memo,lead_time,ground_truth,제목\n"
        '에어팟 프로,007,2,minji,2026-03-01 12:00,"good, new",4.5,true,에어팟 프로 2\n'
        "에어팟 프로,8,,minji,,,,,\n"
    )
    first, second = read(put(tmp_path, "a.csv", text), tz="Asia/Seoul")
    assert first == Judged(
        f"{tmp_path}/a.csv:2",
        "에어팟 프로",
        "007",
        "2",
        by="minji",
        at=datetime(2026, 3, 1, 3, tzinfo=UTC),
        note="good, new",
        seconds=4.5,
        golden=True,
        item={"title": "에어팟 프로 2"},
    )
    assert (second.grade, second.at, second.item) == ("", None, {})


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet", "csv.gz"])
def test_every_kind_of_table_reads_the_same(tmp_path: Path, kind: str) -> None:
    frame = pl.DataFrame({"query": ["a b", "c"], "item_id": ["01", "2"], "grade": [2, 0], "by": ["x", "y"]})
    path = tmp_path / f"a.{kind}"
    if kind == "csv.gz":
        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    elif kind == "tsv":
        frame.write_csv(path, separator="\t")
    else:
        {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[kind](path)
    assert said(read(path)) == [("a b", "01", "2", "x"), ("c", "2", "0", "y")]


def test_standard_input_is_recognised_too() -> None:
    for text, wanted in (
        ("query,item_id,grade\na,1,2\n", Wanted()),
        ("q1\t0\t1\t2\n", Wanted(texts={"q1": "a"})),
        (json.dumps([{"data": {"query": "a", "item_id": "1"}, "annotations": [choice("2")]}]), Wanted()),
    ):
        (row,) = read_labels("-", wanted, Passed(), stdin=io.BytesIO(text.encode()))
        assert (row.query, row.item_id, row.grade) == ("a", "1", "2")


def test_columns_are_named_by_the_user(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "what,thing,r1,r2\na,1,2,0\n")
    maps = {"query": "what", "item_id": "thing", "grade": "r2", "by": "'jun'"}
    assert said(read(path, maps=maps)) == [("a", "1", "0", "jun")]
    with pytest.raises(UsageError, match="no column 'r3'"):
        read(path, maps=maps | {"grade": "r3"})
    with pytest.raises(UsageError, match="no field 'grad'"):
        read(path, maps={"grad": "r1"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("item_id,grade\n1,2\n", "no column for query or query_id"),
        ("query,grade\na,2\n", "no column for item_id"),
        ("query,item_id\na,1\n", "no column for grade"),
        ("query,item_id,grade\na,1,2\n ,1,2\n", r"a\.csv:3: the query is empty"),
        ("query,item_id,grade\n\u3164\u200b,1,2\n", r"a\.csv:2: the query is empty"),
        ("query,item_id,grade\na,,2\n", r"a\.csv:2: the item_id is empty"),
        ("query,item_id,grade,at\na,1,2,yesterday\n", r"a\.csv:2: 'yesterday' is no time"),
        ("query,item_id,grade,seconds\na,1,2,long\n", r"a\.csv:2: 'long' is no number of seconds"),
        ("query,item_id,grade,facets\na,1,2,brand\n", r"a\.csv:2: facets are no list of objects"),
        ("query,item_id,grade\na,1\n", r"a\.csv:2: has 2 columns, the header 3"),
        ("query_id,item_id,grade\nq9,1,2\n", r"a\.csv:2: nobody says what was typed for query_id 'q9'"),
    ],
)
def test_a_bad_table_names_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as error:
        read(put(tmp_path, "a.csv", text), texts=TEXTS)
    assert error.value.next_step.startswith("Next: ")


def test_rows_that_a_model_wrote_say_so(tmp_path: Path) -> None:
    rows = read(put(tmp_path, "a.csv", "query,item_id,grade,source\na,1,2,model\na,2,2,person\n"))
    assert [row.machine for row in rows] == [True, False]


# --- formats of other tools -----------------------------------------------------------------


def test_trec_qrels_need_the_texts_of_their_queries(tmp_path: Path) -> None:
    path = put(tmp_path, "qrels.txt", "q1 0 i1 2\nq2\t0\titem with blanks\t0\n\n")
    assert said(read(path, texts=TEXTS)) == [
        ("에어팟 프로", "i1", "2", ""),
        ("shoes, red", "item with blanks", "0", ""),
    ]
    with pytest.raises(UsageError, match=r"qrels\.txt:1: nobody says what was typed for query_id 'q1'") as error:
        read(path)
    assert error.value.next_step == "Next: --queries FILE"
    with pytest.raises(UsageError, match=r"b\.txt:2: a line of qrels has 4 fields .* not 3"):
        read(put(tmp_path, "b.txt", "q1 0 i1 2\nq1 i1 2\n"), texts=TEXTS)


def test_a_beir_folder_brings_texts_and_items(tmp_path: Path) -> None:
    put(tmp_path, "queries.jsonl", '{"_id": "q1", "text": "a"}\n{"_id": "q2", "text": "b"}\n')
    put(tmp_path, "corpus.jsonl", '{"_id": "i1", "title": "t", "text": "x"}\n{"_id": "i2", "title": "", "text": ""}\n')
    put(tmp_path, "qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\ti1\t2\nq2\ti2\t0\n")
    dev = put(tmp_path, "qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq2\ti1\t1\n")
    rows = read(tmp_path)
    assert said(rows) == [("a", "i1", "2", ""), ("b", "i2", "0", "")]
    assert [row.item for row in rows] == [{"title": "t", "body": "x"}, {}]
    assert rows[0].place == f"{tmp_path}/qrels/test.tsv:2"
    assert said(read(dev)) == [("b", "i1", "1", "")]
    (tmp_path / "qrels" / "test.tsv").unlink()
    with pytest.raises(UsageError, match=r"There is no .*test\.tsv") as error:
        read(tmp_path)
    assert error.value.next_step == f"Next: semsearch label import {dev}"
    (tmp_path / "queries.jsonl").unlink()
    for format_ in ("beir", None):
        with pytest.raises(UsageError, match=r"none of BEIR: it has no queries\.jsonl"):
            read(tmp_path, format_)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"dev\.tsv:2: nobody says what was typed for query_id 'q2'"):
        read(dev)


def test_files_of_excel_and_of_windows_are_read(tmp_path: Path) -> None:
    text = "query,item_id,grade\n나이키,i1,2\n"
    for name, content in (("cp949.csv", text.encode("cp949")), ("bom.csv", b"\xef\xbb\xbf" + text.encode())):
        (tmp_path / name).write_bytes(content)
        assert said(read(tmp_path / name)) == [("나이키", "i1", "2", "")]


def test_quepid_cases_and_books(tmp_path: Path) -> None:
    case = put(tmp_path, "case.csv", 'query,docid,rating\n"shoes, red",doc-1,2\nboots,doc-2,0\n')
    assert said(read(case)) == [("shoes, red", "doc-1", "2", ""), ("boots", "doc-2", "0", "")]
    book = put(tmp_path, "book.csv", "query,docid,Min Ji,Unknown\nboots,doc-2,2,\nshoes,doc-1,1,0\n")
    assert said(read(book)) == [
        ("boots", "doc-2", "2", "Min Ji"),
        ("shoes", "doc-1", "1", "Min Ji"),
        ("boots", "doc-2", "", "Unknown"),
        ("shoes", "doc-1", "0", "Unknown"),
    ]


def test_blank_grades_of_a_quepid_book_are_no_grades(tmp_path: Path) -> None:
    book = put(tmp_path, "book.csv", "query,docid,minji,jun\nq,i1,2,\nq,i2,,1\n")
    assert said(read(book)) == [
        ("q", "i1", "2", "minji"), ("q", "i2", "", "minji"), ("q", "i1", "", "jun"), ("q", "i2", "1", "jun"),
    ]  # fmt: skip


def test_esci_rows(tmp_path: Path) -> None:
    path = put(tmp_path, "e.csv", "example_id,query,query_id,product_id,product_locale,esci_label\n0,a,7,B07,us,S\n")
    assert said(read(path)) == [("a", "B07", "S", "")]


# --- Label Studio ---------------------------------------------------------------------------


def test_an_annotation_that_began_as_a_prediction_says_that_it_was_shown(tmp_path: Path) -> None:
    tasks = [
        {"data": {"query": "a", "item_id": str(n)}, "annotations": [choice("2", parent_prediction=begun)]}
        for n, begun in enumerate((None, 41))
    ]
    rows = read(put(tmp_path, "a.json", json.dumps(tasks)))
    assert [row.shown for row in rows] == [False, True]


def choice(*words: str, by: Any = 7, control: str = "relevance", **changed: Any) -> dict[str, Any]:
    """One annotation as Label Studio exports it."""
    result = {"from_name": control, "to_name": "text", "type": "choices", "value": {"choices": list(words)}}
    return {
        "id": 1,
        "completed_by": by,
        "result": [result],
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-03-01T01:00:00.000000Z",
        "updated_at": "2026-03-01T01:02:03.500000Z",
        "lead_time": 6.25,
        **changed,
    }


def task(*annotations: dict[str, Any], **data: str) -> dict[str, Any]:
    known = {"query": "에어팟", "item_id": "i1", "title": "에어팟 프로", "created_at": "1999-01-01"}
    guess = {"model_version": "m", "result": choice("0")["result"]}
    return {"id": 5, "data": known | data, "annotations": list(annotations), "predictions": [guess]}


def export(tmp_path: Path, *tasks: Any) -> Path:
    return put(tmp_path, "project.json", json.dumps(list(tasks), ensure_ascii=False))


def test_annotations_of_several_people_come_in_without_cancelled_ones(tmp_path: Path) -> None:
    passed = Passed()
    email = {"id": 9, "email": "jun@example.org", "first_name": ""}
    path = export(
        tmp_path,
        task(choice("2"), choice("1", by=email, ground_truth=True), choice("0", by=3, was_cancelled=True)),
        task(item_id="i2"),
        task(choice("0", result=[]), item_id="i3"),
    )
    first, second = read(path, passed=passed)
    assert said([first, second]) == [("에어팟", "i1", "2", "7"), ("에어팟", "i1", "1", "jun@example.org")]
    assert (first.at, first.seconds, first.golden) == (datetime(2026, 3, 1, 1, 2, 3, 500000, tzinfo=UTC), 6.25, False)
    assert second.golden
    assert first.item == {"title": "에어팟 프로"}
    assert first.place == f"{path}, task 1"
    assert (passed.cancelled, passed.unanswered) == (1, 2)
    assert passed.columns["grade"] == "relevance"


def test_names_that_users_made_are_mapped(tmp_path: Path) -> None:
    rated = {"from_name": "별점", "to_name": "t", "type": "rating", "value": {"rating": 3}}
    noted = {"from_name": "why", "to_name": "t", "type": "textarea", "value": {"text": ["size", "fits"]}}
    path = export(tmp_path, {"data": {"검색": "a", "매물": 12}, "annotations": [choice(result=[rated, noted])]})
    maps = {"query": "검색", "item_id": "매물", "grade": "별점", "note": "why"}
    (row,) = read(path, maps=maps)
    assert (row.query, row.item_id, row.grade, row.note) == ("a", "12", "3", "size, fits")


def test_the_only_control_is_the_grade_whatever_its_name(tmp_path: Path) -> None:
    (row,) = read(export(tmp_path, task(choice("알맞음", control="평가"))))
    assert row.grade == "알맞음"
    (row,) = read(export(tmp_path, task(choice("2", "1", control="평가"))))
    assert row.grade == "2, 1"  # two choices are no grade: the import refuses them


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1]", "task 1: no export of Label Studio"),
        ('[{"query": "a", "relevance": "2"}]', "task 1: no export of Label Studio: data: field required"),
        ("[", "x.json: no export of Label Studio: invalid JSON"),
        ('[{"data": {}, "annotations": 3}]', "task 1: no export of Label Studio: annotations: "),
        (json.dumps([task(choice("2"), query=" ")]), "task 1: the query is empty"),
    ],
)
def test_another_json_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read(put(tmp_path, "x.json", text))


def test_an_export_without_an_annotation_is_no_error(tmp_path: Path) -> None:
    passed = Passed()
    assert read(export(tmp_path, task()), passed=passed) == []
    assert passed.unanswered == 1


# --- grades ---------------------------------------------------------------------------------


def check(grader: Grader, *grades: str) -> None:
    grader.check(Judged(f"f:{n}", "a", "1", grade) for n, grade in enumerate(grades, start=2))


def test_grades_need_no_scale_when_they_are_ours() -> None:
    grader = Grader()
    assert [grader.grade(text) for text in ("0", "1.0", " 2 ", "Ungradeable")] == [0, 1, 2, None]
    check(grader, "0", "1", "2", "")


@pytest.mark.parametrize(
    ("grades", "told", "next_step"),
    [
        (
            ("2", "3", "0", "3"),
            r"'3' \(2 ×, first at f:3\)\. If .* --scale 0-3 makes 1 of 1 and of 2",
            "Next: --scale 0-3",
        ),
        (("E", "i", "C"), "'E'", "Next: --scale esci"),
        (("1.5",), "'1.5'", "--map '2=1.5'"),
        (("-1",), "'-1'", "--map"),
        (tuple("abcdefg"), "and 2 others", "--map"),
    ],
)
def test_a_judge_that_answers_something_else_is_refused(grades: tuple[str, ...], told: str, next_step: str) -> None:
    with pytest.raises(UsageError, match=told) as error:
        check(Grader(), *grades)
    assert next_step in error.value.next_step


def test_scales_map_only_when_asked() -> None:
    scaled = Grader(scale="0-3")
    assert [scaled.grade(text) for text in ("0", "1", "2", "3")] == [0, 1, 1, 2]
    with pytest.raises(UsageError, match="'4'"):
        check(scaled, "3", "4")
    letters = Grader(scale="esci")
    assert [letters.grade(text) for text in ("E", "S", "C", "I", "Complement")] == [2, 1, 0, 0, 0]


def test_words_of_users_are_grades_and_go_before_a_scale() -> None:
    columns, words = maps_of(["grade=r1", "2=Just right", "2=perfect", "0=Off", "ungradeable=?", "1=3"])
    assert columns == {"grade": "r1"}
    grader = Grader(words, "0-3")
    assert [grader.grade(text) for text in ("just right", "Perfect", "off", "?", "3", "2")] == [2, 2, 0, None, 1, 1]
    with pytest.raises(UsageError, match="3 is no grade"):
        Grader(maps_of(["3=Best"])[1])
