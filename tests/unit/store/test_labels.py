"""Which label of a pair counts."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.unit.store.labelled import label, machine

from semsearch.errors import UsageError
from semsearch.evaluation.labels.labelled import qrels_of
from semsearch.evaluation.queries import query_id_of
from semsearch.records import Label
from semsearch.store.labels import Effective, blind, effective, item_digest, snapshot, standing

PAIR = ("에어팟 프로", "i1")


def counts(*labels: Label, **now: Any) -> Effective:
    """What counts of PAIR, whatever the order in which the labels are read."""
    answers = [effective(order, **now)[PAIR] for order in itertools.islice(itertools.permutations(labels), 24)]
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


def told(found: Effective) -> tuple[Any, ...]:
    return found.level, found.grade_low, found.grade_high, found.disputed


def test_a_person_outranks_a_later_machine_and_an_adjudication_outranks_later_people() -> None:
    person, model = label(1), machine(2, minute=9)
    settled = label(0, "soyeon", role="adjudication", minute=1)
    assert told(counts(model)) == ("model", 2, 2, False)
    assert told(counts(person, model)) == ("person", 1, 1, False)
    assert told(counts(person, model, settled, label(2, "jun", minute=5))) == ("adjudication", 0, 0, False)


def test_of_one_annotator_the_newest_counts_and_all_is_kept_as_history() -> None:
    old, new = label(0), label(2, minute=3)
    found = counts(new, old)
    assert told(found) == ("person", 2, 2, False)
    assert found.labels == (new,)
    assert found.history == (old, new)


def test_people_who_differ_are_disputed_and_keep_both_ends() -> None:
    found = counts(label(2, "a"), label(0, "b"), label(2, "c"), machine(1))
    assert told(found) == ("person", 0, 2, True)
    assert len(found.labels) == 3
    assert told(counts(label(1, "a"), label(1, "b"))) == ("person", 1, 1, False)
    open_one = label(None, "a", grade_low=1, grade_high=2)
    assert told(counts(open_one)) == ("person", 1, 2, False)
    assert told(counts(open_one, label(1, "b"))) == ("person", 1, 2, True)


def test_adjudicators_who_differ_are_disputed_and_the_newest_of_each_counts() -> None:
    people, first = (label(1, "a"), label(2, "b")), label(0, "lead", role="adjudication", minute=3)
    second = label(2, "other lead", role="adjudication", minute=4)
    assert told(counts(*people, first)) == ("adjudication", 0, 0, False)
    assert told(counts(*people, first, second)) == ("adjudication", 0, 2, True)
    assert told(counts(first, second, label(2, "lead", role="adjudication", minute=5))) == ("adjudication", 2, 2, False)


def test_one_who_cannot_grade_leaves_no_grade() -> None:
    assert told(counts(label(None, "a"))) == ("person", None, None, False)
    found = counts(label(None, "a"), label(2, "b"))
    assert told(found) == ("person", None, None, True)
    assert not found.gradeable


def test_golden_pairs_count_as_labels() -> None:
    assert told(counts(label(2, role="golden"), machine(0))) == ("person", 2, 2, False)


def test_an_undo_takes_back_its_own_authors_label_and_the_one_before_counts_again() -> None:
    first, second = label(1), label(0, minute=1)
    undo = label(0, minute=2, retracts=second.label_id)
    assert told(counts(first, second, undo)) == ("person", 1, 1, False)
    foreign = label(0, "jun", minute=2, retracts=second.label_id)
    assert told(counts(first, second, foreign)) == ("person", 0, 0, False)
    redone = label(0, minute=3, retracts=undo.label_id)
    assert standing([redone, undo, second]) == [second]
    assert effective([second, undo]) == {}


def test_the_newest_of_several_models_counts() -> None:
    assert told(counts(machine(2, "a"), machine(1, "b", minute=1))) == ("model", 1, 1, False)
    assert told(counts(machine(2), machine(0, minute=1, prompt_hash="h2"))) == ("model", 0, 0, False)


def test_a_label_goes_stale_with_its_item_and_gives_way_to_a_fresh_one_of_its_level() -> None:
    seen = item_digest({"title": "AirPods Pro"})
    now = {"i1": item_digest({"title": "AirPods Pro, sold"})}
    old = label(2, "a", item_digest=seen)
    fresh = label(0, "b", item_digest=now["i1"])
    assert counts(old, digests=now).stale
    assert not counts(old, digests={"i1": seen}).stale
    assert not counts(old, digests={}).stale  # the listing is gone: the label says what it was of
    found = counts(old, fresh, machine(1, item_digest=seen), digests=now)
    assert (told(found), found.stale) == (("person", 0, 0, False), False)
    assert counts(old, machine(1, item_digest=now["i1"]), digests=now).level == "person"  # a machine never outranks


def test_spellings_that_search_takes_for_one_share_their_labels() -> None:
    found = effective([label(2, "a", query="iPhone"), label(1, "b", query="ＩＰＨＯＮＥ ", minute=1)])
    assert [(each.query, each.disputed) for each in found.values()] == [("iPhone", True)]


def test_qrels_take_one_end_and_leave_out_what_is_ungradeable_or_stale() -> None:
    labels = [
        label(1, query="iPhone"),
        label(None, query="IPHONE", item_id="i2", grade_low=1, grade_high=2, minute=1),
        label(None, query="iphone", item_id="i3", minute=2),
        label(2, query="iphone", item_id="i4", item_digest="old", minute=2),
    ]
    found = effective(labels, {"i4": "new"})
    query_id = query_id_of("iPhone")
    assert qrels_of(found).grades == {query_id: {"i1": 1.0, "i2": 1.0}}
    assert qrels_of(found, "high").grades == {query_id: {"i1": 1.0, "i2": 2.0}}
    with pytest.raises(UsageError, match="no judgement"):
        qrels_of(effective([label(None)]))


def test_a_snapshot_holds_what_was_shown_and_its_digest_changes_with_it() -> None:
    row = {"title": "에어팟", "body": "", "price": 5000.0, "currency": None, "attributes": "{}", "seller_id": "s1"}
    assert snapshot(row) == {"title": "에어팟", "price": "5000"}
    assert snapshot({"title": "에어팟", "attributes": {"brand": "Apple"}})["attributes"] == '{"brand": "Apple"}'
    assert item_digest({"a": "1", "b": "2"}) == item_digest({"b": "2", "a": "1"}) != item_digest({"a": "1", "b": "3"})
    assert item_digest({}) == ""


def test_a_pair_that_an_adjudicator_decided_who_saw_the_machine_measures_no_machine_and_is_settled() -> None:
    said = [label(2, "a"), label(0, "b"), label(1, "sora", role="adjudication", shown=True, minute=1)]
    other = [label(2, "a", item_id="i2"), label(0, "b", item_id="i2", shown=True), machine(1, item_id="i2")]
    [pair] = effective(said).values()
    assert (pair.grade_low, pair.disputed) == (1, False)
    kept, n_left_out = blind([*said, *other])
    assert ([each.by for each in kept], n_left_out) == ([other[2].by, "a"], 2)
    [only] = effective(blind([*said, label(0, "lead", role="adjudication")])[0]).values()
    assert (only.level, only.grade_low, len(only.history)) == ("adjudication", 0, 3)
