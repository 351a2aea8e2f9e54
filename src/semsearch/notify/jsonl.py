"""Alerts as a growing file of JSON Lines, for everything that is not Slack.

Written at least once: a crash between writing and noting repeats a line. `key` is the same then, so whoever reads
keeps the last line of each key and has every step exactly once.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

from semsearch.notify.message import Notice
from semsearch.notify.sink import Later, Receipt, SinkError
from semsearch.plain import plain

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EINTR, errno.EAGAIN, errno.EIO}
"""What may pass without anyone's touching the settings."""


class JsonlSink:
    """One line a step of an alert, and one when people decided; on disk before `send` returns."""

    name = "jsonl"
    every = True
    pace_s = 0.0

    def __init__(self, path: Path) -> None:
        self._path = path

    def lane(self, notice: Notice) -> str:  # noqa: ARG002 - a file has one end
        """Always the same."""
        return ""

    def send(self, notice: Notice, receipt: Receipt | None) -> Receipt:  # noqa: ARG002 - lines are never changed
        """Append a line."""
        key = f"{notice.alert_id}:{notice.level}:{notice.kind}:{notice.status}"
        line = json.dumps({"key": key, **plain(notice)}, ensure_ascii=False) + "\n"
        try:
            self._append(line.encode())
        except OSError as error:
            wrong = f"{self._path} cannot be written: {error.strerror}."
            if error.errno in FULL:
                raise Later(wrong) from error
            mend = "Next: correct [notify] jsonl_path or its permissions, then semsearch alerts retry"
            raise SinkError(wrong, mend, "sink") from error
        return {"key": key}

    def _append(self, line: bytes) -> None:
        """Write one whole line after whole lines, also when a crash or a full disk left half a line at the end."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab+", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                line = line if file.read(1) == b"\n" else b"\n" + line
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
