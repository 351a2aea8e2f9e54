"""Rows set aside: counted by reason, with an example of each, and written as they were, one JSON object a line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TextIO

from semsearch.errors import UsageError
from semsearch.ingest.lines import Reject
from semsearch.workspace import Workspace

TOLD = 5
"""Reasons in a summary."""
_RAGGED = re.compile(r"has (\d+) columns?, the header (\d+)")


class TooManyBad(UsageError):
    """More bad rows than are allowed."""


class Rejects:
    """The bad rows of one run. The file comes into being with the first of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """JSON Lines: file, row, column, reason, raw."""
        self.n = 0
        self.reasons: Counter[str] = Counter()
        """`column: reason` and how often."""
        self.examples: dict[str, str] = {}
        """A value for each of `reasons`, as it was found; empty where the reason has none."""
        self._out: TextIO | None = None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, *_: object) -> None:
        if self._out:
            self._out.close()

    def of(self, file: str) -> Reject:
        """What to call with each bad row of one file."""

        def reject(row: int, column: str, reason: str, raw: object) -> None:
            self.n += 1
            what, example = _apart(reason)
            what = f"{column}: {what}" if column else what
            self.reasons[what] += 1
            self.examples.setdefault(what, example)
            entry = {"file": file, "row": row, "column": column, "reason": reason, "raw": raw}
            if self._out is None:
                self._out = self.path.open("w", encoding="utf-8", errors="backslashreplace")
            self._out.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")

        return reject

    def flush(self) -> None:
        """Hand what was written to the operating system, so that a kill does not lose it."""
        if self._out:
            self._out.flush()


def told_reasons(reasons: Mapping[str, int], examples: Mapping[str, str]) -> list[str]:
    """Why rows were rejected, a line a reason with a value; the lines add up to all of them."""
    ranked = sorted(reasons.items(), key=lambda pair: -pair[1])
    lines = [
        f"{count:,} × {reason}" + (f", such as {examples[reason]}" if examples.get(reason) else "")
        for reason, count in ranked[:TOLD]
    ]
    left = sum(count for _, count in ranked[TOLD:])
    return [*lines, f"{left:,} more for other reasons"] if left else lines


def quarantine_path(workspace: Workspace, kind: str, now: datetime) -> Path:
    """Where the bad rows of a run that began at `now` are kept."""
    return workspace.path("quarantine", f"{kind}-{now:%Y%m%dT%H%M%S%fZ}.jsonl")


def too_many(rejects: Rejects, n_read: int, allowed: float, *, kept: Path, consequence: str, remedy: str) -> TooManyBad:
    """The error that refuses `n_read` rows for their bad ones; when all are bad, no share of them can be allowed."""
    share, some_good = rejects.n / n_read, rejects.n < n_read
    what = f"more than the {allowed:.2%} that are allowed" if some_good else "all that there are"
    reasons = "".join(f"\n  {line}" for line in told_reasons(rejects.reasons, rejects.examples))
    return TooManyBad(
        f"{rejects.n:,} of {n_read:,} rows ({share:.2%}) are bad, {what}. {consequence}{reasons}\n  They are in {kept}",
        f"Next: {remedy}" + (f", or allow them with --max-rejects {_rounded_up(share)}" if some_good else ""),
    )


def _apart(reason: str) -> tuple[str, str]:
    """A reason without what differs from row to row, and that."""
    ragged = _RAGGED.fullmatch(reason)
    if ragged:
        return "has more or fewer columns than the header", f"{ragged[1]} instead of {ragged[2]}"
    what, _, value = reason.partition(": '")
    return what, f"'{value}" if value else ""


def _rounded_up(share: float) -> float:
    return min(1.0, (int(share * 1000) + 1) / 1000)
