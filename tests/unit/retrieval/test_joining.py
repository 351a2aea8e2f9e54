"""Judgements and runs that name the same queries otherwise."""

from __future__ import annotations

import pytest
from labelled_market import label

from semsearch.errors import UsageError
from semsearch.evaluation.queries import Queries, query_id_of
from semsearch.evaluation.runs import Run
from semsearch.retrieval.evaluate import compare_runs, evaluate_run
from semsearch.retrieval.joining import judgements_of, of_run, renamed
from semsearch.review.labelling.exporting import export_labels
from semsearch.store.labels import effective

KNOWN = Queries({"k1": "Red  Chair", "k2": "desk"})
"""What a run was asked, under ids of its own; people's labels spell the first one otherwise."""
RUN = Run.of({"k1": [("a", 2.0), ("b", 1.0)], "k2": [("c", 1.0)]}, "good")
WORSE = Run.of({"k1": [("b", 2.0), ("a", 1.0)], "k2": [("c", 1.0)]}, "bad")


def exported(tmp_path, format_):
    said = [label("red chair", "a", 2), label("red chair", "b", 0), label("desk", "c", 0), label("desk", "d", 1)]
    export_labels(effective(said, {}), tmp_path / f"qrels.{format_}", format_=format_)
    return tmp_path / f"qrels.{format_}"


@pytest.mark.parametrize("format_", ["trec", "csv"])
def test_exported_labels_judge_runs_whose_queries_have_ids_of_their_own(tmp_path, format_):
    path = exported(tmp_path, format_)
    qrels, asked = judgements_of(path, None, None, KNOWN)
    assert {query_id: dict(items) for query_id, items in qrels.grades.items()} == {
        "k1": {"a": 2, "b": 0},
        "k2": {"c": 0, "d": 1},
    }
    assert set(asked.texts) == {"k1", "k2"}
    # k1 is right at once, k2 finds nothing relevant.
    assert evaluate_run(RUN, qrels, asked, metrics=["mrr"]).figure("mrr").mean == 0.5
    [difference] = compare_runs(RUN, WORSE, qrels, asked, metrics=["mrr"]).differences
    assert difference.difference == -0.25


@pytest.mark.parametrize("format_", ["trec", "csv"])
def test_a_query_file_may_have_the_ids_of_the_run_or_those_of_the_judgements(tmp_path, format_):
    path = exported(tmp_path, format_)
    theirs = Queries({query_id_of("desk"): "desk"}, {"band": {query_id_of("desk"): "tail"}})
    for given in (Queries({"k2": "desk"}, {"band": {"k2": "tail"}}), theirs):
        qrels, asked = judgements_of(path, None, of_run(given, KNOWN), KNOWN)
        report = evaluate_run(RUN, qrels, asked, metrics=["mrr"], slice_by="band")
        assert (report.figure("mrr").mean, report.figure("mrr").n) == (0.0, 1)
        assert report.slices[0].label == "tail"


def test_ids_that_are_shared_stay_and_judgements_without_texts_join_by_id_alone(tmp_path):
    assert renamed(Queries({"k1": "desk", "x": "red chair"}), KNOWN) == {"x": "k1"}
    twice = Queries({"one": "desk", "two": "Desk"})
    assert renamed(Queries({"x": "desk"}), twice) == {"x": "one"}, "of two of a text the first"
    path = exported(tmp_path, "trec")
    (tmp_path / "qrels.trec.queries.tsv").unlink()
    qrels, asked = judgements_of(path, None, None, KNOWN)
    assert asked == KNOWN
    with pytest.raises(UsageError, match="no query by its text where the qrels bring texts") as refused:
        evaluate_run(RUN, qrels, asked, metrics=["mrr"])
    assert "FILE.queries.tsv" in str(refused.value)


def test_two_judgements_of_what_becomes_one_pair_must_agree(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("query_id,query,item_id,grade\nx,desk,c,1\ny,Desk,c,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="'k2' and item 'c' are judged 1 and 2"):
        judgements_of(path, None, None, KNOWN)
