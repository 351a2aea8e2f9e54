"""Where rows come from: files, globs and stdin, decompressed, with their format recognised by content."""

from __future__ import annotations

import glob
import gzip
import io
import itertools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import BinaryIO, Literal, cast

from semsearch.errors import UsageError

Format = Literal["csv", "tsv", "jsonl", "parquet"]
STDIN = "-"
BLOCK = 4 << 20
"""Bytes read at a time."""
HEAD = 1 << 16
"""Bytes by which a format is recognised."""
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive; save it as CSV, or unzip it",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV",
    b"%PDF": "a PDF",
    b"\x89PNG": "a PNG image",
    b"BZh": "bzip2-compressed; use gzip or zstd",
    b"\xfd7zXZ": "xz-compressed; use gzip or zstd",
}


@dataclass(frozen=True)
class Source:
    """One input; `blocks()` starts it from the beginning (stdin can be started once)."""

    name: str
    """As shown to the user."""
    path: Path | None
    """None is stdin."""
    stdin: BinaryIO | None = None

    def blocks(self) -> Iterator[bytes]:
        """The decompressed bytes; raises UsageError when the compressed stream is cut off or damaged."""
        try:
            with self.open() as raw:
                yield from _decompressed(raw)
        except (EOFError, zlib.error, gzip.BadGzipFile, _Damaged) as error:
            raise Unreadable(
                f"{self.name} is cut off or damaged ({error}).",
                "Next: fetch or export it again, then run the command again",
            ) from error
        except OSError as error:
            raise Unreadable(
                f"{self.name} cannot be read: {error.strerror or error}.", "Next: check its permissions and the disk"
            ) from error

    def open(self) -> BinaryIO:
        """The bytes as they are; raises UsageError when there is no standard input."""
        if self.path is not None:
            return self.path.open("rb")
        if self.stdin is None or self.stdin.closed:
            raise UsageError("There is no standard input to read.", "Next: name a file, or pipe rows in: … | semsearch")
        return self.stdin


class _Damaged(Exception):
    pass


class Unreadable(UsageError):
    """A source turned out to be broken, maybe after many good rows."""


def expand(names: Sequence[str], stdin: BinaryIO | None = None) -> list[Source]:
    """The sources that file names, globs and `-` stand for, globs in name order.

    Raises UsageError for a directory, a missing file and a glob without a match.
    """
    sources: list[Source] = []
    for name in names:
        if name == STDIN:
            sources.append(Source("stdin", None, stdin))
        elif Path(name).exists():
            sources.append(_file(Path(name)))
        elif glob.has_magic(name):
            found = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
            if not found:
                raise UsageError(f"No file matches {name}.", "Next: check the pattern with ls")
            sources.extend(_file(Path(path)) for path in found)
        else:
            raise UsageError(f"No file {name}.", "Next: check the name; `-` reads standard input")
    return sources


def _file(path: Path) -> Source:
    if path.is_dir():
        raise UsageError(f"{path} is a directory.", f"Next: name its files, such as '{path}/*.csv'")
    return Source(str(path), path)


def nothing_in(sources: Sequence[Source]) -> UsageError:
    """The error that refuses sources without a row."""
    names = ", ".join(source.name for source in sources[:3])
    if any(".jsonl" in source.name and source.path and source.path.stat().st_size for source in sources):
        told = "no line is a JSON object, and what is none is read as a table, of which the first line is the header"
        return UsageError(f"No rows in {names}: {told}.", "Next: write one JSON object a line, each ended by \\n")
    return UsageError(
        f"No rows in {names}: empty, or only a header.", "Next: name a file with at least one row below the header"
    )


def _decompressed(raw: BinaryIO) -> Iterator[bytes]:
    first = raw.read(BLOCK)
    blocks = itertools.chain([first], iter(lambda: raw.read(BLOCK), b""))
    if first.startswith(b"\x1f\x8b"):
        return _gunzip(blocks)
    if first.startswith(b"\x28\xb5\x2f\xfd"):
        return _unzstd(blocks)
    return (block for block in blocks if block)


def _gunzip(blocks: Iterator[bytes]) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=cast("BinaryIO", _Blocks(blocks))) as unzipped:
        yield from iter(lambda: unzipped.read(BLOCK), b"")


def _unzstd(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """zstandard's own reader ends silently on a cut stream, so that the end of each frame is checked here."""
    import zstandard

    frame = zstandard.ZstdDecompressor().decompressobj()
    started = False
    for block in blocks:
        data = block
        while data:
            try:
                plain = frame.decompress(data)
            except zstandard.ZstdError as error:
                raise _Damaged(str(error)) from error
            if plain:
                yield plain
            started, data = not frame.eof, frame.unused_data
            if frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
    if started:
        raise _Damaged("zstd stream without its end")


class _Blocks(io.RawIOBase):
    """A readable file over an iterator of blocks; GzipFile wants a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        self._rest = self._rest or next(self._blocks, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def peek(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes (up to 64 kB), and the whole stream again."""
    taken: list[bytes] = []
    while sum(map(len, taken)) < HEAD and (block := next(blocks, b"")):
        taken.append(block)
    return b"".join(taken)[:HEAD], itertools.chain(taken, blocks)


def sniff(name: str, head: bytes) -> Format:
    """The format of a stream by its first bytes; the name only tells .tsv from .csv.

    Raises UsageError for a binary file and for a JSON array.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    text = _text(name, head).lstrip("\ufeff \t\r\n")
    if text.startswith("["):
        raise UsageError(
            f"{name} is one JSON array, not one JSON object a line.",
            f"Next: jq -c '.[]' {quote(name)} > rows.jsonl, then the same command with rows.jsonl",
        )
    if text.startswith("{"):
        return "jsonl"
    return "tsv" if ".tsv" in Path(name).suffixes else "csv"


def _text(name: str, head: bytes) -> str:
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise _binary(name, what)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    text = head.decode("utf-8", errors="replace")
    control = sum(c < "\x20" and c not in "\t\r\n\f\v" for c in text) / max(len(text), 1)
    if control > 0.3 and "\x00" in text:
        raise _binary(name, "UTF-16 without a byte order mark, or binary")
    if control > 0.02 and "\ufffd" in text:
        raise _binary(name, "a binary file")
    return text


def _binary(name: str, what: str) -> UsageError:
    return UsageError(
        f"{name} is no table of text: it looks like {what}.", "Next: give CSV, TSV, JSONL or Parquet, also .gz or .zst"
    )
