"""Which pairs come to whom, and in which order."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

import pytest
from tests.unit.review.labelling.drawn import judged, task
from tests.unit.review.labelling.drawn import said as by_person

from semsearch.errors import MissingPart, UsageError
from semsearch.records import Label
from semsearch.review.labelling.strategies import Order, Plan, Said, agree, plan
from semsearch.store.labels import Key, pair_of
from semsearch.store.labels.batches import Golden, Task

TASKS = [task(f"q{q}", f"i{q}{i}") for q in range(5) for i in range(3)]
A, B, C, D, *_ = TASKS


def said(*labels: Label) -> Said:
    people: dict[Key, list[Label]] = defaultdict(list)
    for label in labels:
        if label.source == "person":
            people[pair_of(label)].append(label)
    return Said(people, {pair_of(label): label for label in labels if label.source == "model"})


def ids(found: Plan) -> list[str]:
    return [each.item_id for each in found.left]


def planned(order: Order, *labels: Label, by: str = "minji", tasks: list[Task] = TASKS) -> list[str]:
    return ids(plan(order, tasks, by, said(*labels)))


def test_queries_come_in_an_order_of_each_annotators_own_with_their_pairs_together() -> None:
    order = planned("random")
    assert sorted(order) == [each.item_id for each in TASKS]
    assert len(list(groupby(order, lambda item_id: item_id[:2]))) == 5
    by_query = [list(dict.fromkeys(item_id[:2] for item_id in planned("random", by=by))) for by in ("minji", "jun")]
    assert by_query[0] != by_query[1]
    assert order == planned("random", tasks=TASKS[::-1])


def test_after_a_break_the_rest_comes_in_the_same_order() -> None:
    order = planned("random")
    done = [by_person(each, 1) for each in TASKS if each.item_id in order[:4]]
    found = plan("random", TASKS, "minji", said(*done))
    assert (ids(found), found.done) == (order[4:], 4)


def test_pairs_that_are_nobodys_go_to_who_comes_first_and_where_two_are_wanted_to_a_second() -> None:
    wanted = [task("q", "i1"), task("q", "i2", second=True)]
    others = [by_person(each, 1, "jun") for each in wanted]
    assert planned("random", *others, tasks=wanted) == ["i2"]
    with pytest.raises(UsageError, match="others labelled it"):
        planned("random", *others, by_person(wanted[1], 1, "sora"), tasks=wanted)


def test_dealt_pairs_go_to_whom_they_were_dealt() -> None:
    dealt = [task("q", "i1", annotators=("minji", "jun")), task("q", "i2", annotators=("jun",))]
    assert planned("random", by_person(dealt[0], 1, "jun"), tasks=dealt) == ["i1"]
    with pytest.raises(UsageError, match="is for jun, minji, not for sora"):
        planned("random", by="sora", tasks=dealt)


def test_golden_pairs_are_everybodys_but_theirs_who_know_the_answer() -> None:
    golden = task("g", "g", golden=Golden(1, 1, ("sora",)))
    others = [by_person(golden, 1, name) for name in ("a", "b", "c")]
    assert "g" in planned("random", *others, tasks=[*TASKS, golden])
    assert "g" not in planned("random", *others, by="sora", tasks=[*TASKS, golden])


def test_a_golden_pair_does_not_stand_with_the_others_of_its_query() -> None:
    golden = task("q0", "g", golden=Golden(1, 1, ("sora",)))
    orders = [planned("random", by=f"by{n}", tasks=[*TASKS, golden]) for n in range(10)]
    together = ["g" in "".join(order[max(0, order.index("i00") - 3) : order.index("i00") + 4]) for order in orders]
    assert not all(together)


def test_uncertain_is_what_the_machine_left_open_or_did_not_answer() -> None:
    machine = [judged(each, 1) for each in TASKS[3:]]
    open_ = [judged(A, 0, grade_high=2), judged(B, None)]  # C has no answer
    assert sorted(planned("uncertain", *machine, *open_)) == [A.item_id, B.item_id, C.item_id]
    assert sorted(planned("uncertain", *machine, *open_, by_person(A, 2))) == [B.item_id, C.item_id]


@pytest.mark.parametrize("order", ["uncertain", "disagreement"])
def test_without_a_machine_there_is_no_such_order(order: Order) -> None:
    with pytest.raises(MissingPart, match="No model graded"):
        planned(order)


def test_disagreement_is_anothers_label_or_ones_own_until_somebody_else_spoke() -> None:
    machine = [judged(each, 1) for each in TASKS]
    assert planned("disagreement", *machine, by_person(A, 2, "jun"), by_person(B, 1, "jun")) == [A.item_id]
    own = by_person(A, 2)
    assert planned("disagreement", *machine, own) == [A.item_id]
    assert planned("disagreement", *machine, own, by_person(A, 2, minute=1)) == []
    assert planned("disagreement", *machine, own, by_person(A, 0, "jun")) == []
    # what jun said last counts
    again = [by_person(A, 2, "jun"), by_person(A, 1, "jun", minute=1)]
    assert planned("disagreement", *machine, *again) == []


def test_second_opinions_are_on_what_others_labelled_whosever_pairs_they_are() -> None:
    dealt = [task("q", f"i{i}", annotators=("jun",)) for i in range(3)]
    labels = [by_person(dealt[0], 1, "jun"), by_person(dealt[1], 1, "jun"), by_person(dealt[1], 1)]
    assert planned("second", *labels, tasks=dealt) == ["i0"]


def test_a_second_opinion_has_the_probability_with_which_the_first_ones_pair_was_drawn() -> None:
    drawn, picked = by_person(A, 1, "jun", inclusion_probability=0.5), by_person(B, 1, "jun")
    labels: dict[Key, list[Label]] = {A.key: [drawn], B.key: [picked]}
    found = plan("second", TASKS, "minji", Said(labels, {})).left
    assert {each.item_id: each.inclusion_probability for each in found} == {A.item_id: 0.5, B.item_id: None}


def test_nobody_gives_a_second_opinion_before_another_has_spoken() -> None:
    with pytest.raises(MissingPart, match="Nobody else has labelled a pair of batch 'b1'") as error:
        planned("second", by_person(A, 1))
    assert error.value.next_step.startswith("Next: semsearch label session b1 --by NAME")


@pytest.mark.parametrize("order", ["random", "uncertain", "second", "disagreement"])
def test_a_golden_pair_comes_in_no_order_to_who_knows_its_grade(order: Order) -> None:
    golden = task("g", "i9", golden=Golden(2, 2, ("minji",)), inclusion_probability=None)
    labels = [by_person(each, 0, "jun") for each in (A, golden)]
    labels += [judged(each, None) for each in (A, golden)]
    assert "i9" not in planned(order, *labels, tasks=[A, B, golden])
    assert "i9" in planned(order, *labels, by="sora", tasks=[A, B, golden])


def test_grades_agree_when_one_lies_within_the_other() -> None:
    assert agree((1, 1), (1, 1))
    assert agree((1, 1), (0, 2))
    assert agree((0, 2), (1, 2))
    assert agree((None, None), (None, None))
    assert not agree((0, 1), (1, 2))
    assert not agree((2, 2), (0, 1))
    assert not agree((None, None), (0, 2))
