"""The job behind `evaluate`: asking a retriever, keeping its order, saving and opening runs."""

from __future__ import annotations

import json
from contextlib import suppress

import numpy as np
import pytest

from semsearch.errors import UsageError
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.runs import Run
from semsearch.retrieval import saved_runs
from semsearch.retrieval.evaluate import (
    compare_runs,
    default_metrics,
    depth_note,
    depth_of,
    evaluate_run,
    falling,
    kept_depth,
    retrieve,
)
from semsearch.retrieval.saved_runs import open_run, save_run
from semsearch.workspace import Workspace


class LetterRetriever:
    """Scores an item by the letters that it shares with the query: `ab` finds `abc` with 2, `a` with 1."""

    def __init__(self, items):
        self.items, self.asked = items, []

    def ranked(self, query, k):
        self.asked.append((query, k))
        scored = [(item, float(len(set(item) & set(query)))) for item in self.items]
        return sorted((pair for pair in scored if pair[1]), key=lambda pair: (-pair[1], pair[0]))[:k]


QUERIES = Queries({"q1": "ab", "q2": "c", "q3": "z"}, {"band": {"q1": "head", "q2": "tail"}})
QRELS = Qrels({"q1": {"abc": 2.0, "b": 1.0}, "q2": {"a": 1.0}, "q3": {"z": 0.0}})


def made_run(depth=10):
    return retrieve(LetterRetriever(["a", "abc", "b"]), QUERIES, depth, "letters")


def test_queries_are_asked_once_to_the_depth_and_keep_the_served_order():
    retriever = LetterRetriever(["a", "abc", "b"])
    calls = []
    run = retrieve(retriever, QUERIES, 2, "letters", lambda *call: calls.append(call))
    assert retriever.asked == [("ab", 2), ("c", 2), ("z", 2)]
    assert [item for item, _ in run.hits("q1")] == ["abc", "a"]
    assert run.hits("q3") == [] and len(run) == 3
    assert calls[-1] == ("searching", 3, 3)


def test_ties_are_lowered_by_one_float32_step_so_that_a_run_file_keeps_the_order():
    hits = falling([("a", 1.0), ("b", 1.0), ("c", 1.0), ("d", 0.5)])
    scores = np.asarray([score for _, score in hits], np.float32)
    assert (scores[1:] < scores[:-1]).all()
    assert scores[2] == np.nextafter(np.nextafter(np.float32(1), np.float32(0)), np.float32(0))
    assert scores[3] == 0.5
    assert [item for item, _ in Run.of({"q": hits}).hits("q")] == ["a", "b", "c", "d"]
    assert falling([]) == [] and falling([("a", 1.0)]) == [("a", 1.0)]


def test_figures_by_hand():
    """q1 ranks abc (relevant), a, b (relevant); q2 finds only abc (unjudged); q3 has no relevant item."""
    report = evaluate_run(made_run(), QRELS, QUERIES, metrics=["mrr@10", "precision@1", "judged@1"])
    assert report.figure("mrr@10").mean == pytest.approx((1 + 0) / 2)
    assert report.figure("judged@1").n == 3
    assert report.figure("judged@1").mean == pytest.approx(1 / 3)  # q3 has no hit and counts as 0
    assert [(w.query, w.value) for w in report.weakest] == [("c", 0.0), ("ab", 1.0)]
    assert report.weakest[0].hits[0].grade is None
    with pytest.raises(UsageError, match="no 'map'"):
        report.figure("map")


def test_slices_by_a_query_column():
    report = evaluate_run(made_run(), QRELS, QUERIES, metrics=["mrr"], slice_by="band")
    assert {part.label: (part.figures[0].n, part.figures[0].mean) for part in report.slices if part.label} == {
        "head": (1, 1.0),
        "tail": (1, 0.0),
    }
    with pytest.raises(UsageError, match="no column 'lang'"):
        evaluate_run(made_run(), QRELS, QUERIES, metrics=["mrr"], slice_by="lang")


def test_a_query_file_limits_the_queries_and_must_meet_the_qrels():
    only = evaluate_run(made_run(), QRELS, Queries({"q1": "ab"}), metrics=["mrr"])
    assert only.conditions.n_queries == 1
    with pytest.raises(UsageError, match="no query_id in common"):
        evaluate_run(made_run(), QRELS, Queries({"other": "ab"}), metrics=["mrr"])


def test_a_run_that_is_cut_off_before_the_other_is_told():
    long = Run.of({"q": [(f"i{i}", -i) for i in range(30)], "p": [("i0", 1.0)]}, "long")
    short = Run.of({"q": [(f"i{i}", -i) for i in range(10)]}, "short")
    told = "short ends at 10 hits a query, long at 30: recall@20, map is unfair to it."
    assert depth_note((long, short), ["ndcg@10", "recall@20", "map"]) == told
    assert depth_note((short, long), ["ndcg@10"]) == depth_note((long, long), ["map"]) == ""
    found = Run.of({str(n): [(f"i{i}", -i) for i in range(n)] for n in range(1, 12)}, "as many as there are")
    assert depth_note((long, found), ["map"]) == ""


def test_default_metrics_and_the_depth_they_need():
    assert depth_of(default_metrics(10)) == 1000
    assert depth_of(["ndcg@10", "recall@50"]) == 50
    assert depth_of(["map"]) == 1000
    assert depth_of(["recall@5000", "map"]) == 5000
    assert (kept_depth(["ndcg@10"]), kept_depth(["recall@5000"])) == (1000, 5000)
    assert "recall@100" in default_metrics(10) and "recall@100" in default_metrics(100)
    for k in (0, -3):
        with pytest.raises(UsageError, match="at least 1"):
            default_metrics(k)


def test_comparison_report_names_queries_and_orders_regressions_by_the_first_metric():
    worse = retrieve(LetterRetriever(["a", "b"]), QUERIES, 10, "fewer")
    report = compare_runs(made_run(), worse, QRELS, QUERIES, metrics=["ndcg@1", "mrr"], slice_by="band")
    assert (report.a, report.b, report.metric) == ("letters", "fewer", "ndcg@1")
    assert [(r.query, r.change.difference) for r in report.regressions] == [("ab", -1.0)]
    assert {part.label: part.differences[0].difference for part in report.slices}["head"] == -1.0


def test_saved_runs_open_by_name_and_folder_and_replace_each_other(tmp_path):
    workspace = Workspace.create(tmp_path / "ws")
    run = made_run()
    report = evaluate_run(run, QRELS, QUERIES, metrics=["mrr"], origin={"mode": "letters"})
    folder = save_run(workspace, "one", run, QUERIES, report)
    assert save_run(workspace, "one", run, QUERIES, report) == folder
    assert sorted(p.name for p in (workspace.root / "runs").iterdir()) == ["one"]
    for given in ("one", str(folder), str(folder / "run.trec")):
        opened, _ = open_run(given, workspace.root)
        assert {q: opened.hits(q) for q in QUERIES.texts} == {q: run.hits(q) for q in QUERIES.texts}
    assert open_run("one", workspace.root)[1] == QUERIES
    document = json.loads((folder / "evaluation.json").read_text("utf-8"))
    assert document["origin"] == {"mode": "letters"} and document["figures"][0]["mean"] == 0.5


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


@pytest.mark.parametrize("replaces", [True, False])
@pytest.mark.parametrize("step", range(1, 9))
def test_a_run_that_is_killed_while_it_is_saved_is_whole_or_not_there(tmp_path, monkeypatch, step, replaces):
    workspace = Workspace.create(tmp_path / "ws")
    old, new = made_run(), retrieve(LetterRetriever(["b", "abc"]), QUERIES, 10, "new")
    reports = [evaluate_run(run, QRELS, QUERIES, metrics=["mrr"]) for run in (old, new)]
    if replaces:
        save_run(workspace, "one", old, QUERIES, reports[0])
    steps = iter(range(1, 100))

    def dying(real, half=None):
        def run_step(*given, **named):
            if next(steps) == step:
                if half:
                    half(*given)
                raise Killed
            return real(*given, **named)

        return run_step

    def remove_a_file(folder):
        next(folder.iterdir()).unlink()

    with monkeypatch.context() as patch:
        for name in ("write_run", "write_lines", "replace", "_settle"):
            patch.setattr(saved_runs, name, dying(getattr(saved_runs, name)))
        patch.setattr(saved_runs.shutil, "rmtree", dying(saved_runs.shutil.rmtree, remove_a_file))
        with suppress(Killed):
            save_run(workspace, "one", new, QUERIES, reports[1])
    try:
        opened, queries = open_run("one", workspace.root)
    except UsageError:
        assert not replaces
    else:
        assert queries == QUERIES
        found = {q: opened.hits(q) for q in QUERIES.texts}
        assert found in [{q: run.hits(q) for q in QUERIES.texts} for run in ((old, new) if replaces else (new,))]
    save_run(workspace, "two", new, QUERIES, reports[1])
    assert {p.name for p in (workspace.root / "runs").iterdir()} <= {"one", "two"}


def test_unknown_and_bad_names_of_runs(tmp_path):
    workspace = Workspace.create(tmp_path / "ws")
    run = made_run()
    report = evaluate_run(run, QRELS, QUERIES, metrics=["mrr"])
    save_run(workspace, "one", run, QUERIES, report)
    with pytest.raises(UsageError, match="neither a run file nor a saved run") as error:
        open_run("two", workspace.root)
    assert "one" in error.value.next_step
    for name in ("../out", "a/b", "", ".hidden"):
        with pytest.raises(UsageError, match="cannot name a run"):
            save_run(workspace, name, run, QUERIES, report)
    assert not (tmp_path / "out").exists()
