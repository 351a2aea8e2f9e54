"""`evaluate run|compare` in every output mode, and what they say to bad input."""

from __future__ import annotations

import json
import sys

import pytest

from semsearch.cli.app import main
from semsearch.cli.conditions import parse_condition
from semsearch.errors import UsageError

QRELS = "q1 0 a 1\nq1 0 b 0\nq2 0 c 2\nq3 0 a 0\n"
A = "q1 Q0 a 1 2 A\nq1 Q0 b 2 1 A\nq2 Q0 c 1 1 A\n"
B = "q1 Q0 b 1 2 B\nq1 Q0 a 2 1 B\nq2 Q0 c 1 1 B\nq3 Q0 a 1 1 B\n"
QUERIES = "query_id\tquery\tband\nq1\t가방\thead\nq2\tphone\ttail\nq3\tsofa\ttail\n"


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    """Run one command in a folder with the files above; returns (exit code, stdout, stderr)."""
    for name, text in {"qrels.txt": QRELS, "a.trec": A, "b.trec": B, "q.tsv": QUERIES}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["semsearch", *words])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run


RUN_B = ("evaluate", "run", "--qrels", "qrels.txt", "--run", "b.trec")


def test_json_is_one_document_with_conditions(shell):
    code, out, _ = shell(*RUN_B, "--metric", "mrr,judged@1", "--json")
    document = json.loads(out)
    assert code == 0
    mrr, judged = document["figures"]
    assert (mrr["metric"], mrr["mean"], mrr["n"]) == ("mrr", pytest.approx((1 / 2 + 1) / 2), 2)
    assert judged["n"] == 3
    assert document["conditions"]["n_without_positive"] == 1
    assert document["seed"] == 0 and document["resamples"] == 10_000


def test_jsonl_is_one_record_a_figure_with_slices(shell):
    code, out, _ = shell(*RUN_B, "--metric", "mrr", "--queries", "q.tsv", "--slice", "band", "--jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(row.get("band"), row["mean"], row["n"]) for row in rows] == [
        (None, 0.75, 2),
        ("head", 0.5, 1),
        ("tail", 1.0, 1),
    ]


def test_the_table_states_n_intervals_and_conditions(shell):
    code, out, _ = shell(*RUN_B, "--k", "5", "--queries", "q.tsv", "--slice", "band")
    assert code == 0
    assert "ndcg@5/judged" in out and "low" in out and "By band" in out
    assert (
        "3 judged queries" in out and "Without a relevant item, left out" in out and "10,000 resamples, seed 0" in out
    )


def test_a_mean_over_no_query_is_null_in_json(shell, tmp_path):
    (tmp_path / "zero.txt").write_text("q1 0 a 0\n")
    code, out, _ = shell("evaluate", "run", "--qrels", "zero.txt", "--run", "b.trec", "--json", "--html", "r.html")
    assert code == 0
    assert json.loads(out)["figures"][0]["mean"] is None and "NaN" not in out
    assert "nothing can be said" in (tmp_path / "r.html").read_text("utf-8")


def test_fail_on_exits_3_after_printing(shell):
    code, out, err = shell(*RUN_B, "--metric", "mrr", "--fail-on", "mrr<0.8")
    assert code == 3 and "mrr" in out and "mrr is 0.7500" in err
    assert shell(*RUN_B, "--metric", "mrr", "--fail-on", "mrr < 0.75")[0] == 0
    assert shell(*RUN_B, "--metric", "mrr", "--fail-on", "mrr<=0.75")[0] == 3
    code, out, _ = shell(*RUN_B, "--metric", "mrr", "--fail-on", "p@1<0.9", "--json")
    assert code == 3 and [row["metric"] for row in json.loads(out)["figures"]] == ["mrr", "precision@1"]


@pytest.mark.parametrize("text", ["mrr", "mrr=1", "foo<1", "mrr<1.2.3", "<1", "mrr@0<1"])
def test_bad_conditions(text):
    with pytest.raises(UsageError):
        parse_condition(text)


def test_compare_prints_differences_and_regressions(shell):
    code, out, _ = shell("evaluate", "compare", "a.trec", "b.trec", "--qrels", "qrels.txt", "--queries", "q.tsv")
    assert code == 0
    assert "B = b.trec against A = a.trec" in out
    assert "Worst regressions in ndcg@10" in out and "가방" in out and "Without hits in A: 1." in out


def test_compare_as_json_and_jsonl(shell):
    words = ("evaluate", "compare", "a.trec", "b.trec", "--qrels", "qrels.txt", "--metric", "mrr")
    document = json.loads(shell(*words, "--json")[1])
    assert document["differences"][0]["difference"] == pytest.approx(-0.25)
    change = document["regressions"][0]["change"]
    assert (change["query_id"], change["difference"]) == ("q1", -0.5)
    assert [hit["grade"] for hit in change["hits_b"]] == [0.0, 1.0]
    records = [json.loads(line)["record"] for line in shell(*words, "--jsonl")[1].splitlines()]
    assert records == ["difference", "regression"]


def test_saved_runs_compare_by_name_and_pages_are_whole(shell, tmp_path):
    shell("init")
    for name, run in (("one", "a.trec"), ("two", "b.trec")):
        code, _, err = shell(
            "evaluate", "run", "--qrels", "qrels.txt", "--queries", "q.tsv", "--run", run, "--name", name, "--json"
        )
        assert code == 0 and f"Saved as {name}" in err
    code, out, _ = shell("evaluate", "compare", "one", "two", "--qrels", "qrels.txt", "--html", "c.html", "--json")
    assert code == 0 and json.loads(out)["regressions"][0]["query"] == "가방"
    page = (tmp_path / "c.html").read_text("utf-8")
    assert page.startswith("<!doctype html>") and "</html>" in page and "가방" in page


def test_qrels_with_texts_beside_them_judge_saved_runs_with_other_ids(shell, tmp_path):
    shell("init")
    words = ("evaluate", "run", "--qrels", "qrels.txt", "--queries", "q.tsv")
    for name, run in (("one", "a.trec"), ("two", "b.trec")):
        assert shell(*words, "--run", run, "--name", name, "--json")[0] == 0
    for name, text in (("other.txt", QRELS), ("other.txt.queries.tsv", QUERIES)):
        lines = (f"other-{line}" if line.startswith("q") and "query" not in line else line for line in text.split("\n"))
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    assert "other-q1 0 a 1" in (tmp_path / "other.txt").read_text("utf-8")
    for command in (("run", "--run", "two"), ("compare", "one", "two")):
        found = [shell("evaluate", *command, "--qrels", of, "--json") for of in ("qrels.txt", "other.txt")]
        assert [code for code, _, _ in found] == [0, 0]
        assert found[0][1] == found[1][1]


def test_run_out_reads_back_the_same(shell):
    first = shell(*RUN_B, "--json", "--run-out", "copy.trec")[1]
    second = shell("evaluate", "run", "--qrels", "qrels.txt", "--run", "copy.trec", "--json")[1]
    assert json.loads(first)["figures"] == json.loads(second)["figures"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("run", "--qrels", "nowhere", "--run", "a.trec"), 2, "nowhere does not exist"),
        (("run", "--qrels", "qrels.txt", "--run", "nowhere"), 2, "'nowhere' is neither a run file nor"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--k", "0"), 2, "at least 1"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--metric", "ndgc@10"), 2, "Unknown metric 'ndgc@10'"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--slice", "band"), 2, "no column 'band'"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--fail-on", "x"), 2, "cannot be read"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--release", "r1"), 2, "--release says how to ask"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--mode", "magic"), 2, "--mode says how to ask"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--metric", ","), 2, "No metric is named"),
        (("compare", "a.trec", "b.trec", "--qrels", "qrels.txt", "--metric", ","), 2, "No metric is named"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--positive", "nan"), 2, "must be finite"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--name", "../x"), 2, "cannot name a run"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--run-out", "q.tsv/x"), 2, "cannot be written"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--run-out", "."), 2, "is a directory"),
        (("run", "--qrels", "qrels.txt", "--run", "a.trec", "--name", "x"), 4, "workspace"),
        (("run", "--qrels", "qrels.txt", "--queries", "q.tsv"), 4, "workspace"),
        (("run",), 2, "Figures come from --qrels or from --labels"),
        (("run", "--queries", "q.tsv"), 4, "workspace"),
        (("run", "--queries", "q.tsv", "--fail-on", "mrr<1"), 2, "--fail-on is about figures"),
        (("run", "--queries", "q.tsv", "--html", "x.html"), 2, "--html is about figures"),
        (("run", "--queries", "q.tsv", "--all-queries"), 2, "--all-queries is about figures"),
        (("run", "--queries", "q.tsv", "--drawn-alike"), 2, "--drawn-alike is about figures"),
        (("run", "--queries", "nowhere"), 2, "nowhere"),
        (("run", "--qrels", "q.tsv", "--run", "a.trec"), 2, "q.tsv:1: a qrels line has 4 fields"),
        (("compare", "a.trec", "three", "--qrels", "qrels.txt"), 2, "'three' is neither a run file nor a saved run"),
    ],
)
def test_bad_input_is_named_with_its_exit_code(shell, words, code, message):
    got, out, err = shell("evaluate", *words)
    assert (got, out) == (code, "")
    assert message in err
    assert "Next:" in err


def test_trec_qrels_without_queries_cannot_ask_a_release(shell):
    shell("init")
    code, _, err = shell("evaluate", "run", "--qrels", "qrels.txt")
    assert code == 2 and "hold no query texts" in err and "--queries FILE" in err


def test_help_carries_examples(shell):
    for command in ("run", "compare"):
        code, out, _ = shell("evaluate", command, "--help")
        assert code == 0 and f"semsearch evaluate {command} " in out
