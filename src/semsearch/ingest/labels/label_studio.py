"""Judgements from Label Studio's JSON export: one row an annotation, its controls beside the data of the task.

Cancelled annotations and tasks without one are counted; predictions are a model's and are never read.
Source: labelstud.io/guide/task_format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from semsearch.ingest.labels.rows import Judged, Passed, bad
from semsearch.ingest.labels.tables import Wanted, judged_rows
from semsearch.ingest.names import ALIASES
from semsearch.ingest.sources import Source
from semsearch.ingest.tables import Batch

KEPT = ("by", "at", "seconds", "golden")
"""Fields that an annotation has beside what a control says."""
_ANSWERS = ("choices", "rating", "number", "text", "taxonomy")


def label_studio_rows(source: Source, wanted: Wanted, passed: Passed) -> Iterator[Judged]:
    """The annotations of an export that were not cancelled; counts the others in `passed`.

    A control is a column by its name, and so is a key of a task's data; without a column for the grade the only control
    with an answer is taken. Raises UsageError for what is no such export, and as `judged_rows`.
    """
    tasks = _tasks(source)
    rows = [
        (number, row) for number, task in enumerate(tasks, start=1) for row in _annotated(source, number, task, passed)
    ]
    if not rows:
        return
    names = tuple(dict.fromkeys(name for _, (row, _) in rows for name in row))
    controls = {name for _, (_, answers) in rows for name in answers}
    maps = {name: name for name in KEPT} | _grade(names, controls) | dict(wanted.maps)
    cells = [row for _, (row, _) in rows]
    batch = Batch(
        names, [number for number, _ in rows], True, lambda name: [row.get(name) for row in cells], lambda n: cells[n]
    )
    yield from judged_rows(source.name, [batch], Wanted(maps, wanted.texts, wanted.tz), "{name}, task {number}")


def _tasks(source: Source) -> list[Any]:
    try:
        tasks = json.loads(b"".join(source.blocks()).decode("utf-8-sig"))
    except ValueError as error:
        raise bad(source.name, f"it is no JSON: {error}") from error
    if not isinstance(tasks, list) or not all(isinstance(task, Mapping) and "data" in task for task in tasks):
        raise bad(
            source.name,
            "it is no list of tasks with their data",
            "Next: export from Label Studio as JSON, not JSON-MIN",
        )
    return tasks


def _annotated(
    source: Source, number: int, task: Mapping[str, Any], passed: Passed
) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Row and answers of each annotation of a task that counts."""
    annotations = task.get("annotations", [])
    if not isinstance(annotations, list) or not isinstance(task["data"], Mapping):
        raise bad(f"{source.name}, task {number}", "its data or annotations have another shape than an export has")
    passed.unanswered += not annotations
    for annotation in annotations:
        answers = _answers(annotation.get("result") or [])
        if annotation.get("was_cancelled") or not answers:
            passed.cancelled += 1
            continue
        kept = {
            "by": _annotator(annotation.get("completed_by")),
            "at": annotation.get("updated_at") or annotation.get("created_at"),
            "seconds": annotation.get("lead_time"),
            "golden": annotation.get("ground_truth", False),
        }
        yield {**task["data"], **answers, **kept}, answers


def _answers(results: list[Any]) -> dict[str, str]:
    """What each control says, by its name; several choices are joined, and will be no grade."""
    answers: dict[str, str] = {}
    for result in results:
        value = result.get("value", {})
        kind = next((each for each in _ANSWERS if each in value), None)
        if kind:
            answers[str(result.get("from_name", kind))] = _told(value[kind])
    return answers


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return value if isinstance(value, str) else json.dumps(value)


def _annotator(who: Any) -> str:
    if isinstance(who, Mapping):
        return str(who.get("email") or who.get("id") or "")
    return "" if who is None else str(who)


def _grade(names: tuple[str, ...], controls: set[str]) -> dict[str, str]:
    """The only control as the grade, unless a column is called as grades are."""
    called = {name.casefold() for name in names} & set(ALIASES["labels"]["grade"])
    return {"grade": next(iter(controls))} if len(controls) == 1 and not called else {}
