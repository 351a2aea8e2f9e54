"""catalogue + encoder + analyser → a candidate release. Publishing is a separate step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from semsearch.errors import Damaged, MissingPart, UsageError
from semsearch.files import replace
from semsearch.index.dense import Floats
from semsearch.index.lexical import lexical_id
from semsearch.index.lexical_build import build_lexical
from semsearch.index.release import FORMAT, DenseKind, dense_kind, release_id, verify_release, write_release
from semsearch.index.vectors import Vectors, distinct
from semsearch.progress import Progress, silent
from semsearch.text.views import VIEWS_VERSION
from semsearch.version import __version__
from semsearch.workspace import DEFAULT_PIPELINE, Manifest, Workspace

if TYPE_CHECKING:
    import polars as pl

    from semsearch.index.segment import Segmenter
    from semsearch.settings import IndexSettings
    from semsearch.text.analyser import Analyser
    from semsearch.towers.encoder import Encoder

ENCODE_BATCH = 8_192


class Template(Protocol):
    """How an item becomes the text that the item tower reads (ItemTemplate, or Features of a schema)."""

    def texts(self, items: pl.DataFrame) -> list[str]:
        """One search-view text per row."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """All that decides the texts."""
        ...


@dataclass(frozen=True)
class Inputs:
    """All that decides a release: equal inputs, equal release."""

    items: pl.DataFrame
    """`schema(Item)`, sorted by item_id, each id once."""
    items_digest: str
    regions: pl.DataFrame | None
    """`schema(Region)`."""
    regions_digest: str
    """Empty when there is no region table."""
    model_id: str
    """Empty when the encoder is an API."""
    encoder: Encoder
    template: Template
    analyser: Analyser
    segment: Segmenter | None
    settings: IndexSettings
    pipeline: str = DEFAULT_PIPELINE

    @property
    def dense_kind(self) -> DenseKind:
        """The engine of this many items."""
        return dense_kind(self.settings.dense, self.items.height)

    @cached_property
    def lexical_id(self) -> str:
        """What makes the tokens."""
        return lexical_id(self.analyser, self.segment)

    @cached_property
    def release_id(self) -> str:
        """The name of the release that these make."""
        return release_id(
            pipeline=self.pipeline,
            items=self.items_digest,
            regions=self.regions_digest,
            model=self.model_id,
            encoder=self.encoder.encoder_id,
            template=self.template.as_dict(),
            views=VIEWS_VERSION,
            lexical=self.lexical_id,
            dense=self.dense_kind,
            threads=self.settings.threads if self.dense_kind == "hnsw" else 1,
        )

    def manifest(self, vectors: Vectors, now: datetime) -> Manifest:
        """All of the manifest but its files."""
        return Manifest(
            release_id=self.release_id,
            created_at=now.astimezone(UTC).isoformat(timespec="seconds"),
            pipeline=self.pipeline,
            model_id=self.model_id,
            encoder_id=self.encoder.encoder_id,
            lexical_id=self.lexical_id,
            items_digest=self.items_digest,
            regions_digest=self.regions_digest,
            n_items=self.items.height,
            n_vectors=vectors.n_vectors,
            dim=vectors.dim,
            dense_kind=self.dense_kind,
            version=__version__,
            format=FORMAT,
        )


def build_release(workspace: Workspace, inputs: Inputs, *, now: datetime, progress: Progress = silent) -> Manifest:
    """Make the release of `inputs` and return its manifest.

    One that stands already is returned as it is when it is whole, and replaced when a file of it is damaged.
    Raises MissingPart without items, UsageError for unsorted or repeated ids.
    """
    _check(inputs.items)
    held = _whole(workspace, inputs.release_id)
    if held is not None:
        return held
    vectors = encode_items(inputs.template.texts(inputs.items), inputs.encoder, progress)

    def write_lexical(folder: Path) -> None:
        progress("lexical index", 0, 0)  # nobody knows how long it takes
        build_lexical(inputs.items, inputs.analyser, folder, inputs.segment)
        progress("lexical index", 1, 1)

    with workspace.drafting() as folder:
        draft = folder / inputs.release_id
        manifest = write_release(
            draft,
            inputs.manifest(vectors, now),
            inputs.items,
            inputs.regions,
            vectors,
            threads=inputs.settings.threads,
            write_lexical=write_lexical,
        )
        return _placed(workspace, draft, manifest)


def _placed(workspace: Workspace, draft: Path, manifest: Manifest) -> Manifest:
    """Move a finished draft to its place, unless another build made the same release meanwhile: that one may serve."""
    with workspace.writing(wait=True):
        held = _whole(workspace, manifest.release_id)
        if held is None:
            replace(draft, workspace.release_path(manifest.release_id))
    return held or manifest


def _whole(workspace: Workspace, release_id: str) -> Manifest | None:
    """The manifest of a release that stands as it was built."""
    try:
        manifest = workspace.manifest(release_id)
    except (UsageError, Damaged):  # not there, or its manifest cannot be read
        return None
    return None if verify_release(manifest, workspace.release_path(release_id)) else manifest


def _check(items: pl.DataFrame) -> None:
    if not items.height:
        raise MissingPart("There are no items to index.", "Next: semsearch import items FILE")
    ids = items["item_id"]
    if not ids.is_sorted() or ids.n_unique() != items.height:
        raise UsageError("Items must be sorted by item_id, each id once.", "Next: semsearch import items FILE")


def encode_items(texts: Sequence[str], encoder: Encoder, progress: Progress = silent) -> Vectors:
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
