"""Pairs on which people differ, for one who decides. Opinions come without names and in no order until then."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from semsearch.records import Label
from semsearch.store.labels import Effective, Key, effective, item_digest
from semsearch.store.labels.batches import Task


@dataclass(frozen=True, slots=True)
class Dispute:
    """One pair, and the opinions that differ."""

    task: Task
    labels: tuple[Label, ...]
    """One of each annotator; their order tells nothing about who they are."""


def disputes(
    labels: Iterable[Label],
    batch: str | None = None,
    now: Mapping[str, str] | None = None,
    again: Collection[Key] = (),
) -> list[Dispute]:
    """Pairs on which people differ, or those who adjudicated, and those of `again`, as they were first labelled.

    Of one batch, or of all. `now` is item_id → `item_digest` of the items as they are. The item is shown as the newest
    label that counts saw it; it is empty where no label says what was seen.
    """
    return [
        _dispute(key, each, batch)
        for key, each in effective(labels, now).items()
        if (each.disputed or key in again) and (batch is None or _of_batch(each.history, batch))
    ]


def contested(labels: Iterable[Label], now: Mapping[str, str] | None = None) -> set[Key]:
    """Pairs that several people adjudicated, otherwise than each other."""
    return {key for key, each in effective(labels, now).items() if each.level == "adjudication" and each.disputed}


def _of_batch(labels: Iterable[Label], batch: str | None) -> list[Label]:
    return [label for label in labels if batch is None or label.batch == batch]


def _dispute(key: Key, each: Effective, batch: str | None) -> Dispute:
    of_batch = _of_batch(each.labels, batch) or each.labels
    seen = (label for label in (*reversed(of_batch), *reversed(each.labels)) if label.item)
    newest = next(seen, of_batch[-1])
    task = Task(
        query=newest.query,
        item_id=newest.item_id,
        query_id="",
        item=newest.item,
        batch=batch or newest.batch,
        imported=newest.item_digest == item_digest(newest.item),
    )
    return Dispute(task, tuple(sorted(each.labels, key=lambda label: _blind(key, label.by))))


def _blind(key: Key, by: str) -> bytes:
    return hashlib.blake2b("\n".join((*key, by)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
