"""The locked part: who looked at it, when, and with which prompt.

`tuning/openings.jsonl` in the workspace, append-only, a line an opening, on the disk before anything is asked:

```
{"n": 1, "at", "by", "why": "tune" | "audit", "prompt", "prompt_hash", "model", "asked", "labels", "n_queries",
 "n_pairs"}
```

To ask the same questions again, or to look at the same labels of a machine, tells nothing new and is the same opening:
a run that was stopped goes on. Everything else is another opening, which somebody has to want.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from semsearch.errors import Damaged, Refused, UsageError
from semsearch.files import flush
from semsearch.relevance.truths import Truth, digest_of
from semsearch.workspace import Workspace

FOLDER, FILE = "tuning", "openings.jsonl"
_COMMANDS = {"tune": "grade tune", "audit": "grade audit --locked"}


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks, and with what."""

    by: str
    why: str
    """tune or audit."""
    prompt: str
    """Id of the prompt, and the variant unless it is whole."""
    prompt_hash: str
    model: str
    asked: str
    """Digest of what is looked at: the questions with their examples, or the machine's labels."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One look at the locked part."""

    n: int
    """1 is the first."""
    at: str
    """UTC, ISO 8601."""
    by: str
    why: str
    prompt: str
    prompt_hash: str
    model: str
    asked: str
    """As the looker says; empty in lines of before it was kept, which are no look that can be told again."""
    labels: str
    """Digest of the labels in it."""
    n_queries: int
    n_pairs: int

    @property
    def told(self) -> str:
        """In a line."""
        return f"{self.n}. {self.at} by {self.by} for {self.why}: {self.prompt} ({self.prompt_hash}), {self.model}"


def openings(workspace: Workspace) -> list[Opening]:
    """All that there were, the first one first; raises Damaged. A line that was cut off was no opening yet."""
    path = workspace.path(FOLDER, FILE)
    if not path.is_file():
        return []
    *lines, _ = path.read_bytes().split(b"\n")
    return [_read(path, number, line) for number, line in enumerate(lines, start=1)]


def known(workspace: Workspace, looker: Looker, truths: Sequence[Truth]) -> Opening | None:
    """The opening that already showed what this one would."""
    wanted = (looker.prompt_hash, looker.model, looker.asked, digest_of(truths))
    told = openings(workspace)
    return next((each for each in told if (each.prompt_hash, each.model, each.asked, each.labels) == wanted), None)


def check(workspace: Workspace, why: str, *, by: str, again: bool) -> None:
    """Raises UsageError when nobody is named, Refused when it was opened before and nobody wants it again."""
    if not by.strip():
        raise UsageError(
            "The locked part of the labels is opened by somebody: the name is written down (or SEMSEARCH_REVIEWER).",
            f"Next: semsearch {_COMMANDS[why]}{' --again' if again else ''} --by NAME",
        )
    if (before := openings(workspace)) and not again:
        raise Refused(
            f"The locked part was opened {times(len(before))}, last by {before[-1].by} at {before[-1].at}. What is "
            "tuned after a look at it is tuned on it. To open it again is written down too.",
            f"Next: semsearch {_COMMANDS[why]} --again --by NAME",
        )


def open_locked(
    workspace: Workspace, looker: Looker, truths: Sequence[Truth], *, now: datetime, again: bool
) -> Opening:
    """Write down that the locked part, which is `truths`, is looked at; raises as `check`, and Busy.

    What was looked at before is not opened again.
    """
    with workspace.writing(wait=True):
        if (before := known(workspace, looker, truths)) is not None:
            return before
        check(workspace, looker.why, by=looker.by, again=again)
        n = len(openings(workspace)) + 1
        queries = {each.key[0] for each in truths}
        at = now.isoformat(timespec="seconds")
        opening = Opening(
            n, at, **asdict(looker), labels=digest_of(truths), n_queries=len(queries), n_pairs=len(truths)
        )
        _append(workspace.path(FOLDER, FILE), opening)
    return opening


def times(n: int) -> str:
    """So many times, in words."""
    return {0: "never", 1: "once", 2: "twice"}.get(n, f"{n} times")


def _read(path: Path, number: int, line: bytes) -> Opening:
    try:
        raw = json.loads(line)
        opening = Opening(**{name: ({"asked": ""} | raw)[name] for name in Opening.__slots__})
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, number, str(error)) from error
    if opening.n != number:
        raise _damaged(path, number, f"it says that it is opening {opening.n}")
    return opening


def _damaged(path: Path, number: int, why: str) -> Damaged:
    return Damaged(
        f"{path}, line {number},", f"{why}.", "Next: semsearch doctor; bring the file back from git or a backup"
    )


def _append(path: Path, opening: Opening) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("a+b") as file:
        file.seek(0)
        whole = file.read().rpartition(b"\n")
        file.truncate(len(whole[0]) + len(whole[1]))
        file.write((json.dumps(asdict(opening), ensure_ascii=False) + "\n").encode())
        file.flush()
        os.fsync(file.fileno())
    flush(path.parent)
