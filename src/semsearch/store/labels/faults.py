"""What can be wrong with a file of labels: a bad line, marks of a merge, a last line that was cut off."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from semsearch.errors import UsageError

MARKER = re.compile(rb"(<{7}|\|{7}|={7}|>{7})( |\r?$)")
"""What git puts at the beginning of a line around the sides of a conflict."""
BLOCK = 1 << 16
"""Bytes that are read at once from the end of a file."""


def bad_line(path: Path, number: int, what: str) -> UsageError:
    """The error of one line."""
    return UsageError(f"{path}:{number}: {what}.", "Next: correct this line or bring the file back from git")


def conflict(path: Path, number: int) -> UsageError:
    """The error of a file that git merged with marks; counts the labels of both sides."""
    side, counts, marks = b"", {b"<": 0, b"=": 0}, 0
    for line in lines_of(path):
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


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file with their ends, up to one that has none.

    A file that is gone has no lines: a session that ends unanswered takes its empty file with it.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            yield line
            if not line.endswith(b"\n"):
                return


def torn(path: Path) -> bytes:
    """The last line of a file when it was cut off; what can be read is never thrown away."""
    last = _endless(path)
    return last if is_torn(last) else b""


def is_torn(line: bytes) -> bool:
    """Whether a line has no end and is no JSON."""
    if line.endswith(b"\n") or not line.strip() or MARKER.match(line):
        return False
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


def end_of_lines(path: Path) -> int:
    """Bytes of the lines that have an end, found from the end of the file; 0 for a file that is gone."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return 0
    with file:
        place = file.seek(0, os.SEEK_END)
        while place:
            size = min(BLOCK, place)
            place = file.seek(place - size)
            if (end := file.read(size).rfind(b"\n")) >= 0:
                return place + end + 1
    return 0


def _endless(path: Path) -> bytes:
    """What stands behind the last end of a line."""
    try:
        with path.open("rb") as file:
            file.seek(end_of_lines(path))
            return file.read()
    except FileNotFoundError:
        return b""


def mend(path: Path) -> str:
    """Cut a torn last line off, or give a whole one its end; says what was done."""
    last = _endless(path)
    if not last:
        return ""
    cut = is_torn(last)
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        if cut:
            file.truncate(size - len(last))
        else:
            file.write(b"\n")
        file.flush()
        os.fsync(file.fileno())
    if not cut:
        return ""
    return f"The last line of {path} was cut off while it was written ({len(last):,} bytes): it was taken out."
