from __future__ import annotations

import pytest

from semsearch.text.hangul import compose, jamo
from semsearch.text.keyboard import to_hangul, to_latin
from semsearch.text.transliteration import skeleton


def test_jamo_are_key_presses():
    assert jamo("아이폰") == "ㅇㅏㅇㅣㅍㅗㄴ"
    assert jamo("닭 과 ㅋ a") == "ㄷㅏㄹㄱ ㄱㅗㅏ ㅋ a"


def test_every_syllable_comes_back():
    syllables = [chr(code) for code in range(0xAC00, 0xD7A4)]
    assert all(compose(jamo(syllable)) == syllable for syllable in syllables)


@pytest.mark.parametrize("letters", ["ㅏ", "ㄱ", "ㅎㅐㅔㄱㅐㄱㄱㄱ", "ㄱㅅㅌ", "ㅋㅋㅋ"])
def test_what_does_not_compose_is_none(letters):
    assert compose(letters) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dkdlvhs", "아이폰"),
        ("dkdlvhs14", "아이폰14"),
        ("skdlzldpdjaortm", "나이키에어맥스"),
        ("ekfr", "닭"),
        ("Rhc", "꽃"),
    ],
)
def test_latin_keys_in_hangul(typed, meant):
    assert to_hangul(typed) == meant


@pytest.mark.parametrize("word", ["gopro", "rtx", "v10", "14", "", "아이폰"])
def test_words_that_are_no_hangul(word):
    assert to_hangul(word) is None


def test_hangul_keys_in_latin():
    assert to_latin("ㅑㅔㅙㅜㄷ") == "iphone"
    assert to_latin("ㅔㄴ5") == "ps5"
    assert to_latin("14") is None


@pytest.mark.parametrize(
    ("hangul", "latin"),
    [("나이키", "nike"), ("모노벨", "monobel"), ("아이폰", "iphone"), ("올림푸스", "olympus"), ("블레이즈", "blaze")],
)
def test_words_of_one_sound(hangul, latin):
    assert skeleton(hangul) == skeleton(latin)


def test_words_of_other_sounds():
    assert skeleton("애플") != skeleton("blue")
    assert skeleton("나이키") != skeleton("puma")
