"""A fitted schema: frames in, texts out, with the feature tokens that the tokenizer has to know.

A text is its tokens, then its running text: `[category:운동화] [price:b7] 나이키 에어맥스 270`. Tokens come first, so
that a transformer that cuts long texts keeps them. Running text loses its `[`: nobody can write a token into a listing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.errors import UsageError
from semsearch.towers.schema.definition import LISTING, Feature, Schema, Side
from semsearch.towers.schema.groups import GROUPS, Tables
from semsearch.towers.schema.reading import parse_schema
from semsearch.towers.schema.transforms import TEXTS, TRANSFORMS
from semsearch.towers.schema.validation import ATTRIBUTES, check_columns
from semsearch.towers.template import ItemTemplate

if TYPE_CHECKING:
    import polars as pl

OTHER, NONE = "other", "none"
SPACE = " "


@dataclass(frozen=True)
class Features:
    """How both sides of one pipeline become texts; frozen into the model folder."""

    schema: Schema
    state: Mapping[str, Any]
    """`groups`: SIDE.NAME → what its transform learned; `names`: token name → `scale` and kept `words`."""

    @classmethod
    def plain(cls, template: ItemTemplate | None = None) -> Features:
        """Typed text → the listing as `template` reads it."""
        default = Schema.default()
        listing = replace(LISTING, options=(template or ItemTemplate()).as_dict())
        return cls(replace(default, item=Side((listing,))), {"groups": {}, "names": {}})

    @property
    def of(self) -> str:
        """What the query side is: query, item or actor."""
        return self.schema.of

    @property
    def is_plain(self) -> bool:
        """Whether this is typed text → listing and nothing else."""
        if len(self.schema.item.features) != 1:
            return False
        listing = replace(self.schema.item.features[0], options=LISTING.options)
        return replace(self.schema, item=replace(self.schema.item, features=(listing,))) == Schema.default()

    @property
    def listing(self) -> ItemTemplate:
        """How the item side reads a listing; the default where it reads none."""
        found = (f for f in self.schema.item.features if f.transform == LISTING.transform)
        return ItemTemplate(**next((f.options for f in found), {}))

    @cached_property
    def tokens(self) -> list[str]:
        """All tokens that the texts can hold, each once, in a fixed order: to be added to the tokenizer."""
        return [
            f"[{name}:{word}]"
            for name, state in self.state["names"].items()
            for word in (OTHER, *((NONE,) if name in self._with_none else ()), *state["words"])
        ]

    @property
    def _with_none(self) -> set[str]:
        return {feature.token for feature in self.schema.features if feature.none}

    def texts(self, items: pl.DataFrame) -> list[str]:
        """The item side's text of each row of a frame with `schema(Item)`; '' when nothing in it can be read.

        Raises UsageError for a missing column. Missing values, required or not, are nothing here: they are refused
        before training, and a later item must not keep all others from being indexed.
        """
        if self.is_plain:
            return self.listing.texts(items)
        return self._texts("item", items, Tables(items=items))

    def query_texts(
        self, frame: pl.DataFrame, *, log: pl.DataFrame | None = None, items: pl.DataFrame | None = None
    ) -> list[str]:
        """The query side's text of each row.

        `frame` holds `query` and what else the schema names, such as `region_id` (of="query"); `anchor_id`, looked up
        in `items`, or rows of items themselves (of="item"); or `actor_id` and `asked_at` (of="actor"). A group `as_of`
        looks back into `log` (ts, actor_id, item_id, kind), joined with `items` where the schema asks for more of them.
        Raises UsageError for a missing column.
        """
        return self._texts("query", asked(self.schema, frame, items), Tables(log, items))

    def completed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A query frame with null columns for what the query side reads and the frame does not have."""
        import polars as pl

        kinds = {"number": pl.Float64(), "time": pl.Datetime("us", "UTC"), "list": pl.List(pl.String())}
        read = columns_read(self.schema).items()
        nulls = {name: kinds.get(kind, pl.String()) for name, kind in read if name not in frame.columns}
        return frame.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in nulls.items())

    def _texts(self, name: str, frame: pl.DataFrame, tables: Tables) -> list[str]:
        side = self.schema.sides[name]
        check_columns(self.schema, name, side, frame)
        return self._written(side, grouped(name, side, frame, self.state["groups"], tables))

    def _written(self, side: Side, frame: pl.DataFrame) -> list[str]:
        tokens = [self._tokens(feature, frame) for feature in side.features if not feature.is_text]
        texts = [_running(feature, frame) for feature in side.features if feature.is_text]
        if self.tokens:
            texts = [[text.replace("[", "(") for text in column] for column in texts]
        columns = [*tokens, *texts]
        if len(columns) == 1:
            return columns[0]
        return [SPACE.join(filter(None, row)) for row in zip(*columns, strict=True)]

    def _tokens(self, feature: Feature, frame: pl.DataFrame) -> list[str]:
        """The tokens of each row, joined; '' for none."""
        import polars as pl

        state = self.state["names"][feature.token]
        kept = pl.DataFrame({"word": state["words"]}, schema={"word": pl.String}).with_columns(written=pl.col("word"))
        values = values_of(feature, frame)
        known = words_of(feature, values, state["scale"]).join(kept, on="word", how="left")
        written = known.select("value", token=f"[{feature.token}:" + pl.col("written").fill_null(OTHER) + "]")
        flat = values.join(written, on="value", maintain_order="left").select("row", "token")
        flat = flat.unique(maintain_order=True) if flat["row"].is_duplicated().any() else flat
        joined = flat.group_by("row", maintain_order=True).agg("token").with_columns(pl.col("token").list.join(SPACE))
        out = np.full(frame.height, f"[{feature.token}:{NONE}]" if feature.none else "", object)
        out[joined["row"].to_numpy()] = joined["token"].to_list()
        listed: list[str] = out.tolist()
        return listed

    def as_dict(self) -> dict[str, Any]:
        """Plain values for semsearch.json and the encoder id; for plain features those of the template alone."""
        if self.is_plain:
            return dict(self.listing.as_dict())
        return {"schema": self.schema.as_dict(), "state": dict(self.state)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Features:
        """What `as_dict` described; raises UsageError, KeyError or TypeError for a damaged one."""
        if "schema" not in value:
            return cls.plain(ItemTemplate(**value))
        return cls(parse_schema(value["schema"]), value["state"])


def asked(schema: Schema, frame: pl.DataFrame, items: pl.DataFrame | None) -> pl.DataFrame:
    """The query frame with the anchors' columns where the query side is an item."""
    if schema.of != "item" or "anchor_id" not in frame.columns:
        return frame
    if items is None:
        raise UsageError("The query side is an item: its items are needed.", "Next: semsearch import items FILE")
    anchors = frame.select(item_id="anchor_id")
    return anchors.join(items, on="item_id", how="left", maintain_order="left")


def grouped(name: str, side: Side, frame: pl.DataFrame, states: Mapping[str, Any], tables: Tables) -> pl.DataFrame:
    """The frame with the columns that the side's groups make."""
    for group in side.groups:
        found = GROUPS[group.transform]
        frame = with_attributes(frame, found.reads(group.options))
        frame = found.apply(frame, group.name, group.options, states[f"{name}.{group.name}"], tables)
    return frame


def words_of(feature: Feature, values: pl.DataFrame, scale: Mapping[str, Any]) -> pl.DataFrame:
    """value, count, word: what the feature makes of each distinct value; several rows where it makes several words."""
    import polars as pl

    known = values.group_by("value", maintain_order=True).agg(pl.len().alias("count"))
    words = TRANSFORMS[feature.transform].words(known["value"], feature.size, feature.options, scale)
    flat = known.with_columns(words.alias("word"))
    if flat.schema["word"] == pl.List:
        flat = flat.explode("word")
    return flat.with_columns(_safe(pl.col("word").cast(pl.String))).filter(pl.col("word") != "")


def _safe(word: pl.Expr) -> pl.Expr:
    """A word that can stand in a token: composed, one line, no brackets, and not one of ours."""
    import polars as pl

    word = word.str.normalize("NFC").str.replace_all(r"\s+", SPACE).str.strip_chars()
    word = word.str.replace_many(["[", "]"], ["(", ")"])
    return pl.when(word.is_in([OTHER, NONE])).then("=" + word).otherwise(word).alias("word")


def values_of(feature: Feature, frame: pl.DataFrame) -> pl.DataFrame:
    """row, value: the values of the feature's column end to end, without nulls; a list gives its first n."""
    import polars as pl

    flat = pl.DataFrame({"row": np.arange(frame.height, dtype=np.int64), "value": column_of(feature, frame)})
    if feature.type == "list":
        flat = flat.with_columns(pl.col("value").list.drop_nulls().list.head(feature.options["n"])).explode("value")
    if feature.type == "number":
        flat = flat.with_columns(pl.col("value").cast(pl.Float64, strict=False)).filter(pl.col("value").is_finite())
    elif feature.type != "time":
        flat = flat.with_columns(pl.col("value").cast(pl.String))
    return flat.drop_nulls()


def column_of(feature: Feature, frame: pl.DataFrame) -> pl.Series:
    """The feature's column; `attributes.brand` is that key of the attributes, one JSON object a row."""
    return with_attributes(frame, (feature.column,))[feature.column]


def with_attributes(frame: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """The frame with a column for each `attributes.NAME` that is asked for."""
    import polars as pl

    asked = [c for c in columns if c.startswith(f"{ATTRIBUTES}.") and c not in frame.columns]
    held = pl.col(ATTRIBUTES).str
    return frame.with_columns(held.json_path_match(f"$['{c.partition('.')[2]}']").alias(c) for c in asked)


def _running(feature: Feature, frame: pl.DataFrame) -> list[str]:
    texts = TEXTS[feature.transform]
    return texts.texts(frame, column_of(feature, frame), feature.options)


def columns_read(schema: Schema) -> dict[str, str]:
    """Columns that the query side's frame must have, and the type of each."""
    side = schema.query
    read: dict[str, str] = {}
    made: dict[str, str] = {}
    for group in side.groups:
        found = GROUPS[group.transform]
        read |= {column: kind for column, kind in found.reads(group.options).items() if column not in made}
        made |= found.makes(group.name, group.options)
    named = ((f.column, f.type) for f in side.features if f.column not in made)
    return read | {ATTRIBUTES if c.startswith(f"{ATTRIBUTES}.") else c: kind for c, kind in named}
