"""A job told chapter by chapter: sentences, tables and bars, for the terminal and as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.report.page import render


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to look at. A cell is text or a number; numbers stand right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str
    """What the rows are; for numbers also their conditions. It stands above the table."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the scoreboard."""

    name: str
    value: str
    """As read by a person, with its unit."""
    condition: str
    """What it was measured on."""
    interval: str = ""
    """The range around `value`, as read by a person."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One step of the job as it was done."""

    title: str
    told: tuple[str, ...]
    """Sentences."""
    tables: tuple[Table, ...] = ()
    bars: tuple[tuple[str, float], ...] = ()
    """Label and share, 0 to 1."""
    figures: tuple[Figure, ...] = ()
    """What this chapter adds to the scoreboard."""
    commands: tuple[str, ...] = ()
    """What a user types for the same step."""


def story_page(title: str, lede: str, parts: Mapping[str, Sequence[Chapter]], next_steps: Sequence[str]) -> str:
    """One self-contained HTML page: for each part (by its title, which may be empty) its scoreboard and chapters."""
    return render("story.html", title=title, lede=lede, parts=parts, next_steps=next_steps, is_number=is_number)


def is_number(value: Any) -> bool:
    """Whether a cell stands right."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
