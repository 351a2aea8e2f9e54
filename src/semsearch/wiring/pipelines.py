"""What a pipeline is about: its schema, and which items of the catalogue are its own.

Heavy modules are imported inside the functions: opening a searcher must not load what training needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.errors import MissingPart
from semsearch.workspace import DEFAULT_PIPELINE, Workspace, checked_name

if TYPE_CHECKING:
    import polars as pl

    from semsearch.towers.schema.definition import Schema


def pipeline_schema(workspace: Workspace, pipeline: str = DEFAULT_PIPELINE) -> Schema:
    """What the towers of `pipeline` read; the default schema where it has no schema.toml. Raises UsageError."""
    from semsearch.towers.schema.definition import SCHEMA, Schema
    from semsearch.towers.schema.reading import read_schema

    path = workspace.path("pipelines", checked_name(pipeline), SCHEMA)
    return read_schema(path) if path.is_file() else Schema.default()


def items_of(schema: Schema, items: pl.DataFrame, pipeline: str) -> pl.DataFrame:
    """The items that a pipeline is about; raises FilterError for a bad `where`, MissingPart when it leaves none."""
    if not schema.where:
        return items
    from semsearch.index.masks import passes
    from semsearch.index.where import parse_where

    kept = items.filter(passes(parse_where(schema.where)))
    if not kept.height:
        raise MissingPart(
            f"No item passes `where` in the schema of pipeline '{pipeline}': {schema.where}",
            "Next: semsearch import items FILE, or correct it (docs/schema.md)",
        )
    return kept
