"""Labels that others made, into the files of people.

All files of an import are held before it is looked what is known, and all labels checked before the first is written:
what cannot be imported leaves nothing. A disk that fills up in the middle leaves some, which is told; nothing comes
twice when the import is repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.errors import UsageError
from semsearch.ingest.labels.grades import Grader
from semsearch.ingest.labels.rows import Judged
from semsearch.records import Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.store.labels import Key, LabelFiles, Writer, item_digest, pair_of, query_key, snapshot, standing
from semsearch.store.labels.lines import composed
from semsearch.store.labels.pools import Lookup

if TYPE_CHECKING:
    from semsearch.store.labels.batches import Task

Said = tuple[str, Key]
"""An annotator and a pair."""
Grades = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Names:
    """Whose labels they are: one name for all, or names of the file to names here."""

    one: str = ""
    others: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Names:
        """From `NAME`, or from `THEIRS=OURS` as often as needed; raises UsageError for both, or two names."""
        pairs = [text.partition("=") for text in texts]
        plain = [composed(name) for name, sign, _ in pairs if not sign]
        if len(plain) > 1 or (plain and len(plain) < len(pairs)) or not all(ours.strip() for _, s, ours in pairs if s):
            raise UsageError(
                f"--as {' --as '.join(texts)}: one name for all, or THEIRS=OURS for each.", "Next: such as --as minji"
            )
        return cls(
            plain[0] if plain else "", {composed(theirs): composed(ours) for theirs, sign, ours in pairs if sign}
        )

    def check(self, rows: Iterable[Judged]) -> None:
        """Raises UsageError for rows of nobody, and when one name would hide that several judged."""
        found = {composed(row.by) for row in rows}
        if self.one and len(found) > 1:
            told = ", ".join(sorted(found)[:5])
            raise UsageError(
                f"Several people judged here ({told}), and --as {self.one} is one.",
                f"Next: leave --as out, or name each: --as '{min(found)}={self.one}'",
            )
        if not self.one and "" in found:
            raise UsageError("The file does not say who judged; if a column does: --map by=COLUMN.", "Next: --as NAME")

    def name(self, theirs: str) -> str:
        """The annotator of a row."""
        return self.one or self.others.get(composed(theirs), composed(theirs))


@dataclass(frozen=True, slots=True)
class LabelImport:
    """What an import came to."""

    batch: str
    read: int
    """Judgements in the file."""
    new: int
    known: int
    """The same grade of the same pair by the same annotator was in the batch before."""
    unjudged: int
    """Rows without a grade."""
    machine: int
    """Rows that say they are a model's: left out, for these are files of people."""
    ungradeable: int
    """Of the new ones."""
    without_item: int
    """New ones of which neither the file nor the catalogue knows the item: what was judged cannot be shown."""
    annotators: Mapping[str, int]
    """Name to new labels."""
    files: tuple[str, ...]
    """Files that were appended to, inside the workspace."""
    outside: int = 0
    """New ones of pairs that the drawn batch does not have: nobody knows how probable they were."""
    strangers: tuple[str, ...] = ()
    """Names of the file that were to be others here, and stand nowhere in it."""
    shown: int = 0
    """New ones whose annotator saw a machine's opinion first."""
    mended: tuple[str, ...] = ()
    """What was cut off at their ends before."""


def import_labels(
    rows: Iterable[Judged],
    files: LabelFiles,
    *,
    batch: str,
    names: Names,
    grader: Grader,
    lookup: Lookup,
    now: datetime,
    drawn: Mapping[Key, Task] | None = None,
) -> LabelImport:
    """Append judgements as imported labels; what is there already is left out, so that a second import adds nothing.

    `lookup` gives the items as they are now; `now` is the time of rows that have none. `drawn` are the pairs of a batch
    that was drawn here: how probable each was and what was shown is known then, and our rubric is what it is graded by.
    Raises UsageError before anything is written: for a grade that is none, for rows of nobody and for a pair that one
    annotator judged twice; Busy when one of the files is being written to. When the disk fails, UsageError says whose
    labels were kept before.
    """
    judged, batch = list(rows), composed(batch)
    said = [row for row in judged if row.grade and not row.machine]
    names.check(said)
    grader.check(said)
    items, rubric = _Items(lookup, {row.item_id for row in said}, drawn or {}), RUBRIC if drawn else ""
    told = [
        _label(row, batch=batch, rubric=rubric, by=names.name(row.by), grader=grader, items=items, now=now)
        for row in said
    ]
    _refuse_twice(zip(said, told, strict=True))
    fresh, mended = _append(files, batch, list(zip(said, told, strict=True)))
    return LabelImport(
        batch=batch,
        read=len(judged),
        new=len(fresh),
        known=len(said) - len(fresh),
        unjudged=sum(not row.grade and not row.machine for row in judged),
        machine=sum(row.machine for row in judged),
        ungradeable=sum(label.grade_low is None for label in fresh),
        without_item=sum(not label.item for label in fresh),
        annotators=dict(Counter(label.by for label in fresh)),
        files=tuple(f"labels/{path.relative_to(files.root)}" for path in _paths(files, fresh)),
        outside=sum(pair_of(label) not in drawn for label in fresh) if drawn else 0,
        strangers=tuple(sorted(names.others.keys() - {composed(row.by) for row in judged})),
        shown=sum(label.shown for label in fresh),
        mended=tuple(mended),
    )


class _Items:
    """What was judged: what the batch drew, the item of the catalogue when it reads as the file says, else the file."""

    def __init__(self, lookup: Lookup, item_ids: Collection[str], drawn: Mapping[Key, Task]) -> None:
        self._now = lookup(item_ids)
        self._drawn = drawn

    def task(self, row: Judged) -> Task | None:
        """The pair of the batch."""
        return self._drawn.get((query_key(row.query), row.item_id))

    def of(self, row: Judged) -> Mapping[str, str]:
        """The item of a row."""
        if task := self.task(row):
            return task.item
        now, shown = self._now.get(row.item_id, {}), snapshot(row.item)
        return now if all(now.get(name) == text for name, text in shown.items()) else shown


def _label(row: Judged, *, batch: str, rubric: str, by: str, grader: Grader, items: _Items, now: datetime) -> Label:
    low, item, task = grader.grade(row.grade), items.of(row), items.task(row)
    return Label(
        query=row.query,
        item_id=row.item_id,
        source="person",
        by=by,
        origin="imported",
        grade_low=low,
        grade_high=grader.grade(row.grade_high) if row.grade_high else low,
        rubric=rubric,
        at=row.at or now,
        facets=row.facets,
        item=item,
        item_digest=item_digest(item),
        inclusion_probability=task.inclusion_probability if task else None,
        batch=batch,
        note=row.note,
        seconds=row.seconds,
        role="adjudication" if row.adjudicated else "golden" if row.golden else "label",
        shown=row.shown,
    )


def _refuse_twice(pairs: Iterable[tuple[Judged, Label]]) -> None:
    first: dict[tuple[object, ...], tuple[Judged, Label]] = {}
    for row, label in pairs:
        known, earlier = first.setdefault((*_said_by(label), label.at), (row, label))
        if _grades(earlier) != _grades(label):
            raise UsageError(
                f"{label.by} judged '{label.query}' and item {label.item_id} twice: "
                f"{known.grade} at {known.place}, {row.grade} at {row.place}.",
                "Next: keep one of them, or say with --map at=COLUMN which is newer",
            )


class _Known:
    """What a batch has already."""

    def __init__(self, labels: Iterable[Label]) -> None:
        self._newest: dict[Said, Label] = {}
        self._moments: set[tuple[Said, datetime, Grades]] = set()
        for label in labels:
            self._take(label)

    def adds(self, row: Judged, label: Label) -> bool:
        """Whether a label says something new, which is taken for known from now on.

        A row with a time is known by it; one without when it is the last that its annotator said of the pair.
        """
        newest = self._newest.get(_said_by(label))
        again = (_said_by(label), label.at, _grades(label)) in self._moments
        if again or (row.at is None and newest is not None and _grades(newest) == _grades(label)):
            return False
        self._take(label)
        return True

    def _take(self, label: Label) -> None:
        self._newest[_said_by(label)] = label
        self._moments.add((_said_by(label), label.at, _grades(label)))


def _said_by(label: Label) -> Said:
    return label.by, pair_of(label)


def _grades(label: Label) -> Grades:
    return label.grade_low, label.grade_high


def _append(files: LabelFiles, batch: str, told: Sequence[tuple[Judged, Label]]) -> tuple[list[Label], list[str]]:
    """What was new and is kept now, and the ends of files that were mended.

    All files are held while it is looked what they have; all labels are checked before the first is written.
    """
    with ExitStack() as held:
        writers = {
            by: held.enter_context(files.writing("person", by, batch)) for by in _annotators(label for _, label in told)
        }
        known = _Known(standing(label for writer in writers.values() for label in writer.before))
        fresh = [label for row, label in told if known.adds(row, label)]
        by_person = {by: [label for label in fresh if label.by == by] for by in writers}
        for by, writer in writers.items():
            writer.check(*by_person[by])
        _write(writers, by_person)
    return fresh, [writer.mended for writer in writers.values() if writer.mended]


def _write(writers: Mapping[str, Writer], labels: Mapping[str, Sequence[Label]]) -> None:
    kept: list[str] = []
    for by, writer in writers.items():
        try:
            writer.append(*labels[by])
        except UsageError as error:
            before = f" Kept before it: labels by {', '.join(kept)}." if kept else ""
            raise UsageError(
                f"{error.message}{before}", "Next: check the disk, then the same command again: nothing comes twice"
            ) from error
        kept += [by] if labels[by] else []


def _annotators(labels: Iterable[Label]) -> list[str]:
    return sorted({label.by for label in labels})


def _paths(files: LabelFiles, labels: Sequence[Label]) -> list[Path]:
    return [files.path("person", by, labels[0].batch) for by in _annotators(labels)]
