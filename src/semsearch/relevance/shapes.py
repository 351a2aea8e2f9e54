"""What models are asked to answer about a pair, by the name that a prompt file calls it by in `output`.

A model names facets and never a grade: the grade is computed (`rubric.grade`). An intent, an answer or a field that is
not one of these makes the whole answer an abstention. As in `spam.shapes` nothing has a default, nothing may be added,
and the schema carries no words of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

NAME = "relevance.facets"


def _without_words(schema: dict[str, Any]) -> None:
    schema.pop("description", None)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, json_schema_extra=_without_words)


class SaidFacet(_Shape):
    """One thing that the query asks for, and whether the item has it."""

    intent: Literal["product", "brand", "item", "attribute"]
    asked: str
    """Words of the query."""
    met: Literal["met", "not met", "cannot tell"]


class BareFacets(_Shape):
    """The facets of a pair alone: what is answered when no reasoning is asked for."""

    facets: list[SaidFacet]


class Facets(_Shape):
    """The facets of a pair. Reasoning stands first, so that a model has reasoned when it answers."""

    reasoning: str
    facets: list[SaidFacet]
    """Empty: the query types no intent."""


Answered = Facets | BareFacets
"""What a good answer is, with reasoning or without."""
MET: Mapping[str, bool | None] = {"met": True, "not met": False, "cannot tell": None}
"""What is said of a facet, to `Facet.met`."""
SHAPES: Mapping[str, type[BaseModel]] = {NAME: Facets}
