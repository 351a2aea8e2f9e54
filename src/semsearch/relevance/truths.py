"""What people say of pairs, as a machine is held against it.

Left out and counted: pairs on which people differ and nobody adjudicated, and labels whose author saw the machine's
opinion first (`store.labels.blind`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from semsearch.evaluation.labelled import chances
from semsearch.evaluation.queries import query_id_of
from semsearch.records import Label
from semsearch.relevance.splits import Part, part_of
from semsearch.store.labels import Effective, Key, blind, effective
from semsearch.store.pools import Pair


@dataclass(frozen=True, slots=True)
class Truth:
    """One pair and what people say of it."""

    pair: Pair
    """With the item as it was when it was judged."""
    low: int | None
    """2, 1 or 0; null: people say that it cannot be graded."""
    high: int | None
    part: Part
    labels: tuple[Label, ...]
    """That say so."""
    drawn: Mapping[str, float]
    """Batch → the chance with which it drew the pair; empty: it was picked on purpose."""

    @property
    def key(self) -> Key:
        """The pair as labels know it."""
        return self.pair.key


@dataclass(frozen=True, slots=True)
class Truths:
    """The pairs that people settled, and what was left out."""

    pairs: tuple[Truth, ...]
    n_disputed: int
    """Pairs."""
    n_shown: int
    """Labels."""

    def of(self, *parts: Part) -> tuple[Truth, ...]:
        """Those of some parts."""
        return tuple(each for each in self.pairs if each.part in parts)


def truths_of(labels: Iterable[Label]) -> Truths:
    """What counts of people's labels, in the order in which pairs were first labelled."""
    said, n_shown = blind(label for label in labels if label.source == "person")
    found = effective(said)
    settled = (_truth(each) for each in found.values() if not each.disputed)
    return Truths(tuple(settled), sum(each.disputed for each in found.values()), n_shown)


def digest_of(truths: Sequence[Truth]) -> str:
    """Of all labels behind these, 16 hexadecimal digits, whatever their order."""
    return digest(label.label_id for each in truths for label in each.labels)


def digest(ids: Iterable[str]) -> str:
    """Of these ids, 16 hexadecimal digits, whatever their order."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]


def _truth(each: Effective) -> Truth:
    newest, drawn = each.labels[-1], chances(each.history)
    pair = Pair(each.query, each.item_id, query_id_of(each.query), newest.item, min(drawn.values(), default=None))
    return Truth(pair, each.grade_low, each.grade_high, part_of(each.query), each.labels, drawn)
