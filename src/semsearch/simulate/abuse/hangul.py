"""How Korean is written to slip past filters. Tables of the made stream alone, never shared with `text/`."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from semsearch.simulate.abuse.dice import Dice
from semsearch.simulate.noise import is_syllable, join_syllable, split_syllable

LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
TAILS: tuple[str, ...] = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_YAMIN = {
    "대": ("머",), "머": ("대",), "댕": ("멍",), "멍": ("댕",), "귀": ("커",), "커": ("귀",), "며": ("띠",),
    "면": ("띤",),
    "명": ("띵",), "유": ("윾",), "광": ("팡",), "팡": ("광",), "비": ("네",), "네": ("비",), "과": ("파",),
    "파": ("과",),
    "우": ("윽",), "왕": ("앟",), "피": ("끠",), "근": ("ㄹ근",), "조": ("丕",), "금": ("金",), "김": ("金",),
    "대출": ("머출",),
    "소": ("小",), "여": ("女",), "남": ("男",), "일": ("日",), "월": ("月",), "산": ("山",), "수": ("水",),
    "인": ("人",),
    "천": ("千",), "만": ("萬",), "원": ("円", "₩"), "상": ("上",), "하": ("下",), "무": ("無",), "사": ("4",),
    "이": ("2", "二"),
    "오": ("5",), "구": ("9",), "육": ("6",), "팔": ("8",), "삼": ("3",), "눈": ("곡",), "문": ("곰",), "공": ("운",),
    "논": ("국",), "옹": ("융",), "가": ("7ㅏ",), "거": ("7ㅓ",), "고": ("7ㅗ",), "기": ("7l",),
    "모": ("ロㅗ",), "마": ("口ㅏ",),
    "라": ("己ㅏ",), "스": ("스", "人ㅡ"), "시": ("人ㅣ",), "서": ("人ㅓ",), "의": ("으l",), "위": ("윘",),
    "생": ("生",),
}  # fmt: skip
_SOUND_VOWEL = {
    "ㅔ": "ㅐㅖ", "ㅐ": "ㅔㅒ", "ㅖ": "ㅔㅒ", "ㅒ": "ㅖㅐ", "ㅏ": "ㅑ", "ㅓ": "ㅕ", "ㅗ": "ㅛ", "ㅜ": "ㅠ",
    "ㅚ": "ㅙㅞ",
    "ㅙ": "ㅚㅞ", "ㅞ": "ㅙ", "ㅢ": "ㅣ", "ㅛ": "ㅗ", "ㅠ": "ㅜ", "ㅑ": "ㅏ", "ㅕ": "ㅓ",
}  # fmt: skip
_SOUND_LEAD = {
    "ㄱ": "ㄲㅋ", "ㄷ": "ㄸㅌ", "ㅂ": "ㅃㅍ", "ㅅ": "ㅆ", "ㅈ": "ㅉㅊ", "ㄲ": "ㄱ", "ㄸ": "ㄷ", "ㅃ": "ㅂ", "ㅆ": "ㅅ",
    "ㅉ": "ㅈ", "ㅋ": "ㄱ", "ㅌ": "ㄷ", "ㅍ": "ㅂ", "ㅊ": "ㅈ",
}  # fmt: skip
_SHAPE_VOWEL = {
    "ㅏ": ("r", "r", "卜", "ト"), "ㅣ": ("l", "1", "|", "I", "丨"), "ㅐ": ("H", "H", "ㅐ"),
    "ㅡ": ("_", "—", "一", "ㅡ"),
    "ㅜ": ("丁", "T", "ㅜ"), "ㅗ": ("⊥", "ㅗ", "上"), "ㅓ": ("ㅓ", "-|"), "ㅑ": ("ㅑ", "F"),
    "ㅔ": ("ㅓl", "ㅔ"), "ㅢ": ("ㅡl",),
}  # fmt: skip
_SHAPE_LEAD = {
    "ㅇ": ("O", "0", "ㅇ"), "ㅁ": ("口", "ㅁ", "□"), "ㄱ": ("7", "ㄱ"), "ㄴ": ("L", "ㄴ"), "ㄷ": ("C", "ㄷ", "匚"),
    "ㄹ": ("己", "ㄹ", "2"), "ㅅ": ("人", "^", "ㅅ"), "ㅌ": ("E", "ㅌ"), "ㅈ": ("ス", "ㅈ"), "ㅋ": ("ㅋ", "3"),
    "ㅎ": ("ㅎ", "ㆆ"),
}  # fmt: skip
_MARKS = (".", ",", "*", "~", "-", "_", "/", "|", "^", "♡", "☆", "★", "♥", "'", "·", "`", "1", "ㆍ", "!", "@", "+")
INVISIBLE = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u3164", "\u115f", "\u1160", "\u00ad", "\u200e")
_ENDINGS = {"요": "욤용욥여효", "다": "당댜닷답돠", "니": "늬닝", "세": "쉐셰", "까": "꽈깡"}

Change = Callable[[str, Dice], str]


def _some(word: str, dice: Dice, share: float, change: Callable[[str, Dice], str]) -> str:
    """`word` with about `share` of its syllables changed, at least one."""
    places = [i for i, char in enumerate(word) if is_syllable(char)]
    if not places:
        return word
    sure = dice.of(places)
    chosen = {place for place in places if place == sure or dice.chance(share)}
    return "".join([change(char, dice) if i in chosen else char for i, char in enumerate(word)])


def scatter(word: str, dice: Dice) -> str:
    """Syllables taken apart into letters: 판매 as ㅍㅏㄴ매, 파ㄴ매, or as conjoining jamo."""
    return _some(word, dice, 0.35, _scattered)


def _scattered(char: str, dice: Dice) -> str:
    lead, vowel, tail = split_syllable(char)
    roll = dice.roll()
    if tail and roll < 0.35:
        return join_syllable(lead, vowel, 0) + TAILS[tail]
    if roll < 0.45:
        return unicodedata.normalize("NFD", char)
    return LEADS[lead] + VOWELS[vowel] + TAILS[tail]


def yamin(word: str, dice: Dice) -> str:
    """Syllables that look like others: 대 as 머, 명 as 띵, 금 as 金, 이 as 2."""
    known = [i for i, char in enumerate(word) if char in _YAMIN]
    if not known:
        return sound(word, dice)
    sure = dice.of(known)
    return "".join(
        dice.of(_YAMIN[char]) if i == sure or (char in _YAMIN and dice.chance(0.6)) else char
        for i, char in enumerate(word)
    )


def sound(word: str, dice: Dice) -> str:
    """Spelling by ear: ㅔ for ㅐ, tense for plain, 팝니댜 for 팝니다, 해욤 for 해요."""
    if word and word[-1] in _ENDINGS and dice.chance(0.4):
        return word[:-1] + dice.of(_ENDINGS[word[-1]])
    return _some(word, dice, 0.45, _sounded)


def _sounded(char: str, dice: Dice) -> str:
    lead, vowel, tail = split_syllable(char)
    new_vowel, new_lead = _SOUND_VOWEL.get(VOWELS[vowel]), _SOUND_LEAD.get(LEADS[lead])
    if new_lead and (not new_vowel or dice.chance(0.4)):
        return join_syllable(LEADS.index(dice.of(new_lead)), vowel, tail)
    return join_syllable(lead, VOWELS.index(dice.of(new_vowel)), tail) if new_vowel else char


def invisible(word: str, dice: Dice) -> str:
    """Characters that nobody sees between the syllables."""
    return _between(word, dice, 0.5, INVISIBLE)


def marks(word: str, dice: Dice) -> str:
    """Signs or spaces between the syllables: 판.매, 카 톡, 대*출."""
    return _between(word, dice, 0.6, (" ", " ") if dice.chance(0.3) else (dice.of(_MARKS), dice.of(_MARKS)))


def _between(word: str, dice: Dice, share: float, fillers: tuple[str, ...]) -> str:
    if len(word) < 2:
        return word + dice.of(fillers)
    sure = dice.below(len(word) - 1)
    return "".join(
        char + (dice.of(fillers) if i < len(word) - 1 and (i == sure or dice.chance(share)) else "")
        for i, char in enumerate(word)
    )


def shapes(word: str, dice: Dice) -> str:
    """Letters and signs in place of jamo: 다 as ㄷr, 이 as Ol, 매 as ㅁH."""
    return _some(word, dice, 0.4, _shaped)


def _shaped(char: str, dice: Dice) -> str:
    lead, vowel, tail = split_syllable(char)
    said_vowel = dice.of(_SHAPE_VOWEL.get(VOWELS[vowel], (VOWELS[vowel],)))
    said_lead = dice.of(_SHAPE_LEAD[LEADS[lead]]) if LEADS[lead] in _SHAPE_LEAD and dice.chance(0.3) else LEADS[lead]
    return said_lead + said_vowel + TAILS[tail]


def finals(word: str, dice: Dice) -> str:
    """What only Koreans can read (holiday-home reviews): needless finals, tense leads, doubled vowels."""
    return _some(word, dice, 0.75, _with_final)


_NEEDLESS = {"": "ㅅㅎㅂㄱㅇㅁㅆㅈ", "ㄴ": "ㄵㄶ", "ㄹ": "ㅀㄼㄺ", "ㅂ": "ㅄ", "ㄱ": "ㄲㄳ", "ㅅ": "ㅆ"}
_DOUBLED = {"ㅏ": "ㅘ", "ㅓ": "ㅝ", "ㅣ": "ㅟ", "ㅐ": "ㅙ", "ㅔ": "ㅞ", "ㅗ": "ㅛ", "ㅜ": "ㅠ"}


def _with_final(char: str, dice: Dice) -> str:
    lead, vowel, tail = split_syllable(char)
    if TAILS[tail] in _NEEDLESS and dice.chance(0.7):
        tail = TAILS.index(dice.of(_NEEDLESS[TAILS[tail]]))
    if VOWELS[vowel] in _DOUBLED and dice.chance(0.35):
        vowel = VOWELS.index(_DOUBLED[VOWELS[vowel]])
    if LEADS[lead] in _SOUND_LEAD and dice.chance(0.35):
        lead = LEADS.index(_SOUND_LEAD[LEADS[lead]][0])
    return join_syllable(lead, vowel, tail)


def swapped(word: str, dice: Dice) -> str:
    """Two neighbours in a word change places, which readers hardly notice: 안전거래 as 안거전래."""
    if len(word) < 3:
        return word[::-1] if len(word) == 2 and dice.chance(0.3) else word
    at = dice.between(1, len(word) - 3) if len(word) > 3 else 0
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


_CIRCLED_ROW = "가나다라마바사아자차카타파하"
_CIRCLED_LEADS = "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"


def enclosed(word: str, dice: Dice) -> str:
    """Letters in circles and brackets: ㉮, ㈎, ㉠ㅗ."""
    return _some(word, dice, 0.5, _enclosed)


def _enclosed(char: str, dice: Dice) -> str:
    if char in _CIRCLED_ROW:
        return chr((0x326E if dice.chance(0.7) else 0x320E) + _CIRCLED_ROW.index(char))
    lead, vowel, tail = split_syllable(char)
    if LEADS[lead] in _CIRCLED_LEADS:
        return (
            chr((0x3260 if dice.chance(0.7) else 0x3200) + _CIRCLED_LEADS.index(LEADS[lead]))
            + VOWELS[vowel]
            + TAILS[tail]
        )
    return dice.of(("〔{}〕", "「{}」", "({})", "<{}>")).format(char)


DISGUISES: dict[str, Change] = {
    "scatter": scatter, "yamin": yamin, "sound": sound, "invisible": invisible, "marks": marks, "shapes": shapes,
}  # fmt: skip
HELD_OUT: dict[str, Change] = {"finals": finals, "swapped": swapped, "enclosed": enclosed}
LAYERS = (("sound", "yamin", "finals", "swapped"), ("scatter", "shapes", "enclosed"), ("marks", "invisible"))
"""Disguises that can lie on one another, innermost first: at most one of each layer."""
