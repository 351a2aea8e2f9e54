"""stdout is data, stderr is talk: every command prints through this file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


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
        print(json.dumps(plain(document), ensure_ascii=False, indent=2))
        return
    records = list(rows) if rows is not None else [plain(document)]
    if as_jsonl:
        for record in records:
            print(json.dumps(plain(record), ensure_ascii=False))
        return
    if rows is None:
        _print_pairs(records[0])
    elif records:
        _print_table(records, columns or list(records[0]), title)
    if note:
        print(note)


def talk(message: str) -> None:
    """Say something to the person at the terminal."""
    print(message, file=sys.stderr)


@contextmanager
def steps() -> Iterator[Callable[[str, int, int], None]]:
    """Progress on stderr for anything over two seconds; yields `progress(what, done, total)`.

    Silent when stderr is not a terminal. `total` 0 means that nobody knows.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    tasks: dict[str, Any] = {}

    def progress(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total or None)
        bar.update(tasks[what], completed=done, total=total or None)

    with bar:
        yield progress


def plain(value: Any) -> Any:
    """`value` as JSON data: dataclasses to objects, times to ISO 8601, paths to text."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    return value.item() if hasattr(value, "item") and not isinstance(value, (str, bytes)) else value


def _print_table(records: Sequence[Row], columns: Sequence[str], title: str) -> None:
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        number = all(isinstance(r.get(column), (int, float, type(None))) for r in records)
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for record in records:
        table.add_row(*(_cell(record.get(column)) for column in columns))
    _console().print(table)


def _print_pairs(record: Row) -> None:
    width = max((len(key) for key in record), default=0)
    for key, value in record.items():
        print(f"{key:<{width}}  {_cell(value)}")


def _cell(value: Any) -> str:
    from rich.markup import escape

    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return escape(str(plain(value)))


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)
