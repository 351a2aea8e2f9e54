"""catalogue + encoder + analyser → a candidate release. Publishing is a separate step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from semsearch.errors import MissingPart, UsageError
from semsearch.index.dense import Floats
from semsearch.index.lexical import LexicalIndex, lexical_id
from semsearch.index.release import FORMAT, dense_kind, release_id, write_release
from semsearch.index.vectors import Vectors, distinct
from semsearch.version import __version__
from semsearch.workspace import DEFAULT_PIPELINE, Manifest, Workspace

if TYPE_CHECKING:
    import polars as pl

    from semsearch.index.segment import Segmenter
    from semsearch.settings import IndexSettings
    from semsearch.text.analyser import Analyser
    from semsearch.towers.encoder import Encoder

ENCODE_BATCH = 8_192
Progress = Callable[[str, int, int], None]
"""progress(what, done, total); total 0 means that nobody knows."""


def _silent(what: str, done: int, total: int) -> None:
    pass


class Template(Protocol):
    """How an item becomes the text that the item tower reads (towers.template.ItemTemplate)."""

    def texts(self, items: pl.DataFrame) -> list[str]:
        """One search-view text per row."""
        ...


def build_release(
    workspace: Workspace,
    items: pl.DataFrame,
    *,
    items_digest: str,
    regions: pl.DataFrame | None,
    regions_digest: str = "",
    model_id: str,
    encoder: Encoder,
    template: Template,
    analyser: Analyser,
    segment: Segmenter | None,
    settings: IndexSettings,
    now: datetime,
    pipeline: str = DEFAULT_PIPELINE,
    progress: Progress = _silent,
) -> Manifest:
    """Make the release of `items` (`schema(Item)`, sorted by item_id) and return its manifest.

    The id comes from the inputs: the release of the same inputs is returned as it stands. The caller holds
    `workspace.writing()`. Raises MissingPart without items, UsageError for unsorted or repeated ids.
    """
    _check(items)
    kind = dense_kind(settings.dense, items.height)
    lexical = lexical_id(analyser, segment)
    identity = release_id(
        pipeline=pipeline,
        items=items_digest,
        regions=regions_digest,
        model=model_id,
        encoder=encoder.encoder_id,
        lexical=lexical,
        dense=kind,
        threads=settings.threads if kind == "hnsw" else 1,
    )
    if (workspace.release_path(identity) / "manifest.json").is_file():
        return workspace.manifest(identity)
    vectors = encode_items(template.texts(items), encoder, progress)
    draft = Manifest(
        release_id=identity,
        created_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        pipeline=pipeline,
        model_id=model_id,
        encoder_id=encoder.encoder_id,
        lexical_id=lexical,
        items_digest=items_digest,
        regions_digest=regions_digest,
        n_items=items.height,
        n_vectors=vectors.n_vectors,
        dim=vectors.dim,
        dense_kind=kind,
        version=__version__,
        format=FORMAT,
    )

    def write_lexical(folder: Path) -> None:
        progress("lexical index", 0, 1)
        LexicalIndex.build(items, analyser, folder, segment)
        progress("lexical index", 1, 1)

    with workspace.staged(workspace.release_path(identity)) as folder:
        return write_release(
            folder, draft, items, regions, vectors, threads=settings.threads, write_lexical=write_lexical
        )


def _check(items: pl.DataFrame) -> None:
    if not items.height:
        raise MissingPart("There are no items to index.", "Next: semsearch import items FILE")
    ids = items["item_id"]
    if not ids.is_sorted() or ids.n_unique() != items.height:
        raise UsageError("Items must be sorted by item_id, each id once.", "Next: semsearch import items FILE")


def encode_items(texts: Sequence[str], encoder: Encoder, progress: Progress = _silent) -> Vectors:
    """The vectors of all items; a text that occurs twice is encoded once, an empty one not at all."""
    first = {text: None for text in texts if text}
    unique = list(first)
    position = {text: i for i, text in enumerate(unique)}
    encoded = np.zeros((len(unique) + 1, encoder.dim), np.float32)  # the last row is the zero of an empty text
    for start in range(0, len(unique), ENCODE_BATCH):
        progress("encoding items", start, len(unique))
        part = unique[start : start + ENCODE_BATCH]
        encoded[start : start + len(part)] = _fits(encoder.encode_items(part), len(part), encoder)
    progress("encoding items", len(unique), len(unique))
    return distinct(encoder.encoder_id, encoded[[position.get(text, len(unique)) for text in texts]])


def _fits(rows: Floats, n: int, encoder: Encoder) -> Floats:
    if rows.shape != (n, encoder.dim):
        raise UsageError(
            f"Encoder {encoder.encoder_id} returned shape {rows.shape} for {n} texts, not {(n, encoder.dim)}.",
            "Next: semsearch train",
        )
    return rows
