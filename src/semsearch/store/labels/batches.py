"""Batches of pairs that people label: `labels/batches/NAME.jsonl`, written once, one pair a line.

Which queries a batch of runs was drawn from stands in `labels/frames/DIGEST.jsonl`, one a line: a figure from people's
labels of the batch is about these. Batches that were drawn from the same queries share the file.

A line is a row of pairs like any other (query, item_id, the columns of the item as it was when the batch was drawn), so
that `grade pairs` and `label export --pairs` read the file too, and besides says with what probability the pair was
drawn, of which queries, from which stratum, for whom, and of a golden pair the grade that is known. Which runs brought
it stands there as well, and is shown to nobody who labels.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from semsearch.errors import UsageError
from semsearch.plain import json_line, plain
from semsearch.records import Label
from semsearch.store.labels import Key, item_digest, pair_of, query_key
from semsearch.store.labels.faults import MARKER, bad_line
from semsearch.store.labels.pools import Lookup, Pair, pair_rules, pool_path, read_pool
from semsearch.store.labels.snapshots import SHOWN
from semsearch.workspace import Workspace, checked_name

GRADES = (None, 0, 1, 2)


@dataclass(frozen=True, slots=True)
class Frame:
    """The queries that a batch was drawn from."""

    queries: int
    """How many, with those that batches before had drawn of them."""
    digest: str
    """Of their keys, 16 hexadecimal digits: batches with the same one were drawn from the same queries."""
    before: Mapping[str, int] = field(default_factory=dict)
    """Name of each batch that was drawn before, to how many of these queries it drew: they are left out."""
    keys: Set[str] | None = field(default=None, repr=False, compare=False)
    """Of the queries; None: nobody kept them, as in batches of older versions."""

    @classmethod
    def of(cls, keys: Iterable[str], draws: Mapping[str, Draw]) -> Frame:
        """That of a batch which is drawn from these queries after others were."""
        found = frozenset(keys)
        before = {name: len(found & draw.chances.keys()) for name, draw in draws.items()}
        return cls(len(found), _digest(found), before, found)


@dataclass(frozen=True, slots=True)
class Draw:
    """What one batch drew."""

    chances: Mapping[str, float]
    """Query key → with which it was drawn, given what was drawn before."""
    frame: Frame | None = None
    """None: nobody says, as of pairs of a file and in batches of older versions."""


@dataclass(frozen=True, slots=True)
class Golden:
    """What is known of a pair that annotators are measured by."""

    low: int | None
    """2, 1 or 0; null in both: ungradeable."""
    high: int | None
    by: tuple[str, ...] = ()
    """Who said so: they are not asked again."""


@dataclass(frozen=True, slots=True)
class Task:
    """One pair of a batch."""

    query: str
    """As typed."""
    item_id: str
    query_id: str
    item: Mapping[str, str]
    """Snapshot of the item as it was when the batch was drawn."""
    batch: str
    inclusion_probability: float | None = None
    """With which its query was drawn; null: it was picked on purpose."""
    frame: Frame | None = None
    """The queries that its query was drawn from; None: pairs of a file, and batches of older versions."""
    stratum: Mapping[str, str] = field(default_factory=dict)
    """Band, category, region and intent of the query."""
    imported: bool = False
    """Whether the item was one of the catalogue's when the batch was drawn."""
    annotators: tuple[str, ...] = ()
    """Who labels it; empty: who comes first."""
    second: bool = False
    """Whether another annotator labels it too, when nobody is named."""
    golden: Golden | None = None
    ranks: Mapping[str, int] = field(default_factory=dict, repr=False)
    """Name of each run that brought it, to its rank there. Not for the eyes of who labels."""

    @property
    def key(self) -> Key:
        """The pair as labels know it."""
        return query_key(self.query), self.item_id

    @property
    def item_digest(self) -> str:
        """Of the snapshot."""
        return item_digest(self.item)


def batch_path(workspace: Workspace, name: str) -> Path:
    """The file of a batch; raises UsageError for what can name no file."""
    return workspace.path("labels", "batches", f"{checked_name(name)}.jsonl")


def check_new(workspace: Workspace, name: str) -> None:
    """Raise UsageError when there is a batch of this name: labels refer to the one that was drawn."""
    if batch_path(workspace, name).exists():
        raise UsageError(
            f"There is a batch '{name}' already.",
            f"Next: semsearch label session {name} --by NAME, or sample another name",
        )


def write_batch(workspace: Workspace, name: str, tasks: Sequence[Task]) -> Path:
    """Write a new batch, whole or not at all; raises as `check_new`, and Busy while another process writes this one."""
    target = batch_path(workspace, name)
    with workspace.labelling("batch", "a sample", name):
        check_new(workspace, name)
        for frame in {task.frame.digest: task.frame for task in tasks if task.frame}.values():
            _keep_frame(workspace, frame)
        with workspace.staged(target) as draft:
            draft.write_bytes(b"".join(map(_line, tasks)))
    return target


def read_batch(workspace: Workspace, name: str) -> list[Task]:
    """The pairs of a batch in their order; raises UsageError for one that is not there or cannot be read."""
    path = batch_path(workspace, name)
    if not path.is_file() and (pool := pool_path(workspace, name)).is_file():
        raise UsageError(
            f"'{name}' is a pool that a model graded, no batch for people.",
            f"Next: semsearch label sample {name} --pairs {shlex.quote(str(pool))}",
        )
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in path.parent.glob("*.jsonl"))) or "none"
        raise UsageError(
            f"There is no batch '{name}'; there are: {known}.", f"Next: semsearch label sample {name} --run RUN"
        )
    lines = path.read_bytes().split(b"\n")
    return [_task(path, number, line, name) for number, line in enumerate(lines, start=1) if line.strip()]


@dataclass(frozen=True, slots=True)
class Asked:
    """Pairs that were to be judged, of queries that somebody began."""

    pairs: frozenset[Key] = frozenset()
    """That people are asked of, and those that a model was asked of and did not answer."""
    gone: frozenset[Key] = frozenset()
    """Of these, and of those that a model answered, those whose item is gone: they are nobody's task."""


def asked_of(workspace: Workspace, labels: Iterable[Label], lookup: Lookup) -> Asked:
    """By the batches of people in which they labelled a query, and by the pools in which a model did.

    Raises UsageError for a batch or a pool that cannot be read.
    """
    given = list(labels)
    people = _begun(label for label in given if label.source == "person")
    models = _begun(label for label in given if label.source == "model")
    answered = {pair_of(label) for label in given if label.source == "model"}
    drawn = {path.stem for path in workspace.path("labels", "batches").glob("*.jsonl")}
    tasks: list[Task | Pair] = [
        task
        for batch in sorted(people.keys() & drawn)
        for task in read_batch(workspace, batch)
        if task.key[0] in people[batch] and task.golden is None
    ]
    tasks += [
        pair for batch in sorted(models) for key, pair in read_pool(workspace, batch).items() if key[0] in models[batch]
    ]
    here = lookup({task.item_id for task in tasks if task.imported})
    gone = frozenset(task.key for task in tasks if task.imported and task.item_id not in here)
    wanted = frozenset(task.key for task in tasks if isinstance(task, Task) or task.key not in answered)
    return Asked(wanted - gone, gone)


def draws_of(workspace: Workspace) -> dict[str, Draw]:
    """What each batch drew with known chances, by its name; raises UsageError as `read_batch`, for frames too."""
    names = sorted(path.stem for path in workspace.path("labels", "batches").glob("*.jsonl"))
    found = {name: _draw(read_batch(workspace, name)) for name in names}
    digests = {draw.frame.digest for draw in found.values() if draw.frame}
    keys = {digest: _frame_keys(workspace, digest) for digest in sorted(digests)}
    return {
        name: replace(draw, frame=replace(draw.frame, keys=keys[draw.frame.digest])) if draw.frame else draw
        for name, draw in found.items()
        if draw.chances
    }


def _draw(tasks: Iterable[Task]) -> Draw:
    drawn = [(task.key[0], task.inclusion_probability, task.frame) for task in tasks]
    chances = {key: chance for key, chance, _ in drawn if chance is not None}
    return Draw(chances, next((frame for key, _, frame in drawn if key in chances and frame), None))


def _keep_frame(workspace: Workspace, frame: Frame) -> None:
    path = _frame_path(workspace, frame.digest)
    if frame.keys is not None and not path.exists():
        with workspace.staged(path) as draft:
            draft.write_bytes(b"".join(json_line({"query": key}) for key in sorted(frame.keys)))


def _frame_keys(workspace: Workspace, digest: str) -> Set[str] | None:
    """The queries of a frame; None when there is no file of them."""
    path = _frame_path(workspace, digest)
    if not path.is_file():
        return None
    try:
        keys = frozenset(json.loads(line)["query"] for line in path.read_bytes().splitlines())
    except (ValueError, KeyError, TypeError):
        keys = frozenset()
    if _digest(keys) != digest:
        raise UsageError(f"{path} does not hold the queries that it is named by.", "Next: bring the file back from git")
    return keys


def _frame_path(workspace: Workspace, digest: str) -> Path:
    return workspace.path("labels", "frames", f"{digest}.jsonl")


def _digest(keys: Set[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(keys)).encode()).hexdigest()[:16]


def _frame_told(frame: Frame | None) -> dict[str, Any] | None:
    return None if frame is None else {name: plain(getattr(frame, name)) for name in ("queries", "digest", "before")}


def pairs_of(tasks: Iterable[Task]) -> dict[Key, Task]:
    """Tasks by pair."""
    return {task.key: task for task in tasks}


def _line(task: Task) -> bytes:
    told: dict[str, Any] = {"query": task.query, "item_id": task.item_id, "query_id": task.query_id, **task.item}
    told |= {"inclusion_probability": task.inclusion_probability, "imported": task.imported}
    more = {
        "frame": _frame_told(task.frame),
        "stratum": dict(task.stratum),
        "annotators": list(task.annotators),
        "second": task.second,
        "golden": _golden_told(task.golden),
        "ranks": dict(task.ranks),
    }
    told |= {name: value for name, value in more.items() if value}
    return json_line(told)


def _begun(labels: Iterable[Label]) -> dict[str, set[str]]:
    """Batch → keys of the queries that were labelled in it."""
    begun: dict[str, set[str]] = defaultdict(set)
    for batch, query in {(label.batch, label.query) for label in labels if label.batch}:
        begun[batch].add(query_key(query))
    return begun


def _golden_told(golden: Golden | None) -> dict[str, Any] | None:
    return None if golden is None else {"low": golden.low, "high": golden.high, "by": list(golden.by)}


def _task(path: Path, number: int, line: bytes, batch: str) -> Task:
    try:
        row = json.loads(line)
    except ValueError as error:
        merged = (
            "a mark of a merge; a batch is written once, so one side of it holds" if MARKER.match(line) else "no JSON"
        )
        raise bad_line(path, number, merged) from error
    wrong = (
        next((what for holds, what in _rules(row) if not holds), None) if isinstance(row, dict) else "no JSON object"
    )
    if wrong:
        raise bad_line(path, number, wrong)
    golden, frame = row.get("golden"), row.get("frame")
    return Task(
        query=row["query"],
        item_id=row["item_id"],
        query_id=row.get("query_id", ""),
        item={name: row[name] for name in SHOWN if row.get(name)},
        batch=batch,
        inclusion_probability=row.get("inclusion_probability"),
        frame=Frame(frame["queries"], frame["digest"], frame["before"]) if frame else None,
        stratum=row.get("stratum", {}),
        imported=bool(row.get("imported")),
        annotators=tuple(row.get("annotators", ())),
        second=bool(row.get("second")),
        golden=Golden(golden["low"], golden["high"], tuple(golden.get("by", ()))) if golden else None,
        ranks=row.get("ranks", {}),
    )


def _rules(row: Mapping[str, Any]) -> list[tuple[bool, str]]:
    golden = row.get("golden")
    return [
        *pair_rules(row),
        (any(row.get(name) for name in SHOWN), "nothing of the item"),
        (row.get("frame") is None or _frames(row["frame"]), f"frame {row.get('frame')}"),
        (golden is None or _known(golden), f"golden {golden}"),
        (isinstance(row.get("stratum", {}), dict), "stratum is no object"),
        (isinstance(row.get("annotators", []), list), "annotators is no list"),
    ]


def _frames(frame: Any) -> bool:
    if not isinstance(frame, dict) or not isinstance(before := frame.get("before"), dict):
        return False
    counts = (frame.get("queries"), *before.values())
    whole = all(type(count) is int and count >= 0 for count in counts)
    return whole and sum(before.values()) < frame["queries"] and isinstance(frame.get("digest"), str)


def _known(golden: Any) -> bool:
    return isinstance(golden, dict) and all(golden.get(end, "") in GRADES for end in ("low", "high"))
