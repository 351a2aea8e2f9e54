"""Of which queries batches were drawn, after which others, and with what chances.

The queries that a batch was drawn from stand in `labels/frames/DIGEST.jsonl`, one a line: a figure from people's labels
of the batch is about these. Batches that were drawn from the same queries share the file.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semsearch.errors import UsageError
from semsearch.plain import json_line, plain
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    from semsearch.store.labels.batches import Task

TOLD = ("queries", "digest", "before", "place", "again_of")


@dataclass(frozen=True, slots=True)
class Frame:
    """The queries that a batch was drawn from."""

    queries: int
    """How many, with those that batches before had drawn of them."""
    digest: str
    """Of their keys, 16 hexadecimal digits: batches with the same one were drawn from the same queries."""
    before: Mapping[str, int] = field(default_factory=dict)
    """Name of each batch that was drawn before, to how many of these queries it drew: they are left out. A query that
    several drew is the first's."""
    place: int | None = None
    """How many batches were drawn before, one after the other; None: as many as stand in `before` (older versions)."""
    again_of: str = ""
    """Name of the batch whose own queries were drawn again, each with the product of both chances; "": of none."""
    keys: Set[str] | None = field(default=None, repr=False, compare=False)
    """Of the queries; None: nobody kept them, as in batches of older versions."""

    @classmethod
    def of(cls, keys: Iterable[str], draws: Mapping[str, Draw]) -> Frame:
        """That of a batch which is drawn from these queries after others were."""
        found = frozenset(keys)
        before: dict[str, int] = {}
        left = set(found)
        for name in in_order(draws):
            before[name] = len(left & draws[name].chances.keys())
            left -= draws[name].chances.keys()
        return cls(len(found), _digest(found), before, next_place(draws), keys=found)


@dataclass(frozen=True, slots=True)
class Draw:
    """What one batch drew."""

    chances: Mapping[str, float]
    """Query key → with which it was drawn, given what was drawn before."""
    frame: Frame | None = None
    """None: nobody says, as of pairs of a file and in batches of older versions."""

    @property
    def place(self) -> tuple[float, int, tuple[str, ...]]:
        """What batches are sorted by to be in the order in which they were drawn; their names say nothing.

        Those without a frame come last: their queries count once, wherever they stand. Of several at one place, as of
        two people who drew at once, the larger comes first.
        """
        frame = self.frame
        place = math.inf if frame is None else len(frame.before) if frame.place is None else frame.place
        return place, -len(self.chances), tuple(sorted(self.chances))


def in_order(draws: Mapping[str, Draw]) -> list[str]:
    """Names in the order in which they were drawn."""
    return sorted(draws, key=lambda name: draws[name].place)


def next_place(draws: Mapping[str, Draw]) -> int:
    """That of the batch which is drawn after all of these."""
    return max((int(draw.place[0]) + 1 for draw in draws.values() if draw.frame), default=0)


def draws_of(workspace: Workspace, batches: Mapping[str, Sequence[Task]]) -> dict[str, Draw]:
    """What each batch drew with known chances, by its name; raises UsageError for a frame that cannot be read."""
    found = {name: _draw(tasks) for name, tasks in batches.items()}
    digests = {draw.frame.digest for draw in found.values() if draw.frame}
    keys = {digest: _frame_keys(workspace, digest) for digest in sorted(digests)}
    return {
        name: replace(draw, frame=replace(draw.frame, keys=keys[draw.frame.digest])) if draw.frame else draw
        for name, draw in found.items()
        if draw.chances
    }


def _draw(tasks: Iterable[Task]) -> Draw:
    """Pairs that were drawn from several frames are of none."""
    drawn = [(task.key[0], task.inclusion_probability, task.frame) for task in tasks]
    chances = {key: chance for key, chance, _ in drawn if chance is not None}
    frames = [frame for key, _, frame in drawn if key in chances]
    one = frames and all(frame == frames[0] for frame in frames)
    return Draw(chances, frames[0] if one else None)


def keep_frame(workspace: Workspace, frame: Frame) -> None:
    """Write down which queries it is of, once; nothing where nobody knows."""
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


def frame_told(frame: Frame | None) -> dict[str, Any] | None:
    """As it stands in a line of pairs; without what is unknown."""
    told = {} if frame is None else {name: plain(getattr(frame, name)) for name in TOLD}
    return {name: value for name, value in told.items() if value not in (None, "")} or None


def frame_of(row: Mapping[str, Any]) -> Frame | None:
    """The frame of a row that `is_frame` holds of; None without one."""
    told = row.get("frame")
    return Frame(**{name: told[name] for name in TOLD if name in told}) if told else None


def is_frame(told: Any) -> bool:
    """Whether this is a frame in JSON, or none."""
    if told is None:
        return True
    if not isinstance(told, dict) or not isinstance(before := told.get("before"), dict):
        return False
    counts = (told.get("queries"), *before.values())
    texts = (told.get("digest"), told.get("again_of", ""))
    return (
        all(type(count) is int and count >= 0 for count in counts)
        and all(count <= told["queries"] for count in before.values())
        and (told.get("place") is None or (type(told["place"]) is int and told["place"] >= 0))
        and all(isinstance(text, str) for text in texts)
    )
