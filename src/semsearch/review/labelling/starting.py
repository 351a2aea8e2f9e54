"""Sessions from a workspace: the batch, what was said of its pairs, and a file of labels that is held meanwhile."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from semsearch.errors import MismatchError, MissingPart, UsageError
from semsearch.records import Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.review.labelling.adjudicating import Dispute, docket
from semsearch.review.labelling.other_desks import OtherDesks
from semsearch.review.labelling.session import Session
from semsearch.review.labelling.strategies import Order, Plan, Said, plan
from semsearch.store.labels import Key, LabelFiles, Writer, effective, item_digest, pair_of, standing
from semsearch.store.labels.batches import Task, read_batch
from semsearch.store.labels.comparing import comparable
from semsearch.store.labels.lines import composed
from semsearch.store.labels.pools import Lookup
from semsearch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Opened:
    """A session, and what is to be told before it."""

    session: Session
    gone: tuple[Task, ...]
    """Pairs that are passed over: their item is not in the catalogue any more."""
    mended: tuple[str, ...]
    """Files whose last line was cut off."""
    faults: tuple[UsageError, ...] = ()
    """What is wrong in files of other batches: what can be read of them counts, the rest is passed over."""
    n_own: int = 0
    """Pairs on which people differ that are left to others: who adjudicates graded them."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What sessions work with."""

    workspace: Workspace
    lookup: Lookup
    clock: Callable[[], datetime]
    show_machine: bool = False

    @property
    def files(self) -> LabelFiles:
        """The files of labels."""
        return LabelFiles(self.workspace)


@contextmanager
def open_session(desk: Desk, batch: str, by: str, order: Order) -> Iterator[Opened]:
    """A session of one annotator on one batch; the annotator's file is held until its end.

    Raises Busy beside another process of this annotator on this batch, MismatchError when the batch was begun with
    another rubric, UsageError and MissingPart as `read_batch` and `plan`, and UsageError for a bad line in people's
    files of this batch. Of others only labels of the batch's items are read, and what is wrong there does not stop it.
    """
    name, files = annotator(by), desk.files
    faults: list[UsageError] = []
    tasks = read_batch(desk.workspace, batch)
    if not tasks:
        raise UsageError(
            f"Batch '{batch}' holds no pair.", "Next: semsearch label sample ANOTHER --run RUN, or --pairs FILE"
        )
    _check_rubric(files, batch)
    with _held(files, name, [batch]) as held:
        others = OtherDesks(files, batch, name)
        items = {task.item_id for task in tasks}
        machine = _machine(files.about(items, files.paths("model"), faults), tasks)
        own = list(files.about(items, files.paths("person", by=name), faults))
        said = Said(_by_people(files, batch), machine)
        here = _Catalogue(desk.lookup, tasks)
        gone = [here.is_gone(task) and not said.own(task.key, name) for task in tasks]
        chosen = plan(order, [task for task, no in zip(tasks, gone, strict=True) if not no], name, said)
        yield Opened(
            Session(
                chosen,
                by=name,
                keep=held.keep,
                clock=desk.clock,
                order=order,
                said=[label for labels in said.people.values() for label in labels if label.by == name],
                machine=machine,
                show_machine=desk.show_machine,
                changed=here.changed(tasks),
                tasks=tasks,
                seen=_seen(own, name),
                elsewhere=partial(others.taken, chosen.left, said) if order in ("random", "uncertain") else frozenset,
            ),
            tuple(task for task, no in zip(tasks, gone, strict=True) if no),
            held.mended,
            tuple(faults),
        )


@contextmanager
def open_adjudication(desk: Desk, batch: str | None, by: str) -> Iterator[Opened]:
    """A session on the pairs on which people differ, of one batch or of all.

    What is decided is kept in the batch, or, where this was graded by another rubric (or brought from elsewhere), in
    BATCH-adjudicated. A pair that another one decided otherwise comes again. Pairs whose item nobody knows are passed
    over, and those that this person graded are somebody else's to decide.

    Raises MissingPart when no pair is left to decide, UsageError for a batch that is not there, Busy and MismatchError
    as `open_session`.
    """
    name, files = annotator(by), desk.files
    if batch and not files.paths("person", batch):
        read_batch(desk.workspace, batch)
    labels = list(files.read())
    now = _digests(desk.lookup, {label.item_id for label in labels if label.source == "person"})
    mine = docket(labels, name, batch, now)
    found, unseen = _with_items(mine.disputes, desk.lookup)
    kept_in = {each.task.batch: _adjudicated_in(files, each.task.batch) for each in found}
    tasks = [replace(each.task, batch=kept_in[each.task.batch]) for each in found]
    left = tuple(task for task in tasks if task.key not in mine.decided)
    with _held(files, name, sorted(set(kept_in.values()))) as held:
        if not left:
            raise _nothing_to_decide(batch, name, len(unseen), mine.n_own)
        yield Opened(
            Session(
                Plan(left, len(tasks) - len(left)),
                by=name,
                keep=held.keep,
                clock=desk.clock,
                role="adjudication",
                said=mine.decisions,
                machine=_machine(labels, tasks),
                show_machine=desk.show_machine,
                changed=_changed(tasks, now),
                opinions={each.task.key: each.labels for each in found},
                tasks=tasks,
                seen=_seen(labels, name),
            ),
            unseen,
            held.mended,
            n_own=mine.n_own,
        )


def differing(desk: Desk, batch: str) -> tuple[int, int]:
    """How many pairs of a batch people differ on, and how many two people or more judged."""
    files = desk.files
    here = {pair_of(label) for label in files.read("person", batch)}
    said = standing(files.about({item_id for _, item_id in here}, files.paths("person"), []))
    found = effective(said, _digests(desk.lookup, {item_id for _, item_id in here}))
    by_pair: dict[Key, set[str]] = defaultdict(set)
    for label in said:
        if label.role != "adjudication":
            by_pair[pair_of(label)].add(label.by)
    return sum(found[key].disputed for key in here & found.keys()), sum(len(by_pair[key]) > 1 for key in here)


def _with_items(found: Sequence[Dispute], lookup: Lookup) -> tuple[list[Dispute], tuple[Task, ...]]:
    """Disputes, with the catalogue's item where no label says what was seen; and the pairs that have none there too."""
    items = lookup({each.task.item_id for each in found if not each.task.item})
    whole = [
        each if each.task.item else replace(each, task=replace(each.task, item=items.get(each.task.item_id, {})))
        for each in found
    ]
    return [each for each in whole if each.task.item], tuple(each.task for each in whole if not each.task.item)


def _nothing_to_decide(batch: str | None, by: str, n_unseen: int, n_own: int) -> MissingPart:
    where = f" in batch '{batch}'" if batch else ""
    if n_own:
        return MissingPart(
            f"The {n_own:,} pairs{where} on which people differ were graded by {by} too: somebody else decides them.",
            f"Next: semsearch label adjudicate {f'{shlex.quote(batch)} ' if batch else ''}--by NAME, who graded none",
        )
    if n_unseen:
        return MissingPart(
            f"People differ on {n_unseen:,} pairs{where}, and neither their labels nor the catalogue has the items.",
            "Next: semsearch import items FILE",
        )
    return MissingPart(
        f"There is no pair{where} on which people differ.",
        f"Next: semsearch label session {batch or 'BATCH'} --order second --by NAME, by another person",
    )


def annotator(by: str) -> str:
    """A person's name as labels keep it; raises UsageError for an empty one."""
    name = composed(by)
    if not name:
        raise UsageError(
            "Who labels? A label is kept with a name.", "Next: the same command with --by NAME (or SEMSEARCH_REVIEWER)"
        )
    return name


class _Held:
    """The files of one person that are written to, one a batch."""

    def __init__(self, writers: dict[str, Writer]) -> None:
        self._writers = writers
        self.mended = tuple(writer.mended for writer in writers.values() if writer.mended)

    def keep(self, label: Label) -> None:
        self._writers[label.batch].append(label)


@contextmanager
def _held(files: LabelFiles, by: str, batches: Sequence[str]) -> Iterator[_Held]:
    with ExitStack() as stack:
        yield _Held({batch: stack.enter_context(files.writing("person", by, batch)) for batch in batches})


class _Catalogue:
    """The items of some pairs as they are now; of those that came with a file nothing is known."""

    def __init__(self, lookup: Lookup, tasks: Iterable[Task]) -> None:
        self._now = _digests(lookup, {task.item_id for task in tasks if task.imported})

    def is_gone(self, task: Task) -> bool:
        return task.imported and task.item_id not in self._now

    def changed(self, tasks: Iterable[Task]) -> frozenset[Key]:
        return _changed((task for task in tasks if task.imported), self._now)


def _changed(tasks: Iterable[Task], now: Mapping[str, str]) -> frozenset[Key]:
    """Pairs whose item is another one now than what is shown."""
    return frozenset(task.key for task in tasks if now.get(task.item_id, task.item_digest) != task.item_digest)


def _digests(lookup: Lookup, item_ids: set[str]) -> dict[str, str]:
    return {item_id: item_digest(item) for item_id, item in lookup(item_ids).items()}


def _by_people(files: LabelFiles, batch: str) -> dict[Key, list[Label]]:
    """What stands of people's labels in a batch, without what was decided on them, oldest first."""
    people: dict[Key, list[Label]] = defaultdict(list)
    for label in standing(files.read("person", batch)):
        if label.role != "adjudication":
            people[pair_of(label)].append(label)
    return people


def _seen(labels: Iterable[Label], by: str) -> set[Key]:
    """Pairs of which a machine's opinion was told, in any batch and role.

    It is told after the next answer: of a label that stands it may have been; one that was taken back says (`shown`).
    """
    own = [label for label in labels if label.by == by]
    answered = (label for label in standing(own) if label.origin != "imported")
    return {pair_of(label) for label in (*answered, *(label for label in own if label.shown))}


def _machine(labels: Iterable[Label], tasks: Iterable[Task]) -> dict[Key, Label]:
    """The newest label of a model of each pair, by this rubric and of the item as it is shown: others say nothing."""
    shown = {task.key: task.item_digest for task in tasks}
    told: dict[Key, list[Label]] = defaultdict(list)
    for label in labels:
        if label.source == "model" and (pair := pair_of(label)) in shown:
            told[pair].append(label)
    found = ((pair, comparable(of, shown[pair], RUBRIC)) for pair, of in told.items())
    return {pair: labels[-1] for pair, labels in found if labels}


def _check_rubric(files: LabelFiles, batch: str) -> None:
    before = files.rubric("person", batch)
    if before is not None and before != RUBRIC:
        raise MismatchError(
            f"Batch {batch} was begun with rubric {before or 'unknown'}; now it is {RUBRIC}. "
            "Grades of two rubrics are not one batch.",
            f"Next: semsearch label sample {batch}-{RUBRIC} --pairs "
            f"{shlex.quote(str(files.root / 'batches' / f'{batch}.jsonl'))}, the same pairs again",
        )


def _adjudicated_in(files: LabelFiles, batch: str) -> str:
    return batch if files.rubric("person", batch) in (None, RUBRIC) else f"{batch}-adjudicated"
