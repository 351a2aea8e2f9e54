"""One person's session: what is kept, what is shown, what an undo does."""

from __future__ import annotations

import pytest
from tests.unit.review.labelling.drawn import Clock, judged, said, task

from semsearch.records import Facet, Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.review.labelling.opinions import Opinion
from semsearch.review.labelling.session import PACED_FROM, Missed, Noted, Session
from semsearch.review.labelling.strategies import Order, Plan
from semsearch.store.labels import Key, effective, pair_of, standing
from semsearch.store.labels.batches import Golden, Task

TASKS = [task("나이키 운동화", f"i{i}") for i in range(3)] + [task("q2", "j0")]
BRAND, KIND = Facet("brand", "나이키", True), Facet("item", "운동화", False)


class Desk:
    """A session whose labels are a list."""

    def __init__(self, *machine: Label, order: Order = "random", tasks: list[Task] = TASKS, **more: object) -> None:
        self.kept: list[Label] = []
        self.clock = Clock()
        self.machine: dict[Key, Label] = {pair_of(label): label for label in machine}
        self.tasks, self.order, self.more = tasks, order, more
        self.session = self.opened()

    def opened(self) -> Session:
        """As after a kill: nothing is known but the labels that were kept."""
        own = standing(self.kept)
        done = {pair_of(label) for label in own}
        left = tuple(each for each in self.tasks if each.key not in done)
        self.session = Session(
            Plan(left, len(self.tasks) - len(left)),
            by="minji",
            keep=self.kept.append,
            clock=self.clock,
            order=self.order,
            said=own,
            machine=self.machine,
            tasks=self.tasks,
            **self.more,  # type: ignore[arg-type]
        )
        return self.session

    def at(self) -> str:
        shown = self.session.next()
        assert shown
        return shown.task.item_id

    def answer(self, grade: int | None, seconds: float = 2) -> Label:
        self.session.next()
        self.clock.goes_on(seconds)
        return self.session.direct(grade).label


def test_a_grade_is_kept_with_all_that_it_rests_on() -> None:
    desk = Desk()
    desk.session.next()
    desk.session.note(" too small ")
    desk.clock.goes_on(2.5)
    answered = desk.session.direct(2)
    [kept] = desk.kept
    first = TASKS[0]
    assert answered.label is kept
    assert (kept.query, kept.item_id, kept.item, kept.item_digest) == (*first.key, first.item, first.item_digest)
    assert (kept.grade_low, kept.grade_high, kept.origin, kept.rubric) == (2, 2, "direct", RUBRIC)
    assert (kept.by, kept.batch, kept.seconds, kept.note, kept.role) == ("minji", "b1", 2.5, "too small", "label")
    assert kept.inclusion_probability == 0.5
    assert not kept.shown
    assert desk.answer(None).note == ""
    assert desk.kept[-1].grade_low is None


@pytest.mark.parametrize("order", ["uncertain", "disagreement"])
def test_what_was_picked_by_what_is_known_has_no_probability(order: Order) -> None:
    assert Desk(order=order).answer(1).inclusion_probability is None
    assert Desk(order="second").answer(1).inclusion_probability == 0.5


def test_after_a_kill_the_same_pair_comes_with_the_same_progress() -> None:
    desk = Desk()
    desk.answer(1)
    desk.answer(0)
    assert desk.at() == "i2"
    before = desk.session.progress
    desk.opened()
    assert desk.at() == "i2"
    assert (desk.session.progress.done, desk.session.progress.total) == (before.done, before.total) == (2, 4)


def test_an_undo_is_a_line_of_its_own_and_brings_the_pair_back_also_after_a_break() -> None:
    desk = Desk()
    desk.answer(1)
    second = desk.answer(0)
    desk.opened()
    assert desk.session.undo() == second
    assert [label.retracts for label in desk.kept] == ["", "", second.label_id]
    assert desk.at() == "i1"
    desk.session.undo()
    assert desk.session.undo() is None
    assert (desk.at(), desk.session.progress.done, desk.session.progress.total) == ("i0", 0, 4)
    assert effective(desk.kept) == {}
    desk.clock.goes_on(1)
    desk.answer(2)
    assert [each.grade_low for each in effective(desk.kept).values()] == [2]


def test_an_undo_at_the_same_moment_counts() -> None:
    desk = Desk()
    desk.answer(1, seconds=0)
    desk.session.undo()
    assert effective(desk.kept) == {}


def test_a_skipped_pair_comes_after_the_others_and_first_the_next_time() -> None:
    desk = Desk()
    assert desk.at() == "i0"
    desk.session.skip()
    assert [desk.answer(1).item_id for _ in range(4)] == ["i1", "i2", "j0", "i0"]
    assert desk.session.next() is None
    again = Desk()
    again.session.next()
    again.session.skip()
    again.opened()
    assert again.at() == "i0"
    assert again.kept == []


def test_the_machines_opinion_is_told_when_the_next_pair_is_answered_with_whether_it_agrees() -> None:
    desk = Desk(judged(TASKS[0], 2), judged(TASKS[1], 0, grade_high=1))
    shown = desk.session.next()
    assert shown and shown.machine is None
    first = desk.session.direct(0)
    assert (first.told, first.label.shown) == (None, False)
    desk.session.next()
    second = desk.session.direct(1)
    assert second.told and (second.told.label, second.told.agrees) == (first.label, False)
    assert str(second.told.machine and second.told.machine.grade) == "2"
    desk.session.next()
    third = desk.session.direct(1)
    assert third.told and (third.told.label, third.told.agrees) == (second.label, True)
    assert str(third.told.machine and third.told.machine.grade) == "0–1"
    desk.session.next()
    assert desk.session.direct(1).told is None  # of the third pair the machine says nothing
    assert desk.session.end() is None


def test_shown_first_it_is_recorded_and_without_an_opinion_nothing_was_shown() -> None:
    desk = Desk(judged(TASKS[0], 2, facets=(BRAND, KIND)), show_machine=True)
    shown = desk.session.next()
    assert shown and shown.machine == Opinion.of(desk.machine[TASKS[0].key])
    assert desk.session.direct(2).label.shown
    assert not desk.answer(1).shown


def test_who_takes_the_last_label_back_has_not_seen_the_machines_opinion_and_who_goes_further_has() -> None:
    desk = Desk(*(judged(each, 2, facets=(BRAND,)) for each in TASKS))
    desk.answer(0)
    desk.session.undo()
    shown = desk.session.next()
    assert shown and shown.machine is None
    assert not desk.session.direct(2).label.shown
    desk.answer(1)  # now the machine's opinion of the first is told
    desk.session.undo()
    assert not desk.answer(2).shown
    desk.session.undo()
    desk.session.undo()
    shown = desk.session.next()
    assert shown and shown.machine
    assert desk.session.direct(2).label.shown
    again = desk.answer(2)
    assert (again.item_id, again.shown) == ("i1", False)
    assert [(label.item_id, label.shown) for label in desk.kept if label.retracts] == [
        ("i0", False), ("i1", False), ("i1", False), ("i0", True),
    ]  # fmt: skip


def test_of_the_last_pair_it_is_told_at_the_end_and_seen_from_then_on() -> None:
    desk = Desk(judged(TASKS[3], 1, facets=(BRAND,)))
    last = [desk.answer(2) for _ in TASKS][-1]
    desk.session.undo()
    last = desk.answer(0)
    assert not last.shown
    told = desk.session.end()
    assert told and (told.label, told.agrees, told.machine and told.machine.facets) == (last, False, (BRAND,))
    assert desk.session.end() is None
    desk.session.undo()
    assert desk.answer(1).shown


def test_an_undo_takes_back_what_was_done_last_also_a_skip() -> None:
    desk = Desk()
    first = desk.answer(1)
    assert desk.at() == "i1"
    desk.session.skip()
    assert desk.at() == "i2"
    undone = desk.session.undo()
    assert isinstance(undone, Task) and undone.item_id == desk.at() == "i1"
    assert [label.retracts for label in desk.kept] == [""]
    assert desk.session.undo() == first
    assert desk.session.undo() is None
    desk.session.next()
    desk.session.skip()
    answered = desk.answer(0)
    assert [desk.session.undo(), desk.at()] == [answered, "i1"]
    assert [isinstance(desk.session.undo(), Task), desk.at()] == [True, "i0"]


def test_a_note_waits_for_its_pair_and_is_told_when_none_is_answered() -> None:
    desk = Desk(tasks=TASKS[:2])
    desk.session.next()
    desk.session.note("which brand?")
    desk.session.skip()
    assert desk.answer(1).note == ""
    assert desk.session.unkept == (Noted("나이키 운동화", "i0", "which brand?"),)
    shown = desk.session.next()
    assert shown and shown.note == "which brand?"
    assert desk.session.direct(0).label.note == "which brand?"
    assert desk.session.unkept == ()
    desk.session.undo()
    shown = desk.session.next()
    assert shown and shown.note == "which brand?"


def test_pairs_that_others_label_meanwhile_come_no_more() -> None:
    gone: set[Key] = set()
    desk = Desk(elsewhere=lambda: set(gone))
    desk.answer(1)
    gone |= {TASKS[1].key, TASKS[3].key}
    assert desk.answer(1).item_id == "i2"
    assert desk.session.next() is None
    assert (desk.session.n_elsewhere, desk.session.progress.total) == (2, 2)


def test_the_machines_reading_of_a_query_is_told_after_the_querys_last_pair() -> None:
    facets = (BRAND, KIND)
    desk = Desk(*(judged(each, 1, facets=facets, note="words") for each in TASKS))
    told = []
    while desk.session.next():
        told.append(desk.session.direct(2).told)
    assert told.pop(0) is None
    told.append(desk.session.end())
    assert [each and (each.agrees, str(each.machine and each.machine.grade)) for each in told] == [(False, "1")] * 4
    # that of the last but one could be known when the last is taken back
    assert [bool(each and each.machine and each.machine.facets) for each in told] == [False, False, True, True]
    for each in told[:2]:
        assert each and each.machine and not (each.machine.grade.why or each.machine.note)


def test_a_pair_that_comes_again_shows_no_facets_while_others_of_its_query_are_to_come() -> None:
    desk = Desk(judged(TASKS[0], 1, facets=(BRAND, KIND)))
    desk.answer(2)
    desk.answer(2)
    desk.session.undo()
    desk.session.undo()
    shown = desk.session.next()
    assert shown and shown.machine and (str(shown.machine.grade), shown.machine.facets) == ("1", ())


def test_facets_give_the_grade_by_the_rule_and_are_remembered_for_the_query() -> None:
    desk = Desk()
    shown = desk.session.next()
    assert shown and shown.facets == ()
    label = desk.session.by_facets([BRAND, KIND]).label
    assert (label.grade_low, label.grade_high, label.origin, label.facets) == (1, 1, "facets", (BRAND, KIND))
    shown = desk.opened().next()
    assert shown and shown.facets == (BRAND, KIND)
    open_ = desk.session.by_facets([BRAND, Facet("item", "운동화", None)]).label
    assert (open_.grade_low, open_.grade_high) == (1, 2)
    assert desk.session.next()
    assert desk.session.by_facets([]).label.grade_low is None


def test_a_direct_grade_that_contradicts_its_facets_is_told() -> None:
    desk = Desk()
    desk.session.next()
    answered = desk.session.direct(2, [BRAND, KIND])
    assert (answered.label.origin, answered.label.grade_low, answered.label.facets) == ("direct", 2, (BRAND, KIND))
    assert answered.rule and str(answered.rule) == "1"
    desk.session.next()
    assert desk.session.direct(1, [BRAND, KIND]).rule is None


def test_pace_is_of_the_time_at_pairs_and_not_of_a_few() -> None:
    desk = Desk(tasks=[task("q", f"i{n:02}") for n in range(PACED_FROM + 1)])
    for _ in range(PACED_FROM - 1):
        desk.answer(1, seconds=3)
        desk.clock.goes_on(3600)  # a break between drawing pairs counts for nothing
    assert desk.session.progress.labels_an_hour is None
    desk.answer(1, seconds=9)
    assert desk.session.progress.labels_an_hour == pytest.approx(1000)  # 10 in 9 × 3 + 9 s
    desk.answer(1, seconds=30)
    desk.session.undo()
    assert desk.session.progress.labels_an_hour == pytest.approx(1000)
    assert desk.session.progress.answered == PACED_FROM


def test_a_pair_that_is_marked_as_known_is_a_golden_one_and_still_what_was_drawn() -> None:
    desk = Desk()
    desk.session.next()
    desk.session.known(True)
    first = desk.session.direct(2).label
    assert (first.role, first.by, first.inclusion_probability) == ("golden", "minji", 0.5)
    assert desk.answer(1).role == "label"  # the mark goes with one pair
    desk.session.next()
    desk.session.known(True)
    desk.session.known(False)
    assert desk.session.direct(0).label.role == "label"
    assert desk.opened().n_known == 1
    assert desk.at() == "j0"


def test_nobody_marks_a_pair_as_known_by_which_they_are_measured() -> None:
    desk = Desk(tasks=[task("g", golden=Golden(1, 1, ("sora",)))])
    desk.session.next()
    desk.session.known(True)
    assert desk.session.direct(2).label.role == "label"
    assert desk.session.n_known == 0
    assert desk.session.golden == (1, (Missed("g", "i1", (2, 2), (1, 1)),))


def test_golden_pairs_are_told_at_the_end_of_earlier_sessions_too() -> None:
    golden = [task("g", f"g{i}", golden=Golden(1, 1, ("sora",)), inclusion_probability=None) for i in range(3)]
    desk = Desk(tasks=golden)
    desk.answer(1)
    desk.answer(0)
    assert desk.session.golden == (2, (Missed("g", "g1", (0, 0), (1, 1)),))
    desk.opened()
    assert desk.session.golden[0] == 2
    desk.session.undo()
    assert desk.session.golden == (1, ())
    assert {label.role for label in desk.kept} == {"label"}


def test_who_adjudicates_sees_opinions_and_learns_names_after() -> None:
    opinions = (said(TASKS[0], 2, "jun", note="fits"), said(TASKS[0], 0, "sora", facets=(BRAND,)))
    desk = Desk(role="adjudication", opinions={TASKS[0].key: opinions})
    shown = desk.session.next()
    assert shown
    assert [str(each.grade) for each in shown.opinions] == ["2", "0"]
    assert "jun" not in repr(shown)
    answered = desk.session.direct(1)
    assert (answered.label.role, answered.told) == ("adjudication", None)
    told = desk.session.end()
    assert told and [(by, str(grade)) for by, grade in told.opinions] == [("jun", "2"), ("sora", "0")]
