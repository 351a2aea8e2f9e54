"""Any text has abuse views that hold still, with places that lead back."""

from __future__ import annotations

from string import ascii_lowercase

from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.text.abuse.folding import fold, origins, unmasking
from semsearch.text.abuse.letters import UNUSUAL, letters
from semsearch.text.abuse.reading_post import read_post
from semsearch.text.abuse.skeleton import skeleton
from semsearch.text.abuse.spans import Edit, Spanned
from semsearch.text.views import search

PIECES = st.sampled_from(
    [
        *"팝니다헤어져서카톡공일이삼사오육칠팔ㅎㅖㅏㄴㄱㄷㅋㅠㅡㅣrl1o0IОаα口卜ㅇ",
        *"010-1234.5678 @:()/[]~!_|^",
        "\u200b", "\u3164", "\u0301", "\u0338", "\u1112", "\u1161", "\u11ab", "\ufeff", "\u00ad", "İ", "ß", "ﷺ", "①",
        "０", "𝐀", "🅰", "1️⃣", "👨‍👩‍👧", "ﾡ", "㉠", "닷컴", "naver.com", "http://", "골뱅이", "네이버", "하나", "+82",
        "+1 415 555 2671",
        "123-45-67891", "계좌", "아이디", "ㅂㅅ", "  ", "\n", "ᴀ", "é", "…", "ᾳ", "ΐ", "\u1fd3", "\ud800",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.lists(PIECES, max_size=24).map("".join),
    st.text(st.characters(codec=None, exclude_categories=[]), max_size=40),
    st.text(
        st.characters(min_codepoint=0x1100, max_codepoint=0x11FF) | st.sampled_from("가각ㄱㅏ \u3164"), max_size=20
    ),
)


def is_sound(view: Spanned, text: str) -> bool:
    starts, ends = list(view.starts), list(view.ends)
    return (
        len(starts) == len(ends) == len(view.text)
        and starts == sorted(starts)
        and ends == sorted(ends)
        and all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))
    )


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_folding_holds_still_and_leads_back(text):
    view = fold(text)
    assert view.text == fold(text).text
    assert fold(view.text).text == view.text
    assert is_sound(view, text)
    assert view.origin(0, 0) == view.origin(0, 0)
    for start in range(0, len(view.text), 3):
        low, high = view.origin(start, start + 2)
        assert 0 <= low < high <= len(text)


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_places_found_through_the_steps_are_those_of_the_whole_fold(text):
    view, _, steps = unmasking(text)
    whole = fold(text)
    for size in (1, 3):
        spans = [(start, min(start + size, len(view))) for start in range(0, len(view), size)]
        assert origins(text, steps, spans) == [whole.origin(*span) for span in spans]


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_skeletons_without_latin_are_those_of_their_words(text):
    view = fold(text).text
    if set(ascii_lowercase).isdisjoint(bones := skeleton(view)):
        assert bones == "".join(map(skeleton, view.split()))


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_skeletons_hold_still(text):
    bones = skeleton(fold(text).text)
    assert skeleton(bones) == bones
    assert not any(char.isspace() for char in bones)


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_readings_are_sound(text):
    reading = read_post(text)
    assert reading == read_post(text)
    assert 0 <= reading.disguised <= len(text)
    assert reading.skeleton == skeleton(reading.view)
    at = 0
    for contact in reading.contacts:
        assert at <= contact.start < contact.end <= len(text)
        assert contact.key.startswith(contact.kind + ":")
        assert len(contact.key) > len(contact.kind) + 1
        at = contact.start


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_what_looks_usual_is_not_changed_letter_by_letter(text):
    if not UNUSUAL.search(text.lower()):
        assert letters(text.lower()) == []


def test_every_character_alone_folds_and_holds_still():
    for code in (*range(0x10000), *range(0x1D400, 0x1D800), *range(0x1F100, 0x1F200), *range(0x10000, 0x110000, 97)):
        once = fold(chr(code)).text
        assert fold(once).text == once, hex(code)


def test_characters_that_are_left_alone_are_those_of_the_search_view():
    marks_alone = "\u00a8\u00af\u00b4\u00b8"
    for code in (*range(0x80, 0xD800), *range(0x1F000, 0x1FB00)):
        char = chr(code).lower()
        if len(char) == 1 and char not in marks_alone and not letters(char):
            assert search(char) == ("" if char.isspace() else char), hex(code)


@given(st.text(max_size=30), st.data())
def test_edits_lead_back(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    edits = [Edit(a, b, data.draw(st.text(max_size=3))) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if a < b]
    view = Spanned.whole(text).edited(edits)
    assert is_sound(view, text)
