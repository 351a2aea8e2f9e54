"""Streams to batches of rows, one reader a format; rows that cannot be read are set aside.

A batch gives each column as text (a Polars String series), whatever the format, so that everything after
it is the same for all: ids stay text because nothing guesses types.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from semsearch.errors import UsageError
from semsearch.ingest.lines import Line, Reject, numbered_lines
from semsearch.ingest.sources import Format, Source, Unreadable, peek, sniff

if TYPE_CHECKING:
    import polars as pl

_TEXT = (str, type(None))
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)
BATCH_ROWS = 20_000
BATCH_CHARS = 32 << 20
"""A batch ends at either, so that memory is bounded for long rows too."""
MAX_ROW_LINES = 1_000
"""Lines that one quoted CSV row may span; above it the quote counts as a stray one."""


@dataclass(frozen=True)
class Batch:
    """Some rows of one source, in order."""

    names: tuple[str, ...]
    """Columns that occur."""
    numbers: Sequence[int]
    """The line where each row begins, the header being line 1; in Parquet the row, from 1."""
    complete: bool
    """Later batches of the source have the same columns."""
    column: Callable[[str], Sequence[Any]]
    """Values of one column, null where a row lacks it."""
    raw: Callable[[int], object]
    """The n-th row of the batch as it was read."""


def batches(source: Source, wanted: Format | None, reject: Reject, *, mend: bool = False) -> Iterator[Batch]:
    """All rows of one source; raises UsageError when it is no table.

    With `mend` a half surrogate pair in JSON becomes U+FFFD; without it, its row goes to `reject`.
    """
    head, blocks = peek(source.blocks())
    format_ = sniff(source.name, head) if wanted is None or not head else wanted
    if format_ == "parquet":
        yield from _parquet(source, blocks)
        return
    csv.field_size_limit(1 << 30)
    lines = numbered_lines(source.name, blocks, reject)
    yield from (
        jsonl_batches(lines, reject, mend=mend) if format_ == "jsonl" else _csv(source.name, lines, format_, reject)
    )


def text_series(values: Sequence[Any]) -> pl.Series:
    """Values of any type as text: numbers as written, times as ISO 8601, lists and objects as JSON."""
    import polars as pl

    if isinstance(values, pl.Series):
        return values
    if all(type(value) in _TEXT for value in values):
        return pl.Series(values, dtype=pl.String)
    return pl.Series([_cell(value) for value in values], dtype=pl.String)


def _cell(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    return _ENCODER.encode(value)


# --- JSONL ---------------------------------------------------------------------------------


def jsonl_batches(lines: Iterator[Line], reject: Reject, *, mend: bool = False) -> Iterator[Batch]:
    """One JSON object a line; blank lines are passed over, bad ones go to `reject`."""
    rows: list[dict[str, Any]] = []
    taken: list[Line] = []
    chars = 0
    for line in lines:
        row = _json_row(line, reject, mend)
        if row is None:
            continue
        rows.append(row)
        taken.append(line)
        chars += len(line.text)
        if len(rows) == BATCH_ROWS or chars > BATCH_CHARS:
            yield _json_batch(rows, taken)
            rows, taken, chars = [], [], 0
    if rows:
        yield _json_batch(rows, taken)


def _json_row(line: Line, reject: Reject, mend: bool) -> dict[str, Any] | None:
    try:
        row = json.loads(line.text)
        if "\\ud" in line.text or "\\uD" in line.text:
            row = _whole_pairs(row) if mend else row
            json.dumps(row, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        if line.text.strip():
            reject(line.number, "", f"is not valid JSON: {_json_reason(error)}", line.text.rstrip("\r\n"))
        return None
    if not isinstance(row, dict):
        reject(line.number, "", "is not a JSON object", line.text.rstrip("\r\n"))
        return None
    return row


def _whole_pairs(row: Any) -> Any:
    """The same with U+FFFD for each half surrogate pair."""
    text = json.dumps(row, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _json_reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    return "nested too deeply" if isinstance(error, RecursionError) else "half a surrogate pair or too long a number"


def _json_batch(rows: list[dict[str, Any]], taken: list[Line]) -> Batch:
    names = dict.fromkeys(name for row in rows for name in row)
    return Batch(
        names=tuple(names),
        complete=False,
        numbers=[line.number for line in taken],
        column=lambda name: [row.get(name) for row in rows],
        raw=lambda n: taken[n].text.rstrip("\r\n"),
    )


# --- CSV -----------------------------------------------------------------------------------


class _SwallowedError(Exception):
    """An opened quote took in too many lines."""


class _Feed:
    """Lines for csv.reader; keeps those of the row being read, so that a bad row can be set aside alone."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self.taken: list[Line] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.taken) == MAX_ROW_LINES:
            raise _SwallowedError
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line.text

    def done(self) -> list[Line]:
        """The lines of the row just read."""
        taken, self.taken = self.taken, []
        return taken

    def give_back(self) -> Line:
        """Take only the first line of the row; the others are read again as rows of their own."""
        first, *rest = self.done()
        self._again.extendleft(reversed(rest))
        return first


def _csv(name: str, lines: Iterator[Line], format_: Format, reject: Reject) -> Iterator[Batch]:
    head = next((line for line in lines if line.text.strip()), None)
    if head is None:
        return
    if "\r" in head.text.rstrip("\r\n"):
        raise UsageError(f"The lines of {name} end in a bare carriage return.", "Next: save it as CSV UTF-8")
    delimiter = "\t" if format_ == "tsv" else max(",\t;|", key=head.text.count)
    header = _header(name, next(csv.reader([head.text], delimiter=delimiter)))
    rows: list[list[str]] = []
    taken: list[list[Line]] = []
    chars = 0
    for row, row_lines in _csv_rows(_Feed(lines), delimiter, len(header), reject):
        rows.append(row)
        taken.append(row_lines)
        chars += sum(len(line.text) for line in row_lines)
        if len(rows) == BATCH_ROWS or chars > BATCH_CHARS:
            yield _csv_batch(header, rows, taken)
            rows, taken, chars = [], [], 0
    if rows:
        yield _csv_batch(header, rows, taken)


def _header(name: str, cells: list[str]) -> tuple[str, ...]:
    header = tuple(cell.strip() or f"column_{n}" for n, cell in enumerate(cells, start=1))
    twice = sorted({cell for cell in header if header.count(cell) > 1})
    if twice:
        raise UsageError(f"{name} has two columns named {twice[0]!r}.", "Next: rename one of them in the file")
    return header


def _csv_rows(feed: _Feed, delimiter: str, width: int, reject: Reject) -> Iterator[tuple[list[str], list[Line]]]:
    while True:
        reader = csv.reader(feed, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if len(row) == width:
                    yield row, feed.done()
                elif not row:
                    feed.done()
                else:
                    line = feed.give_back()
                    reject(line.number, "", _ragged(len(row), width), line.text.rstrip("\r\n"))
            return
        except (csv.Error, _SwallowedError) as error:
            line = feed.give_back()
            what = "carriage return inside a row" if "new-line" in str(error) else "quote that is not closed or doubled"
            reject(line.number, "", f"has a {what}", line.text.rstrip("\r\n"))


def _ragged(found: int, width: int) -> str:
    return f"has {found} column{'s' if found != 1 else ''}, the header {width}"


def _csv_batch(header: tuple[str, ...], rows: list[list[str]], taken: list[list[Line]]) -> Batch:
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    empty = [None] * len(rows)
    return Batch(
        names=header,
        complete=True,
        numbers=[lines[0].number for lines in taken],
        column=lambda name: columns.get(name, empty),
        raw=lambda n: "".join(line.text for line in taken[n]).rstrip("\r\n"),
    )


# --- Parquet -------------------------------------------------------------------------------


def _parquet(source: Source, blocks: Iterator[bytes]) -> Iterator[Batch]:
    import polars as pl

    with tempfile.TemporaryFile() as spooled:
        # A compressed file or stdin cannot be sought in; a plain file is read where it is.
        table = _plain_parquet(source.path)
        if table is None:
            spooled.writelines(blocks)
            spooled.seek(0)
        try:
            number = 1
            for frame in pl.scan_parquet(table or cast("IO[bytes]", spooled)).collect_batches(
                chunk_size=BATCH_ROWS, maintain_order=True
            ):
                yield _parquet_batch(frame, number)
                number += frame.height
        except (pl.exceptions.PolarsError, OSError) as error:
            raise Unreadable(f"{source.name} is a damaged Parquet file ({error}).", "Next: export it again") from error


def _plain_parquet(path: Path | None) -> Path | None:
    if path is None:
        return None
    with path.open("rb") as file:
        return path if file.read(4) == b"PAR1" else None


def _parquet_batch(frame: pl.DataFrame, number: int) -> Batch:
    import polars as pl

    def column(name: str) -> Sequence[Any]:
        if frame.schema.get(name) == pl.Binary:
            raise UsageError(
                f"Column {name!r} is binary, not text.", "Next: cast it in the export, or map another column"
            )
        series = frame.get_column(name, default=pl.Series([None] * frame.height, dtype=pl.String))
        if series.dtype.is_nested() or series.dtype.is_temporal() or series.dtype == pl.Boolean:
            return series.to_list()
        return cast("Sequence[Any]", series.cast(pl.String))

    return Batch(
        names=tuple(frame.columns),
        complete=True,
        numbers=range(number, number + frame.height),
        column=column,
        raw=lambda n: frame.row(n, named=True),
    )
