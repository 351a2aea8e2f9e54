"""TREC run and qrels files.

    run    query_id Q0 item_id rank score tag          ranks are ignored, scores decide (as in trec_eval)
    qrels  query_id 0 item_id grade                    grades may be negative or have a fraction

Fields are separated by blanks or tabs. We write tabs, and read a line with exactly as many tab fields as needed
by its tabs alone, so that ids with blanks come back whole. Ids are text. Source: trec_eval README.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from semsearch.errors import UsageError
from semsearch.evaluation.files import bad_line, read_lines, write_lines
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.runs import Run
from semsearch.progress import Progress
from semsearch.records import Judgement

_ID = re.compile(r"[^\s\0](?:[^\t\r\n\0]*[^\s\0])?")
_RUN_FIELDS = 6
_QRELS_FIELDS = 4
_REPORT_EVERY = 100_000


def read_run(path: Path, name: str = "", progress: Progress | None = None) -> Run:
    """Read a TREC run; raises UsageError with file and line for what is malformed, not finite or there twice.

    `progress(what, done, 0)` is called after every 100,000 lines.
    """
    rankings: dict[str, tuple[list[str], array[float]]] = {}
    texts: dict[str, str] = {}
    for number, line in read_lines(path):
        query_id, item_id, score = _hit(path, number, line)
        item_ids, scores = rankings.setdefault(query_id, ([], array("d")))
        item_ids.append(texts.setdefault(item_id, item_id))
        scores.append(score)
        if progress and number % _REPORT_EVERY == 0:
            progress(f"reading {path.name}", number, 0)
    if not rankings:
        raise UsageError(f"{path} holds no hit.", "Next: give a TREC run: query_id Q0 item_id rank score tag")
    _check_unique(path, rankings)
    offsets = np.cumsum([0, *(len(scores) for _, scores in rankings.values())], dtype=np.int64)
    columns = np.empty(offsets[-1], dtype=object)
    columns[:] = [item_id for item_ids, _ in rankings.values() for item_id in item_ids]
    joined = np.concatenate([np.frombuffer(scores, np.float64) for _, scores in rankings.values()])
    return Run.of_columns(tuple(rankings), offsets, columns, joined, name or path.name)


def write_run(run: Run, path: Path) -> None:
    """Write a run that `read_run` and trec_eval read back to the same ranking."""
    write_lines(path, _run_lines(run))


def read_qrels(path: Path) -> Qrels:
    """Read TREC qrels; raises UsageError with file and line for what is malformed or contradicts an earlier line."""
    return Qrels.of_placed((f"{path}:{number}", _judgement(path, number, line)) for number, line in read_lines(path))


def write_qrels(qrels: Qrels, path: Path) -> None:
    """Write qrels in TREC format; whole grades without a fraction."""
    write_lines(path, (f"{_id(j.query_id)}\t0\t{_id(j.item_id)}\t{_number(j.grade)}" for j in qrels))


def _hit(path: Path, number: int, line: str) -> tuple[str, str, float]:
    fields = _fields(line, _RUN_FIELDS)
    if len(fields) not in (_RUN_FIELDS - 1, _RUN_FIELDS):
        raise bad_line(
            path, number, f"a run line has 6 fields (query_id Q0 item_id rank score tag), not {len(fields)}."
        )
    score = _float(path, number, fields[4], "score")
    return fields[0], fields[2], score


def _judgement(path: Path, number: int, line: str) -> Judgement:
    fields = _fields(line, _QRELS_FIELDS)
    if len(fields) != _QRELS_FIELDS:
        raise bad_line(path, number, f"a qrels line has 4 fields (query_id 0 item_id grade), not {len(fields)}.")
    return Judgement(fields[0], fields[2], _float(path, number, fields[3], "grade"))


def _fields(line: str, expected: int) -> list[str]:
    tabbed = line.split("\t")
    if len(tabbed) != expected:
        return line.split()
    if " " in line:
        tabbed = [field.strip() for field in tabbed]
    return tabbed if all(tabbed) else line.split()


def _float(path: Path, number: int, text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise bad_line(path, number, f"the {what} '{text}' is not a number.") from error
    if not math.isfinite(value):
        raise bad_line(path, number, f"the {what} is {text}; it must be finite.")
    return value


def _check_unique(path: Path, rankings: dict[str, tuple[list[str], array[float]]]) -> None:
    doubled = {query_id for query_id, (ids, _) in rankings.items() if len(set(ids)) < len(ids)}
    if not doubled:
        return
    seen: set[tuple[str, str]] = set()
    for number, line in read_lines(path):
        query_id, item_id, _ = _hit(path, number, line)
        if query_id in doubled and (query_id, item_id) in seen:
            raise bad_line(
                path, number, f"item '{item_id}' is in query '{query_id}' already.", "Next: keep one of them"
            )
        seen.add((query_id, item_id))


def _run_lines(run: Run) -> Iterator[str]:
    tag = "-".join(run.name.split()) or "semsearch"
    for i, query_id in enumerate(run.query_ids):
        start, stop = int(run.offsets[i]), int(run.offsets[i + 1])
        pairs = zip(run.item_ids[start:stop].tolist(), run.scores[start:stop].tolist(), strict=True)
        for rank, (item_id, score) in enumerate(pairs, start=1):
            yield f"{_id(query_id)}\tQ0\t{_id(item_id)}\t{rank}\t{score!r}\t{tag}"


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise UsageError(f"The id {text!r} cannot stand in a TREC file.", "Next: use ids without tabs or line ends")
    return text


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
