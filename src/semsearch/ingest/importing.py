"""The import job: files → rows → mapping → checks → quarantine → workspace."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from semsearch.errors import UsageError
from semsearch.ingest.catalogue import sweep
from semsearch.ingest.lines import Reject
from semsearch.ingest.mapping import Mapped, check_absent, check_required, from_settings, resolve
from semsearch.ingest.merge import merge
from semsearch.ingest.names import Kind
from semsearch.ingest.sources import Format, Source, expand
from semsearch.ingest.tables import Batch, batches
from semsearch.ingest.times import check_tz
from semsearch.ingest.validate import validate
from semsearch.progress import Progress
from semsearch.settings import ImportSettings, Settings
from semsearch.workspace import Workspace

PREVIEW_ROWS = 5
TOLD = 5
"""Reasons in a summary."""
_RAGGED = re.compile(r"has (\d+) columns?, the header (\d+)")


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


class TooManyBad(UsageError):
    """More bad rows than are allowed; nothing was imported."""


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
    plan = _plan(workspace.root, kind, maps, settings, format_)
    sources = expand([str(file) for file in files], stdin)
    with workspace.writing():
        sweep(workspace, kind)
        with _scratch(workspace) as folder:
            taken = _take(plan, sources, folder, progress)
            kept = _keep_rejects(workspace, kind, taken, now)
            _refuse(plan, taken, kept)
            if progress:
                progress("rows written", 0, taken.good)
            merged = merge(workspace, kind, taken.parts)
            if progress:
                progress("rows written", taken.good, taken.good)
    return ImportSummary(
        kind=kind,
        files=tuple(source.name for source in sources),
        read=taken.read,
        new=merged.new,
        updated=merged.updated,
        unchanged=merged.unchanged,
        duplicates=merged.duplicates,
        rejected=taken.rejected,
        reasons=dict(taken.reasons.most_common()),
        examples=taken.examples,
        quarantine=kept,
        mapping=taken.mapping,
        unused=tuple(taken.unused),
        without_rows=tuple(taken.without_rows),
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

    mapped = Mapped((), {}, (), ())
    rows: list[dict[str, Any]] = []
    for batch, mapped in _mapped_batches(plan, source, reject):
        checked = validate(kind, batch, mapped.fields, plan.settings.tz)
        for index, column, reason in checked.bad:
            reject(batch.numbers[index], column, reason, batch.raw(index))
        rows = checked.good.head(PREVIEW_ROWS).to_dicts()
        break
    check_absent(source.name, mapped)
    if not rows and not rejected:
        raise _nothing([source])
    told = sorted(rejected, key=lambda r: r["row"])[:PREVIEW_ROWS]
    return Preview(source.name, _texts(mapped), mapped.unused, tuple(rows), tuple(told))


def told_reasons(reasons: Mapping[str, int], examples: Mapping[str, str]) -> list[str]:
    """Why rows were rejected, a line a reason with a value; the lines add up to all of them."""
    ranked = sorted(reasons.items(), key=lambda pair: -pair[1])
    lines = [
        f"{count:,} × {reason}" + (f", such as {examples[reason]}" if examples.get(reason) else "")
        for reason, count in ranked[:TOLD]
    ]
    left = sum(count for _, count in ranked[TOLD:])
    return [*lines, f"{left:,} more for other reasons"] if left else lines


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

    folder: Path
    parts: list[Path] = field(default_factory=list)
    good: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    mapping: dict[str, str] = field(default_factory=dict)
    unused: dict[str, None] = field(default_factory=dict)
    without_rows: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        return self.good + self.rejected

    @property
    def rejects_path(self) -> Path:
        return self.folder / "rejects.jsonl"


def _plan(
    root: Path, kind: Kind, maps: Mapping[str, str] | None, settings: ImportSettings | None, format_: Format | None
) -> _Plan:
    settings = settings or Settings.load(root).imports
    check_tz(settings.tz)
    given = from_settings(getattr(settings, kind)) | dict(maps or {})
    resolve(kind, (), given)
    return _Plan(kind, given, settings, format_)


@contextmanager
def _scratch(workspace: Workspace) -> Iterator[Path]:
    """A folder for the parts, inside the staging folder that the next writer empties after a kill."""
    staging = workspace.path(".semsearch", "staging")
    staging.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=staging, prefix="import-") as folder:
        yield Path(folder)


def _take(plan: _Plan, sources: Sequence[Source], folder: Path, progress: Progress | None) -> _Taken:
    taken = _Taken(folder)
    with taken.rejects_path.open("w", encoding="utf-8", errors="backslashreplace") as rejects:
        for source in sources:
            before = taken.read
            reject = _rejecter(source.name, rejects, taken)
            for batch, mapped in _mapped_batches(plan, source, reject):
                _take_batch(plan, batch, mapped, taken, reject)
                if progress:
                    progress("rows read", taken.read, 0)
            if taken.read == before:
                taken.without_rows.append(source.name)
    if not taken.read:
        raise _nothing(sources)
    return taken


def _rejecter(name: str, rejects: TextIO, taken: _Taken) -> Reject:
    def reject(row: int, column: str, reason: str, raw: object) -> None:
        taken.rejected += 1
        what, example = _apart(reason)
        what = f"{column}: {what}" if column else what
        taken.reasons[what] += 1
        taken.examples.setdefault(what, example)
        entry = {"file": name, "row": row, "column": column, "reason": reason, "raw": raw}
        rejects.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")

    return reject


def _apart(reason: str) -> tuple[str, str]:
    """A reason without what differs from row to row, and that."""
    ragged = _RAGGED.fullmatch(reason)
    if ragged:
        return "has more or fewer columns than the header", f"{ragged[1]} instead of {ragged[2]}"
    what, _, value = reason.partition(": '")
    return what, f"'{value}" if value else ""


def _mapped_batches(plan: _Plan, source: Source, reject: Reject) -> Iterator[tuple[Batch, Mapped]]:
    """Batches with their mapping.

    JSONL may show new columns later: they fill fields that are still free (and further category levels).
    """
    names: dict[str, None] = {}
    mapped, maps = None, plan.maps
    for batch in batches(source, plan.format_, reject):
        before = len(names)
        names |= dict.fromkeys(batch.names)
        if mapped is None or len(names) > before:
            mapped = resolve(plan.kind, tuple(names), maps)
            kept = {name: text for name, text in _texts(mapped).items() if name != "category"}
            maps = kept | plan.maps
            check_required(plan.kind, source.name, mapped)
            if batch.complete:
                check_absent(source.name, mapped)
        yield batch, mapped
    if mapped is not None:
        check_absent(source.name, mapped)


def _take_batch(plan: _Plan, batch: Batch, mapped: Mapped, taken: _Taken, reject: Reject) -> None:
    checked = validate(plan.kind, batch, mapped.fields, plan.settings.tz)
    for index, column, reason in checked.bad:
        reject(batch.numbers[index], column, reason, batch.raw(index))
    taken.parts.append(taken.folder / f"part-{len(taken.parts):06}.parquet")
    checked.good.write_parquet(taken.parts[-1], compression="lz4")
    taken.good += checked.good.height
    taken.mapping |= _texts(mapped)
    taken.unused |= dict.fromkeys(mapped.unused)


def _texts(mapped: Mapped) -> dict[str, str]:
    return {name: expression.text for name, expression in mapped.fields.items()}


def _keep_rejects(workspace: Workspace, kind: Kind, taken: _Taken, now: datetime) -> Path | None:
    if not taken.rejected:
        return None
    target = workspace.path("quarantine", f"{kind}-{now:%Y%m%dT%H%M%S%fZ}.jsonl")
    with workspace.staged(target) as draft:
        shutil.move(os.fspath(taken.rejects_path), draft)
    return target


def _refuse(plan: _Plan, taken: _Taken, kept: Path | None) -> None:
    share, allowed = taken.rejected / taken.read, plan.settings.max_rejects
    if share <= allowed and taken.good:
        return
    reasons = "".join(f"\n  {line}" for line in told_reasons(taken.reasons, taken.examples))
    what = f"more than the {allowed:.2%} that are allowed" if taken.good else "all that there are"
    raise TooManyBad(
        f"{taken.rejected:,} of {taken.read:,} rows ({share:.2%}) are bad, {what}. Nothing was imported.{reasons}\n"
        f"  They are in {kept}",
        "Next: correct the file or the mapping (--dry-run shows it)"
        + (f", or allow them with --max-rejects {_rounded_up(share)}" if taken.good else ""),
    )


def _rounded_up(share: float) -> float:
    return min(1.0, (int(share * 1000) + 1) / 1000)


def _nothing(sources: Sequence[Source]) -> UsageError:
    names = ", ".join(source.name for source in sources[:3])
    return UsageError(
        f"No rows in {names}: empty, or only a header.", "Next: name a file with at least one row below the header"
    )
