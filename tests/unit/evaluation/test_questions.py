"""Questions of a span of days, by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.evaluation.queries import query_id_of
from semsearch.evaluation.questions import Questions, questions_of
from semsearch.records import Item, schema

DAYS = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 20)]
SPAN = (DAYS[10], DAYS[15])
TIMES = pl.Datetime("us", "UTC")


def catalogue(**lives: tuple) -> pl.DataFrame:
    rows = [(item_id, *(None if day is None else DAYS[day] for day in life)) for item_id, life in lives.items()]
    return pl.DataFrame(rows, schema={n: schema(Item)[n] for n in ("item_id", "created_at", "ended_at")}, orient="row")


ITEMS = catalogue(i1=(None, None), i2=(0, 13), i3=(12, None), i4=(0, None))


def events(*rows: tuple) -> pl.DataFrame:
    """(key, day, item, kind)"""
    made = [(key, DAYS[day], item, kind) for key, day, item, kind in rows]
    return pl.DataFrame(
        made, schema={"key": pl.String, "asked_at": TIMES, "item_id": pl.String, "kind": pl.String}, orient="row"
    )


def by_key(questions: Questions) -> dict[str, dict[str, float]]:
    return {questions.queries.texts[q]: dict(grades) for q, grades in questions.qrels.grades.items()}


def test_a_query_is_asked_at_its_last_event_and_grades_follow_the_kind():
    asked = events(
        ("아이폰", 11, "i1", "chat"), ("아이폰", 12, "i3", "click"), ("아이폰", 12, "i4", "click"),
        ("아이폰", 12, "i4", "purchase"), ("갤럭시", 10, "i4", "favorite"),
        ("아이폰", 9, "i2", "chat"), ("노트북", 15, "i1", "chat"),
    )  # fmt: skip
    questions = questions_of(asked, ITEMS, SPAN, bands={"아이폰": "head"})
    assert by_key(questions) == {"갤럭시": {"i4": 1.0}, "아이폰": {"i1": 2.0, "i3": 1.0, "i4": 2.0}}
    iphone, galaxy = query_id_of("아이폰"), query_id_of("갤럭시")
    assert questions.asked_at == {galaxy: DAYS[10], iphone: DAYS[12]}
    assert questions.queries.labels("band") == {galaxy: "tail", iphone: "head"}
    assert questions.seen == {galaxy: frozenset(), iphone: frozenset()}


def test_positives_that_are_gone_when_it_is_asked_are_left_out():
    asked = events(("폰", 11, "i2", "chat"), ("폰", 14, "i1", "chat"), ("갤럭시", 14, "i2", "chat"))
    assert by_key(questions_of(asked, ITEMS, SPAN)) == {"폰": {"i1": 2.0}}


def test_items_that_are_not_in_the_catalogue_are_left_out():
    assert len(questions_of(events(("폰", 11, "gone", "chat")), ITEMS, SPAN)) == 0
    empty = questions_of(events(), ITEMS, SPAN)
    assert (len(empty), empty.qrels.grades, dict(empty.asked_at)) == (0, {}, {})


def test_an_item_is_never_its_own_answer():
    questions = questions_of(events(("i1", 11, "i4", "chat"), ("i1", 11, "i1", "chat")), ITEMS, SPAN, side="item")
    assert dict(questions.qrels.grades) == {"i1": {"i4": 2.0}}
    assert questions.seen == {"i1": frozenset({"i1"})}


HISTORY = events(("a", 9, "i1", "click"), ("a", 12, "i4", "click"), ("b", 3, "i1", "click")).rename({"key": "actor_id"})


def test_an_actor_is_asked_at_the_start_for_what_is_new_to_him():
    asked = events(("a", 11, "i1", "chat"), ("a", 14, "i4", "chat"), ("a", 13, "i3", "chat"), ("c", 11, "i1", "click"))
    questions = questions_of(asked, ITEMS, SPAN, side="actor", history=HISTORY)
    # i1 is not new to a; i3 was created after the start of the span
    assert dict(questions.qrels.grades) == {"a": {"i4": 2.0}, "c": {"i1": 1.0}}
    assert questions.asked_at == {"a": SPAN[0], "c": SPAN[0]}
    assert questions.seen == {"a": frozenset({"i1"}), "c": frozenset()}


def test_without_history_the_examples_are_it_and_old_items_may_count():
    asked = events(("a", 9, "i1", "chat"), ("a", 11, "i1", "chat"), ("a", 11, "i4", "chat"))
    assert dict(questions_of(asked, ITEMS, SPAN, side="actor").qrels.grades) == {"a": {"i4": 2.0}}
    again = questions_of(asked, ITEMS, SPAN, side="actor", new_only=False)
    assert (dict(again.qrels.grades), again.seen) == ({"a": {"i1": 2.0, "i4": 2.0}}, {"a": frozenset()})


def test_a_part_keeps_all_columns():
    asked = events(("폰", 11, "i1", "chat"), ("책", 11, "i4", "chat"))
    part = questions_of(asked, ITEMS, SPAN).of([query_id_of("책")])
    assert (by_key(part), len(part), len(part.asked_at), len(part.seen)) == ({"책": {"i4": 2.0}}, 1, 1, 1)


EVENT = st.tuples(
    st.sampled_from(["폰", "책"]), st.integers(8, 17), st.sampled_from(["i1", "i2", "i3", "i4", "gone"]),
    st.sampled_from(["click", "favorite", "chat"]),
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(EVENT, max_size=10), st.sampled_from(["query", "item", "actor"]), st.randoms(use_true_random=False))
def test_row_order_never_matters_and_positives_were_alive(rows, side, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = (questions_of(events(*r), ITEMS, SPAN, side=side) for r in (rows, shuffled))
    assert one == other
    assert list(one.queries.texts) == list(one.qrels.grades) == list(one.asked_at) == list(one.seen)
    lives = {item: (created, ended) for item, created, ended in ITEMS.iter_rows()}
    for query_id, grades in one.qrels.grades.items():
        assert grades and SPAN[0] <= one.asked_at[query_id] < SPAN[1]
        for created, ended in map(lives.__getitem__, grades):
            assert (created is None or created <= one.asked_at[query_id]) and (
                ended is None or ended > one.asked_at[query_id]
            )
