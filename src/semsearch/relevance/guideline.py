"""The guideline that people grade by, and the worked examples in its tables.

An example is a row `query | item | facets | grade`: of the item ` // ` parts title and body; facets are
`intent asked: met`, parted by `;`, or `none`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from semsearch.errors import MissingPart
from semsearch.records import INTENTS, Facet
from semsearch.relevance.shapes import MET

FOLDER, FILE = "labels", "GUIDELINE.md"
RULES = "3"
"""The section with the rules from facets to the grade."""
COLUMNS = ("query", "item", "facets", "grade")
_BODY = " // "
_NONE = "none"
_HEADING = re.compile(r"^#{1,2} (?:(\d)\. )?(.+)$", re.MULTILINE)
_FACET = re.compile(rf"({'|'.join(INTENTS)}) (.+): ({'|'.join(MET)})")


@dataclass(frozen=True, slots=True)
class Worked:
    """One worked example of the guideline."""

    query: str
    title: str
    body: str
    facets: tuple[Facet, ...]
    grade: str
    """As the guideline gives it: 2, 1–2, ungradeable."""
    line: int
    """Of the file; 1 is the first."""


def guideline_path() -> Path:
    """The guideline: inside the installed package, or beside `src/` in a checkout; raises MissingPart in neither."""
    package = Path(__file__).parents[1]
    for folder in (package / FOLDER, package.parents[1] / FOLDER):
        if (folder / FILE).is_file():
            return folder / FILE
    raise MissingPart(
        f"This installation of semsearch has no guideline: {package / FOLDER / FILE} is not there.",
        "Next: install it again, pip install . in your clone; semsearch label session then shows it",
    )


def sections() -> dict[str, tuple[str, str]]:
    """Number → title and text in Markdown of each section; 0 is what stands before the first.

    Raises MissingPart when there is no guideline.
    """
    text = guideline_path().read_text(encoding="utf-8")
    found = list(_HEADING.finditer(text))
    ends = [each.start() for each in found[1:]] + [len(text)]
    return {each[1] or "0": (each[2], text[each.start() : end]) for each, end in zip(found, ends, strict=True)}


@lru_cache(maxsize=1)
def worked_examples() -> tuple[Worked, ...]:
    """The worked examples, in their order; raises MissingPart when there is no guideline."""
    return tuple(read_examples(guideline_path().read_text(encoding="utf-8")))


def read_examples(text: str) -> Iterator[Worked]:
    """The rows of all tables of examples in a guideline; raises ValueError with the line of one that is malformed."""
    within = False
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if tuple(cells) == COLUMNS:
            within = True
        elif not cells:
            within = False
        elif within and not set(cells[0]) <= set("-:"):
            yield _worked(number, cells)


def _worked(number: int, cells: Sequence[str]) -> Worked:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"line {number}: {len(cells)} cells, not {len(COLUMNS)}")
    query, item, facets, grade = cells
    title, _, body = item.partition(_BODY)
    return Worked(query, title, body, tuple(_facets(number, facets)), grade, number)


def _facets(number: int, cell: str) -> Iterator[Facet]:
    for part in () if cell == _NONE else cell.split(";"):
        found = _FACET.fullmatch(part.strip())
        if not found:
            raise ValueError(f"line {number}: '{part.strip()}' is no facet")
        yield Facet(found[1], found[2], MET[found[3]])
