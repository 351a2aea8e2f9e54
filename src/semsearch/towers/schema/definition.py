"""What the two towers read: features of the query side and of the item side, and the groups that they come from.

A schema is data: `pipelines/NAME/schema.toml`, or the default, typed text → the listing's text. `fitted` freezes what
it has to learn from the data and gives `Features` (tokens.py), which turn frames into texts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from semsearch.towers.schema.transforms import TEXTS, TRANSFORMS

Of = Literal["query", "item", "actor"]
SCHEMA = "schema.toml"


@dataclass(frozen=True, slots=True)
class Feature:
    """One column that becomes tokens `[token:word]`, or running text."""

    name: str
    column: str
    """Of the frame, of a group, or `attributes.NAME`."""
    type: str
    """text, number, category, time or list."""
    transform: str
    token: str = ""
    """Name of its tokens (`as`); features that share one share their words and scale. Empty for running text."""
    size: int = 0
    """Words at most: the most frequent are kept, the others are `[token:other]`."""
    min_count: int = 1
    """A word seen less often is `[token:other]` too."""
    required: bool = False
    """Whether a row without a value stops validation."""
    none: bool = False
    """Whether a missing value is the token `[token:none]`; else it is nothing."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The transform's own."""

    @property
    def is_text(self) -> bool:
        """Whether it ends in running text and not in tokens."""
        return self.transform in TEXTS

    @property
    def family(self) -> str:
        """Features that share a token name are of one family."""
        return "" if self.is_text else TRANSFORMS[self.transform].family

    def as_dict(self) -> dict[str, Any]:
        """As it could stand in schema.toml, nothing left to defaults."""
        plain = {"column": self.column, "type": self.type, "transform": self.transform, "required": self.required}
        tokens = {"as": self.token, "size": self.size, "min_count": self.min_count, "none": self.none}
        return plain | ({} if self.is_text else tokens) | dict(self.options)


@dataclass(frozen=True, slots=True)
class Group:
    """Columns made before the features read them."""

    name: str
    transform: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As it could stand in schema.toml."""
        return {"transform": self.transform, **self.options}


@dataclass(frozen=True, slots=True)
class Side:
    """One tower's features; groups run first, in their order."""

    features: tuple[Feature, ...]
    groups: tuple[Group, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As it could stand in schema.toml."""
        groups = {group.name: group.as_dict() for group in self.groups}
        features = {feature.name: feature.as_dict() for feature in self.features}
        return ({"groups": groups} if groups else {}) | {"features": features}


LISTING = Feature("listing", "title", "text", "listing", options=TEXTS["listing"].options)
TYPED = Feature("text", "query", "text", "text", options=TEXTS["text"].options)


@dataclass(frozen=True, slots=True)
class Schema:
    """Both sides of one pipeline."""

    of: Of
    """What the query side is: typed text, another item, or an actor."""
    query: Side
    item: Side
    where: str = ""
    """A filter, as of `search --where`: which of the catalogue's items this pipeline is about; '' is all."""
    place: str = field(default="schema", compare=False)
    """Where it was read, for messages."""

    @classmethod
    def default(cls) -> Schema:
        """Typed text → the listing's text, without tokens."""
        return cls("query", Side((TYPED,)), Side((LISTING,)))

    def as_dict(self) -> dict[str, Any]:
        """Plain values; all that decides a text but what `fit` learns."""
        kept = {"where": self.where} if self.where else {}
        return {"query": {"of": self.of, **self.query.as_dict()}, "item": {**kept, **self.item.as_dict()}}

    @property
    def digest(self) -> str:
        """Changes with everything but the order of keys, 16 hex digits."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]

    @property
    def sides(self) -> dict[str, Side]:
        """Query side first."""
        return {"query": self.query, "item": self.item}

    @property
    def features(self) -> Iterable[Feature]:
        """Of both sides."""
        return (*self.query.features, *self.item.features)
