"""No query is in two parts, and what was locked stays locked."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.relevance.people import query

from semsearch.relevance.splits import SHARES, letters_of, part_of


@given(st.lists(st.text(min_size=1), unique=True), st.randoms())
def test_a_part_is_a_matter_of_the_query_alone(queries: list[str], random):
    before = {each: part_of(each) for each in queries}
    random.shuffle(queries)
    assert {each: part_of(each) for each in queries} == before


def test_spellings_of_one_query_stay_together():
    for n in range(200):
        text = f"Nike {n} 운동화"
        twins = (text, text.upper(), text.replace(" ", ""), f"  {text} ", f"운동화, {n} Nike!")
        assert len({part_of(each) for each in twins}) == 1


def test_queries_of_signs_alone_keep_them():
    assert letters_of("!?") != letters_of("#+") and letters_of("!") == letters_of(" ! ")


def test_shares_are_as_told_and_another_seed_cuts_otherwise():
    counts = Counter(part_of(query(n)) for n in range(4000))
    for part, share in SHARES.items():
        assert abs(counts[part] / 4000 - share) < 0.03
    assert [part_of(query(n)) for n in range(99)] != [part_of(query(n), seed=1) for n in range(99)]


def test_a_part_never_changes():
    assert [part_of(query(n)) for n in range(6)] == [
        "selection", "tuning", "selection", "tuning", "tuning", "locked",
    ]  # fmt: skip
