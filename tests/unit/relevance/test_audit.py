"""A machine's labels held against people's: the error that was put in is the error that is found."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from tests.unit.relevance.people import AT, by_model, graded_queries, label, numbers

from semsearch.errors import UsageError
from semsearch.evaluation.labels.agreement import kappa, weighted_kappa
from semsearch.evaluation.labels.labelled import of_judge
from semsearch.evaluation.runs import Run
from semsearch.records import Facet, Label
from semsearch.relevance.auditing.audit import (
    CONSTANT,
    MACHINE,
    NO_LABEL,
    OTHER_ITEM,
    OTHER_RUBRIC,
    Audit,
    Held,
    Resampling,
    audit,
    shared,
)
from semsearch.relevance.auditing.drift import drifts, ranked
from semsearch.relevance.rubric import RUBRIC
from semsearch.relevance.truths import truths_of
from semsearch.store.labels import pair_of, query_key

RESAMPLING = Resampling(resamples=200)
PEOPLE = graded_queries(range(6))
"""Six queries with a 2, a 1 and a 0 each."""


def audited(labels: list[Label], bands: dict[str, str] | None = None) -> Audit:
    return audit(shared(truths_of(labels).pairs, labels), labels, bands, RESAMPLING)


def held(found: Audit, name: str = "", judge: str = MACHINE, end: str = "both") -> Held:
    return next(each for each in found.held if (each.name, each.judge, each.end) == (name, judge, end))


def wrong(people: list[Label]) -> list[Label]:
    """A machine that calls every 1 a 2, and the 0s of the first two queries a 1."""
    said = {2: 2, 1: 2, 0: 0}
    return [
        by_model(each, 1 if each.grade_low == 0 and n < 6 else said[each.grade_low]) for n, each in enumerate(people)
    ]


def test_the_confusion_is_the_error_that_was_put_in():
    found = audited([*PEOPLE, *wrong(PEOPLE)])
    whole = held(found)
    assert whole.agreement.confusion.tolist() == [[4, 2, 0], [0, 0, 6], [0, 0, 6]]
    assert found.table == {("0", "0"): 4, ("0", "1"): 2, ("1", "2"): 6, ("2", "2"): 6}
    people, machine = [0] * 6 + [1] * 6 + [2] * 6, [0] * 4 + [1] * 2 + [2] * 12
    expected = weighted_kappa(np.array(people, float), np.array(machine, float))
    assert whole.agreement.weighted_kappa.value == pytest.approx(expected)
    assert whole.agreement.kappa.value == pytest.approx(kappa(np.array(people, float), np.array(machine, float)))
    assert math.isnan(whole.agreement.weighted_kappa.low)  # six queries
    assert (whole.agreement.n, whole.agreement.n_queries, whole.coverage.share) == (18, 6, 1.0)
    assert found.judges == {f"scripted-small@p1@{RUBRIC}": 18}


def test_a_constant_stands_beside_it_on_the_same_pairs():
    """Of 38 pairs, most of them 2, the machine graded 18, most of them 0: their commonest grade is 0."""
    people = [label(n, f"{at}", grade) for n in range(6) for at, grade in enumerate((0, 0, 1))]
    others = [label(6 + n, "x", 2) for n in range(20)]
    found = audited([*people, *others, *(by_model(each, 1) for each in people), by_model(others[0], None)])
    beside = held(found, judge=CONSTANT).agreement
    assert (beside.weighted_kappa.value, beside.exact.value, beside.n) == (0, pytest.approx(12 / 18), 18)
    assert held(found).agreement.n == 18


def test_a_constant_knows_what_pairs_stand_for():
    """Two 0s that stand for one each, and a 2 that stands for ten."""
    people = [label(n, "a", grade, inclusion_probability=p) for n, (grade, p) in enumerate([(0, 1), (0, 1), (2, 0.1)])]
    found = audited([*people, *(by_model(each, 0) for each in people)])
    assert held(found, judge=CONSTANT).agreement.exact.value == pytest.approx(10 / 12)


def test_silence_at_its_worst_stands_beside_what_was_graded():
    """Of three silent pairs two were asked: one ungradeable, one refused; of the third there is no label."""
    silent, refused, unasked = label(6, "a", 2), label(7, "a", 0), label(8, "a", 0)
    labels = [*PEOPLE, silent, refused, unasked, *wrong(PEOPLE), by_model(silent, None)]
    pairs = shared(truths_of(labels).pairs, labels, {pair_of(refused): "refused"})
    found = held(audit(pairs, labels, resampling=RESAMPLING))
    people, machine = [0] * 6 + [1] * 6 + [2] * 6, [0] * 4 + [1] * 2 + [2] * 12
    ways = [
        weighted_kappa(np.array([*people, 2, 0], float), np.array([*machine, one, other], float))
        for one in (0, 1, 2) for other in (0, 1, 2)
    ]  # fmt: skip
    assert found.at_worst
    assert found.at_worst.value == pytest.approx(min(ways))
    assert found.at_worst.value < found.agreement.weighted_kappa.value
    assert held(audited(labels), judge=CONSTANT).at_worst is None


def test_abstentions_ungradeable_and_open_ones_are_told_apart():
    people = [*PEOPLE[:4], label(7, "a", None)]
    machine = [by_model(people[0], None), by_model(people[1], 1, 2), by_model(people[4], 0)]
    pairs = shared(truths_of(people).pairs, machine, {pair_of(people[2]): "refused"})
    found = audit(pairs, [*people, *machine], resampling=RESAMPLING)
    assert found.table == {
        ("2", "ungradeable"): 1, ("1", "1–2"): 1, ("0", "refused"): 1, ("2", NO_LABEL): 1, ("ungradeable", "0"): 1,
    }  # fmt: skip
    low, high = held(found, end="low"), held(found, end="high")
    assert low.agreement.confusion.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert high.agreement.confusion.tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert (low.coverage.both, low.coverage.only_first, low.coverage.only_second) == (1, 3, 1)
    assert low.coverage.share == 1 / 4


def test_a_grade_of_the_item_as_it_became_does_not_hide_that_of_what_people_saw():
    was = by_model(PEOPLE[0], 2)
    later = replace(was, item_digest="edited", grade_low=0, grade_high=0, at=AT + timedelta(days=9))
    assert audited([PEOPLE[0], was, later]).table == {("2", "2"): 1}
    by_another = replace(was, rubric="0", grade_low=0, grade_high=0, at=AT + timedelta(days=9))
    assert audited([PEOPLE[0], was, by_another]).table == {("2", "2"): 1}
    assert audited([PEOPLE[0], later]).table == {("2", OTHER_ITEM): 1}


def test_what_cannot_be_compared_is_left_out():
    machine = [replace(by_model(PEOPLE[0], 0), item_digest="other"), by_model(PEOPLE[1], 0, rubric="0")]
    found = audited([*PEOPLE[:2], *machine, by_model(PEOPLE[3], 2)])
    assert found.table == {("1", OTHER_RUBRIC): 1, ("2", OTHER_ITEM): 1}
    imported = replace(PEOPLE[0], item={}, item_digest="", rubric="")
    assert audited([imported, by_model(imported, 1, item_digest="d", rubric="1")]).table == {("2", "1"): 1}


def test_the_newest_label_of_a_machine_counts():
    old, new = by_model(PEOPLE[0], 0), by_model(PEOPLE[0], 2, at=AT + timedelta(days=9), prompt_hash="p2")
    found = audited([*PEOPLE[:3], new, old])
    assert found.table[("2", "2")] == 1
    assert found.judges == {f"scripted-small@p2@{RUBRIC}": 1}


def test_what_is_switched_off_makes_another_judge():
    """Labels of a whole prompt and of its variant are not one judge's, in an audit as in figures of labels."""
    whole = by_model(PEOPLE[0], 2, prompt_hash="0123456789abcdef")
    variant = by_model(PEOPLE[1], 1, prompt_hash="0123456789abcdef-no-code+no-examples")
    named = [f"scripted-small@0123456789ab{off}@{RUBRIC}" for off in ("", "-no-code+no-examples")]
    assert audited([*PEOPLE, whole, variant]).judges == dict.fromkeys(named, 1)
    assert [of_judge([whole, variant], each) for each in named] == [[whole], [variant]]
    with pytest.raises(UsageError, match="is several judges"):
        of_judge([whole, variant], "scripted-small")


def test_by_intent_and_band():
    brand, item = Facet("brand", "nike0", True), Facet("item", "shoes1", True)
    labels = []
    for each in PEOPLE:
        facets = (brand,) if each.query.startswith("nike0 ") else (item,) if each.query.startswith("nike1 ") else ()
        labels += [each, by_model(each, each.grade_low if facets else 0, facets=facets)]
    bands = {query_key(PEOPLE[0].query): "head", query_key(PEOPLE[3].query): "head"}
    found = audited(labels, bands)
    assert {(each.by, each.name) for each in found.held if each.by != "part"} == {
        ("all", ""), ("intent", "brand"), ("intent", "item"), ("intent", "none"), ("band", "head"), ("band", "tail"),
    }  # fmt: skip
    assert held(found, "brand").agreement.exact.value == 1
    assert held(found, "none").agreement.exact.value == pytest.approx(1 / 3)
    assert (held(found, "head").agreement.n, held(found, "tail").agreement.n) == (6, 12)


def test_parts_of_the_labels_stand_apart():
    """Prompts are chosen on the selection part: what a choice is worth there is another figure than on all."""
    tuning, selection = (graded_queries(numbers(part, 2)) for part in ("tuning", "selection"))
    labels = [*tuning, *selection]
    found = audited([*labels, *wrong(tuning), *(by_model(each, each.grade_low) for each in selection)])
    assert held(found, "selection").agreement.exact.value == 1
    assert held(found, "tuning").agreement.exact.value == pytest.approx(2 / 6)
    assert "selection" not in {each.name for each in audited([*tuning, *wrong(tuning)]).held}


def test_an_intent_is_of_the_query_and_people_say_it_before_machines():
    facets = (Facet("attribute", "red0", True), Facet("item", "shoes0", True))
    people = [replace(each, origin="facets", facets=facets) for each in PEOPLE[:2]]
    machine = [by_model(each, 2, facets=(Facet("product", "nike0", True),)) for each in people]
    assert {each.name for each in audited([*people, *machine]).held} == {"", "item"}


def test_a_query_without_facets_is_not_one_that_types_no_intent():
    """Direct grades name no facets, and on one query the machine was silent; on another it found no intent."""
    machine = [by_model(each, None) for each in PEOPLE[3:6]]
    found = audited([*PEOPLE[:6], *machine])
    of = [each for each in found.held if (each.by, each.judge) == ("intent", MACHINE)]
    told = [(each.name, each.agreement.n, each.coverage.only_first) for each in of]
    assert told == [("none", 0, 3), ("unknown", 0, 3)]


def test_pairs_drawn_by_chance_are_weighted_and_others_stand_apart():
    drawn = [label(n, "a", 2 if n < 2 else 0, inclusion_probability=0.1 if n < 2 else 1.0) for n in range(4)]
    machine = [by_model(each, 2) for each in drawn]
    found = held(audited([*drawn, *machine])).agreement
    assert found.exact.value == pytest.approx(20 / 22)  # two of weight 10 are right, two of weight 1 are not
    assert found.confusion.sum() == pytest.approx(4)
    picked = [label(n, "b", 0) for n in range(2)]
    mixed = audited([*drawn, *machine, *picked, *(by_model(each, 2) for each in picked)])
    assert held(mixed).agreement.exact.value == pytest.approx(2 / 6)
    assert held(mixed, "by chance").agreement.exact.value == pytest.approx(20 / 22)
    assert held(mixed, "on purpose").agreement.exact.value == 0


def test_chances_of_several_batches_are_not_of_one_draw():
    """Of each batch two pairs, one right: spring drew with chances 0.1 and 1, summer all with 0.5."""
    spring = [label(n, "a", 2 * n, inclusion_probability=0.1 if n else 1.0, batch="spring") for n in range(2)]
    summer = [label(n, "a", grade, inclusion_probability=0.5, batch="summer") for n, grade in ((2, 2), (3, 0))]
    people = [*spring, *summer]
    found = audited([*people, *(by_model(each, 2) for each in people)])
    assert held(found).agreement.exact.value == pytest.approx(2 / 4)
    assert held(found, "by chance: spring").agreement.exact.value == pytest.approx(10 / 11)
    assert held(found, "by chance: summer").agreement.exact.value == pytest.approx(1 / 2)
    both = [replace(each, batch="spring", by="jun", at=AT) for each in summer]  # spring drew them too, with 0.5
    found = audited([*people, *both, *(by_model(each, 2) for each in people)])
    assert held(found).agreement.exact.value == pytest.approx((10 + 2) / (10 + 1 + 2 + 2))


def test_people_are_the_ceiling_also_where_they_differ():
    jun = [replace(each, by="jun", grade_low=0, grade_high=0) if n == 1 else replace(each, by="jun")
           for n, each in enumerate(PEOPLE)]  # fmt: skip
    found = audited([*PEOPLE, *jun, *wrong(PEOPLE)])
    assert found.n == 17  # the disputed pair has no truth
    assert found.ceiling
    assert (found.ceiling.people.n, found.ceiling.people.n_raters) == (18, 2)
    minji, second = [2, 1, 0] * 6, [2, 0, 0] + [2, 1, 0] * 5
    expected = weighted_kappa(np.array(minji, float), np.array(second, float))
    assert found.ceiling.people.weighted_kappa.value == pytest.approx(expected)
    machine = [each.grade_low for each in wrong(PEOPLE)]
    assert found.ceiling.machine.n == 36
    pooled = weighted_kappa(np.array(minji + second, float), np.array(machine * 2, float))
    assert found.ceiling.machine.weighted_kappa.value == pytest.approx(pooled)
    assert audited([*PEOPLE, *wrong(PEOPLE)]).ceiling is None


def test_the_ceiling_is_of_people_who_saw_the_same_and_nobody_else():
    """Of five labels beside minji's two count: adjudications, looks at the machine and other versions are no people."""
    two, one, nought, *more = PEOPLE
    others = [
        replace(two, by="jun"),
        replace(one, by="jun", grade_low=0, grade_high=0),
        replace(nought, by="lead", role="adjudication", grade_low=2, grade_high=2),
        replace(more[0], by="jun", shown=True),
        replace(more[1], by="jun", item_digest="as it was later", grade_low=0, grade_high=0),
        replace(more[2], by="jun", rubric="0", grade_low=2, grade_high=2),
        replace(more[3], role="golden", at=AT + timedelta(days=2)),  # by minji herself
    ]
    machine = [by_model(two, 2), by_model(one, 1, item_digest="as it was later")]
    found = audited([*PEOPLE, *others, *machine]).ceiling
    assert found
    assert (found.people.n, found.people.n_raters, found.people.weighted_kappa.value) == (2, 2, pytest.approx(2 / 3))
    assert found.machine.n == 2  # with minji and with jun on the pair that it saw as they did


def test_pairs_that_were_picked_because_of_dispute_are_no_ceiling():
    """Of six drawn pairs two people share all and agree; of twelve picked ones they share all and differ."""
    drawn = [replace(each, inclusion_probability=0.5) for each in PEOPLE[:6]]
    picked = PEOPLE[6:]
    jun = [replace(each, by="jun") for each in drawn]
    differing = [
        replace(each, by="jun", grade_low=2 - each.grade_low, grade_high=2 - each.grade_low) for each in picked
    ]
    found = audited([*drawn, *picked, *jun, *differing]).ceiling
    assert found
    assert (found.people.n, found.people.weighted_kappa.value, found.n_picked) == (6, 1.0, 12)
    alone = audited([*picked, *differing]).ceiling  # none was drawn, as with imported labels: all count
    assert alone
    assert (alone.people.n, alone.n_picked) == (12, 0)
    again = audited(
        [*drawn, *picked, *jun[:1], *[replace(each, inclusion_probability=None) for each in jun[1:]]]
    ).ceiling
    assert again
    assert (again.people.n, again.n_picked) == (1, 5)  # what was picked tells no chance, whoever labelled it


def test_direct_grades_that_contradict_their_own_facets_are_listed():
    """Adidas shoes for nike shoes are 0 by the rule; one says 1, and an adjudication repeats it."""
    facets = (Facet("brand", "nike0", False), Facet("item", "shoes0", True))
    slip = replace(PEOPLE[1], facets=facets)
    right = replace(PEOPLE[2], facets=facets)
    by_rule = replace(PEOPLE[0], facets=(Facet("brand", "nike0", True),), origin="facets")
    corrected = [replace(PEOPLE[4], facets=facets), replace(PEOPLE[4], at=AT + timedelta(hours=1))]
    lead = replace(slip, by="lead", role="adjudication", at=AT + timedelta(hours=2))
    found = audited([slip, right, by_rule, *corrected, lead, by_model(slip, 0, facets=facets)])
    assert found.contradicting == (lead, slip)
    assert found.table[("1", "0")] == 1  # it counts as given


# --- drift, and the order of systems ------------------------------------------------------------------------------


def test_two_versions_of_the_prompt_are_held_against_each_other_and_people():
    later = AT + timedelta(days=5)
    new = [by_model(each, each.grade_low, prompt_hash="p2", at=later) for each in PEOPLE]
    labels = [*PEOPLE, *new, *wrong(PEOPLE)]
    (found,) = drifts(labels, shared(truths_of(labels).pairs, labels), RESAMPLING)
    assert (found.older, found.newer) == (f"scripted-small@p1@{RUBRIC}", f"scripted-small@p2@{RUBRIC}")
    assert found.agreement.confusion.tolist() == [[4, 0, 0], [2, 0, 0], [0, 6, 6]]
    assert (found.up, found.down) == (0, pytest.approx(8 / 18))
    assert found.newer_and_people.weighted_kappa.value == 1
    assert (
        found.older_and_people.weighted_kappa.value
        == held(audited([*PEOPLE, *wrong(PEOPLE)])).agreement.weighted_kappa.value
    )


def test_versions_without_a_shared_pair_have_no_drift():
    labels = [by_model(PEOPLE[0], 2), by_model(PEOPLE[1], 2, prompt_hash="p2"), by_model(PEOPLE[0], None, by="big")]
    assert drifts(labels, [], RESAMPLING) == []


def run(name: str, order: dict[int, list[str]]) -> Run:
    ranking = {f"q{n}": [(f"i{n}-{of}", 9.0 - at) for at, of in enumerate(items)] for n, items in order.items()}
    return Run.of(ranking, name)


def test_a_machine_may_turn_the_order_of_systems_around():
    good, middling, bad = (
        run(name, {n: list(items) for n in range(6)}) for name, items in (("a", "012"), ("b", "102"), ("c", "210"))
    )
    texts = [{f"q{n}": PEOPLE[3 * n].query for n in range(6)}] * 3
    right = [by_model(each, each.grade_low) for each in PEOPLE]
    turned = [by_model(each, 2 - each.grade_low) for each in PEOPLE]
    for machine, tau in ((right, 1.0), (turned, -1.0)):
        pairs = shared(truths_of(PEOPLE).pairs, machine)
        low, high = ranked([good, middling, bad], texts, pairs, RESAMPLING)
        assert (low.order.tau.value, low.end, high.end) == (pytest.approx(tau), "low", "high")
        assert low.order.by_people[0] == 1.0
        assert low.order.n_queries == 6
    assert math.isclose(low.order.by_people[2], low.order.by_machine[0])


def test_queries_are_one_by_their_text_whatever_ids_runs_give_them():
    good, bad = run("a", {n: list("012") for n in range(6)}), run("b", {n: list("210") for n in range(6)})
    own = {f"q{n}": PEOPLE[3 * n].query for n in range(6)}
    renamed = Run.of({f"other-{n}": bad.hits(f"q{n}") for n in range(6)}, "b")
    theirs = {f"other-{n}": PEOPLE[3 * n].query.upper() for n in range(6)}
    pairs = shared(truths_of(PEOPLE).pairs, [by_model(each, each.grade_low) for each in PEOPLE])
    same, _ = ranked([good, bad], [own, own], pairs, RESAMPLING)
    found, _ = ranked([good, renamed], [own, theirs], pairs, RESAMPLING)
    assert (found.order.by_people, found.order.n_queries, found.n_not_of_all) == (same.order.by_people, 6, 0)
    swapped = {f"q{n}": PEOPLE[3 * (5 - n)].query for n in range(6)}  # the same ids for other queries
    backwards = Run.of({f"q{n}": bad.hits(f"q{5 - n}") for n in range(6)}, "b")
    found, _ = ranked([good, backwards], [own, swapped], pairs, RESAMPLING)
    assert found.order.by_people == same.order.by_people
    fewer, _ = ranked([good, bad], [own, {id: text for id, text in own.items() if id < "q4"}], pairs, RESAMPLING)
    assert (fewer.order.n_queries, fewer.n_not_of_all) == (4, 2)
    with pytest.raises(UsageError, match="no query that all these runs answer") as refused:
        list(ranked([good, bad], [own, {"q0": "another"}], pairs, RESAMPLING))
    assert "Next: semsearch grade pairs --run a --run b" in str(refused.value)


def test_a_query_that_counts_for_one_grader_alone_is_in_no_order():
    """People find nothing relevant in the first query, the machine does: there is no nDCG by people."""
    people = [*(replace(each, grade_low=0, grade_high=0) for each in PEOPLE[:3]), *PEOPLE[3:]]
    pairs = shared(truths_of(people).pairs, [by_model(each, each.grade_low) for each in PEOPLE])
    systems = [
        run("a", {n: list("012") for n in range(6)}),
        run("b", {0: list("012")} | {n: list("210") for n in range(1, 6)}),
    ]
    texts = [{f"q{n}": PEOPLE[3 * n].query for n in range(6)}] * 2
    found, _ = ranked(systems, texts, pairs, RESAMPLING)
    assert found.order.n_queries == 5
    assert found.order.by_machine == pytest.approx(found.order.by_people)


def test_versions_are_compared_on_what_both_saw():
    """One judge went on to the item as it became, the other did not."""
    later = {"at": AT + timedelta(days=9), "item_digest": "edited"}
    old, new = by_model(PEOPLE[0], 2), by_model(PEOPLE[0], 1, prompt_hash="p2", at=AT + timedelta(days=5))
    (found,) = drifts([old, new, by_model(PEOPLE[0], 0, **later)], shared(truths_of(PEOPLE[:1]).pairs, []), RESAMPLING)
    assert (found.agreement.n, found.newer, found.newer_and_people.n) == (1, f"scripted-small@p1@{RUBRIC}", 1)
    both = [old, new, by_model(PEOPLE[0], 0, **later), by_model(PEOPLE[0], 0, prompt_hash="p2", **later)]
    (found,) = drifts(both, shared(truths_of(PEOPLE[:1]).pairs, []), RESAMPLING)
    assert (found.agreement.n, found.agreement.confusion[0, 0], found.newer_and_people.n) == (1, 1, 0)
