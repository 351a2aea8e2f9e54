"""Which labels may be held against each other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.relevance.people import AT, by_model, label

from semsearch.records import Label
from semsearch.store.labels.comparing import OTHER_ITEM, OTHER_RUBRIC, apart, comparable, not_picked

PERSON = label(1, "a", 2)
DIGEST, RUBRIC = PERSON.item_digest, PERSON.rubric


@pytest.mark.parametrize(
    ("digest", "rubric", "why"),
    [
        (DIGEST, RUBRIC, ""),
        ("edited", RUBRIC, OTHER_ITEM),
        (DIGEST, "0", OTHER_RUBRIC),
        ("edited", "0", OTHER_ITEM),
        ("", "", ""),  # an imported label says neither, and unknown is no other
    ],
)
def test_why_a_label_cannot_be_compared(digest: str, rubric: str, why: str):
    assert apart(by_model(PERSON, 2), digest, rubric) == why
    assert apart(by_model(PERSON, 2, item_digest=digest, rubric=rubric), DIGEST, RUBRIC) == why


def test_it_is_compared_first_and_then_the_newest_is_taken():
    times = [AT + timedelta(days=day) for day in range(4)]
    old, new = by_model(PERSON, 0, at=times[0]), by_model(PERSON, 1, at=times[1])
    edited = by_model(PERSON, 2, at=times[2], item_digest="edited")
    by_another = by_model(PERSON, 2, at=times[3], rubric="0")
    assert comparable([by_another, edited, new, PERSON, old], DIGEST, RUBRIC) == [old, new]
    assert comparable([edited], DIGEST, RUBRIC) == []


def of(by: str, *names: str, chance: float | None = None) -> list[Label]:
    return [label(1, name, 2, by=by, inclusion_probability=chance) for name in names]


def test_labels_of_pairs_that_were_picked_count_only_where_none_was_drawn():
    drawn = [*of("minji", "a", "b", chance=0.5), *of("jun", "a", chance=0.5)]
    assert not_picked([*drawn, *of("jun", "b", "c"), *of("minji", "c")]) == (drawn, 2)
    picked = [*of("minji", "a"), *of("jun", "a", chance=0.5)]
    assert not_picked(picked) == (picked, 0)  # nobody shares a pair that was drawn for both
