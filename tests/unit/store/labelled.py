"""Labels as tests write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from semsearch.records import Label

START = datetime(2026, 3, 1, tzinfo=UTC)


def label(grade: int | None = 2, by: str = "minji", *, minute: int = 0, **changed: Any) -> Label:
    """A person's label of (에어팟 프로, i1) in batch b1, `minute` minutes after START."""
    given: dict[str, Any] = {
        "query": "에어팟 프로",
        "item_id": "i1",
        "source": "person",
        "by": by,
        "origin": "direct",
        "grade_low": grade,
        "grade_high": grade,
        "rubric": "r1",
        "at": START + timedelta(minutes=minute),
        "batch": "b1",
    }
    return Label(**given | changed)


def machine(grade: int | None = 2, by: str = "gpt-x", **changed: Any) -> Label:
    """The same by a model."""
    return label(grade, by, **{"source": "model", "origin": "facets", "prompt_hash": "h1"} | changed)
