"""The import job: files → rows → mapping → checks → quarantine → workspace."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from semsearch.ingest.lines import Reject
from semsearch.ingest.mapped import Plan, checked_rows, mapped_batches, plan_rows
from semsearch.ingest.mapping import Mapped, check_absent
from semsearch.ingest.merge import Merged, merge
from semsearch.ingest.names import Kind
from semsearch.ingest.rejects import Rejects, quarantine_path, too_many
from semsearch.ingest.sources import Format, Source, Unreadable, expand, nothing_in
from semsearch.ingest.tables import Batch
from semsearch.ingest.times import zoneless
from semsearch.ingest.validate import Rules, filled
from semsearch.progress import Progress
from semsearch.settings import ImportSettings, Settings
from semsearch.workspace import Workspace

PREVIEW_ROWS = 5
Take = Callable[[Sequence[Path]], Merged]
"""Keeps validated Parquet parts, in input order; it is called once, after all was read."""


@dataclass(frozen=True)
class ImportSummary:
    """What one import did; `read = new + updated + unchanged + duplicates + rejected`."""

    kind: str
    files: tuple[str, ...]
    read: int
    new: int
    updated: int
    unchanged: int
    duplicates: int
    """Rows that a later row with the same id replaced; for interactions, exact copies."""
    rejected: int
    reasons: dict[str, int]
    """`column: reason` of the rejected rows, most frequent first."""
    examples: dict[str, str]
    """A value for each of `reasons`, as it was found; empty where the reason has none."""
    quarantine: Path | None
    """The rejected rows, JSONL; None when there are none."""
    mapping: dict[str, str]
    """Field to source, as used."""
    unused: tuple[str, ...]
    """Columns that no field took."""
    without_rows: tuple[str, ...]
    """Files that were empty or had only a header."""
    total: int
    """Rows of this kind in the workspace now."""
    digest: str
    zoneless: int = 0
    """Reports, rejected ones too, whose time names no zone: taken as of `imports.tz`. 0 for other kinds."""


@dataclass(frozen=True)
class Preview:
    """What an import would make of the first rows of its first file."""

    file: str
    mapping: dict[str, str]
    unused: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    """At most five, as they would be stored."""
    rejected: tuple[dict[str, Any], ...]
    """The first bad rows, at most five, of the first 20,000: row, column, reason, raw."""


def import_rows(
    workspace: Workspace,
    kind: Kind,
    files: Sequence[str | Path],
    *,
    now: datetime,
    maps: Mapping[str, str] | None = None,
    settings: ImportSettings | None = None,
    format_: Format | None = None,
    stdin: BinaryIO | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """Import files, globs or `-` (which reads `stdin`) into the workspace, all or nothing.

    `maps` is field → source and goes before the mapping in `settings` (default: the workspace's own).
    Bad rows go to quarantine/KIND-TIME.jsonl. Raises UsageError for input that cannot be read, a required
    field without a column, and more bad rows than `settings.max_rejects` allows; the imported rows
    are then as they were. Raises Busy while another process writes.
    """
    plan = plan_rows(kind, settings or Settings.load(workspace.root).imports, maps, format_)
    sources = expand([str(file) for file in files], stdin)
    return import_into(workspace, plan, sources, partial(merge, workspace, kind), now=now, progress=progress)


def import_into(
    workspace: Workspace,
    plan: Plan,
    sources: Sequence[Source],
    take: Take,
    *,
    now: datetime,
    rules: Rules | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """What `import_rows` does, with rows kept by `take`; `rules` say what else is wrong with them."""
    with workspace.writing(), _scratch(workspace) as folder:
        with _saying_that_nothing_was_imported():
            taken = _take(plan, sources, folder, rules, progress)
        kept = _keep_rejects(workspace, plan.kind, taken, now)
        _refuse(plan, taken, kept)
        if progress:
            progress("rows written", 0, taken.good)
        merged = take(taken.parts)
        if progress:
            progress("rows written", taken.good, taken.good)
    return ImportSummary(
        kind=plan.kind,
        files=tuple(source.name for source in sources),
        read=taken.read,
        new=merged.new,
        updated=merged.updated,
        unchanged=merged.unchanged,
        duplicates=merged.duplicates,
        rejected=taken.rejects.n,
        reasons=dict(taken.rejects.reasons.most_common()),
        examples=taken.rejects.examples,
        quarantine=kept,
        mapping=taken.mapping,
        unused=tuple(taken.unused),
        without_rows=tuple(taken.without_rows),
        total=merged.total,
        digest=merged.digest,
        zoneless=taken.zoneless,
    )


def preview_rows(
    root: Path,
    kind: Kind,
    files: Sequence[str | Path],
    *,
    maps: Mapping[str, str] | None = None,
    settings: ImportSettings | None = None,
    format_: Format | None = None,
    stdin: BinaryIO | None = None,
) -> Preview:
    """The mapping and the first five rows of the first file; writes nothing. Raises as `import_rows`."""
    plan = plan_rows(kind, settings or Settings.load(root).imports, maps, format_)
    return preview_of(plan, expand([str(file) for file in files], stdin)[0])


def preview_of(plan: Plan, source: Source, rules: Rules | None = None) -> Preview:
    """What `preview_rows` shows, of one source; `rules` as in `import_into`."""
    rejected: list[dict[str, Any]] = []

    def reject(row: int, column: str, reason: str, raw: object) -> None:
        rejected.append({"row": row, "column": column, "reason": reason, "raw": raw})

    mapped = Mapped((), {}, (), ())
    rows: list[dict[str, Any]] = []
    for batch, mapped in mapped_batches(plan, source, reject):
        rows = checked_rows(plan, batch, mapped, reject, rules).head(PREVIEW_ROWS).to_dicts()
        break
    check_absent(source.name, mapped)
    if not rows and not rejected:
        raise nothing_in([source])
    told = sorted(rejected, key=lambda r: r["row"])[:PREVIEW_ROWS]
    return Preview(source.name, mapped.texts, mapped.unused, tuple(rows), tuple(told))


# --- the steps -----------------------------------------------------------------------------


@dataclass
class _Taken:
    """What reading left: validated parts in the scratch folder, and counts."""

    folder: Path
    rejects: Rejects
    parts: list[Path] = field(default_factory=list)
    good: int = 0
    mapping: dict[str, str] = field(default_factory=dict)
    unused: dict[str, None] = field(default_factory=dict)
    without_rows: list[str] = field(default_factory=list)
    zoneless: int = 0

    @property
    def read(self) -> int:
        return self.good + self.rejects.n


@contextmanager
def _scratch(workspace: Workspace) -> Iterator[Path]:
    """A folder for the parts, inside the staging folder that the next writer empties after a kill."""
    staging = workspace.path(".semsearch", "staging")
    staging.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=staging, prefix="import-") as folder:
        yield Path(folder)


def _take(
    plan: Plan, sources: Sequence[Source], folder: Path, rules: Rules | None, progress: Progress | None
) -> _Taken:
    taken = _Taken(folder, Rejects(folder / "rejects.jsonl"))
    with taken.rejects:
        for source in sources:
            before = taken.read
            reject = taken.rejects.of(source.name)
            for batch, mapped in mapped_batches(plan, source, reject):
                _take_batch(plan, batch, mapped, taken, reject, rules=rules)
                if progress:
                    progress("rows read", taken.read, 0)
            if taken.read == before:
                taken.without_rows.append(source.name)
    if not taken.read:
        raise nothing_in(sources)
    return taken


def _take_batch(
    plan: Plan, batch: Batch, mapped: Mapped, taken: _Taken, reject: Reject, *, rules: Rules | None
) -> None:
    good = checked_rows(plan, batch, mapped, reject, rules)
    taken.parts.append(taken.folder / f"part-{len(taken.parts):06}.parquet")
    good.write_parquet(taken.parts[-1], compression="lz4")
    taken.good += good.height
    if plan.kind == "reports":
        taken.zoneless += int(zoneless(filled(batch, mapped.fields.get("at"))).sum())
    taken.mapping |= mapped.texts
    taken.unused |= dict.fromkeys(mapped.unused)


@contextmanager
def _saying_that_nothing_was_imported() -> Iterator[None]:
    try:
        yield
    except Unreadable as error:
        raise Unreadable(f"{error.message} Nothing was imported.", error.next_step) from error


def _keep_rejects(workspace: Workspace, kind: str, taken: _Taken, now: datetime) -> Path | None:
    if not taken.rejects.n:
        return None
    target = quarantine_path(workspace, kind, now)
    with workspace.staged(target) as draft:
        shutil.move(os.fspath(taken.rejects.path), draft)
    return target


def _refuse(plan: Plan, taken: _Taken, kept: Path | None) -> None:
    allowed = plan.settings.max_rejects
    if kept and (taken.rejects.n > allowed * taken.read or not taken.good):
        remedy = "correct the file or the mapping (--dry-run shows it)"
        raise too_many(
            taken.rejects, taken.read, allowed, kept=kept, consequence="Nothing was imported.", remedy=remedy
        )
