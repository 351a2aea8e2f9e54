"""Marks hold for any text: nothing is lost, nothing is invented, whoever is compared with whom."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.campaigns.evidence import diverse
from semsearch.campaigns.marks import MOST_CHARS, Marked
from semsearch.report.alert import chunks

HANGUL = st.text(alphabet="팝니다급처가방연락 ㅍㅏㅂㄴㅣㄷr.~0１①공일이-@a\u200b\u3164\u1160\n☆", max_size=60)
TEXTS = st.one_of(HANGUL, st.text(max_size=60))


@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_pieces_put_together_are_the_text(text: str, others: list[str]) -> None:
    pieces = Marked(text).against([Marked(other) for other in others])
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)


@given(TEXTS)
def test_a_text_is_the_same_as_itself_but_for_what_has_no_letters(text: str) -> None:
    marked = Marked(text)
    pieces = marked.against([marked])
    assert not marked.bones or any(piece.same or piece.contact for piece in pieces)
    assert not any(piece.same for piece in marked.against([]))


@given(TEXTS, TEXTS)
def test_texts_that_share_no_letter_share_no_mark(a: str, b: str) -> None:
    one, two = Marked(a), Marked(b)
    if not set(one.bones) & set(two.bones):
        assert not any(piece.same for piece in one.against([two]))


@given(st.text(min_size=MOST_CHARS, max_size=2 * MOST_CHARS))
@settings(max_examples=15)
def test_a_long_text_is_cut_at_its_bound(text: str) -> None:
    marked = Marked(text)
    assert len(marked.text) + marked.n_cut == len(text)
    assert "".join(piece.text for piece in marked.against([marked])) == marked.text


@given(st.text(max_size=80))
def test_chunks_put_together_are_the_text(text: str) -> None:
    assert "".join(part for part, _ in chunks(text)) == text


@given(st.lists(HANGUL, max_size=12), st.integers(1, 8))
def test_every_text_is_nearest_to_one_of_the_chosen(texts: list[str], n: int) -> None:
    chosen = diverse(texts, n)
    assert sum(n_like for _, n_like in chosen) == len(texts)
    assert len(chosen) <= n and len({place for place, _ in chosen}) == len(chosen)
    assert not texts or chosen[0][0] == 0
