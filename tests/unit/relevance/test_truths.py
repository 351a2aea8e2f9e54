"""What people say of pairs, and what of it a machine is not held against."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.unit.relevance.people import AT, by_model, label, title

from semsearch.relevance.truths import by_this_rubric, digest_of, truths_of, with_items

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


def test_a_pair_that_was_drawn_stays_drawn_when_it_is_decided_or_graded_again():
    drawn = replace(ONE, inclusion_probability=0.25)
    other = replace(ONE, by="jun", grade_low=1, grade_high=1, at=LATER)  # a second opinion tells no chance
    ruled = replace(other, by="lead", role="adjudication", at=LATER)
    again = replace(ONE, grade_low=0, grade_high=0, at=LATER)
    for labels in ([drawn, other, ruled], [drawn, again]):
        (found,) = truths_of(labels).pairs
        assert (found.drawn, found.pair.inclusion_probability) == ({"b": 0.25}, 0.25)
    assert truths_of([ONE]).pairs[0].drawn == {}


def test_labels_that_came_without_an_item_are_of_the_imported_one():
    bare = replace(ONE, item={}, item_digest="", origin="imported")
    items = {"i1-a": {"title": "now"}, "i2-a": {"title": "as it became"}}
    seen = label(4, "a", 0, item_id="i1-a")  # the same item, and what was seen of it
    found = with_items(
        truths_of([bare, label(2, "a", 1), label(3, "a", 1, item={}), seen]),
        lambda ids: {each: items[each] for each in ids if each in items},
    )
    titles = [each.pair.item.get("title") for each in sorted(found.pairs, key=lambda each: each.pair.query)]
    assert titles == ["now", title(2, 1), None, title(4, 0)]


def test_labels_by_another_rubric_are_left_out_and_counted():
    found = by_this_rubric(
        [ONE, label(2, "a", 1, rubric="0"), label(3, "a", 1, rubric=""), by_model(ONE, 0, rubric="0")]
    )
    assert ({each.key[1] for each in found.pairs}, found.n_other_rubric) == ({"i1-a", "i3-a"}, 1)


def test_the_digest_is_of_the_labels_whatever_their_order():
    labels = [label(n, "a", 2) for n in range(3)]
    whole = truths_of(labels).pairs
    assert digest_of(whole) == digest_of(whole[::-1])
    assert digest_of(whole) != digest_of(whole[:2])
