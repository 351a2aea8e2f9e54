"""Which pairs of a batch an annotator gets, and in which order.

| order | pairs |
|---|---|
| random | all that are the annotator's, query by query |
| uncertain | those of them that the machine left open, called ungradeable or did not answer |
| disagreement | where a person and the machine differ: others' labels, and one's own that nobody else confirmed |
| second | those that others labelled, whose opinions are not shown |

Orders are by hashes of batch, annotator and pair: the same after a break, another one for each annotator. Labels of the
random order keep the probability with which their pair was drawn, and second opinions of pairs that were labelled with
it: the other orders pick by what is known.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from semsearch.errors import MissingPart, UsageError
from semsearch.records import Label
from semsearch.store.labels import Key
from semsearch.store.labels.batches import Task

Order = Literal["random", "uncertain", "disagreement", "second"]
BLIND: tuple[Order, ...] = ("random", "second")
"""Orders that pick pairs by nothing that was said of them."""
Ends = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is before an annotator."""

    left: tuple[Task, ...]
    """In the order in which they come."""
    done: int = 0
    """Pairs that the annotator labelled before."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of the pairs of a batch, as far as it stands."""

    people: Mapping[Key, Sequence[Label]]
    """In this batch, oldest first."""
    machine: Mapping[Key, Label]
    """The newest of each pair, in any batch, by this rubric."""

    def own(self, key: Key, by: str) -> list[Label]:
        """Labels of one annotator."""
        return [label for label in self.people.get(key, ()) if label.by == by]

    def others(self, key: Key, by: str) -> list[Label]:
        """The newest label of each other annotator."""
        return list({label.by: label for label in self.people.get(key, ()) if label.by != by}.values())


def agree(one: Ends, other: Ends) -> bool:
    """Whether two grades say the same, as far as they are not open: one lies within the other."""
    if None in one or None in other:
        return one == other
    inside = one[0] >= other[0] and one[1] <= other[1]  # type: ignore[operator]
    return inside or (other[0] >= one[0] and other[1] <= one[1])  # type: ignore[operator]


def ends(label: Label) -> Ends:
    """Lowest and highest grade of a label."""
    return label.grade_low, label.grade_high


def plan(order: Order, tasks: Sequence[Task], by: str, said: Said) -> Plan:
    """The pairs of one annotator, in whatever order without golden ones whose grade this annotator knows.

    Raises UsageError for one who has none, MissingPart where the machine or somebody else must speak first.
    """
    unknown = [task for task in tasks if task.golden is None or by not in task.golden.by]
    mine = [task for task in unknown if _is_for(task, by, said)]
    if order in ("random", "uncertain") and not mine:
        raise _nothing_for(tasks, by)
    if order in ("uncertain", "disagreement") and not any(task.key in said.machine for task in tasks):
        raise MissingPart(
            f"No model graded a pair of batch '{tasks[0].batch}', so there is no order '{order}'.",
            f"Next: semsearch grade pairs labels/batches/{tasks[0].batch}.jsonl, "
            f"or semsearch label session {tasks[0].batch} --by {shlex.quote(by)}",
        )
    if order == "second" and not any(said.others(task.key, by) for task in unknown):
        raise MissingPart(
            f"Nobody else has labelled a pair of batch '{tasks[0].batch}', so there is no second opinion to give.",
            f"Next: semsearch label session {tasks[0].batch} --by NAME, by another person",
        )
    chosen = {"random": _all, "uncertain": _uncertain, "disagreement": _differing, "second": _of_others}[order]
    left = _ordered(chosen(mine if order in ("random", "uncertain") else unknown, by, said), by)
    done = sum(bool(said.own(task.key, by)) for task in mine) if order == "random" else 0
    return Plan(tuple(left), done)


def _is_for(task: Task, by: str, said: Said) -> bool:
    """Named ones label what was dealt to them; unnamed ones who come first, and a second one where two are wanted."""
    if task.annotators:
        return by in task.annotators
    return bool(said.own(task.key, by)) or not has_enough(task, {other.by for other in said.others(task.key, by)})


def has_enough(task: Task, others: Collection[str]) -> bool:
    """Whether so many others labelled a pair that was dealt to nobody that no more are wanted; golden: never."""
    return not task.annotators and task.golden is None and len(others) >= 1 + task.second


def _all(tasks: Iterable[Task], by: str, said: Said) -> list[Task]:
    return [task for task in tasks if not said.own(task.key, by)]


def _uncertain(tasks: Iterable[Task], by: str, said: Said) -> list[Task]:
    return [task for task in _all(tasks, by, said) if _open(said.machine.get(task.key))]


def _open(label: Label | None) -> bool:
    return label is None or label.grade_low is None or label.grade_low != label.grade_high


def _differing(tasks: Iterable[Task], by: str, said: Said) -> list[Task]:
    return [task for task in tasks if _differs(task.key, by, said)]


def _differs(key: Key, by: str, said: Said) -> bool:
    """One's own label is looked at again once, and only while nobody else has spoken."""
    machine = said.machine.get(key)
    if machine is None:
        return False
    own, others = said.own(key, by), said.others(key, by)
    looked_at = others if not own else own if len(own) == 1 and not others else []
    return any(not agree(ends(label), ends(machine)) for label in looked_at)


def _of_others(tasks: Iterable[Task], by: str, said: Said) -> list[Task]:
    others = ((task, said.people.get(task.key, ())) for task in tasks if not said.own(task.key, by))
    return [
        task
        if any(label.inclusion_probability is not None for label in labels)
        else replace(task, inclusion_probability=None)
        for task, labels in others
        if labels
    ]


def _ordered(tasks: Iterable[Task], by: str) -> list[Task]:
    """Queries in an order of the annotator's own, with their pairs together; a golden pair stands anywhere."""

    def place(task: Task) -> tuple[bytes, bytes]:
        query, item_id = task.key
        pair = _hash(task.batch, by, query, item_id)
        return (pair, b"") if task.golden else (_hash(task.batch, by, query), pair)

    return sorted(tasks, key=place)


def _hash(*parts: str) -> bytes:
    text = "\n".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=8).digest()


def _nothing_for(tasks: Sequence[Task], by: str) -> UsageError:
    names = sorted({name for task in tasks for name in task.annotators})
    batch = tasks[0].batch if tasks else ""
    if names and by not in names:
        return UsageError(
            f"Batch '{batch}' is for {', '.join(names)}, not for {by}.",
            f"Next: semsearch label session {batch} --by NAME",
        )
    return UsageError(
        f"Nothing in batch '{batch}' is left for {by}: others labelled it.",
        f"Next: semsearch label session {batch} --by {shlex.quote(by)} --order second, for second opinions",
    )
