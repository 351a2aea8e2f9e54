"""Variants of the prompt are tried on one part, chosen on another, over real HTTP with judges of known error."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.contract.asking import opened
from tests.contract.chat_replies import Asked, Reply
from tests.contract.chat_server import Server
from tests.unit.relevance.asked import NOW, PROMPTS
from tests.unit.relevance.people import graded_queries, judge, label, numbers, reasons, shown_to

from semsearch.errors import BudgetReached, MissingPart
from semsearch.evaluation.labels.agreement import kappa, weighted_kappa
from semsearch.evaluation.labels.grade_tables import Estimate
from semsearch.records import Label
from semsearch.relevance.asking.examples import Examples, of_guideline
from semsearch.relevance.asking.judging import Judging
from semsearch.relevance.asking.variants import Variant
from semsearch.relevance.scores import Candidate, Market, Score, difference, gradeable, score
from semsearch.relevance.truths import by_this_rubric, truths_of
from semsearch.relevance.tuning.trying import Tuned, choose, price, ready, tune

SIZES = {"tuning": 10, "selection": 2, "locked": 2}
LABELS = [each for part, n in SIZES.items() for each in graded_queries(numbers(part, n))]


EXAMPLES = Examples(of_guideline()[:8])


def judging_of(variant: Variant) -> Judging:
    return Judging(PROMPTS.get(variant.prompt_id), EXAMPLES, 2, variant)


@contextmanager
def market(server: Server, folder: Path, **changed) -> Iterator[Market]:
    with opened(server, folder, **changed) as asker:
        yield Market(asker, lambda: NOW, resamples=400)


def tuned(folder: Path, answer: Callable[[Asked], Reply], labels: Sequence[Label] = LABELS, others=()) -> Tuned:
    with Server(answer) as server, market(server, folder) as where:
        return tune(ready(truths_of(labels)), judging_of, others, where)


def one(folder: Path, answer: Callable[[Asked], Reply], labels: Sequence[Label]) -> Score:
    truths = gradeable(truths_of(labels).pairs)
    with Server(answer) as server, market(server, folder) as where:
        return score(Candidate("whole", judging_of(Variant())), truths, where)


# --- scores -----------------------------------------------------------------------------------------------------


def test_a_judge_without_error_agrees_and_a_known_error_is_found(tmp_path: Path):
    labels = graded_queries(numbers("tuning", 5))
    (tmp_path / "right").mkdir()
    right = one(tmp_path / "right", judge, labels)
    assert (right.weighted_kappa.value, right.exact.value, right.n, right.n_queries) == (1.0, 1.0, 15, 5)
    wrong = one(tmp_path, lambda asked: judge(asked, wrong=True), labels)
    assert wrong.tables.sum(axis=0).tolist() == [[5, 0, 0, 0], [0, 0, 5, 0], [0, 0, 5, 0]]  # every 1 is called 2
    people, machine = np.array([2, 1, 0.0] * 5), np.array([2, 2, 0.0] * 5)
    assert wrong.weighted_kappa.value == pytest.approx(weighted_kappa(people, machine))
    assert wrong.kappa.value == pytest.approx(kappa(people, machine))
    assert (wrong.exact.value, wrong.constant_exact) == (pytest.approx(10 / 15), pytest.approx(5 / 15))


def test_silence_gains_nothing(tmp_path: Path):
    numbered = numbers("tuning", 4)
    bodies = {2: "so", 1: "silent", 0: "so"}
    labels = [label(n, f"{grade}", grade, body=body) for n in numbered for grade, body in bodies.items()]
    found = one(tmp_path, judge, labels)
    assert (found.n, found.n_graded, dict(found.causes)) == (12, 8, {"not JSON": 4})
    assert found.tables.sum(axis=0).tolist() == [[4, 0, 0, 0], [0, 0, 0, 4], [0, 0, 4, 0]]
    people = np.array([2, 1, 0.0] * 4)
    ways = [np.array([2, said, 0.0] * 4) for said in (0, 1, 2)]
    assert found.weighted_kappa.value == pytest.approx(min(weighted_kappa(people, way) for way in ways))
    assert found.kappa.value == pytest.approx(min(kappa(people, way) for way in ways))
    assert found.exact.value == pytest.approx(8 / 12)


def test_guesses_are_never_worse_than_silence(tmp_path: Path):
    """Where it does not know, one says the grade that people give most often, the other nothing: that gains nothing."""
    numbered = numbers("tuning", 4)

    def on(body: str) -> list[Label]:  # a 0 that a guess calls 2, and a 2 that it calls 2
        hard = [
            label(n, f"{truly}h", truly, truly=guess, body=body) for n in numbered for truly, guess in ((2, 2), (0, 2))
        ]
        return [*graded_queries(numbered, (2, 2, 0)), *hard]

    folders = {body: tmp_path / body for body in ("so", "silent")}
    told = {}
    for body, folder in folders.items():
        folder.mkdir()
        told[body] = one(folder, judge, on(body)).weighted_kappa.value
    assert told["silent"] < told["so"]


def test_ungradeable_is_silence_too_and_is_counted_apart(tmp_path: Path):
    labels = [label(n, "a", 2, truly=None) for n in numbers("tuning", 2)]
    found = one(tmp_path, judge, [*labels, *graded_queries(numbers("tuning", 2))])
    assert (found.n_ungradeable, found.n_graded, found.causes) == (2, 6, {})
    assert found.tables.sum(axis=0).tolist() == [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 2]]


def test_each_end_of_an_open_grade_counts_half(tmp_path: Path):
    n = numbers("tuning", 1)[0]
    open_title = {"item": {"title": f"nike{n} shoes{n} maybe-red{n}", "body": "so"}}
    found = one(tmp_path, judge, [label(n, "a", 2, **open_title), label(n, "b", 0)])
    assert (found.n_open, found.tables.sum(axis=0).tolist()) == (1, [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0.5, 0.5, 0]])


def test_pairs_that_cannot_be_used_are_left_out():
    n = numbers("tuning", 1)[0]
    labels = [label(n, "a", 2), label(n, "b", None), label(n, "c", 1, item={}, item_digest="")]
    assert [each.key[1] for each in gradeable(truths_of(labels).pairs)] == [f"i{n}-a"]


def fake(name: str, kappa: float, cost: float, tokens: float = 1.0) -> Score:
    told = Estimate(kappa, kappa, kappa)
    return Score(name, "h", told, told, told, 0.5, 9, 3, 9, 0, 0, {}, cost, tokens, np.zeros((3, 3, 4)))


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ([fake("a", 0.80, 0.002), fake("b", 0.70, 0.001)], "a"),  # better is better, whatever it costs
        ([fake("a", 0.80, 0.002), fake("b", 0.795, 0.001)], "b"),  # as good, and cheaper
        ([fake("a", 0.80, 0.0, 900), fake("b", 0.80, 0.0, 400)], "b"),  # without a price tokens are
        ([fake("a", 0.80, 0.001), fake("b", 0.805, 0.001)], "b"),
        ([fake("a", math.nan, 0.0), fake("b", 0.1, 1.0)], "b"),
    ],
)
def test_the_best_is_chosen_and_of_ties_the_cheaper(scores: list[Score], chosen: str):
    assert choose(scores).name == chosen
    assert choose(scores[::-1]).name == chosen


def test_a_difference_is_paired():
    tables = np.array(
        [[[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]], [[2, 0, 0, 0], [0, 2, 0, 0], [0, 1, 1, 0]]], np.float64
    )
    same = replace(fake("a", 1, 0), tables=np.tile(tables, (5, 1, 1)))
    gap = difference(same, same, Market(None, lambda: NOW, resamples=50))
    assert (gap.value, gap.low, gap.high) == (0, 0, 0)


def test_few_queries_tell_nothing_apart(tmp_path: Path):
    """Nine queries that all go one way have no interval: what looks worse goes on to the selection part."""
    few = [each for part, n in (SIZES | {"tuning": 9}).items() for each in graded_queries(numbers(part, n))]
    found = tuned(tmp_path, lambda asked: judge(asked, wrong=not reasons(asked)), few)
    assert found.effects[0].gain.value > 0.1
    assert math.isnan(found.effects[0].gain.low)
    assert "no-reasoning" in [each.name for each in found.selection]


# --- tuning -----------------------------------------------------------------------------------------------------


def test_a_tactic_that_helps_is_found_and_kept(tmp_path: Path):
    found = tuned(tmp_path, lambda asked: judge(asked, wrong=not reasons(asked)))
    assert [each.name for each in found.tuning] == [
        "whole", "no-reasoning", "no-english", "no-code", "no-examples",
    ]  # fmt: skip
    gains = {each.name: each.gain.value for each in found.effects}
    assert gains.pop("reasoning") == pytest.approx(1 - found.tuning[1].weighted_kappa.value)
    assert set(gains.values()) == {0}
    names = [each.name for each in found.selection]
    assert "no-reasoning" not in names  # clearly worse on the tuning part
    assert "no-code+no-examples" in names  # what gained nothing and cost something, together; Korean is dearer
    assert found.chosen.judging.variant.reasoning
    best = min(found.selection, key=lambda each: each.n_tokens)
    assert (found.chosen.name, set(found.tied)) == (best.name, {*names} - {best.name})


def test_parts_are_asked_about_in_turn_and_the_locked_one_never(tmp_path: Path):
    seen: list[str] = []

    def answer(asked: Asked) -> Reply:
        seen.append(shown_to(asked)[0])
        return judge(asked)

    tuned(tmp_path, answer)
    of = {each.key[0]: each.part for each in truths_of(LABELS).pairs}
    assert {of[query] for query in seen} == {"tuning", "selection"}
    assert len(seen) == 5 * 30 + 6 * 6


def test_another_prompt_may_win(tmp_path: Path):
    text = (PROMPTS.path("relevance-facets")).read_text(encoding="utf-8")
    path = tmp_path / "mine.md"
    path.write_text(text.replace('"relevance-facets"', '"mine"').replace("You judge", "You, Mine, judge"), "utf-8")
    mine = type(PROMPTS.get("relevance-facets")).read(path)
    found = tuned(
        tmp_path,
        lambda asked: judge(asked, wrong="Mine" not in asked.system),
        others=[Candidate("mine", Judging(mine))],
    )
    assert found.chosen.name == "mine"
    assert found.effects[-1].name == "mine"
    assert found.effects[-1].gain.value > 0


def test_too_few_labels_are_refused_before_anything_is_asked():
    with pytest.raises(MissingPart, match="0 pairs of 0 queries in the locked part"):
        ready(truths_of([each for each in LABELS if each.query not in {x.query for x in LABELS[-6:]}]))
    with pytest.raises(MissingPart, match="1 different grades"):
        ready(truths_of([replace(each, grade_low=2, grade_high=2) for each in LABELS]))


def test_a_refusal_says_what_was_not_counted_and_what_brings_the_most():
    def told(labels: list[Label]) -> str:
        with pytest.raises(MissingPart) as refused:
            ready(by_this_rubric(labels))
        return str(refused.value)

    few = graded_queries(numbers("tuning", 2))
    unknown = [replace(each, item={}, item_digest="", origin="imported", batch="file") for each in LABELS]
    assert f"Not counted: {len(LABELS)} pairs without an item that is known." in told(unknown)
    assert "Next: semsearch import items FILE" in told(unknown)
    differing = [*few, *(replace(each, by="jun", grade_low=1, grade_high=1) for each in few)]
    assert "4 pairs on which people differ" in told(differing)
    assert "Next: semsearch label adjudicate --by NAME" in told(differing)
    others = [*few, *(replace(each, rubric="0", batch="old") for each in LABELS)]
    assert f"{len(LABELS)} labels by another rubric" in told(others)
    assert "Next: semsearch label session b --by NAME" in told(others)
    assert "Not counted" not in told(few)


def test_the_price_is_a_bound_and_sends_nothing(tmp_path: Path):
    parts = ready(truths_of(LABELS))
    with Server(judge) as server, opened(server, tmp_path) as asker:
        told = price(parts, judging_of, [], asker)
        assert (server.n_calls, told.n) == (0, 5 * 30 + 5 * 6 + 6 + 6)
        where = Market(asker, lambda: NOW, resamples=50)
        found = tune(parts, judging_of, [], where)
        score(found.chosen, parts["locked"], where)
        assert 0 < asker.spent_usd <= told.worst_usd
        assert server.n_calls <= told.n_calls


def test_a_budget_stops_it_and_nothing_is_paid_twice(tmp_path: Path):
    parts = ready(truths_of(LABELS))
    with Server(judge) as server:
        with market(server, tmp_path, max_usd=0.04) as where, pytest.raises(BudgetReached):
            tune(parts, judging_of, [], where)
        n_before = server.n_calls
        assert n_before > 0
        with market(server, tmp_path) as where:
            tune(parts, judging_of, [], where)
            n_whole = server.n_calls
            tune(parts, judging_of, [], where)
        assert server.n_calls == n_whole
    assert n_whole <= 5 * 30 + 6 * 6 + 8
