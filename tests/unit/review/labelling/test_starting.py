"""Sessions of a workspace: what is done, gone, changed, held by another process, or of another rubric."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.review.labelling.drawn import Clock, Shelf, item, judged, said, task

from semsearch.errors import Busy, MismatchError, MissingPart, UsageError
from semsearch.records import Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.review.labelling.starting import Desk, Opened, annotator, differing, open_adjudication, open_session
from semsearch.store.labels import LabelFiles
from semsearch.store.labels import files as label_files
from semsearch.store.labels.batches import Task, write_batch
from semsearch.store.labels.lines import label_of
from semsearch.workspace import Workspace

TASKS = [task("q", f"i{i}", imported=True) for i in range(3)]
ALL = {each.item_id: item(each.item_id) for each in TASKS}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = Workspace.create(tmp_path / "w")
    write_batch(found, "b1", TASKS)
    return found


def desk(workspace: Workspace, items: dict[str, dict[str, str]] | None = None) -> Desk:
    return Desk(workspace, Shelf(ALL if items is None else items), Clock())


def people(workspace: Workspace) -> list[Label]:
    return list(LabelFiles(workspace).read("person"))


def shown(opened: Opened) -> Task:
    found = opened.session.next()
    assert found
    return found.task


def test_what_is_answered_is_in_the_file_at_once_and_the_next_session_goes_on(workspace: Workspace) -> None:
    with open_session(desk(workspace), "b1", "minji", "random") as opened:
        first = shown(opened)
        opened.session.direct(2)
        assert [label.item_id for label in people(workspace)] == [first.item_id]
        second = shown(opened)
    with open_session(desk(workspace), "b1", " minji ", "random") as opened:
        assert shown(opened) == second
        assert (opened.session.progress.done, opened.session.progress.total) == (1, 3)


def test_two_sessions_of_one_annotator_are_refused_and_of_two_are_not(workspace: Workspace) -> None:
    with open_session(desk(workspace), "b1", "minji", "random"):
        with pytest.raises(Busy), open_session(desk(workspace), "b1", "minji", "second"):
            pass
        with open_session(desk(workspace), "b1", "jun", "random") as opened:
            assert shown(opened)


def test_items_that_are_gone_are_passed_over_and_those_that_changed_are_marked(workspace: Workspace) -> None:
    now = {"i1": item("i1"), "i2": item("i2", body="sold as a bundle")}
    with open_session(desk(workspace, now), "b1", "minji", "random") as opened:
        assert [each.item_id for each in opened.gone] == ["i0"]
        seen = {}
        while found := opened.session.next():
            seen[found.task.item_id] = found.changed
            assert found.task.item == item(found.task.item_id)  # as it was drawn
            opened.session.direct(1)
    assert seen == {"i1": False, "i2": True}
    with open_session(desk(workspace, {}), "b1", "minji", "random") as opened:  # what was answered is not passed over
        assert [each.item_id for each in opened.gone] == ["i0"]
        assert opened.session.progress.done == 2


def test_items_that_a_file_brought_are_never_gone(workspace: Workspace) -> None:
    write_batch(workspace, "b2", [task("q", "x1", batch="b2")])
    with open_session(desk(workspace), "b2", "minji", "random") as opened:
        assert (opened.gone, shown(opened).item_id) == ((), "x1")


def test_a_batch_that_another_rubric_began_is_refused_before_the_first_key(workspace: Workspace) -> None:
    LabelFiles(workspace).append(said(TASKS[0], 1, "jun", rubric="0"))
    with (
        pytest.raises(MismatchError, match=f"begun with rubric 0; now it is {RUBRIC}"),
        open_session(desk(workspace), "b1", "minji", "random"),
    ):
        pass


def test_opinions_of_machines_by_another_rubric_or_of_another_item_do_not_count(workspace: Workspace) -> None:
    files = LabelFiles(workspace)
    files.append(judged(TASKS[0], 1))
    files.append(judged(TASKS[1], 1, rubric="0", batch="old"))
    files.append(judged(TASKS[2], 1, minute=5, item_digest="of another item"))
    with open_session(desk(workspace), "b1", "minji", "random") as opened:
        told = {}
        while found := opened.session.next():
            told[found.task.item_id] = None
            before = opened.session.direct(1).told
            told |= {before.label.item_id: before.machine} if before else {}
        last = opened.session.end()
        told |= {last.label.item_id: last.machine} if last else {}
    assert {item_id for item_id, opinion in told.items() if opinion} == {"i0"}


def test_who_saw_the_machines_opinion_has_seen_it_after_a_break_in_other_batches_and_when_adjudicating(
    workspace: Workspace,
) -> None:
    LabelFiles(workspace).append(*(judged(each, 1, batch="m") for each in TASKS))
    with open_session(desk(workspace), "b1", "minji", "random") as opened:
        first = shown(opened)
        opened.session.direct(2)
        shown(opened)
        opened.session.direct(2)  # only now it is told
        opened.session.undo()
        opened.session.undo()
    write_batch(workspace, "b2", [task(each.query, each.item_id, batch="b2") for each in TASKS])
    for batch in ("b1", "b2"):
        with open_session(desk(workspace), batch, "minji", "random") as opened:
            kept = {}
            while found := opened.session.next():
                kept[found.task.item_id] = (found.machine is not None, opened.session.direct(0).label.shown)
        assert {item_id for item_id, seen in kept.items() if seen == (True, True)} == (
            {first.item_id} if batch == "b1" else set(ALL)
        )
        assert all(each in ((True, True), (False, False)) for each in kept.values())
    LabelFiles(workspace).append(said(first, 2, "jun"))
    with open_adjudication(desk(workspace), "b1", "sora") as opened:
        assert shown(opened) and not opened.session.direct(1).label.shown
        opened.session.end()
    with open_session(desk(workspace), "b2", "sora", "second") as opened:
        seen = {}
        while found := opened.session.next():
            seen[found.task.item_id] = opened.session.direct(1).label.shown
    assert {item_id for item_id, each in seen.items() if each} == {first.item_id}


def test_what_is_wrong_in_other_batches_is_told_and_stops_nobody(workspace: Workspace) -> None:
    files = LabelFiles(workspace)
    files.append(said(TASKS[0], 1, "jun", batch="old"))
    files.append(said(TASKS[1], 1, "minji", batch="old"))
    files.append(judged(TASKS[1], 2, batch="m"))
    for path in files.paths():
        path.write_bytes(b"<<<<<<< ours\n" + path.read_bytes() + b"=======\nno label\n>>>>>>> theirs\n")
    with open_session(desk(workspace), "b1", "minji", "random") as opened:
        told = sorted(fault.message.split("/labels/")[1].split(":")[0] for fault in opened.faults)
        assert told == ["machine/gpt-x/m.jsonl", "people/minji/old.jsonl"]
        seen = set()
        while found := opened.session.next():
            seen |= {(found.task.item_id, found.machine is not None)}
            opened.session.direct(1)
        assert seen == {("i0", False), ("i1", True), ("i2", False)}


def test_what_is_wrong_in_the_batch_itself_stops_a_session(workspace: Workspace) -> None:
    LabelFiles(workspace).append(said(TASKS[0], 1, "jun"))
    with LabelFiles(workspace).path("person", "jun", "b1").open("ab") as file:
        file.write(b"<<<<<<< ours\n")
    with pytest.raises(UsageError, match="conflict"), open_session(desk(workspace), "b1", "minji", "random"):
        pass


def test_a_session_takes_no_labels_of_other_items_apart(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    files, read = LabelFiles(workspace), list[bytes]()
    others = [task("q", f"x{n}", batch="old") for n in range(50)]
    for by in ("minji", "jun"):
        files.append(*(said(each, 1, by, batch="old") for each in others))
    files.append(*(judged(each, 1, batch="m") for each in (*others, TASKS[0])))
    monkeypatch.setattr(label_files, "label_of", lambda line: read.append(line) or label_of(line))
    with open_session(desk(workspace), "b1", "minji", "random") as opened:
        assert shown(opened)
    assert len(read) == 1


@pytest.mark.parametrize("by", ["", "  "])
def test_nobody_labels_nothing(workspace: Workspace, by: str) -> None:
    with pytest.raises(UsageError, match="Who labels"):
        annotator(by)
    with pytest.raises(UsageError), open_session(desk(workspace), "b1", by, "random"):
        pass


# --- adjudicating -----------------------------------------------------------------------------


def differ(workspace: Workspace, *tasks: Task, **changed: object) -> None:
    files = LabelFiles(workspace)
    for each in tasks:
        files.append(said(each, 2, "minji", **changed))
        files.append(said(each, 0, "jun", minute=1, **changed))


def test_only_pairs_on_which_people_differ_come_and_what_is_decided_counts(workspace: Workspace) -> None:
    differ(workspace, TASKS[0])
    LabelFiles(workspace).append(said(TASKS[1], 1))
    with open_adjudication(desk(workspace), "b1", "sora") as opened:
        assert shown(opened).item_id == "i0"
        opened.session.direct(1)
        assert opened.session.next() is None
        told = opened.session.end()
        assert told and sorted(by for by, _ in told.opinions) == ["jun", "minji"]
    [decided] = [label for label in people(workspace) if label.role == "adjudication"]
    assert (decided.by, decided.batch, decided.grade_low, decided.item) == ("sora", "b1", 1, TASKS[0].item)
    with pytest.raises(MissingPart, match="no pair in batch 'b1'"), open_adjudication(desk(workspace), "b1", "sora"):
        pass


def test_who_decided_otherwise_than_another_is_asked_again_until_they_agree(workspace: Workspace) -> None:
    differ(workspace, TASKS[0])
    for by, grade in (("sora", 1), ("lead", 0)):
        LabelFiles(workspace).append(said(TASKS[0], grade, by, minute=-1, role="adjudication"))
    for by, other in (("third", ["lead", "sora"]), ("sora", ["lead", "third"])):
        with open_adjudication(desk(workspace), "b1", by) as opened:
            assert shown(opened).item_id == "i0"
            opened.session.direct(0)
            told = opened.session.end()
            assert told and sorted(each for each, _ in told.opinions) == other
    for by in ("sora", "lead", "third"):
        with pytest.raises(MissingPart), open_adjudication(desk(workspace), "b1", by):
            pass


def test_who_decides_is_told_that_an_item_changed_since_people_judged_it(workspace: Workspace) -> None:
    differ(workspace, *TASKS[:2])
    with open_adjudication(desk(workspace, ALL | {"i0": item("i0", body="edited")}), "b1", "sora") as opened:
        seen = {}
        while found := opened.session.next():
            seen[found.task.item_id] = (found.task.item, found.changed)
            opened.session.direct(1)
    assert seen == {"i0": (ALL["i0"], True), "i1": (ALL["i1"], False)}


def test_nobody_decides_pairs_that_they_graded(workspace: Workspace) -> None:
    differ(workspace, TASKS[0])
    for batch in ("b1", None):
        with (
            pytest.raises(MissingPart, match="differ were graded by minji too") as told,
            open_adjudication(desk(workspace), batch, "minji"),
        ):
            pass
        assert told.value.next_step.startswith(f"Next: semsearch label adjudicate {'b1 ' if batch else ''}--by NAME")
    for by, grade in (("lead", 1), ("jun", 2)):
        LabelFiles(workspace).append(said(TASKS[1], grade, by, minute=2))
    with open_adjudication(desk(workspace), "b1", "minji") as opened:
        assert (opened.n_own, shown(opened).item_id) == (1, "i1")
        opened.session.direct(2)
        assert opened.session.next() is None
    assert differing(desk(workspace), "b1") == (1, 2)


def test_an_unnamed_batch_at_two_desks_at_once_is_labelled_once(workspace: Workspace) -> None:
    tasks = [task(f"q{n % 4}", f"x{n}", batch="both", second=n == 0) for n in range(20)]
    write_batch(workspace, "both", tasks)
    with (
        open_session(desk(workspace), "both", "minji", "random") as one,
        open_session(desk(workspace), "both", "jun", "random") as other,
    ):
        going = True
        while going:
            going = False
            for opened in (one, other):
                if opened.session.next():
                    opened.session.direct(1)
                    going = True
        n = one.session.n_elsewhere + other.session.n_elsewhere
    said_of = [label.item_id for label in people(workspace)]
    assert len(set(said_of)) == 20
    assert 20 <= len(said_of) <= 21  # one of them is for two
    assert n == 2 * 20 - len(said_of)


@pytest.mark.parametrize("left", [b"", b'{"query": "q", "item_id": "x'], ids=["nothing", "a torn line"])
def test_a_desk_sees_what_a_colleague_labels_after_a_kill(workspace: Workspace, left: bytes) -> None:
    files = LabelFiles(workspace)
    files.append(said(TASKS[0], 2, "jun"))
    with files.path("person", "jun", "b1").open("ab") as file:
        file.write(left)
    with open_session(desk(workspace), "b1", "minji", "random") as opened:
        first = shown(opened)
        files.append(*(said(each, 2, "jun", minute=1) for each in TASKS[1:] if each != first))
        opened.session.direct(1)
        assert opened.session.next() is None
    assert opened.session.n_elsewhere == 1
    assert [label.item_id for label in people(workspace) if label.by == "minji"] == [first.item_id]


def test_a_batch_that_is_not_there_is_told_and_the_next_step_says_the_batch(workspace: Workspace) -> None:
    with (
        pytest.raises(UsageError, match="no batch 'nosuch'; there are: b1"),
        open_adjudication(desk(workspace), "nosuch", "sora"),
    ):
        pass
    for batch, step in (("b1", "b1"), (None, "BATCH")):
        with (
            pytest.raises(MissingPart) as told,
            open_adjudication(desk(workspace), batch, "sora"),
        ):
            pass
        assert f"Next: semsearch label session {step} --order second --by NAME" in told.value.next_step


def test_an_adjudication_can_be_taken_back_in_a_later_session(workspace: Workspace) -> None:
    differ(workspace, TASKS[0], TASKS[1])
    with open_adjudication(desk(workspace), None, "sora") as opened:
        first = shown(opened)
        opened.session.direct(1)
    with open_adjudication(desk(workspace), None, "sora") as opened:
        assert shown(opened) != first
        opened.session.undo()
        again = opened.session.next()
        assert again and again.task == first
        assert len(again.opinions) == 2


def test_what_another_rubric_graded_is_decided_in_a_batch_of_its_own(workspace: Workspace) -> None:
    differ(workspace, TASKS[0], rubric="", origin="imported")
    with open_adjudication(desk(workspace), "b1", "sora") as opened:
        shown(opened)
        assert opened.session.direct(1).label.batch == "b1-adjudicated"


def test_of_several_batches_one_can_be_named_and_an_item_that_nobody_saw_is_left_out(workspace: Workspace) -> None:
    differ(workspace, TASKS[0], batch="other")
    differ(workspace, TASKS[1], item={}, item_digest="")
    with pytest.raises(MissingPart), open_adjudication(desk(workspace, {}), "b1", "sora"):
        pass
    with open_adjudication(desk(workspace, {}), None, "sora") as opened:
        assert opened.session.progress.total == 1
        assert shown(opened).batch == "other"


def test_the_order_of_opinions_does_not_tell_who_came_first(workspace: Workspace) -> None:
    many = [task("q", f"x{i}") for i in range(12)]
    differ(workspace, *many)
    with open_adjudication(desk(workspace), None, "sora") as opened:
        firsts = set()
        while found := opened.session.next():
            firsts.add(str(found.opinions[0].grade))
            opened.session.direct(1)
    assert firsts == {"0", "2"}


def test_a_pair_of_which_no_label_has_the_item_is_decided_by_that_of_the_catalogue(workspace: Workspace) -> None:
    unseen = [task("q", item_id, item={}) for item_id in ("i1", "elsewhere")]
    for by, grade in (("minji", 2), ("jun", 0)):
        LabelFiles(workspace).append(*(said(each, grade, by, rubric="", origin="imported") for each in unseen))
    with open_adjudication(desk(workspace), None, "sora") as opened:
        assert (shown(opened).item, [each.item_id for each in opened.gone]) == (ALL["i1"], ["elsewhere"])
        assert opened.session.direct(2).label.item == ALL["i1"]
    with (
        pytest.raises(MissingPart, match="neither their labels nor the catalogue has the items") as error,
        open_adjudication(desk(workspace, {}), None, "ara"),
    ):
        pass
    assert error.value.next_step == "Next: semsearch import items FILE"
