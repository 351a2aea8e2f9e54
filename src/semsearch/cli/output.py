"""stdout is data, stderr is talk: every command prints through this file."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from semsearch.cli.options import typable
from semsearch.plain import plain

Row = Mapping[str, Any]
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""C0 and C1 controls but tab and line feed, line separators, and what turns the writing direction."""


def emit(
    document: Any,
    *,
    as_json: bool = False,
    as_jsonl: bool = False,
    rows: Sequence[Row] | None = None,
    columns: Sequence[str] | None = None,
    title: str = "",
    note: str = "",
) -> None:
    """Print a result once, in the mode that the user asked for.

    `document` is the whole result (a dataclass or plain data) for `--json`; `rows` are its records for
    `--jsonl` and for the table, of which `columns` picks and orders the columns; `note` is a line for
    people under the table. Without rows the document itself is one record.
    """
    if as_json:
        _out(_json(document, indent=2))
        return
    records = list(rows) if rows is not None else [plain(document)]
    if as_jsonl:
        if records:
            _out("\n".join(map(_json, records)))
        return
    if rows is None:
        _out(_pairs(records[0]))
    elif records:
        _out(_table(records, columns or list(records[0]), title))
    if note:
        _out(safe(note))


def talk(message: str) -> None:
    """Say something to the person at the terminal; nobody listening is no reason to stop."""
    with suppress(BrokenPipeError):
        print(safe(typable(message)), file=sys.stderr)


def counted(n: int, noun: str, several: str = "") -> str:
    """`1 pair`, `1,200 pairs`; `several` where that is not the noun with an s."""
    return f"{n:,} {noun if n == 1 else several or f'{noun}s'}"


def safe(text: str) -> str:
    """`text` that cannot steer a terminal: a control or bidi character becomes U+FFFD, as sellers write titles."""
    return CONTROL.sub("\ufffd", text)


def _json(value: Any, indent: int | None = None) -> str:
    """JSON as people read it; control and bidi characters are escaped, which keeps them."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=indent)
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _out(text: str) -> None:
    """Print to stdout; what is read no longer (`| head -1`) is left out, and the command goes on."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def steps() -> Iterator[Callable[[str, int, int], None]]:
    """Progress on stderr; yields `progress(what, done, total)`. `total` 0 means that nobody knows.

    A terminal shows bars. Anything else gets one line when a step begins, so that a log tells what takes long.
    """
    if not sys.stderr.isatty():
        begun: set[str] = set()
        yield lambda what, done, total: _begin(begun, what)  # noqa: ARG005 - a line has no bar
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, Any] = {}

    def progress(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total or None, count="")
        bar.update(tasks[what], completed=done, total=total or None, count=_count(done, total))

    with bar:
        yield progress


def _begin(begun: set[str], what: str) -> None:
    if what not in begun:
        begun.add(what)
        talk(f"{what[:1].upper()}{what[1:]}…")


def _count(done: int, total: int) -> str:
    """How far a step is: `5 of 9`, `6,000` when nobody knows the end, nothing before the first."""
    if total:
        return f"{done:,} of {total:,}"
    return f"{done:,}" if done else ""


def _table(records: Sequence[Row], columns: Sequence[str], title: str) -> str:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        number = all(isinstance(r.get(column), (int, float, type(None))) for r in records)
        table.add_column(escape(safe(column)), justify="right" if number else "left", overflow="fold")
    for record in records:
        table.add_row(*(escape(_cell(record.get(column))) for column in columns))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    with console.capture() as shown:
        if title:  # above the table, for a narrow one would break it
            console.print(f"[italic]{escape(safe(title))}[/]")
        console.print(table)
    return shown.get().rstrip("\n")


def _pairs(record: Row) -> str:
    width = max((len(key) for key in record), default=0)
    return "\n".join(f"{key:<{width}}  {_cell(value)}" for key, value in record.items())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return safe(str(plain(value)))
