"""What others label of a batch while a session on it is open, so that nobody labels what needs no more labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from semsearch.records import Label
from semsearch.review.labelling.strategies import Said, has_enough
from semsearch.store.labels import Key, LabelFiles, pair_of, standing
from semsearch.store.labels.batches import Task
from semsearch.store.labels.faults import end_of_lines
from semsearch.store.labels.lines import BadLabel, label_of


class OtherDesks:
    """Others' files of one batch. Make it before their labels are read: it tells what came since."""

    def __init__(self, files: LabelFiles, batch: str, by: str) -> None:
        self._files, self._batch, self._by = files, batch, by
        # Not their sizes: a line that was cut off is taken out by the next session that writes there.
        self._read = {path: end_of_lines(path) for path in self._paths()}
        self._new: list[Label] = []

    def taken(self, tasks: Sequence[Task], said: Said) -> set[Key]:
        """Those of these pairs that others have labelled enough by now; empty when nothing came since the last time.

        `said` is what was read in the beginning.
        """
        new = [label for path in self._paths() for label in self._since(path)]
        if not new:
            return set()
        self._new += new
        by_pair: dict[Key, set[str]] = defaultdict(set)
        for label in standing(self._new):
            by_pair[pair_of(label)].add(label.by)
        early = ((task, {other.by for other in said.others(task.key, self._by)}) for task in tasks)
        return {task.key for task, others in early if has_enough(task, others | by_pair.get(task.key, set()))}

    def _paths(self) -> list[Path]:
        own = self._files.path("person", self._by, self._batch)
        return [path for path in self._files.paths("person", self._batch) if path != own]

    def _since(self, path: Path) -> list[Label]:
        """Labels of whole lines that were appended since the last time; what is no label is somebody else's to tell."""
        try:
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                lines = file.read().rpartition(b"\n")[0]
        except FileNotFoundError:  # a session that ended unanswered
            return []
        self._read[path] = self._read.get(path, 0) + len(lines) + bool(lines)
        found = []
        for line in lines.splitlines():
            try:
                found.append(label_of(line))
            except BadLabel:
                continue
        return [label for label in found if label.role != "adjudication"]
