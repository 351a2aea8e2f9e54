"""A release folder: everything that serving needs, in one place, independent of later imports.

```
manifest.json     semsearch.workspace.Manifest: the identities, the counts, a sha256 and a size per file
items.parquet rows.jsonl rows.npy alive/ region/     see items.py
dense/            see vectors.py; hnsw.bin when dense_kind is hnsw
lexical/          see lexical.py
```
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from semsearch.errors import Damaged, MismatchError
from semsearch.files import sha256
from semsearch.index.dense import DenseIndex, Mask
from semsearch.index.exact import ExactIndex
from semsearch.index.items import Alive, ItemRows, Regions, write_items
from semsearch.index.vectors import REBUILD, Vectors
from semsearch.workspace import Manifest

if TYPE_CHECKING:
    import polars as pl

    from semsearch.index.filters import Where
    from semsearch.index.lexical import LexicalIndex

FORMAT = 1
"""Of the release folder; part of every release id."""
EXACT_LIMIT = 50_000
"""Items up to which `auto` is exact: there it takes 2.4 ms, a graph 1.6 ms and some recall (bench/dense_engines.py)."""
DenseKind = Literal["exact", "hnsw"]


def dense_kind(asked: str, n_items: int) -> DenseKind:
    """The engine that `index.dense` means for a catalogue of this size."""
    if asked == "auto":
        return "exact" if n_items <= EXACT_LIMIT else "hnsw"
    return "hnsw" if asked == "hnsw" else "exact"


def release_id(**inputs: str | int | dict[str, Any]) -> str:
    """The id of the release that these inputs make: same inputs, same id."""
    text = json.dumps({"format": FORMAT, **inputs}, sort_keys=True, ensure_ascii=False)
    return "r" + hashlib.sha256(text.encode()).hexdigest()[:12]


class Release:
    """An opened release. Each part opens when it is first asked for; reading shares memory between processes."""

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self.manifest = manifest
        self.folder = folder

    @classmethod
    def open(cls, manifest: Manifest, folder: Path) -> Release:
        """Open `folder`; raises MismatchError for the format of another version, Damaged for a file of another size."""
        if manifest.format != FORMAT:
            raise MismatchError(
                f"Release {manifest.release_id} has format {manifest.format}; this semsearch reads {FORMAT}.", REBUILD
            )
        if found := wrong_sizes(manifest, folder):
            raise Damaged(f"Release {manifest.release_id}", ", ".join(f"{d.path} {d.problem}" for d in found))
        return cls(manifest, folder)

    def __len__(self) -> int:
        return self.manifest.n_items

    @property
    def items(self) -> pl.LazyFrame:
        """All columns of the items, in row order."""
        import polars as pl

        return pl.scan_parquet(self.folder / "items.parquet")

    def passing(self, where: Where) -> Mask:
        """bool[n_items], True for the items for which a filter holds; raises Damaged for a file that cannot be read."""
        from polars.exceptions import PolarsError

        from semsearch.index.masks import where_mask

        try:
            with self._whole("items.parquet"):
                return where_mask(self.items, where)
        except PolarsError as error:
            raise Damaged(f"Release {self.manifest.release_id}", f"items.parquet cannot be read ({error})") from error

    @cached_property
    def rows(self) -> ItemRows:
        """What hits show of each row."""
        rows = ItemRows(self.folder)
        self._must_equal("items", len(rows), self.manifest.n_items)
        return rows

    @cached_property
    def alive(self) -> Alive:
        """When each row is alive."""
        with self._whole("alive"):
            return Alive(self.folder / "alive")

    @cached_property
    def regions(self) -> Regions:
        """The region of each row and the region table."""
        with self._whole("region"):
            return Regions(self.folder / "region")

    @cached_property
    def vectors(self) -> Vectors:
        """The item vectors, mapped; raises Damaged when they are not those of the manifest."""
        vectors = Vectors.open(self.folder / "dense")
        self._must_equal("the dense index", vectors.n_items, self.manifest.n_items)
        self._must_equal("the dense index", vectors.encoder_id, self.manifest.encoder_id)
        return vectors

    @cached_property
    def exact(self) -> ExactIndex:
        """Exact search over the vectors, whatever the release's own engine is."""
        return ExactIndex(self.vectors)

    @cached_property
    def dense(self) -> DenseIndex:
        """The engine that the release was built with."""
        if self.manifest.dense_kind == "exact":
            return self.exact
        from semsearch.index.hnsw import HnswIndex

        return HnswIndex.open(self.folder / "dense", self.vectors)

    @cached_property
    def lexical(self) -> LexicalIndex:
        """The lexical index; raises Damaged when it is not that of the manifest, MismatchError when another version
        of semsearch made it."""
        from semsearch.index.lexical import LexicalIndex

        with self._whole("lexical"):
            index = LexicalIndex(self.folder / "lexical")
        self._must_equal("the lexical index", index.n_items, self.manifest.n_items)
        self._must_equal("the lexical index", index.lexical_id, self.manifest.lexical_id)
        return index

    @contextmanager
    def _whole(self, part: str) -> Iterator[None]:
        """A file that is missing, cut or not what it should be becomes Damaged."""
        try:
            yield
        except (OSError, ValueError, LookupError, TypeError, EOFError) as error:
            raise Damaged(f"Release {self.manifest.release_id}", f"{part} cannot be read ({error})") from error

    def _must_equal(self, part: str, found: object, asked: object) -> None:
        if found != asked:
            detail = f"{part} has {found} where its manifest says {asked}"
            raise Damaged(f"Release {self.manifest.release_id}", detail)


def write_release(
    folder: Path,
    draft: Manifest,
    items: pl.DataFrame,
    regions: pl.DataFrame | None,
    vectors: Vectors,
    *,
    threads: int,
    write_lexical: Callable[[Path], None],
) -> Manifest:
    """Write a whole release into the new `folder` and return its manifest, completed from `draft`.

    `items` is sorted by item_id and `vectors` is in its order; `write_lexical` makes and fills a
    folder. The caller stages and renames.
    """
    folder.mkdir(parents=True)
    write_items(folder, items, regions)
    (folder / "dense").mkdir()
    vectors.save(folder / "dense")
    if draft.dense_kind == "hnsw":
        from semsearch.index.hnsw import build_hnsw

        build_hnsw(vectors, threads).save(folder / "dense")
    write_lexical(folder / "lexical")
    files = hash_files(folder)
    manifest = replace(draft, files=files, sizes={path: (folder / path).stat().st_size for path in files})
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest


def hash_files(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder` but its manifest, by relative path, sorted."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / "manifest.json")
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


@dataclass(frozen=True, slots=True)
class Damage:
    """One file of a release that is not as it was written."""

    path: str
    problem: str
    """missing, changed or unknown."""


def wrong_sizes(manifest: Manifest, folder: Path) -> tuple[Damage, ...]:
    """The files that are missing or of another size than they were written with: a stat each, nothing is read.

    Empty for a release of a semsearch that did not note the sizes.
    """
    found = ((path, size, folder / path) for path, size in manifest.sizes.items())
    problems = (
        (name, "" if path.is_file() and path.stat().st_size == size else "changed" if path.is_file() else "missing")
        for name, size, path in found
    )
    return tuple(Damage(name, problem) for name, problem in problems if problem)


def verify_release(manifest: Manifest, folder: Path) -> tuple[Damage, ...]:
    """Hash every file again; empty when the release is as it was built."""
    found = hash_files(folder)
    missing = [Damage(path, "missing") for path in manifest.files if path not in found]
    changed = [Damage(path, "changed") for path, sha in manifest.files.items() if found.get(path, sha) != sha]
    unknown = [Damage(path, "unknown") for path in found if path not in manifest.files]
    return tuple(sorted([*missing, *changed, *unknown], key=lambda d: d.path))
