"""What holds for every run and every set of judgements."""

from __future__ import annotations

import tempfile
from pathlib import Path

import ir_measures as im
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.evaluation.compare import compare
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.intervals import poisson, wilson
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.runs import Run
from semsearch.evaluation.significance import sign_flip_test
from semsearch.evaluation.trec import read_qrels, read_run, write_qrels, write_run

QUERY = st.sampled_from(["q1", "q2", "q3", "질의"])
ITEM = st.sampled_from(["a", "b", "B", "007", "7", "가", "나다", "z z"])
RUNS = st.dictionaries(QUERY, st.dictionaries(ITEM, st.floats(-1e6, 1e6), max_size=8), min_size=1)
GRADES = st.dictionaries(QUERY, st.dictionaries(ITEM, st.integers(0, 4), min_size=1), min_size=1)
METRICS = {"ndcg@3": im.nDCG @ 3, "precision@2": im.P @ 2, "recall@3": im.R @ 3, "map": im.AP, "mrr": im.RR}
NAMES = [*METRICS, "f1@3", "judged@3", "ndcg@3/judged", "map@2/judged"]


def made(run, name="run"):
    return Run.of({q: hits.items() for q, hits in run.items()}, name)


@settings(max_examples=150, deadline=None)
@given(RUNS, GRADES)
def test_equal_to_ir_measures(run, grades):
    if not run.keys() & grades.keys():
        return
    result = evaluate(made(run), Qrels(grades), list(METRICS), all_queries=True)
    theirs = {(str(m.measure), m.query_id): m.value for m in im.iter_calc(list(METRICS.values()), grades, run)}
    for name, measure in METRICS.items():
        for query_id, value in zip(result.query_ids, result.values[name], strict=True):
            assert value == pytest.approx(theirs[str(measure), query_id], abs=1e-9), (name, query_id)


@settings(max_examples=100, deadline=None)
@given(RUNS, GRADES, st.randoms(use_true_random=False))
def test_order_of_input_does_not_matter_and_values_are_shares(run, grades, random):
    if not run.keys() & grades.keys():
        return
    shuffled = {q: dict(random.sample(list(hits.items()), len(hits))) for q, hits in reversed(run.items())}
    one, other = (evaluate(made(r), Qrels(grades), NAMES) for r in (run, shuffled))
    for name in NAMES:
        assert np.array_equal(one.values[name], other.values[name], equal_nan=True)
        known = one.values[name][~np.isnan(one.values[name])]
        assert ((known >= 0) & (known <= 1 + 1e-12)).all()


@settings(max_examples=60, deadline=None)
@given(RUNS, GRADES)
def test_comparing_with_itself_finds_nothing_and_swapping_mirrors(run, grades):
    if not run.keys() & grades.keys():
        return
    a = evaluate(made(run), Qrels(grades), NAMES)
    reverse = {q: {i: -s for i, s in hits.items()} for q, hits in run.items()}
    b = evaluate(made(reverse), Qrels(grades), NAMES)
    for row in compare(a, a).differences(resamples=200):
        if row.n:
            assert (row.difference, row.low, row.high, row.p_value) == (0, 0, 0, 1)
    for there, back in zip(
        compare(a, b).differences(resamples=200), compare(b, a).differences(resamples=200), strict=True
    ):
        if there.n:
            assert there.difference == pytest.approx(-back.difference, abs=1e-12)
            assert (there.low, there.p_value) == (pytest.approx(-back.high, abs=1e-9), pytest.approx(back.p_value))


@settings(max_examples=60, deadline=None)
@given(RUNS, GRADES)
def test_files_give_back_what_they_got(run, grades):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        qrels = Qrels({q: {i: float(g) for i, g in items.items()} for q, items in grades.items()})
        write_qrels(qrels, path)
        assert read_qrels(path) == qrels
        before = made(run)
        if len(before.scores):
            write_run(before, path)
            after = read_run(path)
            assert {q: after.hits(q) for q in run} == {q: before.hits(q) for q in run}


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_share_and_mirrors(successes, failures):
    n = successes + failures
    interval, mirror = wilson(successes, n), wilson(failures, n)
    assert 0 <= interval.low <= (successes / n if n else 0.5) <= interval.high <= 1
    assert interval.low == pytest.approx(1 - mirror.high, abs=1e-12)


@given(st.integers(0, 3000))
def test_poisson_holds_the_count_and_grows(count):
    interval, following = poisson(count), poisson(count + 1)
    assert interval.low <= count < interval.high
    assert interval.low < following.low and interval.high < following.high


@given(st.lists(st.floats(-1, 1), max_size=30), st.integers(0, 5))
def test_sign_flip_is_a_probability_and_knows_no_direction(values, seed):
    differences = np.array(values)
    p = sign_flip_test(differences, seed=seed, resamples=500)
    assert 0 < p <= 1
    assert sign_flip_test(-differences, seed=seed, resamples=500) == p
