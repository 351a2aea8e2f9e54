"""Which labels may be held against each other: of the same item as it was seen, by one rubric, and not picked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from semsearch.records import Label
from semsearch.store.labels import Key, pair_of, standing

OTHER_ITEM, OTHER_RUBRIC = "another item", "another rubric"
"""Why a machine's label cannot be compared: it judged the item as it was at another time; by another rubric."""


def apart(label: Label, digest: str, rubric: str) -> str:
    """Why a label is not of what was judged: an item of this digest, by this rubric; empty when it is.

    Unknown, as with imported labels, is no other.
    """
    if digest and label.item_digest and digest != label.item_digest:
        return OTHER_ITEM
    return OTHER_RUBRIC if rubric and label.rubric and rubric != label.rubric else ""


def comparable(labels: Iterable[Label], digest: str, rubric: str) -> list[Label]:
    """The labels of machines of one pair that say something of what was judged, oldest first: the last one counts.

    First compare, then take the newest: a newer label of the item as it became does not hide the one of what was seen.
    """
    return [label for label in standing(labels) if label.source == "model" and not apart(label, digest, rubric)]


def not_picked(labels: Sequence[Label]) -> tuple[list[Label], int]:
    """Labels by which people can be held against each other, and how many pairs that people share are left out.

    Labels of a random order, and blind second opinions of what was drawn, tell the chance of their pair; those of the
    other orders of a session tell none, and on pairs that were picked because somebody differs people agree less. Where
    two people share a pair with a chance in both labels, only labels with one count; where none do, as with imported
    ones, all count.
    """
    drawn = [label for label in labels if label.inclusion_probability is not None]
    if not (kept := judged_by_two(drawn)):
        return list(labels), 0
    return drawn, len(judged_by_two(labels) - kept)


def judged_by_two(labels: Iterable[Label]) -> set[Key]:
    """Pairs that two people labelled, or more."""
    times = Counter(pair for pair, _ in {(pair_of(label), label.by) for label in labels})
    return {pair for pair, n in times.items() if n > 1}
