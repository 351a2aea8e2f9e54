"""Validated rows into the workspace: items and regions by key, interactions by their whole content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.ingest.catalogue import Catalogue, Snapshot, content_digest, point, pointer_path, sweep
from semsearch.ingest.names import Kind
from semsearch.ingest.validate import RECORDS
from semsearch.records import schema
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Merged:
    """What a merge changed; `new + updated + unchanged + duplicates` is the number of rows that came in."""

    new: int
    updated: int
    unchanged: int
    duplicates: int
    """Rows that a later row of the same input replaces."""
    total: int
    """Rows of this kind in the workspace now."""
    digest: str
    """Of these."""


def merge(workspace: Workspace, kind: Kind, parts: Sequence[Path]) -> Merged:
    """Bring validated Parquet `parts`, in input order, into the workspace. Needs `writing()`."""
    sweep(workspace, kind)
    if kind == "interactions":
        return _merge_log(workspace, parts)
    return _merge_table(workspace, kind, parts)


def _merge_table(workspace: Workspace, kind: Kind, parts: Sequence[Path]) -> Merged:
    import polars as pl

    key = f"{kind.removesuffix('s')}_id"
    came = pl.read_parquet(list(parts))
    last = came.select(key).with_row_index("n").unique(key, keep="last").sort(key).get_column("n")
    duplicates = came.height - len(last)
    came = came[last]  # by index, so that the one copy is sorted already
    old = _old(workspace, kind)
    known = came.select(key, came.hash_rows().alias("new")).join(
        old.select(key, old.hash_rows().alias("old")), on=key, how="left"
    )
    n_new = known.get_column("old").null_count()
    n_unchanged = known.filter(pl.col("old") == pl.col("new")).height
    n_updated = came.height - n_new - n_unchanged
    found = Catalogue(workspace).snapshot(kind)
    if found is None or n_new or n_updated:
        whole = pl.concat([old.join(came.select(key), on=key, how="anti"), came]).sort(key)
        found = _write_table(workspace, kind, whole)
    return Merged(n_new, n_updated, n_unchanged, duplicates, found.n_rows, found.digest)


def _old(workspace: Workspace, kind: Kind) -> pl.DataFrame:
    import polars as pl

    catalogue = Catalogue(workspace)
    if catalogue.snapshot(kind) is None:
        return pl.DataFrame(schema=schema(RECORDS[kind]))
    return catalogue.items() if kind == "items" else catalogue.regions()


def _write_table(workspace: Workspace, kind: Kind, frame: pl.DataFrame) -> Snapshot:
    digest = content_digest(frame)
    target = pointer_path(workspace, kind).with_name(f"{kind}-{digest}.parquet")
    with workspace.staged(target) as draft:
        frame.write_parquet(draft, row_group_size=1 << 16)
    snapshot = Snapshot(digest, frame.height, (target.name,))
    point(workspace, kind, snapshot)
    return snapshot


def _merge_log(workspace: Workspace, parts: Sequence[Path]) -> Merged:
    import polars as pl

    came = pl.read_parquet(list(parts))
    n_came = came.height
    came = came.unique()
    duplicates = n_came - came.height
    catalogue = Catalogue(workspace)
    old = catalogue.snapshot("interactions") or Snapshot("", 0, ())
    new = came
    if old.files and came.height:
        # A row is its own identity: only old rows of the same time span can equal a new one.
        span = pl.col("ts").is_between(came.get_column("ts").min(), came.get_column("ts").max())
        same = catalogue.interactions().filter(span).collect()
        new = came.join(same, on=came.columns, how="anti", nulls_equal=True)
    if new.height or not old.files:
        old = _write_part(workspace, old, new.sort(new.columns))
    return Merged(new.height, 0, came.height - new.height, duplicates, old.n_rows, old.digest)


def _write_part(workspace: Workspace, old: Snapshot, new: pl.DataFrame) -> Snapshot:
    import hashlib

    target = pointer_path(workspace, "interactions").with_name(f"{content_digest(new)}.parquet")
    with workspace.staged(target) as draft:
        new.write_parquet(draft, row_group_size=1 << 16)
    files = tuple(sorted({*old.files, target.name}))
    digest = hashlib.blake2b("".join(files).encode(), digest_size=16).hexdigest()
    snapshot = Snapshot(digest, old.n_rows + new.height, files)
    point(workspace, "interactions", snapshot)
    return snapshot
