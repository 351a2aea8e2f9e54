"""Disguises change what is written and leave it readable: a person's rules get it back."""

import re
import unicodedata

import pytest

from semsearch.simulate.abuse import contacts, families, hangul, latin
from semsearch.simulate.abuse.dice import Dice
from semsearch.simulate.abuse.disguise import disguise, disguises
from semsearch.simulate.noise import split_syllable

HANGUL_DIGITS = {
    c: str(i) for i, group in enumerate(("공영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구")) for c in group
}
LOOK_ALIKE = dict.fromkeys("OoㅇО", "0") | dict.fromkeys("lIㅣ|", "1")
ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SKELETON = dict(zip("ㄲㅋㄸㅌㅃㅍㅆㅉㅊ", "ㄱㄱㄷㄷㅂㅂㅅㅈㅈ", strict=True))


def read_digits(shown: str) -> str:
    """What a person writes down who hears or sees a number."""
    shown = shown.replace("⓪", "0")
    for digit, name in enumerate(ENGLISH):
        shown = shown.replace(name, str(digit))
    read = [unicodedata.normalize("NFKC", LOOK_ALIKE.get(c, HANGUL_DIGITS.get(c, c))) for c in shown]
    return "".join(c for c in read if c.isdigit())


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_phone_can_be_read_in_every_disguise(lang, level):
    dice = Dice(level, lang)
    key = "01023456789" if lang == "ko" else "2125550147"
    shown = [contacts.show(contacts.Contact("phone", key), level, dice, lang) for _ in range(200)]
    labels = re.compile(
        "|".join(re.escape(label) for tier in contacts._LABELS[lang]["phone"] for label in tier if label)
    )
    assert {read_digits(labels.sub("", text, count=1)) for text in shown} == {key}
    if level == 0:
        assert all(re.fullmatch(r"[0-9-]+", re.sub(r"[^0-9-]", "", text)) for text in shown)
    if level == 3:
        assert len(set(shown)) > 190


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_messenger_name_can_be_read_in_every_disguise(level):
    dice = Dice(level, "name")
    for _ in range(200):
        shown = contacts._show_name("luxvip2048", level, dice, "ko")
        read = unicodedata.normalize("NFKC", "".join(HANGUL_DIGITS.get(c, c) for c in shown.replace("⓪", "0"))).lower()
        assert re.sub(r"[^a-z0-9]", "", read) == "luxvip2048"


def test_a_link_keeps_its_host():
    dice = Dice(0, "link")
    for level in range(4):
        shown = contacts.show(contacts.Contact("link", "npay7.luxmall.shop"), level, dice, "ko")
        assert "npay7" in shown
        assert "luxmall" in shown


def test_a_business_number_has_a_valid_check_digit():
    digits = [int(c) for c in contacts.business_number(Dice(1, "b")) if c.isdigit()]
    weighted = sum(d * w for d, w in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=False)) + digits[8] * 5 // 10
    assert (weighted + digits[9]) % 10 == 0


def test_strength_0_changes_nothing_and_3_nearly_everything():
    text = "헤어져서 선물 받은 가방 팝니다 연락 주세요 감사합니다 택배 가능해요 오늘만 싸게"
    words = text.split()
    assert disguise(text, disguises("ko"), 0, Dice(0, "s"), "ko") == text
    kept = [
        sum(word in disguise(text, disguises("ko"), strength, Dice(seed, "s"), "ko") for word in words)
        for strength in (1, 2, 3)
        for seed in range(40)
    ]
    weak, middle, strong = (sum(kept[at : at + 40]) / 40 / len(words) for at in (0, 40, 80))
    assert weak > 0.75
    assert 0.4 < middle < 0.75
    assert strong < 0.3


@pytest.mark.parametrize(("lang", "table"), [("ko", hangul), ("en", latin)])
def test_every_disguise_changes_a_word(lang, table):
    word = "대출금이" if lang == "ko" else "password"
    for name, change in (table.DISGUISES | table.HELD_OUT).items():
        written = {change(word, Dice(seed, name)) for seed in range(30)}
        assert written - {word}, name
        if name not in ("swapped", "leet", "by_ear"):
            assert len(written) > 3, name
    assert set(table.DISGUISES) <= set(families(lang))


def jamo(text: str) -> str:
    """Letters of a text, composed or not, plain for tense, ㅐ for ㅔ; what an ear would hear."""
    out = []
    for char in unicodedata.normalize("NFC", text):
        if "가" <= char <= "힣":
            lead, vowel, tail = split_syllable(char)
            out += [hangul.LEADS[lead], hangul.VOWELS[vowel], hangul.TAILS[tail]]
        elif char in hangul.LEADS or char in hangul.VOWELS or char in hangul.TAILS:
            out.append(char)
    return "".join(SKELETON.get(c, c) for c in out)


@pytest.mark.parametrize("name", ["scatter", "invisible", "marks"])
def test_letters_survive_scattering_and_fillers(name):
    word = "급처합니다"
    for seed in range(50):
        written = hangul.DISGUISES[name](word, Dice(seed, name))
        assert written != word
        assert jamo(written) == jamo(word)


def test_spelling_by_ear_keeps_the_skeleton_of_consonants():
    consonants = re.compile(f"[{hangul.VOWELS}]")
    for seed in range(50):
        written = hangul.sound("대출가능", Dice(seed, "ear"))
        assert consonants.sub("", jamo(written)) == consonants.sub("", jamo("대출가능"))


def test_twins_look_the_same_and_are_not_latin():
    written = latin.twins("cheap", Dice(3, "twins"))
    assert len(written) == 5
    assert any(ord(c) > 127 for c in written)
