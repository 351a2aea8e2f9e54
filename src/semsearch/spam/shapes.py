"""What models are asked to answer, by the name that a prompt file calls it by in `output`.

Reasoning stands before the answer, so that a model has reasoned when it answers. Nothing has a default and nothing may
be added, as strict structured outputs want it; `null` is how a model abstains, and `"yes"` or `1` is no answer. The
schema carries no words of ours: what a model reads stands in the prompt file and is covered by its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict


def _without_words(schema: dict[str, Any]) -> None:
    schema.pop("description", None)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, json_schema_extra=_without_words)


class SpamVerdict(_Shape):
    """Of one post: is it written as professional sellers write?"""

    reasoning: str
    quotes: list[str]
    """Words of the post that mattered, as they stand in it."""
    is_spam: bool | None
    """Null: it cannot be told."""


class SellerFeature(_Shape):
    """One way in which the writing of the two sides differs."""

    title: str
    sellers: str
    """How professional sellers do it."""
    ordinary: str
    """How ordinary people do it."""


class SellerProfile(_Shape):
    """Of two sets of posts: what tells professional sellers' writing from that of ordinary people."""

    features: list[SellerFeature]


class FeatureSeen(_Shape):
    """Of one post: does one feature stand in it?"""

    reasoning: str
    present: bool | None
    """Null: it cannot be told."""


SHAPES: Mapping[str, type[BaseModel]] = {
    "spam.verdict": SpamVerdict,
    "spam.profile": SellerProfile,
    "spam.feature": FeatureSeen,
}
