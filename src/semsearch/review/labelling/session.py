"""One person labelling pairs, one after the other. What was said lives in the label file alone: one line a label.

The machine's opinion stays hidden until the person has answered, unless the settings show it first; whoever answers a
pair again has seen it. Either is kept with the label (`shown`). What the machine takes the query to ask for is half of
the answer to the query's other pairs: it is told after the last of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from semsearch.records import Facet, Label
from semsearch.relevance.rubric import RUBRIC, Grade, contradiction
from semsearch.relevance.rubric import grade as graded
from semsearch.review.labelling.opinions import Opinion
from semsearch.review.labelling.strategies import Ends, Order, Plan, agree, ends
from semsearch.store.batches import Task
from semsearch.store.labels import Key, pair_of

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


@dataclass(frozen=True, slots=True)
class Answered:
    """One label that was kept, and what may be told now."""

    label: Label
    machine: Opinion | None
    """Its grade alone while other pairs of the query are to come."""
    agrees: bool | None
    """With the machine; None when it has no opinion."""
    rule: Grade | None = None
    """What the facets give, when a direct grade contradicts them."""
    names: tuple[str, ...] = ()
    """Whose opinions they were, in the order of `Shown.opinions`."""


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
    ) -> None:
        """`said` are this person's standing labels of this role, oldest first; `undo` takes back those of `tasks`.

        `seen` are pairs that this person ever answered, in any batch or role, also those taken back.
        """
        self._left = deque(plan.left)
        self._done, self._answered, self._spent_s = plan.done, 0, 0.0
        self._by, self._keep, self._clock, self._order, self._role = by, keep, clock, order, role
        self._machine, self._show_machine = machine or {}, show_machine
        self._changed, self._opinions = changed, opinions or {}
        self._tasks = {task.key: task for task in (*plan.left, *tasks)}
        self._said = [label for label in said if pair_of(label) in self._tasks]
        self._seen = {pair_of(label) for label in self._said} | set(seen)
        self._query = {task.query: key[0] for key, task in self._tasks.items()}
        self._intents = {label.query: label.facets for label in self._said if label.facets}
        self._golden: dict[Key, Label] = {pair_of(label): label for label in self._said}
        self._since: datetime | None = None
        self._note, self._known = "", False

    def next(self) -> Shown | None:
        """The pair that comes; None when all are answered. The time of its label begins now."""
        if not self._left:
            return None
        task = self._left[0]
        self._since, self._note, self._known = self._clock(), "", False
        first = self._show_machine or task.key in self._seen
        return Shown(
            task,
            task.key in self._changed,
            self._opinion(task) if first else None,
            tuple(map(Opinion.of, self._opinions.get(task.key, ()))),
            self._intents.get(task.query, ()),
        )

    def direct(self, grade: int | None, facets: Sequence[Facet] = ()) -> Answered:
        """Keep a grade (None: ungradeable) of the pair that is shown; facets that were filled in are kept with it."""
        return self._answer(Grade(grade, grade, ""), "direct", tuple(facets))

    def by_facets(self, facets: Sequence[Facet]) -> Answered:
        """Keep the grade that the rule gives for these facets; none of them: ungradeable."""
        return self._answer(graded(facets), "facets", tuple(facets))

    def note(self, text: str) -> None:
        """Words that go with the label of the pair that is shown."""
        self._note = text.strip()

    def known(self, on: bool) -> None:
        """Whether the label of the pair that is shown makes it a golden pair, by which others are measured.

        Of a pair that is somebody's golden one already it does not: nobody decides what they are measured by.
        """
        self._known = on

    def skip(self) -> None:
        """Put the pair that is shown after all others. Nothing is kept: the next session begins with it."""
        self._left.rotate(-1)

    def undo(self) -> Label | None:
        """Take this person's last label back, also one of an earlier session; its pair comes next. None: there is none.

        The label stays in the file, with a line after it that takes it back.
        """
        if not self._said:
            return None
        label = self._said[-1]
        self._keep(replace(label, at=self._clock(), seconds=None, note="", retracts=label.label_id))
        self._said.pop()
        key = pair_of(label)
        self._golden.pop(key, None)
        if self._answered:
            self._answered -= 1
            self._spent_s -= label.seconds or 0.0
        self._done = max(0, self._done - 1)
        again = self._tasks[key]
        self._left = deque([again, *(task for task in self._left if task is not again)])
        return label

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
            inclusion_probability=task.inclusion_probability if self._order == "random" else None,
            batch=task.batch,
            note=self._note,
            seconds=seconds,
            role="golden" if self._known and self._role == "label" and task.golden is None else self._role,
            shown=machine is not None and (self._show_machine or task.key in self._seen),
        )
        self._keep(label)
        self._left.popleft()
        self._remember(label)
        others = self._opinions.get(task.key, ())
        opinion = self._opinion(task)
        agrees = agree(ends(label), ends(machine)) if machine else None
        return Answered(label, opinion, agrees, contradiction(label), names=tuple(other.by for other in others))

    def _opinion(self, task: Task) -> Opinion | None:
        """The machine's; its grade alone while other pairs of the query are to come, unless all is shown first."""
        if (machine := self._machine.get(task.key)) is None:
            return None
        opinion, query = Opinion.of(machine), self._query[task.query]
        more = any(other is not task and self._query[other.query] == query for other in self._left)
        return opinion.bare if more and not self._show_machine else opinion

    def _remember(self, label: Label) -> None:
        key = pair_of(label)
        self._said.append(label)
        self._seen.add(key)
        self._golden[key] = label
        if label.facets:
            self._intents[label.query] = label.facets
        self._done += 1
        self._answered += 1
        self._spent_s += label.seconds or 0.0
