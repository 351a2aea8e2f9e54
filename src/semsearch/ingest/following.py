"""A file that another program is writing to, or a pipe, as chunks of whole lines.

A line without its end waits for it. A file that is replaced under its name (rotated) is read to its end, then the new
one from its beginning; one that is cut shorter is read from its beginning again. One that was cut and has grown past
the old place between two looks cannot be told from one that only grew: rotate by renaming.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from semsearch.ingest import sources
from semsearch.ingest.lines import MAX_LINE
from semsearch.ingest.sources import HEAD


class Chunk(NamedTuple):
    """Some whole lines."""

    data: bytes
    """May be empty."""
    number: int
    """Of the first of these lines in its file, from 1."""
    note: str = ""
    """What happened to the file before them, for people."""


def follow(path: Path, wait: Callable[[], None]) -> Iterator[Chunk]:
    """The lines of a growing file from its beginning, without an end; `wait` is called when there is nothing new.

    A file that is gone is waited for. Raises OSError when it cannot be opened at first.
    """
    file: BinaryIO = path.open("rb")
    try:
        lines = _Lines()
        while True:
            yield from lines.of(file)
            newer = _newer(path, file)
            if newer is not None:
                yield from lines.of(file)  # what came between the last read and the renaming
                yield from lines.last()
                file.close()
                file, lines = newer, _Lines()
                yield Chunk(b"", 1, f"{path} was replaced: the new file is read from its beginning.")
            elif file.tell() > os.fstat(file.fileno()).st_size:
                file.seek(0)
                lines = _Lines()
                yield Chunk(b"", 1, f"{path} was cut: it is read from its beginning again.")
            else:
                wait()
    finally:
        file.close()


def stream(stdin: BinaryIO) -> Iterator[Chunk]:
    """The lines of a pipe as they come, until it ends."""
    lines = _Lines()
    while data := stdin.read1(sources.BLOCK):  # type: ignore[attr-defined]
        yield from lines.take(data)
    yield from lines.last()


class _Lines:
    """Cuts what was read behind its last line end; keeps the rest.

    A line that has no end after 64 MB is handed on as its first 64 kB, which is no whole JSON; what follows of it is
    passed over.
    """

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._number = 1
        self._too_long = False

    def of(self, file: BinaryIO) -> Iterator[Chunk]:
        """All that can be read now."""
        while data := file.read(sources.BLOCK):
            yield from self.take(data)

    def take(self, data: bytes) -> Iterator[Chunk]:
        if self._too_long:
            _, found, data = data.partition(b"\n")
            self._too_long = not found
        end = data.rfind(b"\n") + 1
        if end:
            yield self._chunk(b"".join([*self._rest, data[:end]]))
            self._rest = []
        self._rest.append(data[end:])
        if sum(map(len, self._rest)) > MAX_LINE:
            yield self._chunk(b"".join(self._rest)[:HEAD] + b"\n")
            self._rest, self._too_long = [], True

    def last(self) -> Iterator[Chunk]:
        """What is left when no more can come."""
        if any(self._rest):
            yield self._chunk(b"".join(self._rest) + b"\n")

    def _chunk(self, data: bytes) -> Chunk:
        chunk = Chunk(data, self._number)
        self._number += data.count(b"\n")
        return chunk


def _newer(path: Path, file: BinaryIO) -> BinaryIO | None:
    """The file that has the name now, when it is another one."""
    try:
        other = path.open("rb")
    except FileNotFoundError:
        return None
    if os.path.samestat(os.fstat(other.fileno()), os.fstat(file.fileno())):
        other.close()
        return None
    return other
