"""One file of labels that is held and appended to: all of a step is on the disk, or nothing."""

from __future__ import annotations

import os
from pathlib import Path

from semsearch.errors import MismatchError, UsageError
from semsearch.records import Label
from semsearch.store.labels.lines import BadLabel, check, line_of


class Writer:
    """One file of labels, held to append to."""

    def __init__(
        self,
        path: Path,
        descriptor: int,
        held: tuple[str, str, str],
        *,
        before: tuple[Label, ...],
        rubric: str | None,
        mended: str,
    ) -> None:
        self.path = path
        self.before = before
        """Labels that were in the file already, in the order of its lines."""
        self.mended = mended
        """What was wrong with the last line, and is no more; empty when it was whole."""
        self._descriptor = descriptor
        self._held = held
        self._rubric = rubric

    def append(self, *labels: Label) -> None:
        """Keep labels, all or none; they are on the disk when this returns.

        Raises UsageError for a label that cannot be, is not of this file or does not fit on the disk, MismatchError
        for one of another rubric version than the batch.
        """
        self.check(*labels)
        self._write(b"".join(map(line_of, labels)))

    def check(self, *labels: Label) -> None:
        """Raises as `append` does, and keeps nothing."""
        for label in labels:
            self._check(label)

    def _check(self, label: Label) -> None:
        try:
            check(label)
        except BadLabel as error:
            told = f"A label of '{label.query}' and item {label.item_id} cannot be kept: {error}."
            raise UsageError(told, "Next: correct it, then run the command again") from error
        if (label.source, label.by, label.batch) != self._held:
            source, by, batch = self._held
            raise UsageError(
                f"A {label.source}'s label by {label.by} in batch {label.batch} does not belong to {self.path}, "
                f"which is a {source}'s: {by}, batch {batch}.",
                "Next: semsearch label session BATCH --by NAME, with those that the label is of",
            )
        self._rubric = label.rubric if self._rubric is None else self._rubric
        if label.rubric != self._rubric:
            raise MismatchError(
                f"Batch {label.batch} was graded with rubric {self._rubric or 'unknown'}; now it is "
                f"{label.rubric or 'unknown'}. Grades of two rubrics are not one batch.",
                "Next: the same command with a new --batch NAME, or with the semsearch that the batch began with",
            )

    def _write(self, content: bytes) -> None:
        before = os.fstat(self._descriptor).st_size
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, before)
            raise UsageError(
                f"{self.path} cannot be written: {error.strerror}. Nothing of this step was kept in it.",
                "Next: check the disk, then run the command again",
            ) from error
