"""Text files in and out, line by line, with errors that name file and line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from semsearch.errors import UsageError
from semsearch.files import atomic


def bad_line(path: Path, line: int, what: str, next_step: str = "Next: correct this line") -> UsageError:
    """The error of one line, as `path:line: what`."""
    return UsageError(f"{path}:{line}: {what}", next_step)


def open_text(path: Path) -> TextIO:
    """A UTF-8 text file, with or without BOM, plain or `.gz`; raises UsageError when it is not there."""
    if not path.is_file():
        kind = "is a directory" if path.is_dir() else "does not exist"
        raise UsageError(f"{path} {kind}.", "Next: check the path")
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def checked(path: Path, lines: Iterable[str]) -> Iterator[str]:
    """The lines as they are; raises UsageError with the line for what is not UTF-8 text or cannot be read."""
    number = 0
    try:
        for line in lines:
            number += 1
            if "\0" in line:
                raise bad_line(path, number, "holds a NUL character; this is not a text file.", "Next: check the file")
            yield line
    except UnicodeDecodeError as error:
        raise bad_line(
            path, number + 1, "this line or one below is not UTF-8.", f"Next: iconv -f cp949 -t utf-8 {path}"
        ) from error
    except (EOFError, OSError, zlib.error) as error:
        raise bad_line(path, number + 1, f"cannot be read: {error}.", "Next: fetch the file again") from error


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line number, line without its end) of a file; blank lines are skipped. Raises as `checked` does."""
    with open_text(path) as file:
        for number, line in enumerate(checked(path, file), start=1):
            if not line.isspace():
                yield number, line.rstrip("\r\n")


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a UTF-8 file whole or not at all; `.gz` is compressed. Raises UsageError where it cannot be written."""
    packed = path.suffix == ".gz"
    with (
        atomic(path) as draft,
        gzip.open(draft, "wt", encoding="utf-8") if packed else draft.open("w", encoding="utf-8") as file,
    ):
        file.writelines(f"{line}\n" for line in lines)
