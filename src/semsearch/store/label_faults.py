"""What can be wrong with a file of labels: a bad line, marks of a merge, a last line that was cut off."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from semsearch.errors import UsageError

MARKER = re.compile(rb"(<{7}|\|{7}|={7}|>{7})( |\r?$)")
"""What git puts at the beginning of a line around the sides of a conflict."""


def bad_line(path: Path, number: int, what: str) -> UsageError:
    """The error of one line."""
    return UsageError(f"{path}:{number}: {what}.", "Next: correct this line or bring the file back from git")


def conflict(path: Path, number: int, lines: list[bytes]) -> UsageError:
    """The error of a file that git merged with marks; counts the labels of both sides."""
    side, counts, marks = b"", {b"<": 0, b"=": 0}, 0
    for line in lines:
        if MARKER.match(line):
            side, marks = line[:1], marks + (line[:1] == b"<")
        elif side in counts and line.strip():
            counts[side] += 1
    more = f" and {marks - 1:,} more" if marks > 1 else ""
    return UsageError(
        f"{path}:{number}: a merge conflict{more} (labels on our side: {counts[b'<']:,}, on theirs: {counts[b'=']:,}).",
        "Next: keep both: take out only the lines that begin with <<<<<<<, ======= or >>>>>>> "
        "(and from ||||||| to =======), then run the command again",
    )


def torn(content: bytes) -> bytes:
    """The last line of a file when it has no end and is no JSON; what can be read is never thrown away."""
    last = content.rpartition(b"\n")[2]
    try:
        if last.strip() and not MARKER.match(last):
            json.loads(last)
    except ValueError:
        return last
    return b""


def mend(path: Path) -> str:
    """Cut a torn last line off, or give a whole one its end; says what was done."""
    if not path.exists() or not (content := path.read_bytes()) or content.endswith(b"\n"):
        return ""
    cut = torn(content)
    with path.open("r+b") as file:
        if cut:
            file.truncate(len(content) - len(cut))
        else:
            file.seek(0, os.SEEK_END)
            file.write(b"\n")
        file.flush()
        os.fsync(file.fileno())
    if not cut:
        return ""
    return f"The last line of {path} was cut off while it was written ({len(cut):,} bytes): it was taken out."
