"""What a file says of one pair of query and item, before anybody reads a grade out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from semsearch.errors import UsageError
from semsearch.ingest.lines import Reject
from semsearch.records import Facet


@dataclass(frozen=True, slots=True)
class Judged:
    """One judgement as it stands in a file."""

    place: str
    """File and line, as an error names it."""
    query: str
    """As typed; never empty."""
    item_id: str
    grade: str
    """As written; empty: the file has the pair, and no judgement of it."""
    grade_high: str = ""
    """Of a grade with an open end."""
    by: str = ""
    """Who judged, as the file names them; empty when it does not say."""
    at: datetime | None = None
    """UTC; null when the file does not say."""
    note: str = ""
    seconds: float | None = None
    golden: bool = False
    adjudicated: bool = False
    """Whether it was given to decide between people who differ."""
    shown: bool = False
    """Whether a machine's opinion was shown first."""
    machine: bool = False
    """Whether the file says that a model judged."""
    facets: tuple[Facet, ...] = ()
    """What was judged met, when the file says so."""
    item: Mapping[str, str] = field(default_factory=dict)
    """Title, body and the like, as far as the file has them."""


@dataclass(slots=True)
class Passed:
    """What was there and is no judgement."""

    cancelled: int = 0
    """Annotations that were cancelled or skipped."""
    unanswered: int = 0
    """Tasks without an annotation, and annotations that say nothing."""
    columns: dict[str, str] = field(default_factory=dict)
    """Field to the column that it was read from, where the file has columns of its own."""


def bad(place: str, what: str, next_step: str = "Next: correct it, then run the command again") -> UsageError:
    """The error of one place."""
    return UsageError(f"{place}: {what}.", next_step)


def refusing(name: str) -> Reject:
    """What to call with a row of `name` that cannot be read: labels are few, so the first one ends the import."""

    def refuse(row: int, column: str, reason: str, _: object) -> NoReturn:
        raise bad(f"{name}:{row}", f"{column} {reason}".strip())

    return refuse
