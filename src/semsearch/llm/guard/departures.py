"""What left the house: one line a call in a file that only grows, written before the call, without any text."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from semsearch.errors import UsageError
from semsearch.plain import plain


@dataclass(frozen=True, slots=True)
class Departure:
    """One call that is about to be made."""

    at: datetime
    """UTC."""
    host: str
    model: str
    prompt_id: str
    prompt_hash: str
    namespace: str
    """Of the texts."""
    key: str
    """Of the question, as in the cache."""
    n_chars: int
    """Of both messages."""
    placeholders: Mapping[str, int]
    """Kind to how many personal data were taken out."""


class Departures:
    """The log, such as `logs/llm-sent.jsonl` of a workspace. Opened by the first line; lines are whole.

    A line is with the operating system before the call leaves, so it outlives a killed process; it is not forced to
    the disk, which would cost more than the call's own work.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def note(self, departure: Departure) -> None:
        """Append one line; raises UsageError when it cannot be written, and the call must not be made then."""
        line = json.dumps(plain(departure), ensure_ascii=False).encode() + b"\n"
        try:
            file = self._opened()
            if os.write(file, line) != len(line):
                self.close()
                raise OSError(28, os.strerror(28))
        except OSError as error:
            raise UsageError(
                f"{self._path} cannot be written: {error.strerror}. Nothing is sent that is not noted there.",
                "Next: make room or correct its permissions, then the same command again; semsearch doctor",
            ) from error

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Departures:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> int:
        """The file, at a new line also when a crash or a full disk left half of one."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            size = os.fstat(self._file).st_size
            if size and os.pread(self._file, 1, size - 1) != b"\n":
                os.write(self._file, b"\n")
        return self._file
