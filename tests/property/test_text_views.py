"""The views hold for every string that Python can make."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from semsearch.text import hangul, keyboard, numbers, tokens
from semsearch.text.views import display, search

# lone surrogates too: they come out of broken JSON
ANY = st.text(st.characters(codec=None, exclude_categories=[]), max_size=40)
TRICKY = st.text(
    st.sampled_from("ㅋㅏᄏ\u1161\u11a8\u3164\u1160\u115fﾡﾂ가각\u0345\u0390İſẞß①㉠㈀Å\u0301\u200d\ufe0f \t\x00ㅎ한"),
    max_size=12,
)


@given(st.one_of(ANY, TRICKY))
@settings(max_examples=500, deadline=None)
@example("ㅋㅋㅋ")
@example("\u1112\u1161\u11ab")
@example("\u0345\u0301\u03b1")
def test_views_are_idempotent_and_encode(text):
    once = search(text)
    assert search(once) == once
    assert display(display(text)) == display(text)
    once.encode()
    assert once == " ".join(once.split())


def test_every_character_alone_settles():
    for char in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(char) in ("Cn", "Co"):
            continue
        once = search(char)
        assert search(once) == once, hex(ord(char))


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), max_size=20))
def test_composed_and_decomposed_input_are_one_text(text):
    assert search(unicodedata.normalize("NFD", text)) == search(text) == text


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=8))
@settings(max_examples=300)
def test_what_one_keyboard_writes_the_other_reads(word):
    typed = keyboard.to_latin(word)
    assert typed is not None
    assert typed.isascii()
    # without the shift key a double consonant is two single ones: compare what can be told apart
    if not set(hangul.jamo(word)) & set("ㄲㄸㅃㅆㅉㅒㅖ"):
        assert keyboard.to_hangul(typed) == word


@given(st.text(st.sampled_from("0123456789,. 만천백억원gbGB기가mm인치원에짜리x\"'-"), max_size=16))
@settings(max_examples=500)
def test_numbers_settle_and_never_raise(text):
    """But for a unit that is written twice: 0원원만 takes a step each time."""
    assume("원원" not in text.replace(" ", ""))
    view = search(text)
    once = numbers.canonical(view)
    assert numbers.canonical(numbers.canonical(once)) == numbers.canonical(once)


@given(st.one_of(ANY, TRICKY))
@settings(max_examples=300, deadline=None)
def test_atoms_are_letters_and_digits(text):
    for atom in tokens.words(search(text)).atoms:
        assert atom.text
        assert not any(c.isspace() for c in atom.text)
