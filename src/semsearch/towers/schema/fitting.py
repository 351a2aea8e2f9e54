"""What a schema learns from the data before the towers do: means and edges, and which words are worth a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from semsearch.towers.schema.groups import GROUPS, Tables
from semsearch.towers.schema.tokens import Features, asked, grouped, values_of, with_attributes, words_of
from semsearch.towers.schema.transforms import TRANSFORMS
from semsearch.towers.schema.validation import check_values, validate

if TYPE_CHECKING:
    import polars as pl

    from semsearch.towers.schema.definition import Feature, Schema


def fitted(
    schema: Schema, query_frame: pl.DataFrame, item_frame: pl.DataFrame, log: pl.DataFrame | None = None
) -> Features:
    """Validate, then freeze buckets, means and words as these frames have them.

    `query_frame` is one row a training example: `query` and what else the schema names (of="query"), `anchor_id`
    (of="item"), or `actor_id` and `asked_at` (of="actor"). `item_frame` is `schema(Item)`. `log` (ts, actor_id,
    item_id, kind) is what `as_of` looks back into. Raises as `validate` does.
    """
    validate(schema, query_frame, item_frame)
    frames = {"query": asked(schema, query_frame, item_frame), "item": item_frame}
    groups: dict[str, Any] = {}
    for name, side in schema.sides.items():
        # The items of a query side count once each, not as often as they were asked from.
        learned_from = item_frame if schema.of == "item" else frames[name]
        for group in side.groups:
            found = GROUPS[group.transform]
            whole = with_attributes(learned_from, found.reads(group.options))
            groups[f"{name}.{group.name}"] = dict(found.fit(whole, group.options))
        frames[name] = grouped(name, side, frames[name], groups, Tables(log, item_frame))
        check_values(schema, name, side, with_attributes(frames[name], [f.column for f in side.features]))
    return Features(schema, {"groups": groups, "names": _names(schema, frames)})


def _names(schema: Schema, frames: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Scale and words of each token name, over all features that share it."""
    import polars as pl

    held: dict[str, list[tuple[Feature, pl.DataFrame]]] = {}
    for name, side in schema.sides.items():
        for feature in side.features:
            if not feature.is_text:
                held.setdefault(feature.token, []).append((feature, frames[name]))
    out: dict[str, Any] = {}
    for token, users in held.items():
        first = users[0][0]
        flat = [values_of(feature, frame).select("value") for feature, frame in users]
        scale = dict(TRANSFORMS[first.transform].scale(pl.concat(flat, how="vertical_relaxed")["value"], first.size))
        words = [words_of(feature, values_of(feature, frame), scale) for feature, frame in users]
        counts = pl.concat([each.select("word", "count") for each in words]).group_by("word").sum()
        often = counts.filter(pl.col("count") >= first.min_count).sort(["count", "word"], descending=[True, False])
        out[token] = {"scale": scale, "words": sorted(often["word"].head(first.size).to_list())}
    return out
