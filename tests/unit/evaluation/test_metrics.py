"""Every metric by hand, then against ir-measures."""

from __future__ import annotations

import math

import ir_measures as im
import numpy as np
import pytest

from semsearch.errors import UsageError
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.metrics import parse_metric, parse_metrics
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.runs import Run

QRELS = Qrels({"q": {"a": 2.0, "b": 0.0, "c": 1.0, "d": 3.0}})
RUN = Run.of({"q": [("b", 5.0), ("a", 4.0), ("x", 3.0), ("c", 2.0)]})
# ranks: b 0, a 2, x unjudged, c 1; d is never found; relevant are a, c, d


def value(metric: str, run: Run = RUN, qrels: Qrels = QRELS, **kwargs) -> float:
    return evaluate(run, qrels, [metric], **kwargs).mean(parse_metric(metric).name)


@pytest.mark.parametrize(
    ("metric", "by_hand"),
    [
        ("precision@2", 1 / 2),
        ("precision@4", 2 / 4),
        ("precision@10", 2 / 10),
        ("precision", 2 / 4),
        ("recall@2", 1 / 3),
        ("recall@4", 2 / 3),
        ("f1@2", 2 * (1 / 2) * (1 / 3) / (1 / 2 + 1 / 3)),
        ("f1@4", 2 * (2 / 4) * (2 / 3) / (2 / 4 + 2 / 3)),
        ("f1@10", 2 * (2 / 10) * (2 / 3) / (2 / 10 + 2 / 3)),
        ("f1@1", 0.0),
        ("mrr", 1 / 2),
        ("mrr@1", 0.0),
        ("map", (1 / 2 + 2 / 4) / 3),
        ("map@3", (1 / 2) / 3),
        ("ndcg@2", (2 / math.log2(3)) / (3 + 2 / math.log2(3))),
        ("ndcg", (2 / math.log2(3) + 1 / math.log2(5)) / (3 + 2 / math.log2(3) + 1 / math.log2(4))),
        ("judged@2", 1.0),
        ("judged@3", 2 / 3),
        ("judged@10", 3 / 4),
        ("precision@3/judged", 2 / 3),
        ("map/judged", (1 / 2 + 2 / 3) / 3),
    ],
)
def test_by_hand(metric, by_hand):
    assert value(metric) == pytest.approx(by_hand, abs=1e-12)


def test_judged_only_reaches_no_deeper_than_the_top_1000():
    unjudged = [(f"x{i}", 2000.0 - i) for i in range(1000)]
    at_1000 = Run.of({"q": [*unjudged[:999], ("a", 1.0)]})
    at_1001 = Run.of({"q": [*unjudged, ("a", 1.0)]})
    assert value("mrr@10/judged", at_1000) == 1.0
    assert value("mrr@10/judged", at_1001) == 0.0


def test_the_lowest_relevant_grade_moves_yes_no_metrics_but_not_ndcg():
    assert value("precision@4", positive=2.0) == 1 / 4
    assert value("ndcg@4", positive=2.0) == value("ndcg@4")


def test_negative_grades_have_no_gain_and_count_as_judged():
    qrels = Qrels({"q": {"a": -2.0, "b": 1.0}})
    run = Run.of({"q": [("a", 2.0), ("b", 1.0)]})
    assert value("ndcg@2", run, qrels) == pytest.approx(1 / math.log2(3))
    assert value("judged@2", run, qrels) == 1.0
    assert value("ndcg@1/judged", run, qrels) == 0.0


def test_fractional_grades_are_gains():
    qrels = Qrels({"q": {"a": 0.5, "b": 1.5}})
    run = Run.of({"q": [("a", 2.0), ("b", 1.0)]})
    best = 1.5 + 0.5 / math.log2(3)
    assert value("ndcg@2", run, qrels) == pytest.approx((0.5 + 1.5 / math.log2(3)) / best)


@pytest.mark.parametrize("name", ["ndgc@10", "", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@x", "ndcg@2.5", "ndcg@10/foo"])
def test_bad_metric_names(name):
    with pytest.raises(UsageError) as error:
        parse_metric(name)
    assert name in error.value.message
    assert error.value.next_step


def test_names_read_back_and_lists_lose_doubles():
    metrics = parse_metrics(["ndcg@10,ap", "NDCG@10/judged", " p@5 ", "ndcg@10"])
    assert [m.name for m in metrics] == ["ndcg@10", "map", "ndcg@10/judged", "precision@5"]
    assert all(parse_metric(m.name) == m for m in metrics)


# --- against ir-measures --------------------------------------------------------------------

PAIRS = {
    "ndcg@1": im.nDCG @ 1,
    "ndcg@5": im.nDCG @ 5,
    "ndcg@100": im.nDCG @ 100,
    "ndcg": im.nDCG,
    "precision@5": im.P @ 5,
    "precision@30": im.P @ 30,
    "recall@5": im.R @ 5,
    "recall@100": im.R @ 100,
    "map": im.AP,
    "map@7": im.AP @ 7,
    "mrr": im.RR,
}
JUDGED_ONLY = {
    "ndcg@5/judged": im.nDCG(judged_only=True) @ 5,
    "map/judged": im.AP(judged_only=True),
    "precision@5/judged": im.P(judged_only=True) @ 5,
}


def market(seed: int, ties: bool):
    """Qrels and a run with unjudged hits, missing queries, queries without a positive, negative grades."""
    rng = np.random.default_rng(seed)
    qrels, run = {}, {}
    for q in range(40):
        items = [f"{prefix}{i}" for prefix in "abc" for i in range(20)]
        judged = rng.choice(items, rng.integers(1, 25), replace=False)
        low = q % 5 == 0
        qrels[f"q{q}"] = {str(i): int(rng.integers(-1, 1 if low else 4)) for i in judged}
        found = rng.choice(items, rng.integers(1, 50), replace=False)
        scores = rng.integers(0, 6, len(found)) / 3 if ties else -np.arange(len(found), dtype=float)
        run[f"q{q}"] = {str(i): float(s) for i, s in zip(found, scores, strict=True)}
    del run["q3"], run["q7"]
    run["not judged"] = {"a1": 1.0}
    return qrels, run


def ours(qrels, run, metrics):
    made = Run.of({q: hits.items() for q, hits in run.items()})
    return evaluate(made, Qrels(qrels), metrics, all_queries=True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ties", [True, False])
def test_equal_to_ir_measures_query_by_query(seed, ties):
    qrels, run = market(seed, ties)
    result = ours(qrels, run, list(PAIRS))
    theirs = {(str(m.measure), m.query_id): m.value for m in im.iter_calc(list(PAIRS.values()), qrels, run)}
    for name, measure in PAIRS.items():
        for query_id, found in zip(result.query_ids, result.values[name], strict=True):
            assert found == pytest.approx(theirs[str(measure), query_id], abs=1e-9), (name, query_id)
    means = im.calc_aggregate(list(PAIRS.values()), qrels, run)
    assert all(result.mean(name) == pytest.approx(means[m], abs=1e-9) for name, m in PAIRS.items())


@pytest.mark.parametrize("ties", [True, False])
def test_judged_only_equals_ir_measures_query_by_query(ties):
    """On grades from 0 up: trec_eval takes grade -1 for its own mark of an unjudged hit."""
    qrels, run = market(11, ties)
    qrels = {q: {i: max(0, g) for i, g in items.items()} for q, items in qrels.items()}
    result = ours(qrels, run, list(JUDGED_ONLY))
    theirs = {(str(m.measure), m.query_id): m.value for m in im.iter_calc(list(JUDGED_ONLY.values()), qrels, run)}
    for name, measure in JUDGED_ONLY.items():
        for query_id, found in zip(result.query_ids, result.values[name], strict=True):
            assert found == pytest.approx(theirs[str(measure), query_id], abs=1e-9), (name, query_id)


def test_equal_to_ir_measures_where_it_breaks_ties_otherwise():
    """RR@k and Judged@k come from providers that sort ties upwards; without ties all agree."""
    qrels, run = market(7, ties=False)
    pairs = {"mrr@5": im.RR @ 5, "judged@5": im.Judged @ 5, "judged@100": im.Judged @ 100}
    result = ours(qrels, run, list(pairs))
    means = im.calc_aggregate(list(pairs.values()), qrels, run)
    assert all(result.mean(name) == pytest.approx(means[m], abs=1e-9) for name, m in pairs.items())


def test_scores_that_are_equal_as_float32_are_ties_as_in_trec_eval():
    qrels, run = {"q": {"a": 1}}, {"q": {"a": 1.0 + 1e-9, "b": 1.0}}
    assert im.calc_aggregate([im.RR], qrels, run)[im.RR] == 0.5
    assert ours(qrels, run, ["mrr"]).mean("mrr") == 0.5


def test_real_judgements_equal_ir_measures(shared_data):
    from semsearch.evaluation.reading import read_judgements

    qrels, queries = read_judgements(shared_data / "chorus" / "ratings.csv")
    assert queries is not None and len(queries) == 76 and qrels.n_judgements == 1626
    rng = np.random.default_rng(0)
    run = {
        q: {i: float(rng.integers(0, 9)) for i in [*items, *map(str, range(90))] if rng.random() < 0.6}
        for q, items in qrels.grades.items()
    }
    grades = {q: {i: int(g) for i, g in items.items()} for q, items in qrels.grades.items()}
    pairs = PAIRS | JUDGED_ONLY
    result = ours(grades, run, list(pairs))
    means = im.calc_aggregate(list(pairs.values()), grades, run)
    assert all(result.mean(name) == pytest.approx(means[m], abs=1e-9) for name, m in pairs.items())
    assert result.conditions.n_without_positive == 15
