"""A job told chapter by chapter: sentences, tables and bars, for the terminal and as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.report.page import render


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to look at. A cell is text or a number; numbers stand right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""
    """What the numbers are and under which conditions."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the scoreboard."""

    name: str
    value: str
    """As read by a person, with its unit."""
    condition: str
    """What it was measured on."""


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


def story_page(title: str, lede: str, chapters: Sequence[Chapter], next_steps: Sequence[str]) -> str:
    """One self-contained HTML page: scoreboard, chapters, what to type next."""
    figures = [figure for chapter in chapters for figure in chapter.figures]
    return render(
        "story.html",
        title=title,
        lede=lede,
        chapters=chapters,
        figures=figures,
        next_steps=next_steps,
        is_number=is_number,
    )


def is_number(value: Any) -> bool:
    """Whether a cell stands right."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
