"""Report pages that a command writes: refused early when they cannot be, written whole."""

from __future__ import annotations

from os import W_OK, access
from pathlib import Path

from semsearch.cli.output import talk


def check_page(path: Path | None, command: str) -> None:
    """Raise UsageError for a page that cannot be written, before `command` has worked for an hour; None is none."""
    from semsearch.errors import UsageError

    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        wrong = "is a directory" if path.is_dir() else "" if access(path.parent, W_OK) else "cannot be written"
    except OSError as error:
        wrong = f"cannot be written: {error.strerror}"
    if wrong:
        raise UsageError(f"{path} {wrong}.", f"Next: semsearch {command} --html FILE")


def write_page(path: Path, page: str) -> None:
    """Write a page and say where it is."""
    from semsearch.files import atomic

    with atomic(path) as draft:
        draft.write_text(page, encoding="utf-8")
    talk(f"Report: {path}")
