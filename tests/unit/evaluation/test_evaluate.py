"""What counts, what is left out, slices and comparisons."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semsearch.errors import UsageError
from semsearch.evaluation.compare import compare
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.runs import Run
from semsearch.records import Judgement

QRELS = Qrels({"good": {"a": 1.0}, "none": {"a": 0.0}, "silent": {"b": 1.0}, "late": {"c": 1.0}})
RUN = Run.of({"good": [("a", 1.0)], "none": [("a", 1.0)], "late": [("x", 2.0), ("c", 1.0)], "extra": [("a", 1.0)]})


def test_queries_without_a_positive_are_left_out_and_said():
    result = evaluate(RUN, QRELS, ["mrr", "judged@1"])
    mrr, judged = result.figures()
    assert (mrr.n, judged.n) == (3, 4)
    assert mrr.mean == pytest.approx((1 + 0 + 1 / 2) / 3)  # good, silent, late
    assert judged.mean == pytest.approx((1 + 1 + 0 + 0) / 4)
    c = result.conditions
    assert (c.n_queries, c.n_without_positive, c.n_without_hits, c.n_unjudged) == (4, 1, 1, 1)


def test_all_queries_counts_them_as_zero():
    assert evaluate(RUN, QRELS, ["mrr"], all_queries=True).mean("mrr") == pytest.approx((1 + 0 + 0 + 1 / 2) / 4)


def test_no_query_with_a_positive_gives_no_mean_instead_of_zero():
    figure = evaluate(Run.of({"none": [("a", 1.0)]}), Qrels({"none": {"a": 0.0}}), ["mrr"]).figures()[0]
    assert figure.n == 0
    assert math.isnan(figure.mean) and math.isnan(figure.low)


def test_blocks_of_queries_do_not_change_figures(monkeypatch):
    whole = evaluate(RUN, QRELS, ["mrr", "ndcg@10/judged"])
    monkeypatch.setattr("semsearch.evaluation.evaluate._BLOCK", 1)
    single = evaluate(RUN, QRELS, ["mrr", "ndcg@10/judged"])
    assert all(np.array_equal(whole.values[m], single.values[m], equal_nan=True) for m in whole.values)
    assert whole.conditions == single.conditions


def test_slices_cut_by_label_and_keep_what_has_none():
    slices = evaluate(RUN, QRELS, ["mrr"]).slices({"good": "head", "late": "tail", "silent": "tail"})
    assert list(slices) == ["", "head", "tail"]
    assert slices["tail"].query_ids == ("silent", "late")
    assert slices["tail"].mean("mrr") == pytest.approx((0 + 1 / 2) / 2)


def test_lowest_leaves_out_what_does_not_count():
    assert evaluate(RUN, QRELS, ["mrr"]).lowest("mrr", 10) == [("silent", 0.0), ("late", 0.5), ("good", 1.0)]


@pytest.mark.parametrize("run", [Run.of({}), Run.of({"other": [("a", 1.0)]})])
def test_run_and_qrels_without_a_common_query_are_refused(run):
    with pytest.raises(UsageError, match="no query in common"):
        evaluate(run, QRELS, ["mrr"])


def test_empty_qrels_are_refused():
    with pytest.raises(UsageError, match="hold no judgement"):
        Qrels.of([])
    with pytest.raises(UsageError, match="hold no judgement"):
        evaluate(RUN, Qrels({}), ["mrr"])


def test_judgements_that_disagree_are_refused_and_doubles_that_agree_are_not():
    assert Qrels.of([Judgement("q", "a", 1.0), Judgement("q", "a", 1.0)]).n_judgements == 1
    with pytest.raises(UsageError, match=r"judgement 2: .*judged 1 and 2"):
        Qrels.of([Judgement("q", "a", 1.0), Judgement("q", "a", 2.0)])
    with pytest.raises(UsageError, match="not a finite number"):
        Qrels.of([Judgement("q", "a", math.nan)])


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_scores_that_are_not_finite_are_refused(score):
    with pytest.raises(UsageError, match="the score of item 'b' in query 'q2'"):
        Run.of({"q1": [("a", 1.0)], "q2": [("a", 1.0), ("b", score)]})


def test_an_item_twice_in_one_query_is_refused():
    with pytest.raises(UsageError, match="item 'a' more than once for query 'q'"):
        Run.of({"q": [("a", 2.0), ("b", 1.5), ("a", 1.0)]})


def test_ties_are_ranked_from_the_last_id_on_whatever_the_order():
    hits = [("a", 1.0), ("c", 1.0), ("b", 1.0), ("z", 2.0)]
    for order in (hits, hits[::-1]):
        assert [item for item, _ in Run.of({"p": [], "q": order}).hits("q")] == ["z", "c", "b", "a"]


def test_hits_are_cut_and_empty_for_an_unknown_query():
    assert RUN.hits("late", 1) == [("x", 2.0)]
    assert RUN.hits("nobody") == []


# --- compare --------------------------------------------------------------------------------

A = Run.of({"good": [("a", 1.0)], "silent": [("b", 1.0)], "late": [("c", 1.0)]}, "A")
B = Run.of({"good": [("x", 2.0), ("a", 1.0)], "silent": [("b", 1.0)], "late": [("y", 1.0)]}, "B")


def test_compare_by_hand():
    comparison = compare(evaluate(A, QRELS, ["mrr"]), evaluate(B, QRELS, ["mrr"]))
    row = comparison.differences()[0]
    assert (row.mean_a, row.mean_b) == (1.0, pytest.approx((1 / 2 + 1 + 0) / 3))
    assert row.difference == pytest.approx(-1 / 2)
    assert (row.n, row.n_better, row.n_worse) == (3, 0, 2)
    assert row.p_value == 0.5  # both of two non-zero differences point one way: 2 of 4 sign patterns
    assert row.low == pytest.approx(-1.0) and row.high == 0.0


def test_regressions_are_worst_first_with_the_hits_of_both():
    comparison = compare(evaluate(A, QRELS, ["mrr"]), evaluate(B, QRELS, ["mrr"]))
    worst = comparison.regressions("mrr", A, B, QRELS, n=5, k=10)
    assert [(w.query_id, w.difference) for w in worst] == [("late", -1.0), ("good", -0.5)]
    assert [(h.item_id, h.grade) for h in worst[0].hits_a] == [("c", 1.0)]
    assert [(h.item_id, h.grade) for h in worst[0].hits_b] == [("y", None)]
    assert len(comparison.regressions("mrr", A, B, QRELS, n=1, k=10)) == 1


def test_compare_slices_pair_the_same_queries():
    comparison = compare(evaluate(A, QRELS, ["mrr"]), evaluate(B, QRELS, ["mrr"]))
    parts = comparison.slices({"good": "head", "late": "tail", "silent": "tail", "none": "tail"})
    assert {label: part.differences()[0].difference for label, part in parts.items()} == {"head": -0.5, "tail": -0.5}
    assert parts["tail"].differences()[0].n == 2


def test_evaluations_on_other_queries_or_conditions_do_not_compare():
    a = evaluate(A, QRELS, ["mrr"])
    others = [
        evaluate(B, QRELS.of_queries(["good"]), ["mrr"]),
        evaluate(B, QRELS, ["map"]),
        evaluate(B, QRELS, ["mrr"], positive=2.0),
        evaluate(B, QRELS, ["mrr"], all_queries=True),
    ]
    for other in others:
        with pytest.raises(UsageError, match="not evaluated on the same"):
            compare(a, other)
