"""Pairs on which people differ, for one who decides. Opinions come without names and in no order until then."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from semsearch.records import Label
from semsearch.store.labels import Effective, Key, effective, pair_of, standing
from semsearch.store.labels.batches import Task


@dataclass(frozen=True, slots=True)
class Dispute:
    """One pair, and the opinions that differ."""

    task: Task
    labels: tuple[Label, ...]
    """One of each annotator; their order tells nothing about who they are."""


@dataclass(frozen=True, slots=True)
class Docket:
    """What one person decides."""

    disputes: tuple[Dispute, ...]
    """Those that this person did not grade, decided or not."""
    decisions: tuple[Label, ...]
    """What this person decided and stands, oldest first."""
    decided: frozenset[Key]
    """Pairs of them that nobody decided otherwise: the others come again."""
    n_own: int
    """Pairs on which people differ that are left to others: this person graded them."""


def docket(labels: Sequence[Label], by: str, batch: str | None, now: Mapping[str, str]) -> Docket:
    """What `by` decides of one batch, or of all.

    `labels` are all there are; `now` is item_id → `item_digest` of the items as they are.
    """
    own = [label for label in standing(labels) if label.by == by]
    decisions = tuple(label for label in own if label.role == "adjudication")
    graded = {pair_of(label) for label in own if label.role != "adjudication"}
    decided = frozenset(map(pair_of, decisions))
    again = decided & _contested(labels, now)
    others = (label for label in labels if label.by != by or label.role != "adjudication")
    differ = _disputes(others, batch, now, again)
    left = tuple(each for each in differ if each.task.key not in graded)
    return Docket(left, decisions, decided - again, len(differ) - len(left))


def _disputes(
    labels: Iterable[Label], batch: str | None, now: Mapping[str, str], again: Collection[Key]
) -> list[Dispute]:
    """Pairs on which people differ, or those who adjudicated, and those of `again`, as they were first labelled.

    The item is shown as the newest label that counts saw it; it is empty where no label says what was seen.
    """
    return [
        _dispute(key, each, batch)
        for key, each in effective(labels, now).items()
        if (each.disputed or key in again) and (batch is None or _of_batch(each.history, batch))
    ]


def _contested(labels: Iterable[Label], now: Mapping[str, str]) -> set[Key]:
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
    )
    return Dispute(task, tuple(sorted(each.labels, key=lambda label: _blind(key, label.by))))


def _blind(key: Key, by: str) -> bytes:
    return hashlib.blake2b("\n".join((*key, by)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
