"""Pairs on which people differ, for one who decides. Opinions come without names and in no order until then."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from semsearch.records import Label
from semsearch.review.labelling.batches import Task
from semsearch.store.labels import Effective, Key, effective, item_digest


@dataclass(frozen=True, slots=True)
class Dispute:
    """One pair, and the opinions that differ."""

    task: Task
    labels: tuple[Label, ...]
    """One of each annotator; their order tells nothing about who they are."""


def disputes(labels: Iterable[Label], batch: str | None = None, now: Mapping[str, str] | None = None) -> list[Dispute]:
    """Pairs on which people differ and nobody adjudicated, in the order in which they were first labelled.

    Of one batch, or of all. `now` is item_id → `item_digest` of the items as they are. The item is shown as the newest
    label that counts saw it; it is empty where no label says what was seen.
    """
    return [_dispute(key, each, batch) for key, each in effective(labels, now).items() if _wanted(each, batch)]


def _wanted(each: Effective, batch: str | None) -> bool:
    return each.disputed and (batch is None or any(label.batch == batch for label in each.labels))


def _dispute(key: Key, each: Effective, batch: str | None) -> Dispute:
    of_batch = [label for label in each.labels if batch is None or label.batch == batch]
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
