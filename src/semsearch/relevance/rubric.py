"""Facets to a grade: the rule that people and machines grade by. labels/GUIDELINE.md says how facets are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from semsearch.records import INTENTS, Facet, Label

RUBRIC = "1"
"""Version of the rule and of the guideline's decisions; another one gives labels that are not compared with these."""


@dataclass(frozen=True, slots=True)
class Grade:
    """How relevant an item is, as far as it can be told."""

    low: int | None
    """2, 1 or 0, when no facet that cannot be told is met; null: ungradeable."""
    high: int | None
    """The same when all of them are met."""
    why: str
    """For people: the rule that decided, and what it was about."""

    @property
    def gradeable(self) -> bool:
        """Whether there is a grade."""
        return self.low is not None

    @property
    def open(self) -> bool:
        """Whether facets that cannot be told leave more than one grade."""
        return self.low != self.high

    def __str__(self) -> str:
        if self.low is None:
            return "ungradeable"
        return f"{self.low}–{self.high}" if self.open else f"{self.low}"


def core(facets: Sequence[Facet]) -> tuple[Facet, ...]:
    """The facets of the highest intent that is present, Product > Brand > Item > Attribute; all others are minor.

    Several of it are all core. Empty when there is no facet. Raises ValueError for an intent that nobody knows.
    """
    present = {each.intent for each in facets}
    if strange := sorted(present.difference(INTENTS)):
        raise ValueError(f"'{strange[0]}' is no intent: there are {', '.join(INTENTS)}")
    highest = next((intent for intent in INTENTS if intent in present), None)
    return tuple(each for each in facets if each.intent == highest)


def grade(facets: Sequence[Facet]) -> Grade:
    """The grade of an item with these facets of a query; the first of these rules that fits decides.

    1. A core facet is not met, or two or more minor ones are not: 0, whatever cannot be told.
    2. A core facet cannot be told: ungradeable. So is a query in which no intent was typed.
    3. All are met: 2. Exactly one minor facet is not: 1. Minor facets that cannot be told leave both ends: `low` takes
       them for not met, `high` for met.

    A facet that is named twice is one. Raises ValueError as `core` does.
    """
    facets = tuple(dict.fromkeys(facets))
    if not facets:
        return Grade(None, None, "no intent is typed")
    cores = core(facets)
    minors = [each for each in facets if each.intent != cores[0].intent]
    missed = [each for each in minors if each.met is False]
    unknown = [each for each in minors if each.met is None]
    for each in cores:
        if each.met is False:
            return Grade(0, 0, f"core not met: {_named([each])}")
    if len(missed) > 1:
        return Grade(0, 0, f"{len(missed)} minor not met: {_named(missed)}")
    if untold := [each for each in cores if each.met is None]:
        return Grade(None, None, f"core cannot be told: {_named(untold)}")
    return Grade(
        _after(len(missed) + len(unknown)), _after(len(missed)), "; ".join(_told(missed, unknown)) or "all met"
    )


def contradiction(label: Label) -> Grade | None:
    """What the facets of a label give, when its author graded directly and otherwise; None: nothing contradicts."""
    if label.origin == "facets" or not label.facets:
        return None
    rule = grade(label.facets)
    return rule if (rule.low, rule.high) != (label.grade_low, label.grade_high) else None


def _after(n_missed: int) -> int:
    """The grade of an item that meets the core and misses so many minor facets."""
    return max(0, 2 - n_missed)


def _told(missed: Sequence[Facet], unknown: Sequence[Facet]) -> Iterator[str]:
    if missed:
        yield f"1 minor not met: {_named(missed)}"
    if unknown:
        yield f"{len(unknown)} minor cannot be told: {_named(unknown)}"


def _named(facets: Sequence[Facet]) -> str:
    return ", ".join(f"{each.intent} {each.asked}" for each in facets)
