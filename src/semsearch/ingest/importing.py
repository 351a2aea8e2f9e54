"""The import job: files → rows → mapping → checks → quarantine → workspace."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from semsearch.errors import UsageError
from semsearch.ingest.catalogue import sweep
from semsearch.ingest.mapping import Mapped, check_absent, check_required, from_settings, resolve
from semsearch.ingest.merge import merge
from semsearch.ingest.names import Kind
from semsearch.ingest.sources import Format, Source, expand
from semsearch.ingest.tables import Batch, batches
from semsearch.ingest.times import check_tz
from semsearch.ingest.validate import validate
from semsearch.settings import ImportSettings, Settings
from semsearch.workspace import Workspace

PREVIEW_ROWS = 5
Progress = Callable[[str, int, int], None]
"""progress(what, done, total); a total of 0 means that nobody knows."""


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
    quarantine: Path | None
    """The rejected rows, JSONL; None when there are none."""
    mapping: dict[str, str]
    """Field to source, as used."""
    unused: tuple[str, ...]
    """Columns that no field took."""
    total: int
    """Rows of this kind in the workspace now."""
    digest: str


@dataclass(frozen=True)
class Preview:
    """What an import would make of the first rows of its first file."""

    file: str
    mapping: dict[str, str]
    unused: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    """At most five, as they would be stored."""
    rejected: tuple[dict[str, Any], ...]
    """Bad rows before the fifth good one: row, column, reason, raw."""


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
    plan = _plan(workspace.root, kind, maps, settings, format_)
    sources = expand([str(file) for file in files], stdin)
    with workspace.writing():
        sweep(workspace, kind)
        with _scratch(workspace) as folder:
            taken = _take(plan, sources, folder, progress)
            kept = _keep_rejects(workspace, kind, taken, now)
            _refuse(plan, taken, kept)
            merged = merge(workspace, kind, taken.parts)
    return ImportSummary(
        kind=kind,
        files=tuple(source.name for source in sources),
        read=taken.good + taken.rejected,
        new=merged.new,
        updated=merged.updated,
        unchanged=merged.unchanged,
        duplicates=merged.duplicates,
        rejected=taken.rejected,
        reasons=dict(taken.reasons.most_common()),
        quarantine=kept,
        mapping=taken.mapping,
        unused=tuple(taken.unused),
        total=merged.snapshot.n_rows,
        digest=merged.snapshot.digest,
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
    plan = _plan(root, kind, maps, settings, format_)
    source = expand([str(file) for file in files], stdin)[0]
    rejected: list[dict[str, Any]] = []

    def reject(row: int, column: str, reason: str, raw: object) -> None:
        rejected.append({"row": row, "column": column, "reason": reason, "raw": raw})

    mapped = Mapped({}, (), ())
    rows: list[dict[str, Any]] = []
    for batch, mapped in _mapped_batches(plan, source, reject):
        checked = validate(kind, batch, mapped.fields, plan.settings.tz)
        for index, column, reason in checked.bad:
            reject(batch.numbers[index], column, reason, batch.raw(index))
        rows += checked.good.head(PREVIEW_ROWS - len(rows)).to_dicts()
        if len(rows) == PREVIEW_ROWS:
            break
    if not rows and not rejected:
        raise _nothing([source])
    told = sorted(rejected, key=lambda r: r["row"])[:PREVIEW_ROWS]
    return Preview(source.name, _texts(mapped), mapped.unused, tuple(rows), tuple(told))


# --- the steps -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    kind: Kind
    maps: dict[str, str]
    settings: ImportSettings
    format_: Format | None


@dataclass
class _Taken:
    """What reading left: validated parts in the scratch folder, and counts."""

    parts: list[Path] = field(default_factory=list)
    good: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    rejects_path: Path | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    unused: dict[str, None] = field(default_factory=dict)


def _plan(
    root: Path, kind: Kind, maps: Mapping[str, str] | None, settings: ImportSettings | None, format_: Format | None
) -> _Plan:
    settings = settings or Settings.load(root).imports
    check_tz(settings.tz)
    given = from_settings(getattr(settings, kind)) | dict(maps or {})
    resolve(kind, (), given)
    return _Plan(kind, given, settings, format_)


class _scratch(tempfile.TemporaryDirectory[str]):  # noqa: N801
    """A folder for the parts, inside the staging folder that the next writer empties after a kill."""

    def __init__(self, workspace: Workspace) -> None:
        staging = workspace.path(".semsearch", "staging")
        staging.mkdir(exist_ok=True)
        super().__init__(dir=staging, prefix="import-")


def _take(plan: _Plan, sources: Sequence[Source], folder: str, progress: Progress | None) -> _Taken:
    taken = _Taken(rejects_path=Path(folder, "rejects.jsonl"))
    with taken.rejects_path.open("w", encoding="utf-8", errors="backslashreplace") as rejects:  # type: ignore[union-attr]
        for source in sources:
            reject = _rejecter(source.name, rejects, taken)
            for batch, mapped in _mapped_batches(plan, source, reject):
                _take_batch(plan, batch, mapped, taken, reject, folder)
                if progress:
                    progress("rows read", taken.good + taken.rejected, 0)
    if not taken.good and not taken.rejected:
        raise _nothing(sources)
    return taken


def _rejecter(name: str, rejects: TextIO, taken: _Taken) -> Callable[[int, str, str, object], None]:
    def reject(row: int, column: str, reason: str, raw: object) -> None:
        taken.rejected += 1
        taken.reasons[(f"{column}: " if column else "") + reason.partition(": '")[0]] += 1
        entry = {"file": name, "row": row, "column": column, "reason": reason, "raw": raw}
        rejects.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")

    return reject


def _mapped_batches(
    plan: _Plan, source: Source, reject: Callable[[int, str, str, object], None]
) -> Iterator[tuple[Batch, Mapped]]:
    """Batches with their mapping; JSONL may show new columns later, a table must have all at once."""
    names: dict[str, None] = {}
    mapped = None
    for batch in batches(source, plan.format_, reject):
        before = len(names)
        names |= dict.fromkeys(batch.names)
        if mapped is None or len(names) > before:
            mapped = resolve(plan.kind, tuple(names), plan.maps)
            check_required(plan.kind, source.name, tuple(names), mapped)
        yield batch, mapped
    if mapped is not None:
        check_absent(source.name, tuple(names), mapped)


def _take_batch(
    plan: _Plan, batch: Batch, mapped: Mapped, taken: _Taken, reject: Callable[..., None], folder: str
) -> None:
    checked = validate(plan.kind, batch, mapped.fields, plan.settings.tz)
    for index, column, reason in checked.bad:
        reject(batch.numbers[index], column, reason, batch.raw(index))
    taken.parts.append(Path(folder, f"part-{len(taken.parts):06}.parquet"))
    checked.good.write_parquet(taken.parts[-1], compression="lz4")
    taken.good += checked.good.height
    taken.mapping |= _texts(mapped)
    taken.unused |= dict.fromkeys(mapped.unused)


def _texts(mapped: Mapped) -> dict[str, str]:
    return {name: expression.text for name, expression in mapped.fields.items()}


def _keep_rejects(workspace: Workspace, kind: Kind, taken: _Taken, now: datetime) -> Path | None:
    if not taken.rejected or taken.rejects_path is None:
        return None
    target = workspace.path("quarantine", f"{kind}-{now:%Y%m%dT%H%M%S%fZ}.jsonl")
    with workspace.staged(target) as draft:
        shutil.move(os.fspath(taken.rejects_path), draft)
    return target


def _refuse(plan: _Plan, taken: _Taken, kept: Path | None) -> None:
    read = taken.good + taken.rejected
    share = taken.rejected / read
    if share <= plan.settings.max_rejects and taken.good:
        return
    reasons = "".join(f"\n  {count:,} × {reason}" for reason, count in taken.reasons.most_common(5))
    raise UsageError(
        f"{taken.rejected:,} of {read:,} rows ({share:.2%}) are bad, more than --max-rejects "
        f"{plan.settings.max_rejects:g} allows. Nothing was imported.{reasons}\n  They are in {kept}",
        "Next: correct the file or the mapping (--dry-run shows it)"
        + (f", or allow them with --max-rejects {_rounded_up(share)}" if taken.good else ""),
    )


def _rounded_up(share: float) -> float:
    return min(1.0, (int(share * 1000) + 1) / 1000)


def _nothing(sources: Sequence[Source]) -> UsageError:
    names = ", ".join(source.name for source in sources[:3])
    return UsageError(f"No rows in {names}.", "Next: name a file with at least one row")
