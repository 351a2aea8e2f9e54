"""Judgements from TREC qrels: query_id 0 item_id grade, by tabs or blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semsearch.ingest.labels.rows import bad, refusing
from semsearch.ingest.lines import numbered_lines
from semsearch.ingest.sources import Source
from semsearch.ingest.tables import Batch

FIELDS = ("query_id", "iteration", "item_id", "grade")
_LINE = re.compile(r"\S[^\t,;]*?[\t ]+\S+[\t ]+\S.*?[\t ]+-?\d+(?:\.\d+)?")


def looks_so(line: str) -> bool:
    """Whether a first line is one of qrels, and no header."""
    return bool(_LINE.fullmatch(line.strip())) and len(_split(line)) == len(FIELDS)


def trec_batches(source: Source) -> Iterator[Batch]:
    """The rows of a file of qrels; raises UsageError with the line that has more or fewer fields."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, text in numbered_lines(source.name, source.blocks(), refusing(source.name)):
        if not text.strip():
            continue
        cells = _split(text)
        if len(cells) != len(FIELDS):
            raise bad(
                f"{source.name}:{number}", f"a line of qrels has 4 fields (query_id 0 item_id grade), not {len(cells)}"
            )
        rows.append(cells)
        numbers.append(number)
    columns = dict(zip(FIELDS, zip(*rows, strict=True), strict=True)) if rows else {}
    yield Batch(FIELDS, numbers, True, lambda name: columns.get(name, [None] * len(rows)), lambda n: rows[n])


def _split(line: str) -> list[str]:
    tabbed = [cell.strip() for cell in line.rstrip("\r\n").split("\t")]
    return tabbed if len(tabbed) == len(FIELDS) and all(tabbed) else line.split()
