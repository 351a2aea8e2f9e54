"""A scan as it is kept in a workspace, for training and for whoever wants to look again.

```
longtail/SCAN_ID/scan.json         what it was made of, the calibration, the worth of each part
longtail/SCAN_ID/queries.parquet   one row a query: demand, every predictor, chance, routed
longtail/SCAN_ID/hits.parquet      one row a hit: key, rank, item_id, title, score, fits, why
longtail/SCAN_ID/pairs.parquet     what the routed queries would be taught
longtail/taught/RELEASE_ID.json    which queries a candidate was taught, and by which scan
```
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from semsearch.errors import Damaged, MissingPart, UsageError
from semsearch.plain import plain
from semsearch.stored import read_record
from semsearch.workspace import Workspace, checked_name

if TYPE_CHECKING:
    import polars as pl

FOLDER = "longtail"
SCAN_AGAIN, TEACH_AGAIN = "Next: semsearch longtail scan", "Next: semsearch longtail train"
_Given = TypeVar("_Given")
_Read = TypeVar("_Read")


@dataclass(frozen=True, eq=False)
class Scan:
    """What one scan found."""

    scan_id: str
    """Digest of the release and of all that was found: the same finding has the same id."""
    pipeline: str
    release_id: str
    """Whose dense leg was asked."""
    scanned_at: str
    """UTC, ISO 8601."""
    before: str | None
    """Where the held-out part of the log begins, which was not read; null without a log."""
    k: int
    """Dense hits of a query that were compared with it."""
    bound: float
    """Chance of failure from which a query is routed."""
    bands: tuple[str, ...]
    """Bands that were scanned; empty for queries of a file."""
    n_queries: Mapping[str, int]
    """Queries of the log by band, scanned or not."""
    calibration: tuple[Mapping[str, Any], ...]
    """From which similarity on two words tie, by kind and length (`mismatch.Calibration.rows`); what was not measured
    is NaN, in a scan that was read None."""
    worth: tuple[Mapping[str, Any], ...] = ()
    """How well each predictor alone tells failures, see `worth.py`."""
    position_bias: str = ""
    """How clicks were corrected for their position, in words; '' without a log."""
    queries: pl.DataFrame = field(repr=False, kw_only=True)
    """key, band, demand columns, engaged (whether somebody engaged something), every predictor, chance, routed; the
    most likely failures first."""
    hits: pl.DataFrame = field(repr=False, kw_only=True)
    """key, rank, item_id, title, score (cosine), fits, why."""
    pairs: pl.DataFrame = field(repr=False, kw_only=True)
    """key, item_id, title (null for one that the release does not hold), weight, n_actors: of the routed queries."""


_FRAMES = ("queries", "hits", "pairs")


def keep(workspace: Workspace, scan: Scan) -> Path:
    """Write a scan, or replace an equal one; gives its folder. In scan.json NaN is null. Needs `writing()`."""
    target = workspace.path(FOLDER, scan.scan_id)
    with workspace.staged(target) as draft:
        draft.mkdir()
        for name in _FRAMES:
            getattr(scan, name).write_parquet(draft / f"{name}.parquet")
        told = {each.name: getattr(scan, each.name) for each in fields(scan) if each.name not in _FRAMES}
        text = json.dumps(plain(told), ensure_ascii=False, indent=1, allow_nan=False)
        (draft / "scan.json").write_text(f"{text}\n", encoding="utf-8")
    return target


def kept(workspace: Workspace, scan_id: str | None = None, pipeline: str | None = None) -> Scan:
    """The scan of that id, or the last one of `pipeline` that read the log: a look at a file is not what is taught.

    Those that cannot be read are passed over for an older one. Raises UsageError for an unknown id, MissingPart when
    no log was scanned yet, Damaged for an id that cannot be read and when only such are left.
    """
    if scan_id is not None:
        folder = workspace.path(FOLDER, checked_name(scan_id))
        if not (folder / "scan.json").is_file():
            raise UsageError(f"There is no scan '{scan_id}'.", SCAN_AGAIN)
        return _read(folder)
    return _last(workspace, pipeline)


def _last(workspace: Workspace, pipeline: str | None) -> Scan:
    damaged: list[Damaged] = []
    folders = sorted(path.parent for path in workspace.path(FOLDER).glob("*/scan.json"))
    told = _readable(folders, lambda folder: (folder, _told(folder)), damaged)
    mine = [(each, folder) for folder, each in told if each.get("pipeline") == pipeline]
    of_log = sorted(((each["scanned_at"], folder) for each, folder in mine if each.get("bands")), reverse=True)
    scan = next(_readable((folder for _, folder in of_log), _read, damaged), None)
    if scan is not None:
        return scan
    if damaged:
        raise damaged[-1]
    if mine:
        raise MissingPart(
            f"For pipeline '{pipeline}' only queries of files were scanned; what is taught comes from the log.",
            SCAN_AGAIN,
        )
    raise MissingPart(f"Nothing was scanned for pipeline '{pipeline}' yet.", SCAN_AGAIN)


def _readable(given: Iterable[_Given], read: Callable[[_Given], _Read], damaged: list[Damaged]) -> Iterator[_Read]:
    """What `read` makes of each; what it cannot read goes to `damaged` and stops nothing else."""
    for each in given:
        try:
            yield read(each)
        except Damaged as error:
            damaged.append(error)


def _told(folder: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((folder / "scan.json").read_text(encoding="utf-8"))
        return told | {"scanned_at": str(told["scanned_at"])}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise Damaged(f"Scan {folder.name}", f"scan.json cannot be read ({error})", SCAN_AGAIN) from error


def _read(folder: Path) -> Scan:
    import polars as pl

    told = _told(folder)
    try:
        frames: dict[str, Any] = {name: pl.read_parquet(folder / f"{name}.parquet") for name in _FRAMES}
        lists = {name: tuple(told[name]) for name in ("bands", "calibration", "worth")}
        return Scan(**(told | lists | frames))
    except (OSError, TypeError, LookupError, pl.exceptions.PolarsError) as error:
        raise Damaged(f"Scan {folder.name}", f"it cannot be read ({error})", SCAN_AGAIN) from error


@dataclass(frozen=True, slots=True)
class TaughtRecord:
    """What a candidate release was taught."""

    release_id: str
    """The candidate."""
    base: str
    """The release that was served and scanned."""
    scan_id: str
    routed: tuple[str, ...]
    """Queries (search view), sorted."""
    taught_at: str
    """UTC, ISO 8601."""


def keep_taught(workspace: Workspace, record: TaughtRecord) -> None:
    """Write what a candidate was taught. Needs `writing()`."""
    workspace.write_json(_taught_path(workspace, record.release_id), asdict(record))


def kept_taught(workspace: Workspace, release_id: str) -> TaughtRecord | None:
    """What a release was taught; None for one that no extra training made. Raises Damaged."""
    path = _taught_path(workspace, release_id)
    if not path.is_file():
        return None
    try:
        return read_record(TaughtRecord, path)
    except UsageError as error:
        raise Damaged(f"What release {release_id} was taught", error.message, TEACH_AGAIN) from error


def last_taught(workspace: Workspace, pipeline: str) -> TaughtRecord:
    """What the last taught candidate of `pipeline` was taught, of those that are still there and can be read.

    Raises MissingPart without one, Damaged when only such are left that cannot be read.
    """
    damaged: list[Damaged] = []
    ids = sorted(path.stem for path in workspace.path(FOLDER, "taught").glob("*.json"))
    there = (each for each in ids if workspace.path("releases", each, "manifest.json").is_file())
    mine = (each.release_id for each in _readable(there, workspace.manifest, damaged) if each.pipeline == pipeline)
    records = [each for each in _readable(mine, lambda each: kept_taught(workspace, each), damaged) if each]
    if records:
        return max(records, key=lambda record: record.taught_at)
    if damaged:
        raise damaged[-1]
    raise MissingPart(f"No extra training of pipeline '{pipeline}' has made a candidate yet.", TEACH_AGAIN)


def _taught_path(workspace: Workspace, release_id: str) -> Path:
    return workspace.path(FOLDER, "taught", f"{checked_name(release_id)}.json")
