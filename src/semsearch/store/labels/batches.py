"""Batches of pairs that people label: `labels/batches/NAME.jsonl`, written once, one pair a line.

A line is a row of pairs like any other (query, item_id, the columns of the item as it was when the batch was drawn), so
that `grade pairs` and `label export --pairs` read the file too, and besides says with what probability the pair was
drawn, of which queries, from which stratum, for whom, and of a golden pair the grade that is known. Which runs brought
it stands there as well, and is shown to nobody who labels.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semsearch.errors import UsageError
from semsearch.plain import json_line
from semsearch.store.labels import Key, item_digest, query_key
from semsearch.store.labels.draws import Frame, frame_of, frame_told, keep_frame
from semsearch.store.labels.faults import MARKER, bad_line
from semsearch.store.labels.pools import pair_rules, pool_path
from semsearch.store.labels.snapshots import SHOWN
from semsearch.workspace import Workspace, checked_name

GRADES = (None, 0, 1, 2)


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
            keep_frame(workspace, frame)
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


def read_batches(workspace: Workspace) -> dict[str, list[Task]]:
    """All batches by their names; raises as `read_batch`."""
    names = sorted(path.stem for path in workspace.path("labels", "batches").glob("*.jsonl"))
    return {name: read_batch(workspace, name) for name in names}


def pairs_of(tasks: Iterable[Task]) -> dict[Key, Task]:
    """Tasks by pair."""
    return {task.key: task for task in tasks}


def _line(task: Task) -> bytes:
    told: dict[str, Any] = {"query": task.query, "item_id": task.item_id, "query_id": task.query_id, **task.item}
    told |= {"inclusion_probability": task.inclusion_probability, "imported": task.imported}
    more = {
        "frame": frame_told(task.frame),
        "stratum": dict(task.stratum),
        "annotators": list(task.annotators),
        "second": task.second,
        "golden": _golden_told(task.golden),
        "ranks": dict(task.ranks),
    }
    told |= {name: value for name, value in more.items() if value}
    return json_line(told)


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
    golden = row.get("golden")
    return Task(
        query=row["query"],
        item_id=row["item_id"],
        query_id=row.get("query_id", ""),
        item={name: row[name] for name in SHOWN if row.get(name)},
        batch=batch,
        inclusion_probability=row.get("inclusion_probability"),
        frame=frame_of(row),
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
        (golden is None or _known(golden), f"golden {golden}"),
        (isinstance(row.get("stratum", {}), dict), "stratum is no object"),
        (isinstance(row.get("annotators", []), list), "annotators is no list"),
    ]


def _known(golden: Any) -> bool:
    return isinstance(golden, dict) and all(golden.get(end, "") in GRADES for end in ("low", "high"))
