"""`evaluate run --labels` and `evaluate plan` as they are typed."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from labelled_market import START, market, unseen

from semsearch.cli.app import main
from semsearch.evaluation.labels.powered import MINIMUM
from semsearch.evaluation.queries import query_id_of
from semsearch.store.labels import LabelFiles
from semsearch.workspace import Workspace

pytest.importorskip("ppi_py")


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    """A workspace with labels and a run; returns (exit code, stdout, stderr) of a command."""
    monkeypatch.chdir(tmp_path)
    run, labels, _ = market()
    lines = [f"{query} Q0 {item} 0 {score} r" for query in run.query_ids for item, score in run.hits(query)]
    (tmp_path / "r.trec").write_text("\n".join(lines))
    files = LabelFiles(Workspace.create(tmp_path))
    for source in ("person", "model"):
        files.append(*(each for each in labels if each.source == source))

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["semsearch", "evaluate", *words])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return command


def test_run_in_every_mode(shell, tmp_path):
    words = ("run", "--labels", "--run", "r.trec", "--metric", "ndcg@4")
    code, out, err = shell(*words, "--html", "page.html")
    assert code == 0, err
    assert "people alone" in out and "prediction-powered inference over 200 queries" in " ".join(out.split())
    assert "people alone" in (tmp_path / "page.html").read_text("utf-8")
    document = json.loads(shell(*words, "--json")[1])
    assert document["labels"]["figures"][0]["mean"] == document["figures"][0]["mean"]
    assert json.loads(shell(*words, "--jsonl")[1])["n_human"] == document["labels"]["figures"][0]["n_human"]
    assert shell(*words, "--fail-on", "ndcg@4<0.99")[0] == 3


def test_a_saved_run_is_named_or_its_file_is_and_brings_its_queries(shell, tmp_path):
    (tmp_path / "q.tsv").write_text("query_id\tquery\n" + "".join(f"Q{q}\tquery {q}\n" for q in range(120)))
    (tmp_path / "q.trec").write_text("".join(f"Q{q} Q0 a 0 1 r\n" for q in range(120)))
    words = ("run", "--labels", "--metric", "mrr", "--json")
    first = shell(*words, "--run", "q.trec", "--queries", "q.tsv", "--name", "kept")
    for given in ("kept", "runs/kept", "runs/kept/run.trec"):
        code, out, err = shell(*words, "--run", given)
        assert code == 0, err
        assert json.loads(out)["labels"] == json.loads(first[1])["labels"]
        assert json.loads(out)["labels"]["n_queries"] == 120
    code, _, err = shell(*words, "--run", "kep")
    assert code == 2 and "one of: kept" in err


def test_the_gate_looks_at_both_figures_where_grades_are_open(shell, tmp_path):
    """nDCG by the highest grades is the lower one: either end on the wrong side fails."""
    _, labels, _ = unseen()
    opened = [each for each in labels if each.item_id == "d"]
    later = [replace(each, at=START + timedelta(days=1)) for each in opened]
    files = LabelFiles(Workspace.open(tmp_path))
    for source in ("person", "model"):
        files.append(*(each for each in [*labels, *later] if each.source == source))
    names = [query_id_of(f"query {q}") for q in range(200)]
    (tmp_path / "ab.trec").write_text("".join(f"{q} Q0 {i} 0 {-n} r\n" for q in names for n, i in enumerate("ab")))
    words = ("run", "--labels", "--run", "ab.trec", "--metric", "ndcg@4")
    code, out, err = shell(*words, "--json")
    assert code == 0, err
    lowest, highest = (each["mean"] for each in json.loads(out)["labels"]["figures"])
    middle = (lowest + highest) / 2
    assert highest < lowest
    assert shell(*words, "--fail-on", f"ndcg@4<{middle:.4f}")[0] == 3
    assert shell(*words, "--fail-on", f"ndcg@4>{middle:.4f}")[0] == 3
    assert shell(*words, "--fail-on", f"ndcg@4<{highest - 0.01:.4f}")[0] == 0
    shown = shell(*words)[1]
    assert "lowest" in shown and "highest" in shown and "open grades" in shown


def test_a_saved_run_leads_to_a_plan_that_can_be_pasted(shell):
    _, _, err = shell("run", "--labels", "--run", "r.trec", "--name", "kept", "--metric", "ndcg@4", "--drawn-alike")
    step = "plan --run kept --metric ndcg@4 --drawn-alike"
    assert f"Next: semsearch evaluate {step}" in err
    assert shell(*step.split())[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "--run", "r.trec"), "--qrels or from --labels"),
        (("run", "--run", "r.trec", "--labels", "--qrels", "r.trec"), "--qrels or from --labels"),
        (("run", "--run", "r.trec", "--qrels", "r.trec", "--drawn-alike"), "--drawn-alike is about labels"),
        (("run", "--run", "r.trec", "--qrels", "r.trec", "--judge", "j"), "--judge is about labels"),
        (("run", "--run", "r.trec", "--labels", "--grade-column", "x"), "--grade-column is about --qrels"),
        (("plan", "--width", "0.1", "--deviation", "0.3"), "--correlation, --machine is not given"),
        (("plan", "--width", "2", "--deviation", "0.3", "--correlation", "0.5", "--machine", "100"), "A width of 2"),
        (("plan", "--width", "0.1", "--deviation", "9", "--correlation", "0.5", "--machine", "100"), "deviation of 9"),
        (("plan", "--run", "r.trec", "--deviation", "0.3"), "--deviation is assumed"),
    ],
)
def test_bad_words(shell, words, message):
    code, _, err = shell(*words)
    assert code == 2 and message in err and "Next:" in err


def test_plan_in_every_mode(shell):
    code, out, err = shell("plan", "--run", "r.trec", "--metric", "ndcg@4", "--width", "0.3", "--width", "0.15")
    assert code == 0, err
    assert "people alone" in out and "People judged 60 so far" in " ".join(out.split())
    assumed = ("plan", "--width", "0.1", "--deviation", "0.33", "--correlation", "0.8", "--machine", "1000")
    plan = json.loads(shell(*assumed, "--json")[1])["plans"][0]
    assert MINIMUM < plan["queries"] < plan["people_alone"]
    assert json.loads(shell(*assumed, "--jsonl")[1])["queries"] == plan["queries"]


def test_a_plan_has_one_next_step(shell):
    words = ("plan", "--run", "r.trec", "--metric", "ndcg@4", "--width")
    assert "Next: semsearch evaluate run --labels --run r.trec --metric ndcg@4\n" in shell(*words, "0.5")[2]
    more = json.loads(shell(*words, "0.05", "--json")[1])["plans"][0]["more"]
    told = shell(*words, "0.5", "--width", "0.05", "--width", "0.0001")[2]
    assert f"Next: semsearch label sample BATCH --run r.trec --size {more}, for a width of 0.05;" in told
    code, out, err = shell(*words, "0.0001")
    assert code == 0 and "Next: semsearch grade pairs --run r.trec, with a run of more queries" in err
    assert "152" not in out
