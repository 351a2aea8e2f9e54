"""Files that are old or new, never half: written under another name, flushed to disk, renamed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semsearch.errors import UsageError


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield an empty file beside `path` to write to; on success it becomes `path`, on an error it goes.

    Makes the folders above. What is not a regular file (a pipe, /dev/stdout) is written directly. Raises UsageError
    for a folder and for a place that cannot be written to.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a directory.", "Next: name a file in it")
    if path.exists() and not path.is_file():
        yield path
        return
    draft = _draft(path.resolve())
    try:
        yield draft
        replace(draft, path.resolve())
    finally:
        draft.unlink(missing_ok=True)


def _draft(path: Path) -> Path:
    draft = path.with_name(f".{os.urandom(6).hex()}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.touch(exist_ok=False)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", "Next: choose another path") from error
    return draft


def replace(draft: Path, target: Path) -> None:
    """Flush a file or a folder with all that it holds, then rename it to `target` on the same file system.

    A folder in the way is put beside `draft` first, where the caller removes it: a rename cannot replace one.
    """
    flush_tree(draft)
    if draft.is_dir() and target.exists():
        target.rename(draft.with_name(f".{draft.name}.replaced"))
    draft.replace(target)
    flush(target.parent)


def sha256(path: Path) -> str:
    """Hash of a file's content, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """fsync one file or directory entry."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_tree(path: Path) -> None:
    """fsync a file, or a folder with all that it holds."""
    if path.is_dir():
        for child in sorted(path.rglob("*")):
            flush(child)
    flush(path)
