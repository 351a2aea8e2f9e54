"""Any query has a sound plan."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.text import tokens
from semsearch.text.analyser import Analyser
from semsearch.text.cutting import cut
from semsearch.text.views import search

ANALYSER = Analyser()
WORDS = "나이키 에어맥스 아이폰 갤럭시 가방 노트북 무선 mous wireless 14 15 256gb 아이폰14 ps5".split()  # noqa: SIM905


class Vocabulary:
    n_docs = 100

    def count(self, token):
        return 7 if token in WORDS or token[:1] in "_=" else 0

    def near(self, word, distance):
        return [(w, 1) for w in WORDS if distance and abs(len(w) - len(word)) < 2][:3]


PARTS = st.sampled_from(
    [
        *WORDS,
        "dkdlvhs",
        "ㅑㅔㅙㅜㄷ",
        "15만5천",
        "나이키에어맥",
        "스",
        "갤락시",
        "the",
        "👟",
        "'",
        "-",
        "\u3164",
        "\x00",
    ]
)
QUERIES = st.one_of(
    st.lists(PARTS, max_size=12).map(" ".join),
    st.lists(PARTS, max_size=12).map("".join),
    st.text(st.characters(codec=None, exclude_categories=[]), max_size=60),
)


@given(QUERIES)
@settings(max_examples=400, deadline=None)
def test_plans_are_sound(query):
    plan = ANALYSER.query(query, Vocabulary())
    assert plan == ANALYSER.query(query, Vocabulary())
    assert plan.search == search(plan.search)
    assert bool(plan.dense_text) == bool(tokens.words(plan.search).atoms)
    held = [term.text for term in plan.terms]
    assert len(held) == len(set(held))
    assert all(
        Vocabulary().count(text) and term.weight > 0 and math.isfinite(term.weight)
        for text, term in zip(held, plan.terms, strict=True)
    )
    assert {step.kind for step in plan.steps} <= {"keyboard", "lexicon", "spelling", "segment"}
    assert all(step.before != step.after for step in plan.steps)


@given(st.text(st.sampled_from("나이키에어맥스가방을는로"), max_size=14), st.booleans())
@settings(max_examples=400)
def test_cuts_are_pieces_in_order(run, strangers):
    count = Vocabulary().count
    pieces = cut(run, count, 100, strangers=strangers)
    assert run.startswith("".join(pieces))
    assert sum(not count(piece) for piece in pieces) <= strangers
    assert not pieces or any(map(count, pieces))
    assert pieces != (run,)


@given(st.lists(PARTS, max_size=8).map(" ".join))
@settings(max_examples=200, deadline=None)
def test_a_document_holds_the_words_of_its_own_text(text):
    found = ANALYSER.document(text)
    assert all(tokens.word(atom) in found for atom in tokens.words(search(text)).atoms)
    assert found == ANALYSER.document(tokens.words(search(text)))
