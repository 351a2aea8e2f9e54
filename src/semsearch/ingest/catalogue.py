"""What was imported: items and regions as snapshots named by content, interactions as parts.

```
catalogue/items.json             pointer: file, digest, rows; written last
catalogue/items-DIGEST.parquet   sorted by item_id
catalogue/regions.json, regions-DIGEST.parquet
interactions/parts.json          pointer: the parts that count
interactions/DIGEST.parquet      sorted by ts; no event is in two parts
```

A reader follows a pointer, so that a killed import leaves the old rows or the new ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semsearch.errors import MissingPart
from semsearch.stored import read_record
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

DIGEST_LENGTH = 16
_SLICE = 1 << 16


@dataclass(frozen=True)
class Snapshot:
    """One pointer: the digest of the rows, their number and their files."""

    digest: str
    n_rows: int
    files: tuple[str, ...]


class Catalogue:
    """The imported rows of a workspace; reading needs no lock."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def items(self) -> pl.DataFrame:
        """All items, `schema(Item)`, sorted by item_id; raises MissingPart when none were imported."""
        import polars as pl

        return pl.read_parquet(self._files("items"))

    def scan_items(self) -> pl.LazyFrame:
        """The same, read when it is asked for; raises MissingPart."""
        import polars as pl

        return pl.scan_parquet(self._files("items"))

    def titles(self, item_ids: Collection[str]) -> dict[str, str]:
        """item_id → title of those of `item_ids` that were imported; reads two columns, no whole rows."""
        import polars as pl

        if not self.n_items:
            return {}
        wanted = pl.scan_parquet(self._files("items")).filter(pl.col("item_id").is_in(sorted(item_ids)))
        return dict(wanted.select("item_id", "title").collect().iter_rows())

    def regions(self) -> pl.DataFrame:
        """The region table, `schema(Region)`, sorted by region_id; raises MissingPart."""
        import polars as pl

        return pl.read_parquet(self._files("regions"))

    def interactions(self) -> pl.LazyFrame:
        """The log, `schema(Interaction)`, no row twice; sorted by ts within a part. Raises MissingPart."""
        import polars as pl

        return pl.scan_parquet(self._files("interactions"))

    @property
    def items_digest(self) -> str:
        """Digest of the items' content, whatever the order of imports; raises MissingPart."""
        return self._existing("items").digest

    @property
    def n_items(self) -> int:
        """Number of items; 0 before the first import."""
        return self._n_rows("items")

    @property
    def n_interactions(self) -> int:
        """Number of log rows; 0 before the first import."""
        return self._n_rows("interactions")

    @property
    def n_regions(self) -> int:
        """Number of regions; 0 before the first import."""
        return self._n_rows("regions")

    def snapshot(self, kind: str) -> Snapshot | None:
        """What the pointer of one kind names; None before the first import."""
        path = pointer_path(self.workspace, kind)
        return read_record(Snapshot, path) if path.exists() else None

    def _n_rows(self, kind: str) -> int:
        found = self.snapshot(kind)
        return found.n_rows if found else 0

    def _existing(self, kind: str) -> Snapshot:
        found = self.snapshot(kind)
        if found is None:
            raise MissingPart(
                f"No {kind} in {self.workspace.root} yet.", f"Next: semsearch import {kind} FILE, or semsearch demo"
            )
        return found

    def _files(self, kind: str) -> list[Path]:
        folder = pointer_path(self.workspace, kind).parent
        return [folder / name for name in self._existing(kind).files]


def pointer_path(workspace: Workspace, kind: str) -> Path:
    """The pointer file of one kind."""
    return workspace.path("interactions", "parts.json") if kind == "interactions" else workspace.path(
        "catalogue", f"{kind}.json"
    )  # fmt: skip


def point(workspace: Workspace, kind: str, snapshot: Snapshot) -> None:
    """Make `snapshot` what readers see. Needs `writing()`."""
    document: dict[str, Any] = {"digest": snapshot.digest, "n_rows": snapshot.n_rows, "files": list(snapshot.files)}
    workspace.write_json(pointer_path(workspace, kind), document)


def sweep(workspace: Workspace, kind: str) -> None:
    """Remove the files of one kind that its pointer does not name. Needs `writing()`.

    Run before an import and not after it, so that a reader that followed the last pointer can finish.
    """
    found = Catalogue(workspace).snapshot(kind)
    pattern = "*.parquet" if kind == "interactions" else f"{kind}-*.parquet"
    for old in pointer_path(workspace, kind).parent.glob(pattern):
        if found is None or old.name not in found.files:
            old.unlink()


def content_digest(frame: pl.DataFrame) -> str:
    """A digest of the values of a frame in row order, the same for any chunking and Polars version.

    BLAKE2b over each column's name, type, lengths or values, and text, in slices of 65,536 rows.
    """
    whole = hashlib.blake2b(digest_size=DIGEST_LENGTH)
    for series in frame.get_columns():
        kind = type(series.dtype).__name__
        column = hashlib.blake2b(f"{series.name}:{kind}".encode(), digest_size=DIGEST_LENGTH)
        for start in range(0, len(series), _SLICE):
            _feed(column, series.slice(start, _SLICE))
        whole.update(column.digest())
    return whole.hexdigest()


def _feed(digest: Any, series: pl.Series) -> None:
    import polars as pl

    digest.update(series.is_null().cast(pl.UInt8).to_numpy().tobytes())
    if series.dtype == pl.List:
        digest.update(series.list.len().fill_null(0).cast(pl.Int64).to_numpy().tobytes())
        series = series.drop_nulls().explode(empty_as_null=False)
    if series.dtype == pl.String:
        digest.update(series.str.len_bytes().fill_null(0).cast(pl.Int64).to_numpy().tobytes())
        digest.update("".join(series.drop_nulls()).encode())
    else:
        digest.update(series.to_physical().fill_null(0).to_numpy().tobytes())
