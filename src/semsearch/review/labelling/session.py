"""One person labelling pairs, one after the other. What was said lives in the label file alone: one line a label.

The machine's opinion of a pair, and whose opinions an adjudicator decided on, are told when the next pair has been
answered, and of the last one at the end: whoever takes the last label back has not seen them. Whoever takes one back of
which they were told, or is shown the machine's opinion first by the settings, has: that is kept with the label
(`shown`). What the machine takes the query to ask for is half of the answer to the query's other pairs: it is told
after the last of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from semsearch.records import Facet, Label
from semsearch.relevance.rubric import RUBRIC, Grade, contradiction
from semsearch.relevance.rubric import grade as graded
from semsearch.review.labelling.opinions import Opinion
from semsearch.review.labelling.strategies import BLIND, Ends, Order, Plan, agree, ends
from semsearch.store.labels import Key, pair_of
from semsearch.store.labels.batches import Task

Role = Literal["label", "adjudication"]
HOUR_S = 3600.0
PACED_FROM = 10
"""Labels of a session from which on its pace is told: that of a few says nothing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The pair that is to be answered, and what may be seen of it."""

    task: Task
    changed: bool
    """The item is another one now: a label of it is stale from the start."""
    machine: Opinion | None
    """Only when it is shown first, or was seen before."""
    opinions: tuple[Opinion, ...] = ()
    """Of people who differ, in no order; only for who adjudicates."""
    facets: tuple[Facet, ...] = ()
    """What this person typed as the query's intents at an earlier pair: only the answers are new."""
    note: str = ""
    """Written when the pair was here before, and skipped or taken back."""


@dataclass(frozen=True, slots=True)
class Told:
    """What others say of a pair that was answered before the last one."""

    label: Label
    machine: Opinion | None
    """Its grade alone while other pairs of the query are to come, or can be taken back without having seen it."""
    agrees: bool | None
    """With the machine; None when it has no opinion."""
    opinions: tuple[tuple[str, Grade], ...] = ()
    """(name, grade) of those that an adjudicator decided on."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One label that was kept, and what may be told now."""

    label: Label
    told: Told | None
    """Of the pair before it; None when there is nothing that was not told."""
    rule: Grade | None = None
    """What the facets give, when a direct grade contradicts them."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A note whose pair was not answered: it is in no file."""

    query: str
    item_id: str
    note: str


@dataclass(frozen=True, slots=True)
class Missed:
    """A golden pair that was answered otherwise."""

    query: str
    item_id: str
    said: Ends
    known: Ends


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a session is."""

    done: int
    """Pairs answered, before this session too."""
    total: int
    answered: int
    """In this session, without those taken back."""
    labels_an_hour: float | None
    """Of this session, by the time from a pair's showing to its answer; None before PACED_FROM labels."""

    @property
    def left(self) -> int:
        """Pairs that are to come."""
        return self.total - self.done


class Session:
    """Pairs for one person. `next` shows the pair that `direct`, `by_facets`, `skip` and `note` are about."""

    def __init__(
        self,
        plan: Plan,
        *,
        by: str,
        keep: Callable[[Label], None],
        clock: Callable[[], datetime],
        order: Order = "random",
        role: Role = "label",
        said: Iterable[Label] = (),
        machine: Mapping[Key, Label] | None = None,
        show_machine: bool = False,
        changed: frozenset[Key] = frozenset(),
        opinions: Mapping[Key, Sequence[Label]] | None = None,
        tasks: Iterable[Task] = (),
        seen: Iterable[Key] = (),
        elsewhere: Callable[[], Collection[Key]] = frozenset,
    ) -> None:
        """`said` are this person's standing labels of this role, oldest first; `undo` takes back those of `tasks`.

        `seen` are pairs of which this person may have seen the machine's opinion, in any batch or role. `elsewhere` is
        asked before each pair: those that others labelled by now, which are no longer wanted here.
        """
        self._left = deque(plan.left)
        self._done, self._answered, self._spent_s = plan.done, 0, 0.0
        self._by, self._keep, self._clock, self._order, self._role = by, keep, clock, order, role
        self._machine, self._show_machine = machine or {}, show_machine
        self._changed, self._opinions = changed, opinions or {}
        self._tasks = {task.key: task for task in (*tasks, *plan.left)}
        self._said = [label for label in said if pair_of(label) in self._tasks]
        self._seen = {pair_of(label) for label in self._said} | set(seen)
        self._query = {task.query: key[0] for key, task in self._tasks.items()}
        self._intents = {label.query: label.facets for label in self._said if label.facets}
        self._golden: dict[Key, Label] = {pair_of(label): label for label in self._said}
        self._since: datetime | None = None
        self._notes: dict[Key, str] = {}
        self._known = False
        self._untold: Label | None = None
        self._steps: list[Task | None] = []
        self._elsewhere = elsewhere
        self.n_elsewhere = 0
        """Pairs that others labelled meanwhile."""

    def next(self) -> Shown | None:
        """The pair that comes; None when all are answered. The time of its label begins now."""
        if gone := self._elsewhere():
            left = deque(task for task in self._left if task.key not in gone)
            self.n_elsewhere += len(self._left) - len(left)
            self._left = left
        if not self._left:
            return None
        task = self._left[0]
        self._since, self._known = self._clock(), False
        first = self._show_machine or task.key in self._seen
        return Shown(
            task,
            task.key in self._changed,
            self._opinion(task) if first else None,
            tuple(map(Opinion.of, self._opinions.get(task.key, ()))),
            self._intents.get(task.query, ()),
            self._notes.get(task.key, ""),
        )

    def direct(self, grade: int | None, facets: Sequence[Facet] = ()) -> Answered:
        """Keep a grade (None: ungradeable) of the pair that is shown; facets that were filled in are kept with it."""
        return self._answer(Grade(grade, grade, ""), "direct", tuple(facets))

    def by_facets(self, facets: Sequence[Facet]) -> Answered:
        """Keep the grade that the rule gives for these facets; none of them: ungradeable."""
        return self._answer(graded(facets), "facets", tuple(facets))

    def note(self, text: str) -> None:
        """Words that go with the label of the pair that is shown; they wait for it when the pair is skipped."""
        self._notes[self._left[0].key] = text.strip()

    def known(self, on: bool) -> None:
        """Whether the label of the pair that is shown makes it a golden pair, by which others are measured.

        Of a pair that is somebody's golden one already it does not: nobody decides what they are measured by.
        """
        self._known = on

    def skip(self) -> None:
        """Put the pair that is shown after all others. Nothing is kept: the next session begins with it."""
        self._steps.append(self._left[0])
        self._left.rotate(-1)

    def undo(self) -> Label | Task | None:
        """Take back what was done last; its pair comes next. The label, or the pair that was skipped; None: nothing.

        When all of this session is taken back, labels of earlier ones are. A label stays in the file, with a line after
        it that takes it back, and says (`shown`) whether the machine's opinion of it was told before.
        """
        if self._steps and (skipped := self._steps.pop()):
            self._left = deque([skipped, *(task for task in self._left if task is not skipped)])
            return skipped
        if not self._said:
            return None
        label, key = self._said[-1], pair_of(self._said[-1])
        shown = label.shown or (key in self._machine and key in self._seen)
        self._keep(replace(label, at=self._clock(), seconds=None, note="", shown=shown, retracts=label.label_id))
        self._said.pop()
        self._untold = None
        if label.note:
            self._notes[key] = label.note
        self._golden.pop(key, None)
        if self._answered:
            self._answered -= 1
            self._spent_s -= label.seconds or 0.0
        self._done = max(0, self._done - 1)
        again = self._tasks[key]
        self._left = deque([again, *(task for task in self._left if task is not again)])
        return label

    def end(self) -> Told | None:
        """What others say of the last pair that was answered: from now on it is seen. None: nothing is left to tell."""
        return self._tell()

    @property
    def unkept(self) -> tuple[Noted, ...]:
        """Notes that wait for a label of their pair."""
        waiting = ((self._tasks[key], note) for key, note in self._notes.items() if note)
        return tuple(Noted(task.query, task.item_id, note) for task, note in waiting)

    @property
    def progress(self) -> Progress:
        """How far it is."""
        told = self._answered >= PACED_FROM and self._spent_s > 0
        pace = self._answered / self._spent_s * HOUR_S if told else None
        return Progress(self._done, self._done + len(self._left), self._answered, pace)

    @property
    def n_known(self) -> int:
        """Pairs that this person marked as golden ones, before this session too."""
        return sum(label.role == "golden" for label in self._said)

    @property
    def golden(self) -> tuple[int, tuple[Missed, ...]]:
        """How many golden pairs were answered, before this session too, and those answered otherwise. For the end."""
        known = [(label, self._tasks[key].golden) for key, label in self._golden.items()]
        asked = [(label, golden) for label, golden in known if golden is not None]
        missed = (
            Missed(label.query, label.item_id, ends(label), (golden.low, golden.high))
            for label, golden in asked
            if not agree(ends(label), (golden.low, golden.high))
        )
        return len(asked), tuple(missed)

    def _answer(self, grade: Grade, origin: str, facets: tuple[Facet, ...]) -> Answered:
        task, now = self._left[0], self._clock()
        machine = self._machine.get(task.key)
        seconds = max(0.0, (now - self._since).total_seconds()) if self._since else None
        label = Label(
            query=task.query,
            item_id=task.item_id,
            source="person",
            by=self._by,
            origin=origin,
            grade_low=grade.low,
            grade_high=grade.high,
            rubric=RUBRIC,
            at=now,
            facets=facets,
            item=task.item,
            item_digest=task.item_digest,
            inclusion_probability=task.inclusion_probability if self._order in BLIND else None,
            batch=task.batch,
            note=self._notes.pop(task.key, ""),
            seconds=seconds,
            role="golden" if self._known and self._role == "label" and task.golden is None else self._role,
            shown=machine is not None and (self._show_machine or task.key in self._seen),
        )
        self._keep(label)
        self._left.popleft()
        told = self._tell(before=label)
        self._remember(label)
        return Answered(label, told, contradiction(label))

    def _tell(self, before: Label | None = None) -> Told | None:
        """What others say of the pair whose label could be taken back unseen, which it can no more."""
        label, self._untold = self._untold, before
        if label is None:
            return None
        key = pair_of(label)
        self._seen.add(key)
        machine, opinion = self._machine.get(key), self._opinion(self._tasks[key], before)
        opinions = tuple((other.by, Grade(*ends(other), "")) for other in self._opinions.get(key, ()))
        if not (opinion or opinions):
            return None
        return Told(label, opinion, agree(ends(label), ends(machine)) if machine else None, opinions)

    def _opinion(self, task: Task, untold: Label | None = None) -> Opinion | None:
        """The machine's; its grade alone while other pairs of the query are to come, unless all is shown first."""
        if (machine := self._machine.get(task.key)) is None:
            return None
        opinion, query = Opinion.of(machine), self._query[task.query]
        more = any(other is not task and self._query[other.query] == query for other in self._left)
        more = more or (untold is not None and self._query[untold.query] == query)
        return opinion.bare if more and not self._show_machine else opinion

    def _remember(self, label: Label) -> None:
        key = pair_of(label)
        self._said.append(label)
        self._steps.append(None)
        self._golden[key] = label
        if label.facets:
            self._intents[label.query] = label.facets
        self._done += 1
        self._answered += 1
        self._spent_s += label.seconds or 0.0
