"""One label as one line of JSON, and what makes a label impossible.

Fields that are at their default are left out of a line. A field that this version does not know is passed over: it
stays in the file, which is only ever appended to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import MISSING, fields
from functools import cache
from typing import Any

from semsearch.plain import json_line, plain
from semsearch.records import INTENTS, Label

GRADES = (0, 1, 2)
SOURCES = ("person", "model")
ORIGINS = ("facets", "direct", "imported")
ROLES = ("label", "golden", "adjudication")
_ITEM = re.compile(rb'"item_id"\s*:\s*"((?:[^"\\]|\\.)*)"')
ODD = "is not composed (NFC), or has blanks around it"


class BadLabel(ValueError):
    """A line that is no label, or a label that cannot be; says why, without a place."""


def line_of(label: Label) -> bytes:
    """The line of a label, with its end."""
    given = {
        each.name: plain(value)
        for each in fields(Label)
        if (value := getattr(label, each.name)) != _default(each) or each.name in _required()
    }
    return json_line(given)


def label_of(line: bytes) -> Label:
    """The label of a line; raises BadLabel naming the field that is missing or wrong."""
    from pydantic import ValidationError

    try:
        label: Label = _reader().validate_json(line, strict=True)
    except ValidationError as error:
        raise BadLabel(_wrong(error.errors()[0])) from error
    check(label)
    return label


def check(label: Label) -> None:
    """Raises BadLabel for a grade other than 0, 1, 2, an empty query, a machine's direct grade and the like."""
    wrong = next((what for holds, what in _rules(label) if not holds), None)
    if wrong:
        raise BadLabel(wrong)


def composed(name: str) -> str:
    """A name of an annotator, model or batch as labels keep it: one of all ways to write it (NFC), no blanks around."""
    return unicodedata.normalize("NFC", name).strip()


def about(line: bytes, items: Collection[bytes]) -> bool:
    """Whether a line may be a label of one of some items, given in UTF-8, without reading all of it."""
    found = _ITEM.findall(line)
    return not found or any(each in items or b"\\" in each for each in found)


def _rules(label: Label) -> list[tuple[bool, str]]:
    low, high, drawn = label.grade_low, label.grade_high, label.inclusion_probability
    known = (("source", SOURCES), ("origin", ORIGINS), ("role", ROLES))
    return [
        *((bool(getattr(label, name).strip()), f"{name} is empty") for name in ("query", "item_id", "by", "batch")),
        *((getattr(label, name) == composed(getattr(label, name)), f"{name} {ODD}") for name in ("by", "batch")),
        *((getattr(label, name) in of, f"{name} is none of {', '.join(of)}") for name, of in known),
        *((grade is None or grade in GRADES, f"a grade is {grade}, none of 0, 1, 2") for grade in (low, high)),
        ((low is None) == (high is None), "one of grade_low and grade_high is missing"),
        (low is None or high is None or low <= high, "grade_low is above grade_high"),
        (label.at.tzinfo is not None, "at has no time zone"),
        (drawn is None or 0 < drawn <= 1, f"inclusion_probability is {drawn}, not above 0 and up to 1"),
        (all(facet.intent in INTENTS for facet in label.facets), f"a facet is none of {', '.join(INTENTS)}"),
        (label.source == "person" or label.origin == "facets", "a model's grade comes from facets alone"),
        (label.source == "person" or label.role == "label", f"a model's label is no {label.role}"),
    ]


@cache
def _reader() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Label)


@cache
def _required() -> frozenset[str]:
    return frozenset(each.name for each in fields(Label) if _default(each) is MISSING)


def _default(each: Any) -> Any:
    return each.default_factory() if each.default_factory is not MISSING else each.default


def _wrong(error: Any) -> str:
    """What pydantic found first, in our words."""
    field = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"it has no {field}"
    if not field:
        return "it is no JSON object"
    return f"{field}: {error['msg'][:1].lower()}{error['msg'][1:]}"
