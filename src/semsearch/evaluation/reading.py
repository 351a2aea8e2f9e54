"""Queries and judgements from CSV, TSV and JSONL.

    queries     columns `query` and, if there is one, `query_id`; every other column can slice figures.
                A TSV may also come without a header, as two columns query_id and query.
    judgements  columns `query_id` or `query`, `item_id`, and `grade` or `final` (or the named grade column).

Without `query_id` a query's id is made from its text (`query_id_of`), here and there alike.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from semsearch.errors import UsageError
from semsearch.evaluation import trec
from semsearch.evaluation.files import bad_line, checked, open_text, read_lines
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries, query_id_of
from semsearch.records import Judgement

Row = tuple[int, Mapping[str, str]]
GRADE_COLUMNS = ("grade", "final")


class _Reader(Protocol):
    """What `csv.reader` returns."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


def read_queries(path: Path) -> Queries:
    """Read queries; raises UsageError with file and line for a missing column, an empty query or an id twice."""
    texts: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    for number, row in _rows(path, needed=("query",), headerless=("query_id", "query")):
        text = row["query"].strip()
        given = row.get("query_id", "").strip()
        if not text or ("query_id" in row and not given):
            raise bad_line(path, number, f"the {'query_id' if text else 'query'} is empty.")
        query_id = given or query_id_of(text)
        if given and query_id in texts:
            raise bad_line(path, number, f"query_id '{query_id}' is there already.", "Next: give each query its own id")
        texts.setdefault(query_id, text)
        for column in row.keys() - {"query", "query_id"}:
            columns.setdefault(column, {})[query_id] = row[column].strip()
    if not texts:
        raise UsageError(f"{path} holds no query.", "Next: give a table with the columns query_id and query")
    return Queries(texts, {column: columns[column] for column in sorted(columns)})


def read_judgements(path: Path, grade_column: str | None = None) -> tuple[Qrels, Queries | None]:
    """Read judgements from TREC qrels, CSV, TSV or JSONL; with the queries when the file has their text.

    Raises UsageError with file and line for what is malformed or contradicts an earlier line.
    """
    if not _is_table(path):
        if grade_column:
            raise UsageError(f"{path} has no header, so no column '{grade_column}'.", "Next: leave out --grade-column")
        return trec.read_qrels(path), None
    texts: dict[str, str] = {}
    qrels = Qrels.of_placed(_table_judgements(path, grade_column, texts))
    return qrels, Queries(texts) if texts else None


def beside(path: Path) -> Path:
    """Where the texts of the queries of TREC qrels are kept, which have no place for them: `FILE.queries.tsv`."""
    return path.with_name(f"{path.name}.queries.tsv")


def queries_beside(path: Path) -> Queries | None:
    """The queries that stand beside qrels; None when there is no such file. Raises as `read_queries`."""
    return read_queries(beside(path)) if beside(path).is_file() else None


def _table_judgements(path: Path, grade_column: str | None, texts: dict[str, str]) -> Iterator[tuple[str, Judgement]]:
    """Judgements with their places; fills `texts` on the way."""
    for number, row in _rows(path, needed=("item_id",)):
        grade = _grade(path, number, row, grade_column)
        text, item_id = row.get("query", "").strip(), row["item_id"].strip()
        query_id = row.get("query_id", "").strip() or (query_id_of(text) if text else "")
        if not query_id or not item_id:
            raise bad_line(path, number, "a judgement needs query_id or query, and item_id.")
        if text and texts.setdefault(query_id, text) != text:
            raise bad_line(path, number, f"query_id '{query_id}' stands for '{texts[query_id]}' and for '{text}'.")
        yield f"{path}:{number}", Judgement(query_id, item_id, grade)


def _grade(path: Path, number: int, row: Mapping[str, str], column: str | None) -> float:
    name = column or next((c for c in GRADE_COLUMNS if c in row), None)
    if name is None or name not in row:
        wanted = f"column '{column}'" if column else "column 'grade' or 'final'"
        raise bad_line(path, number, f"no {wanted}; there are: {', '.join(row)}.", "Next: --grade-column COLUMN")
    try:
        grade = float(row[name])
    except ValueError as error:
        raise bad_line(path, number, f"the grade '{row[name]}' is not a number.") from error
    if not math.isfinite(grade):
        raise bad_line(path, number, f"the grade is {row[name]}; it must be finite.")
    return grade


def _kind(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _is_table(path: Path) -> bool:
    if _kind(path) in (".csv", ".jsonl"):
        return True
    first = next(read_lines(path), (0, ""))[1]
    return "item_id" in first.split("\t")


def _rows(path: Path, *, needed: tuple[str, ...], headerless: tuple[str, ...] = ()) -> Iterator[Row]:
    """(line, column → text) of a table; raises UsageError when a needed column is missing."""
    rows = _json_rows(path) if _kind(path) == ".jsonl" else _separated_rows(path, headerless)
    for number, row in rows:
        missing = [column for column in needed if column not in row]
        if missing:
            raise bad_line(path, number, f"no column '{missing[0]}'; there are: {', '.join(row)}.", "Next: name it so")
        yield number, row


def _json_rows(path: Path) -> Iterator[Row]:
    for number, line in read_lines(path):
        try:
            value = json.loads(line)
        except ValueError as error:
            raise bad_line(path, number, f"not JSON: {error}") from error
        if not isinstance(value, dict):
            raise bad_line(path, number, "not a JSON object.")
        yield number, {str(k): _json_text(path, number, k, v) for k, v in value.items() if v is not None}


def _json_text(path: Path, number: int, column: str, value: object) -> str:
    if isinstance(value, (dict, list)):
        raise bad_line(path, number, f"'{column}' is not a plain value.")
    return value if isinstance(value, str) else json.dumps(value)


def _separated_rows(path: Path, headerless: tuple[str, ...]) -> Iterator[Row]:
    with open_text(path) as file:
        lines = checked(path, file)
        if _kind(path) == ".csv":
            yield from _headed(path, csv.reader(lines, strict=True), ())
        else:
            yield from _headed(path, csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), headerless)


def _headed(path: Path, reader: _Reader, headerless: tuple[str, ...]) -> Iterator[Row]:
    """Rows under the first one as header; or under `headerless` names, when the first one is no header."""
    header: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                if not headerless or len(header) != len(headerless) or set(headerless) & set(header):
                    continue
                header = list(headerless)
            if len(cells) != len(header):
                raise bad_line(path, reader.line_num, f"has {len(cells)} cells, the header {len(header)}.")
            yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise bad_line(path, reader.line_num, f"not {_kind(path)[1:].upper() or 'TSV'}: {error}.") from error
