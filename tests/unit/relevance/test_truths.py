"""What people say of pairs, and what of it a machine is not held against."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.unit.relevance.people import AT, by_model, label

from semsearch.relevance.truths import digest_of, truths_of

ONE = label(1, "a", 2)
LATER = AT + timedelta(hours=1)


def grades(labels) -> list[tuple[int | None, int | None]]:
    return [(each.low, each.high) for each in truths_of(labels).pairs]


def test_people_who_agree_count_and_people_who_differ_do_not():
    same, other = replace(ONE, by="jun"), replace(ONE, by="jun", grade_low=1, grade_high=1)
    assert grades([ONE, same]) == [(2, 2)]
    found = truths_of([ONE, other])
    assert (found.pairs, found.n_disputed) == ((), 1)
    ruled = replace(other, by="lead", role="adjudication", at=LATER)
    assert grades([ONE, other, ruled]) == [(1, 1)]


def test_who_saw_the_machines_opinion_is_no_witness():
    found = truths_of([ONE, label(1, "b", 1, shown=True)])
    assert ([each.key[1] for each in found.pairs], found.n_shown) == (["i1-a"], 1)


def test_machines_are_not_people_and_undone_labels_are_none():
    assert grades([by_model(ONE, 0)]) == []
    undo = replace(ONE, retracts=ONE.label_id, at=LATER)
    assert grades([ONE, undo]) == []


def test_a_pair_comes_with_the_item_as_it_was_judged():
    newer = label(1, "a", 1, at=LATER, body="changed")
    (found,) = truths_of([ONE, newer]).pairs
    assert (found.low, found.pair.item["body"], found.labels) == (1, "changed", (newer,))
    assert truths_of([ONE]).pairs[0].part == found.part


def test_the_digest_is_of_the_labels_whatever_their_order():
    labels = [label(n, "a", 2) for n in range(3)]
    whole = truths_of(labels).pairs
    assert digest_of(whole) == digest_of(whole[::-1])
    assert digest_of(whole) != digest_of(whole[:2])
