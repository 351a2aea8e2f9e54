"""Runs, qrels and queries from files: the good ones, and every bad one with its file and line."""

from __future__ import annotations

import gzip

import pytest

from semsearch.errors import UsageError
from semsearch.evaluation.queries import query_id_of
from semsearch.evaluation.reading import read_judgements, read_queries
from semsearch.evaluation.runs import Run
from semsearch.evaluation.trec import read_qrels, read_run, write_qrels, write_run


@pytest.fixture
def put(tmp_path):
    """Write one file; returns its path."""

    def write(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_run_with_blanks_tabs_bom_blank_lines_and_no_tag(put):
    text = "\ufeffq1 Q0 007 1 2.5 tag\nq1\tQ0\tno 7\t2\t-1e-3\ttag\r\n\n  q2   Q0\t 8 9 1\n"
    run = read_run(put("a.trec", text))
    assert run.name == "a.trec"
    assert run.hits("q1") == [("007", 2.5), ("no 7", -0.001)]
    assert run.hits("q2") == [("8", 1.0)]


def test_scores_decide_and_the_rank_column_does_not(put):
    run = read_run(put("r", "q Q0 a 1 1 t\nq Q0 b 2 3 t\nother Q0 a 1 1 t\nq Q0 c 3 2 t\n"))
    assert [item for item, _ in run.hits("q")] == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q Q0 a 1 1 t\nq Q0 b 2\n", ":2: a run line has 6 fields"),
        ("q Q0 a 1 1 t\nq Q0 b 2 nan t\n", ":2: the score is nan"),
        ("q Q0 a 1 inf t\n", ":1: the score is inf"),
        ("q Q0 a 1 high t\n", ":1: the score 'high' is not a number"),
        ("q Q0 a 1 2 t\n\nq Q0 b 2 1 t\nq Q0 a 3 1 t\n", ":4: item 'a' is in query 'q' already"),
        ("", "holds no hit"),
        ("\n \n", "holds no hit"),
        ("q Q0 a\0 1 2 t\n", ":1: holds a NUL character"),
        ("q Q0 a 1 2 t\nq Q0 가방 2 1 t\n".encode("cp949"), "not UTF-8"),
    ],
)
def test_bad_runs_name_file_and_line(put, text, message):
    with pytest.raises(UsageError) as error:
        read_run(put("bad.trec", text))
    assert "bad.trec" in error.value.message and message in error.value.message
    assert error.value.next_step


def test_what_is_not_a_file(put, tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is a directory"):
        read_run(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_run(put("cut.gz", gzip.compress(b"q Q0 a 1 2 t\n" * 1000)[:-9]))
    with pytest.raises(UsageError, match="cannot be read"):
        read_run(put("not.gz", "q Q0 a 1 2 t\n"))


def test_runs_come_back_as_they_went(tmp_path):
    run = Run.of({"q 1": [("아이폰 14", 0.1 + 0.2), ("b", -1e-30), ("a", -1e-30)], "2": [("x", 1e10)]}, "my run")
    for name in ("r.trec", "r.trec.gz"):
        write_run(run, tmp_path / name)
        back = read_run(tmp_path / name)
        assert {q: back.hits(q) for q in back.query_ids} == {q: run.hits(q) for q in run.query_ids}
    assert (tmp_path / "r.trec").read_text("utf-8").splitlines()[0].split("\t")[3:] == ["1", repr(0.1 + 0.2), "my-run"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.trec", "r.trec.gz"]


@pytest.mark.parametrize("item_id", ["a\tb", "a\nb", "", " a"])
def test_ids_that_a_trec_file_cannot_hold_are_refused_and_leave_no_file(tmp_path, item_id):
    with pytest.raises(UsageError, match="cannot stand in a TREC file"):
        write_run(Run.of({"q": [("fine", 2.0), (item_id, 1.0)]}), tmp_path / "r")
    assert list(tmp_path.iterdir()) == []


def test_qrels_with_negative_and_fractional_grades_come_back(put, tmp_path):
    qrels = read_qrels(put("q.txt", "q1 0 007 -1\nq1\t0\tno 7\t1.5\nq2 0 a 2\nq1 0 007 -1\n"))
    assert qrels.grades == {"q1": {"007": -1.0, "no 7": 1.5}, "q2": {"a": 2.0}}
    write_qrels(qrels, tmp_path / "back")
    assert read_qrels(tmp_path / "back") == qrels
    assert "q2\t0\ta\t2\n" in (tmp_path / "back").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q 0 a\n", ":1: a qrels line has 4 fields"),
        ("q 0 a 1\nq 0 b x\n", ":2: the grade 'x' is not a number"),
        ("q 0 a nan\n", ":1: the grade is nan"),
        ("q 0 a 1\nq 0 b 1\nq 0 a 2\n", ":3: query 'q' and item 'a' are judged 1 and 2"),
        ("", "hold no judgement"),
    ],
)
def test_bad_qrels_name_file_and_line(put, text, message):
    with pytest.raises(UsageError) as error:
        read_judgements(put("bad.txt", text))
    assert message in error.value.message


# --- tables ---------------------------------------------------------------------------------

TWO = {"1": "가방, 백팩", "02": "phone"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.tsv", "query_id\tquery\n1\t가방, 백팩\n02\tphone\n"),
        ("q.tsv", "1\t가방, 백팩\n02\tphone\n"),
        ("q.txt", "\ufeff1\t가방, 백팩\r\n\r\n02\t phone \r\n"),
        ("q.csv", 'query,query_id\n"가방, 백팩",1\nphone,02\n'),
        ("q.jsonl", '{"query_id": 1, "query": "가방, 백팩"}\n{"query": "phone", "query_id": "02"}\n'),
    ],
)
def test_queries_in_every_format(put, name, text):
    assert read_queries(put(name, text)).texts == TWO


def test_other_columns_are_slices(put):
    queries = read_queries(put("q.csv", "query_id,query,band,lang\n1,a,tail,ko\n2,b,,en\n"))
    assert queries.labels("band") == {"1": "tail", "2": ""}
    with pytest.raises(UsageError, match="no column 'size'") as error:
        queries.labels("size")
    assert "band, lang" in error.value.next_step


def test_queries_without_ids_get_one_from_their_text(put):
    queries = read_queries(put("q.csv", "query\nphone\n phone \nbag\n"))
    assert queries.texts == {query_id_of("phone"): "phone", query_id_of("bag"): "bag"}
    assert query_id_of("phone") == query_id_of(" phone ") != query_id_of("bag")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("q.csv", "query_id,text\n1,a\n", ":2: no column 'query'; there are: query_id, text"),
        ("q.tsv", "query_id\ttext\n1\ta\n", ":2: no column 'query'"),
        ("q.tsv", "a\tb\tc\n1\t2\t3\n", ":2: no column 'query'"),
        ("q.jsonl", '{"query_id": "1"}\n', ":1: no column 'query'"),
        ("q.jsonl", '{"query_id": "1", "query": ["a"]}\n', ":1: 'query' is not a plain value"),
        ("q.jsonl", '{"query": "a"}\n[1]\n', ":2: not a JSON object"),
        ("q.jsonl", '{"query": "a"}\n{"query"\n', ":2: not JSON"),
        ("q.csv", "query_id,query\n1,a\n1,b\n", ":3: query_id '1' is there already"),
        ("q.csv", "query_id,query\n1,a\n2, \n", ":3: the query is empty"),
        ("q.csv", "query_id,query\n,a\n", ":2: the query_id is empty"),
        ("q.csv", "query_id,query\n1,a\n2,b,c\n", ":3: has 3 cells, the header 2"),
        ("q.csv", 'query_id,query\n1,"a\n', "not CSV"),
        ("q.csv", "query_id,query\n", "holds no query"),
        ("q.csv", "", "holds no query"),
    ],
)
def test_bad_queries_name_file_and_line(put, name, text, message):
    with pytest.raises(UsageError) as error:
        read_queries(put(name, text))
    assert message in error.value.message and name in error.value.message
    assert error.value.next_step


def test_a_quoted_cell_over_two_lines_keeps_the_line_numbers(put):
    with pytest.raises(UsageError, match=":4: the query is empty"):
        read_queries(put("q.csv", 'query_id,query\n1,"two\nlines"\n2,\n'))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.csv", "query,item_id,rater_1,final\nphone,007,1,2\n"),
        ("r.csv", "query_id,query,item_id,grade,final\n,phone,007,2,9\n"),
        ("r.tsv", "query\titem_id\tgrade\nphone\t007\t2\n"),
        ("r.jsonl", '{"query": "phone", "item_id": "007", "grade": 2}\n'),
    ],
)
def test_judgements_in_every_table_format_bring_their_queries(put, name, text):
    qrels, queries = read_judgements(put(name, text))
    assert qrels.grades == {query_id_of("phone"): {"007": 2.0}}
    assert queries is not None and queries.texts == {query_id_of("phone"): "phone"}


def test_the_grade_column_can_be_named(put):
    path = put("r.csv", "query_id,item_id,final,mine\nq,a,1,3\n")
    assert read_judgements(path, "mine")[0].grades == {"q": {"a": 3.0}}
    assert read_judgements(path)[1] is None


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("query,item_id,score\na,b,1\n", None, ":2: no column 'grade' or 'final'; there are: query, item_id, score"),
        ("query,item_id,grade\na,b,1\n", "x", ":2: no column 'x'"),
        ("query,item_id,grade\na,b,\n", None, ":2: the grade '' is not a number"),
        ("query,item_id,grade\na,b,inf\n", None, ":2: the grade is inf"),
        ("query,grade\na,1\n", None, ":2: no column 'item_id'"),
        ("query,item_id,grade\n,b,1\n", None, ":2: a judgement needs"),
        ("query_id,query,item_id,grade\n1,a,b,1\n1,c,b,1\n", None, ":3: query_id '1' stands for 'a' and for 'c'"),
        ("query,item_id,grade\na,b,1\na,b,2\n", None, ":3: query"),
        ("query,item_id,grade\n", None, "hold no judgement"),
    ],
)
def test_bad_judgement_tables_name_file_and_line(put, text, column, message):
    with pytest.raises(UsageError) as error:
        read_judgements(put("bad.csv", text), column)
    assert message in error.value.message


def test_trec_qrels_have_no_grade_column(put):
    with pytest.raises(UsageError, match="no header"):
        read_judgements(put("q.txt", "q 0 a 1\n"), "final")
