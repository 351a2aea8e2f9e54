"""What a release knows of its items, in files that open without a frame library.

```
items.parquet           all columns, in item_id order: filters and jobs read it lazily
rows.jsonl              what a hit shows, one line a row
rows.npy                int64[n_items + 1], byte offsets of the lines
alive/status.npy        uint8[n_items], position in STATUSES
alive/created.npy       int64[n_items], microseconds since 1970 UTC; the smallest number for null
alive/ended.npy         int64[n_items], likewise; the largest number for null
region/codes.npy        int32[n_items], position in ids; -1 for null
region/regions.json     ids, and the region table: region_id, name, neighbour_ids
```
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import Damaged, UsageError
from semsearch.index.dense import Mask, mapped
from semsearch.records import STATUSES, Region

if TYPE_CHECKING:
    import polars as pl

SHOWN = ("item_id", "title", "category", "price", "currency", "region_id", "seller_id", "status", "created_at")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALWAYS = np.iinfo(np.int64).min
_NEVER = np.iinfo(np.int64).max
_MICROSECOND = timedelta(microseconds=1)
_LISTED = 5
"""Regions that an error names."""


class ItemRows:
    """Random access to what hits show. Rows are in item_id order, so an id is found by bisection."""

    def __init__(self, folder: Path) -> None:
        try:
            self._offsets = mapped(folder / "rows.npy")
            with (folder / "rows.jsonl").open("rb") as file:
                size = file.seek(0, 2)
                self._bytes: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        except (OSError, ValueError) as error:
            raise Damaged(f"Release {folder.name}", f"its items cannot be read ({error})") from error
        if not self._offsets.size or int(self._offsets[-1]) != size:
            raise Damaged(f"Release {folder.name}", "rows.jsonl and rows.npy do not fit each other")

    def __len__(self) -> int:
        return int(self._offsets.size) - 1

    def __getitem__(self, row: int) -> dict[str, Any]:
        """The shown fields of one row; absent fields are null."""
        start, stop = int(self._offsets[row]), int(self._offsets[row + 1])
        shown: dict[str, Any] = json.loads(self._bytes[start:stop])
        return shown

    def find(self, item_id: str) -> int | None:
        """The row of an item, None when the release does not have it."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            found = self[middle]["item_id"]
            if found == item_id:
                return middle
            low, high = (middle + 1, high) if found < item_id else (low, middle)
        return None


class Alive:
    """When each row is alive: status active, created, not ended."""

    def __init__(self, folder: Path) -> None:
        self.status = mapped(folder / "status.npy")
        self.created = mapped(folder / "created.npy")
        self.ended = mapped(folder / "ended.npy")

    def mask(self, now: datetime) -> Mask:
        """bool[n_items], True for the items that are alive at `now` (UTC-aware)."""
        mask = self.at(now)
        mask &= self.status == STATUSES.index("active")
        return mask

    def at(self, moment: datetime) -> Mask:
        """bool[n_items], True for the items that were alive at a past `moment`: created, not ended.

        The status is left out: it is that of the snapshot, and what is sold today was active then.
        """
        at = (moment - _EPOCH) // _MICROSECOND
        mask: Mask = self.created <= at
        mask &= self.ended > at
        return mask

    def why_not(self, row: int, now: datetime) -> str | None:
        """Why one row is not alive, None when it is."""
        status = STATUSES[self.status[row]]
        at = (now - _EPOCH) // _MICROSECOND
        if status != "active":
            return f"its status is {status}"
        if self.created[row] > at:
            return f"it is created later, at {_time(self.created[row])}"
        if self.ended[row] <= at:
            return f"it ended at {_time(self.ended[row])}"
        return None


class Regions:
    """Which row is where, and which regions are near each other."""

    def __init__(self, folder: Path) -> None:
        self.codes = mapped(folder / "codes.npy")
        raw = json.loads((folder / "regions.json").read_text(encoding="utf-8"))
        self.ids: list[str] = raw["ids"]
        rows = [Region(r["region_id"], r["name"], tuple(r["neighbour_ids"])) for r in raw["table"]]
        self.table = {row.region_id: row for row in rows}

    def near(self, region: str) -> tuple[str, ...]:
        """The region that `region` names by id, name or the last words of its name, then its neighbours.

        Raises UsageError for an unknown name (with the nearest ones) and for one that several share.
        """
        found = self._resolve(region)
        row = self.table.get(found)
        return (found, *(n for n in (row.neighbour_ids if row else ()) if n != found))

    def mask(self, region_ids: Iterable[str]) -> Mask:
        """bool[n_items], True for the items in one of these regions."""
        position = {region_id: code for code, region_id in enumerate(self.ids)}
        codes = np.array([position[r] for r in region_ids if r in position], np.int32)
        return np.isin(self.codes, codes)

    def _resolve(self, region: str) -> str:
        wanted = region.strip()
        if wanted in self.table or wanted in self.ids:
            return wanted
        named = wanted.casefold()
        names = {r.region_id: r.name.casefold() for r in self.table.values()}
        same = [i for i, name in names.items() if name == named]
        same = same or [i for i, name in names.items() if name.endswith(f" {named}")]
        if len(same) == 1:
            return same[0]
        if same:
            listed = ", ".join(f"{self.table[i].name} ({i})" for i in same[:_LISTED])
            more = f" and {len(same) - _LISTED} more" if len(same) > _LISTED else ""
            raise UsageError(f"{len(same)} regions are called '{wanted}': {listed}{more}.", _near(same[0]))
        raise UsageError(*self._unknown(wanted))

    def _unknown(self, wanted: str) -> tuple[str, str]:
        """What to say of a region that nobody knows, and the next step."""
        from difflib import get_close_matches

        names = {r.name: r.region_id for r in self.table.values()} | {i: i for i in self.ids}
        if not names:
            return f"No region '{wanted}': no item has one.", "Next: semsearch import regions FILE"
        close = get_close_matches(wanted, names, n=3, cutoff=0.3)
        chosen = close or list(names)[:3]
        shown = " or ".join(n if names[n] == n else f"{n} ({names[n]})" for n in chosen)
        guess = f"Did you mean {shown}?" if close else f"Regions are, for example, {shown}."
        return f"No region '{wanted}'. {guess}", _near(names[chosen[0]])


def _near(region_id: str) -> str:
    return f"Next: --near {region_id}"


def write_items(folder: Path, items: pl.DataFrame, regions: pl.DataFrame | None) -> None:
    """Write all files above into the existing `folder`; `items` has `schema(Item)`, sorted by item_id."""
    items.write_parquet(folder / "items.parquet")
    items.select(SHOWN).write_ndjson(folder / "rows.jsonl")
    np.save(folder / "rows.npy", _line_offsets(folder / "rows.jsonl"))
    _write_alive(folder / "alive", items)
    _write_regions(folder / "region", items, regions)


def _line_offsets(path: Path) -> NDArray[np.int64]:
    """Where each line starts, and where the last one ends."""
    offsets = [0]
    with path.open("rb") as file:
        offsets.extend(len(line) for line in file)
    return np.cumsum(np.array(offsets, np.int64))


def _write_alive(folder: Path, items: pl.DataFrame) -> None:
    import polars as pl

    folder.mkdir()
    known = items["status"].fill_null("active")
    codes = known.replace_strict(list(STATUSES), range(len(STATUSES)), return_dtype=pl.UInt8)
    np.save(folder / "status.npy", codes.to_numpy())
    for name, null in (("created", _ALWAYS), ("ended", _NEVER)):
        micros = items[f"{name}_at"].dt.epoch("us").fill_null(null)
        np.save(folder / f"{name}.npy", micros.cast(pl.Int64).to_numpy())


def _write_regions(folder: Path, items: pl.DataFrame, regions: pl.DataFrame | None) -> None:
    import polars as pl

    folder.mkdir()
    ids: list[str] = items["region_id"].drop_nulls().unique().sort().to_list()
    codes = items["region_id"].replace_strict(ids, range(len(ids)), default=-1, return_dtype=pl.Int32)
    np.save(folder / "codes.npy", codes.fill_null(-1).to_numpy())
    table = [] if regions is None else regions.select("region_id", "name", "neighbour_ids").to_dicts()
    rows = [row | {"neighbour_ids": row["neighbour_ids"] or []} for row in table]
    text = json.dumps({"ids": ids, "table": rows}, ensure_ascii=False)
    (folder / "regions.json").write_text(text + "\n", encoding="utf-8")


def _time(micros: int) -> str:
    return (_EPOCH + timedelta(microseconds=int(micros))).isoformat(timespec="seconds")
