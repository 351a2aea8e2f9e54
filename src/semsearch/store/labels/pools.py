"""What `grade pairs` was asked: `labels/pools/BATCH.jsonl`, one pair a line, with the runs that brought it.

Written before anything is asked, so that a pair without an answer is known as one. It only grows: further runs and a
deeper pool add to what is there. A line is a row of pairs like any other; imported items are looked up when it is
read, others stand in it. Which runs brought a pair is shown to nobody who grades.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from semsearch.plain import json_line
from semsearch.store.labels import Key, query_key
from semsearch.store.labels.draws import Frame, frame_of, frame_told, is_frame
from semsearch.store.labels.faults import bad_line
from semsearch.store.labels.files import named
from semsearch.store.labels.snapshots import SHOWN
from semsearch.workspace import Workspace

Lookup = Callable[[Collection[str]], Mapping[str, Mapping[str, str]]]
"""item_ids to the snapshots of those that are there."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and an item that may answer it."""

    query: str
    """As typed."""
    item_id: str
    query_id: str
    item: Mapping[str, str]
    """Snapshot of the item: title, body and the like (`store.labels.snapshots`)."""
    inclusion_probability: float | None = None
    """With which its query was drawn: 1 of a pool of runs, which has all of their queries; null: picked on purpose."""
    ranks: Mapping[str, int] = field(default_factory=dict, repr=False)
    """Name of each run that brought it, to its rank there; 1 is the top. Not for the eyes of who grades."""
    imported: bool = False
    """Whether the item is the catalogue's; else the pair brought it."""
    frame: Frame | None = None
    """The queries that its query was drawn from, of a pair of a batch; None: of runs, and nobody says."""

    @property
    def of_runs(self) -> bool:
        """Whether runs brought it here, and no batch that was drawn of them."""
        return bool(self.ranks) and self.frame is None

    @property
    def key(self) -> Key:
        """The pair as labels know it."""
        return query_key(self.query), self.item_id


def pool_path(workspace: Workspace, batch: str) -> Path:
    """The file of a batch's pool; raises UsageError for what can name no file."""
    return workspace.path("labels", "pools", f"{named(batch)}.jsonl")


def keep_pool(workspace: Workspace, batch: str, pairs: Iterable[Pair]) -> None:
    """Add pairs to the pool of a batch; what is known of a pair already is joined with what is said now.

    Raises as `read_pool`, and Busy while another process does the same.
    """
    with workspace.labelling("pool", "a pool", batch):
        before = read_pool(workspace, batch)
        after = dict(before)
        for pair in pairs:
            after[pair.key] = _joined(after.get(pair.key), pair)
        if after != before:
            with workspace.staged(pool_path(workspace, batch)) as draft:
                draft.write_bytes(b"".join(json_line(_told(pair)) for pair in _ordered(after)))


def read_pool(workspace: Workspace, batch: str) -> dict[Key, Pair]:
    """The pool of a batch, empty when nothing was asked; imported items are left out.

    Raises UsageError with file and line for what is no pair.
    """
    path = pool_path(workspace, batch)
    return pool_of(path) if path.is_file() else {}


def pool_of(path: Path) -> dict[Key, Pair]:
    """The pairs of one file; raises as `read_pool`."""
    lines = path.read_bytes().split(b"\n")
    found: dict[Key, Pair] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            pair = _pair(path, number, line)
            found[pair.key] = _joined(found.get(pair.key), pair)
    return found


def _joined(known: Pair | None, pair: Pair) -> Pair:
    item = {} if pair.imported else pair.item
    if known is None:
        return replace(pair, item=item)
    surest = max(pair, known, key=lambda each: each.inclusion_probability or 0.0)  # how the query can have come here
    return replace(
        pair,
        item=item,
        inclusion_probability=surest.inclusion_probability,
        ranks={**known.ranks, **pair.ranks},
        frame=surest.frame,
    )


def _ordered(pairs: Mapping[Key, Pair]) -> list[Pair]:
    """Those of a query together, in the order that no run has."""
    places: dict[str, int] = {}
    for query, _ in pairs:
        places.setdefault(query, len(places))
    return [pairs[key] for key in sorted(pairs, key=lambda key: (places[key[0]], blind_place(key)))]


def _told(pair: Pair) -> dict[str, Any]:
    told: dict[str, Any] = {"query": pair.query, "item_id": pair.item_id, "query_id": pair.query_id, **pair.item}
    told |= {"inclusion_probability": pair.inclusion_probability, "imported": pair.imported}
    more = {"ranks": dict(pair.ranks), "frame": frame_told(pair.frame)}
    return told | {name: value for name, value in more.items() if value}


def _pair(path: Path, number: int, line: bytes) -> Pair:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise bad_line(path, number, "no JSON") from error
    if not isinstance(row, dict):
        raise bad_line(path, number, "no JSON object")
    if wrong := next((what for holds, what in pair_rules(row) if not holds), ""):
        raise bad_line(path, number, wrong)
    return Pair(
        query=row["query"],
        item_id=row["item_id"],
        query_id=row.get("query_id", ""),
        item={name: row[name] for name in SHOWN if row.get(name)},
        inclusion_probability=row.get("inclusion_probability"),
        ranks=row.get("ranks", {}),
        imported=bool(row.get("imported")),
        frame=frame_of(row),
    )


def blind_place(pair: Key) -> bytes:
    """What the pairs of a query are sorted by: an order that no run has."""
    return hashlib.blake2b(json.dumps(pair).encode(), digest_size=8).digest()


def pair_rules(row: Mapping[str, Any]) -> list[tuple[bool, str]]:
    """Whether each thing holds that makes a row of JSON a pair, and what is wrong when it does not."""
    drawn = row.get("inclusion_probability")
    return [
        *((_said(row.get(name)), f"no {name}") for name in ("query", "item_id")),
        *((isinstance(row.get(name, ""), str), f"{name} is no text") for name in ("query_id", *SHOWN)),
        (drawn is None or (isinstance(drawn, (int, float)) and 0 < drawn <= 1), f"inclusion_probability {drawn}"),
        (isinstance(row.get("ranks", {}), dict), "ranks is no object"),
        (is_frame(row.get("frame")), f"frame {row.get('frame')}"),
    ]


def _said(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
