"""Judgements from Label Studio's JSON export: one row an annotation, its controls beside the data of the task.

Cancelled annotations and tasks without one are counted; predictions are a model's and are never read.
Source: labelstud.io/guide/task_format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from semsearch.errors import UsageError
from semsearch.ingest.labels.rows import Judged, Passed, bad
from semsearch.ingest.labels.tables import Wanted, judged_rows
from semsearch.ingest.names import ALIASES
from semsearch.ingest.sources import Source
from semsearch.ingest.tables import Batch

KEPT = ("by", "at", "seconds", "golden", "shown")
"""Fields that an annotation has beside what a control says."""
_ANSWERS = ("choices", "rating", "number", "text", "taxonomy")


class Result(BaseModel):
    """What one control says."""

    from_name: str = ""
    value: dict[str, Any] = {}


class Annotation(BaseModel):
    """What one person said of one task."""

    result: list[Result] | None = None
    completed_by: int | str | dict[str, Any] | None = None
    was_cancelled: bool | None = None
    ground_truth: bool | None = None
    created_at: str | None = None
    updated_at: str | None = None
    lead_time: float | None = None
    parent_prediction: int | None = None
    """The model's prediction that it was begun from."""

    def answers(self) -> dict[str, str]:
        """What each control says, by its name; several choices are joined, and will be no grade."""
        found: dict[str, str] = {}
        for result in self.result or []:
            if kind := next((each for each in _ANSWERS if each in result.value), None):
                found[result.from_name or kind] = _told(result.value[kind])
        return found

    def kept(self) -> dict[str, Any]:
        """Who said so, when, how fast, whether it is the truth, and whether a model's prediction was shown first."""
        who = self.completed_by
        by = who.get("email") or who.get("id") or "" if isinstance(who, dict) else who
        at = self.updated_at or self.created_at
        told = (
            "" if by is None else str(by),
            at,
            self.lead_time,
            bool(self.ground_truth),
            self.parent_prediction is not None,
        )
        return dict(zip(KEPT, told, strict=True))


class Task(BaseModel):
    """One pair that was shown."""

    data: dict[str, Any]
    annotations: list[Annotation] = []


_tasks = TypeAdapter(list[Task])


def label_studio_rows(source: Source, wanted: Wanted, passed: Passed) -> Iterator[Judged]:
    """The annotations of an export that were not cancelled; counts the others in `passed`.

    A control is a column by its name, and so is a key of a task's data; without a column for the grade the only control
    with an answer is taken. Raises UsageError for what is no such export, and as `judged_rows`.
    """
    rows: list[dict[str, Any]] = []
    numbers: list[int] = []
    controls: set[str] = set()
    for number, task in enumerate(_read(source), start=1):
        passed.unanswered += not task.annotations
        for annotation in task.annotations:
            answers = annotation.answers()
            if annotation.was_cancelled or not answers:
                passed.cancelled += bool(annotation.was_cancelled)
                passed.unanswered += not annotation.was_cancelled
                continue
            controls |= answers.keys()
            rows.append(task.data | answers | annotation.kept())
            numbers.append(number)
    if rows:
        batch = _batch(rows, numbers)
        maps = {name: name for name in KEPT} | _grade(batch.names, controls) | dict(wanted.maps)
        named = Wanted(maps, wanted.texts, wanted.tz)
        yield from judged_rows(source.name, [batch], named, "{name}, task {number}", passed)


def _read(source: Source) -> list[Task]:
    try:
        return _tasks.validate_json(b"".join(source.blocks()).removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        raise _refused(source.name, error) from error


def _refused(name: str, error: ValidationError) -> UsageError:
    found = error.errors()[0]
    place = f"{name}, task {found['loc'][0] + 1}" if found["loc"] and isinstance(found["loc"][0], int) else name
    field = ".".join(map(str, found["loc"][1:]))
    told = f"no export of Label Studio: {field + ': ' if field else ''}{found['msg'][:1].lower()}{found['msg'][1:]}"
    return bad(place, told, "Next: export it from Label Studio again, as JSON and not as JSON-MIN")


def _batch(rows: Sequence[Mapping[str, Any]], numbers: Sequence[int]) -> Batch:
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    return Batch(names, numbers, True, lambda name: [row.get(name) for row in rows], lambda n: rows[n])


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return value if isinstance(value, str) else json.dumps(value)


def _grade(names: Sequence[str], controls: set[str]) -> dict[str, str]:
    """The only control as the grade, unless a column is called as grades are."""
    called = {name.casefold() for name in names} & set(ALIASES["labels"]["grade"])
    return {"grade": next(iter(controls))} if len(controls) == 1 and not called else {}
