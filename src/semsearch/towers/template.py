"""How an item becomes one text. Frozen into the model folder, so that a settings edit cannot mix vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from semsearch.records import CATEGORY_SEPARATOR
from semsearch.text.views import search

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("title", "body", "category", "attributes")
EMPTY_VALUES = frozenset({"", "-", "n", "no", "none", "n/a", "not available", "not supported", "y", "yes"})


@dataclass(frozen=True, slots=True)
class ItemTemplate:
    """Which parts of an item the item tower reads, in this order: title, attributes, category, body,
    names of attributes.

    All lengths are characters of the search view, cut at the end of a word.
    """

    title_chars: int = 300
    body_chars: int = 400
    n_attributes: int = 0
    """Attribute values besides the brand, in the order of their (sorted) names; 0 leaves them to the pairs."""
    n_names: int = 12
    """Names of attributes: what has a `screen size` is a screen, whatever its title says."""
    attribute_chars: int = 40
    """A longer value is a sentence, not a property, and is left out."""
    leaf_levels: int = 2
    """Levels of the category path, counted from the leaf."""

    def texts(self, items: pl.DataFrame) -> list[str]:
        """The search-view text of every item of a frame with `schema(Item)`, in its order.

        Columns other than the title may be missing.
        """
        return [self.text(row) for row in rows(items)]

    def text(self, row: dict[str, Any]) -> str:
        """The search-view text of one item; '' when nothing in it can be read."""
        title = cut(search(row.get("title") or ""), self.title_chars)
        values = [v for v in self.phrases(row) if v not in title]
        category = search(" ".join((row.get("category") or "").split(CATEGORY_SEPARATOR)[-self.leaf_levels :]))
        body = cut(search(row.get("body") or ""), self.body_chars)
        names = " ".join(sorted(attributes(row).keys() - {"brand"})[: self.n_names]).replace("_", " ")
        return " ".join(part for part in (title, *values, category, body, search(names)) if part)

    def phrases(self, row: dict[str, Any]) -> list[str]:
        """The brand and the first attribute values that say something, in the search view."""
        named = attributes(row)
        brand = search(named.pop("brand", ""))
        values = (search(value) for name, value in sorted(named.items()) if len(value) <= self.attribute_chars)
        kept = [v for v in dict.fromkeys(values) if speaks(v)]
        return [v for v in (brand, *kept[: self.n_attributes]) if v]

    def as_dict(self) -> dict[str, int]:
        """Plain values for semsearch.json and for the encoder id."""
        return asdict(self)


def rows(items: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The columns that the template reads, one mapping per item."""
    return items.select([c for c in COLUMNS if c in items.columns]).iter_rows(named=True)


def attributes(row: dict[str, Any]) -> dict[str, str]:
    """The attribute mapping of a row; the frame holds one JSON object, a record a mapping."""
    held = row.get("attributes") or {}
    parsed = json.loads(held) if isinstance(held, str) else held
    return {str(name): str(value) for name, value in parsed.items() if value is not None}


def speaks(value: str) -> bool:
    """Whether an attribute value names something: not a yes, a no or a bare number."""
    return value not in EMPTY_VALUES and any(char.isalpha() for char in value)


def cut(text: str, chars: int) -> str:
    """`text` up to `chars` characters, ending with a whole word where it has one."""
    if len(text) <= chars:
        return text
    head = text[:chars]
    return head if text[chars] == " " else head.rpartition(" ")[0] or head
