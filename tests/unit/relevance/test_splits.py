"""No query is in two parts, and what was locked stays locked."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.relevance.people import label, query

from semsearch.relevance.splits import SHARES, for_models, part_of


@given(st.lists(st.text(min_size=1), unique=True), st.randoms())
def test_a_part_is_a_matter_of_the_query_alone(queries: list[str], random):
    before = {each: part_of(each) for each in queries}
    random.shuffle(queries)
    assert {each: part_of(each) for each in queries} == before


def test_spellings_of_one_query_stay_together():
    for n in range(200):
        text = f"Nike {n} 운동화"
        assert len({part_of(each) for each in (text, text.upper(), text.replace(" ", ""), f"  {text} ")}) == 1


def test_shares_are_as_told_and_another_seed_cuts_otherwise():
    counts = Counter(part_of(query(n)) for n in range(4000))
    for part, share in SHARES.items():
        assert abs(counts[part] / 4000 - share) < 0.03
    assert [part_of(query(n)) for n in range(99)] != [part_of(query(n), seed=1) for n in range(99)]


def test_a_part_never_changes():
    assert [part_of(query(n)) for n in range(6)] == [
        "locked", "tuning", "locked", "locked", "tuning", "tuning",
    ]  # fmt: skip


def test_models_are_shown_labels_of_the_tuning_part_alone():
    labels = [label(n, "a", 2) for n in range(60)]
    assert [each.query for each in for_models(labels)] == [query(n) for n in range(60) if part_of(query(n)) == "tuning"]
