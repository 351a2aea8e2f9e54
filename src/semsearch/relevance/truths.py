"""What people say of pairs, as a machine is held against it.

Left out and counted: pairs on which people differ and nobody adjudicated, and labels whose author saw the machine's
opinion first (`store.labels.blind`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from semsearch.evaluation.labels.labelled import by_rubric, chances
from semsearch.evaluation.queries import query_id_of
from semsearch.records import Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.relevance.splits import Part, part_of
from semsearch.store.labels import Effective, Key, blind, effective
from semsearch.store.labels.pools import Lookup, Pair


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
    n_other_rubric: int = 0
    """Labels by another version of the rubric than is asked for."""

    def of(self, *parts: Part) -> tuple[Truth, ...]:
        """Those of some parts."""
        return tuple(each for each in self.pairs if each.part in parts)


def truths_of(labels: Iterable[Label]) -> Truths:
    """What counts of people's labels, in the order in which pairs were first labelled."""
    said, n_shown = blind(label for label in labels if label.source == "person")
    found = effective(said)
    settled = (_truth(each) for each in found.values() if not each.disputed)
    return Truths(tuple(settled), sum(each.disputed for each in found.values()), n_shown)


def by_this_rubric(labels: Iterable[Label]) -> Truths:
    """As `truths_of`, of labels by the rubric as it is now, or by none that is told: what a prompt can be tuned on."""
    kept, n_others = by_rubric((label for label in labels if label.source == "person"), RUBRIC)
    return replace(truths_of(kept), n_other_rubric=n_others)


def with_items(truths: Truths, lookup: Lookup) -> Truths:
    """The same; where labels came without the item that was judged, it is the imported one as it is now."""
    items = lookup({each.pair.item_id for each in truths.pairs if not each.pair.item})
    return replace(
        truths,
        pairs=tuple(
            each
            if each.pair.item or each.pair.item_id not in items
            else replace(each, pair=replace(each.pair, item=items[each.pair.item_id]))
            for each in truths.pairs
        ),
    )


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
