"""Cohorts on runs whose every question is worth 0 or 1, so that means and differences can be counted."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.evaluation.demand import BANDS
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.questions import Questions
from semsearch.evaluation.runs import Run
from semsearch.settings import GateSettings
from semsearch.training.gate.bands import even_sample, joined_bands
from semsearch.training.gate.cohorts import MIN_QUESTIONS, cohort_labels, judge, target_of, verdict

HIT, MISS = [("right", 1.0)], [("wrong", 1.0)]
RULES = GateSettings(metric="recall@1", allowed_loss=0.1)


def asked(labels, column="band"):
    ids = [f"q{i:03}" for i in range(len(labels))]
    queries = Queries(dict.fromkeys(ids, "text"), {column: dict(zip(ids, labels, strict=True))})
    return Questions(queries, Qrels({q: {"right": 1.0} for q in ids}), {}, dict.fromkeys(ids, frozenset()))


def judged(current, candidate, labels=None, target="all", slices=(), column="band", **more):
    """`current` and `candidate` are 0 or 1 a question."""
    questions = asked(labels or ["head"] * len(current), column)
    runs = [
        Run.of({q: HIT if v else MISS for q, v in zip(questions.queries.texts, values, strict=True)})
        for values in (current, candidate)
    ]
    found = judge(*runs, questions.qrels, cohort_labels(questions, slices, target), RULES, target=target, **more)[1]
    return {cohort.name: cohort for cohort in found}


def test_a_clear_gain_passes():
    found = judged([1] * 10 + [0] * 30, [1] * 30 + [0] * 10)
    assert list(found) == ["all", "head"]
    every = found["all"]
    assert (every.n, every.mean_current, every.mean_candidate, every.difference) == (40, 0.25, 0.75, 0.5)
    assert (every.n_better, every.n_worse, every.finding, every.target) == (20, 0, "gain", True)
    assert (found["head"].finding, found["head"].allowed) == ("held", 0.1 * 0.25)
    assert verdict(tuple(found.values()))[0] == "passed"


def test_a_cohort_that_surely_loses_refuses_what_gains_in_all():
    found = judged([0] * 100 + [1] * 40, [1] * 100 + [0] * 40, ["head"] * 100 + ["tail"] * 40)
    assert found["all"].finding == "gain"
    assert (found["tail"].difference, found["tail"].finding) == (-1.0, "loss")
    outcome, told = verdict(tuple(found.values()))
    assert outcome == "refused"
    assert told == "tail loses: −1.0000 (−1.0000 to −1.0000, 40 questions); allowed is −0.1000"


def test_an_interval_that_is_too_wide_says_how_many_questions_would_do():
    found = judged([1] * 8 + [0] * 92, [0] * 8 + [1] * 12 + [0] * 80)
    every = found["all"]
    assert every.difference == pytest.approx(0.04)
    assert every.low < 0 < every.high
    assert every.finding == "unsure"
    assert every.n_needed == math.ceil(100 * ((every.difference - every.low) / every.difference) ** 2) > 300
    outcome, told = verdict(tuple(found.values()))
    assert outcome == "undecided"
    assert f"about {every.n_needed:,} questions would be enough" in told


def test_for_another_cohort_the_bar_is_the_allowed_loss():
    found = judged(
        [1] * 190 + [0] * 10, [0] * 10 + [1] * 180 + [1] * 2 + [0] * 8, ["x"] * 200, slices=["k"], column="k"
    )
    part = found["k=x"]
    assert part.allowed == pytest.approx(0.095)
    assert (part.difference, part.finding) == (pytest.approx(-0.04), "held")
    strict = judged([1] * 30 + [0] * 10, [0] * 2 + [1] * 29 + [0] * 9, ["x"] * 40, slices=["k"], column="k")["k=x"]
    assert strict.difference == pytest.approx(-0.025)
    assert strict.low < -strict.allowed
    assert strict.finding == "unsure"
    assert strict.n_needed == math.ceil(40 * ((strict.difference - strict.low) / (0.075 - 0.025)) ** 2)


def test_a_loss_in_the_mean_alone_is_said_to_be_one():
    part = judged([1] * 12 + [0] * 88, [0] * 12 + [1] * 8 + [0] * 80, ["x"] * 100, slices=["k"], column="k")["k=x"]
    assert part.finding == "loss" and part.high > 0
    assert part.told.startswith("k=x loses by its mean, which may be chance: −0.0400")


def test_a_loss_in_the_mean_needs_no_more_questions():
    worse = judged([1] * 12 + [0] * 88, [0] * 12 + [1] * 8 + [0] * 80)["all"]
    assert (worse.finding, worse.n_needed) == ("no gain", None)


def test_equal_answers_are_no_gain_and_hold():
    found = judged([1, 0] * 30, [1, 0] * 30)
    assert (found["all"].finding, found["head"].finding) == ("no gain", "held")
    assert found["all"].told == "all: both releases answer all 60 questions alike"
    assert verdict(tuple(found.values()))[0] == "refused"


@pytest.mark.parametrize(("n", "finding"), [(MIN_QUESTIONS - 1, "too few"), (MIN_QUESTIONS, "gain")])
def test_too_few_questions_are_not_a_pass(n, finding):
    found = judged([0] * n, [1] * n)
    assert found["all"].finding == finding
    told = {"too few": "undecided", "gain": "passed"}
    assert verdict((found["all"],))[0] == told[finding]


def test_a_label_with_few_questions_leaves_the_rest_undecided_and_says_what_to_do():
    found = judged([0] * 50, [1] * 50, ["x"] * 49 + ["y"], slices=["k"], column="k")
    assert found["k=y"].told == (
        "k=y: 1 question; below 30 nothing can be said: "
        "add questions of it, join it with another label, or gate without the column k"
    )
    assert verdict(tuple(found.values()))[0] == "undecided"


@pytest.mark.parametrize(
    ("counts", "names"),
    [
        ({"head": 30, "torso": 30, "tail": 30}, {"head": 30, "torso": 30, "tail": 30}),
        ({"head": 29, "torso": 1, "tail": 60}, {"head+torso": 30, "tail": 60}),
        ({"head": 9, "torso": 9, "tail": 60}, {"head+torso+tail": 78}),
        ({"head": 40, "torso": 29, "tail": 60}, {"head": 40, "torso+tail": 89}),
        ({"head": 40, "torso": 40, "tail": 1}, {"head": 40, "torso+tail": 41}),
        ({"head": 1, "tail": 60}, {"head+tail": 61}),
        ({"tail": 3}, {"tail": 3}),
    ],
)
def test_a_small_band_is_judged_with_its_neighbour(counts, names):
    labels = [band for band, n in counts.items() for _ in range(n)]
    found = cohort_labels(asked(labels), (), "all")
    assert {name: len(members) for name, members in found.items() if name != "all"} == names
    assert list(found) == ["all", *names]
    for band in counts:
        assert band in target_of(found, band).split("+")


def test_only_what_is_asked_makes_a_band_large():
    questions = asked(["head"] * 40 + ["tail"] * 40)
    some = list(questions.queries.texts)[20:]  # 20 of the head
    assert list(cohort_labels(questions, (), "head", some)) == ["all", "head+tail"]


def test_a_head_of_few_queries_does_not_lock_the_gate():
    found = judged([0] * 90, [1] * 90, ["head"] * 8 + ["torso"] * 32 + ["tail"] * 50)
    assert list(found) == ["all", "head+torso", "tail"]
    assert verdict(tuple(found.values()))[0] == "passed"


@given(st.dictionaries(st.sampled_from(BANDS), st.integers(0, 50), min_size=1))
def test_no_band_stays_small_beside_another(counts):
    joined = joined_bands(counts, 30)
    sizes = Counter({name: sum(n for band, n in counts.items() if joined[band] == name) for name in joined.values()})
    assert joined.keys() == counts.keys()
    assert len(sizes) == 1 or min(sizes.values()) >= 30


@given(st.lists(st.sampled_from(BANDS), max_size=60), st.integers(1, 40))
def test_a_sample_keeps_the_share_of_every_band(labels, limit):
    bands = {f"q{i:02}": band for i, band in enumerate(labels)}
    kept = even_sample(list(bands), bands, limit)
    assert kept == even_sample(list(reversed(bands)), bands, limit)
    assert len(set(kept)) == len(kept) == min(limit, len(labels))
    for band in BANDS:
        share = len(kept) * labels.count(band) / max(len(labels), 1)
        assert abs(sum(bands[q] == band for q in kept) - share) < 1 + 1e-9


def test_the_target_gains_and_all_may_not_lose():
    found = judged([0] * 40 + [1] * 400, [1] * 40 + [1] * 400, ["tail"] * 40 + ["head"] * 400, target="tail")
    assert [(c.name, c.target, c.finding) for c in found.values()] == [
        ("all", False, "held"), ("head", False, "held"), ("tail", True, "gain"),
    ]  # fmt: skip


def test_cohorts_are_the_bands_then_every_label_that_is_asked_for():
    questions = asked(["b", "", "a", "b"], "kind")
    assert list(cohort_labels(questions, ["kind"], "all")) == ["all", "kind=(none)", "kind=a", "kind=b"]
    assert list(cohort_labels(questions, (), "kind=a")) == ["all", "kind=(none)", "kind=a", "kind=b"]
    both = asked(["tail", "head"] * MIN_QUESTIONS)
    assert list(cohort_labels(both, (), "head")) == ["all", "head", "tail"]


@pytest.mark.parametrize(("target", "slices"), [("torso", ()), ("kind=z", ()), ("colour=a", ()), ("all", ["colour"])])
def test_an_unknown_cohort_or_column_names_those_there_are(target, slices):
    with pytest.raises(UsageError) as caught:
        cohort_labels(asked(["b", "a"], "kind"), slices, target)
    assert "Next: " in caught.value.next_step
    assert "all" in caught.value.next_step or "kind" in caught.value.next_step


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from(("head", "tail"))), min_size=1, max_size=120))
def test_a_pass_means_what_it_says(rows):
    current, candidate, labels = zip(*rows, strict=True)
    found = tuple(judged(current, candidate, list(labels), resamples=300).values())
    passed = verdict(found)[0] == "passed"
    holds = all(
        cohort.n >= MIN_QUESTIONS and (cohort.low > 0 if cohort.target else cohort.low >= -cohort.allowed)
        for cohort in found
    )
    assert passed == holds
