"""Characters that are drawn alike: what stands for a Hangul letter, a digit or a letter of another alphabet.

Collected from the shapes of the Unicode charts and from how evasive Korean and Russian posts are written in public.
"""

from __future__ import annotations

import re
import unicodedata

CONSONANTS = {
    "口": "ㅁ", "ロ": "ㅁ", "□": "ㅁ", "▢": "ㅁ", "◻": "ㅁ", "人": "ㅅ", "∧": "ㅅ", "Λ": "ㅅ", "λ": "ㅅ", "入": "ㅅ",
    "○": "ㅇ", "◯": "ㅇ", "〇": "ㅇ", "匚": "ㄷ", "⊏": "ㄷ", "ㄈ": "ㄷ", "己": "ㄹ", "乙": "ㄹ", "└": "ㄴ", "∟": "ㄴ",
    "乚": "ㄴ", "┐": "ㄱ", "フ": "ㄱ", "「": "ㄱ", "廿": "ㅂ", "甘": "ㅂ", "ス": "ㅈ", "ヨ": "ㅋ", "彐": "ㅋ", "∈": "ㅌ",
    "Є": "ㅌ", "є": "ㅌ", "ε": "ㅌ", "亡": "ㄷ", "π": "ㅍ", "п": "ㅍ",
}  # fmt: skip
"""Characters of no Latin keyboard that stand for a consonant before a Hangul vowel."""
TYPED_CONSONANTS = {"o": "ㅇ", "0": "ㅇ", "l": "ㄴ", "7": "ㄱ", "c": "ㄷ", "e": "ㅌ", "2": "ㄹ", "z": "ㄹ", "^": "ㅅ"}
"""Keys that stand for a consonant, only right before a Hangul vowel letter (7ㅏ방)."""
VOWELS = {
    "卜": "ㅏ", "ト": "ㅏ", "├": "ㅏ", "┣": "ㅏ", "┤": "ㅓ", "┫": "ㅓ", "┴": "ㅗ", "┻": "ㅗ", "⊥": "ㅗ", "┬": "ㅜ",
    "┳": "ㅜ", "丅": "ㅜ", "一": "ㅡ", "ー": "ㅡ", "─": "ㅡ", "━": "ㅡ", "丨": "ㅣ", "│": "ㅣ", "┃": "ㅣ", "∥": "ㅐ",
}  # fmt: skip
TYPED_VOWELS = {"r": "ㅏ", "l": "ㅣ", "i": "ㅣ", "|": "ㅣ", "1": "ㅣ", "!": "ㅣ", "h": "ㅐ", "f": "ㅑ"}
"""Keys that stand for a vowel, only right after a Hangul consonant letter (ㄷr)."""

NUMERALS = {
    "0": "oㅇ○◯〇공영령ο", "1": "lㅣi|일ı一", "2": "이二", "3": "삼三", "4": "사四", "5": "오五", "6": "육륙六",
    "7": "칠七", "8": "팔八", "9": "구九",
}  # fmt: skip
"""What stands for a digit inside a number that has the shape of a contact."""
COUNTED = {
    "하나": "1",
    "둘": "2",
    "셋": "3",
    "넷": "4",
    "다섯": "5",
    "여섯": "6",
    "일곱": "7",
    "여덟": "8",
    "아홉": "9",
}

CYRILLIC_TWINS = dict(zip("авгекмнопрстухіјѕԁԛԝһьиѵӏ", "abrekmhonpctyxijsdqwhbuvl", strict=True)) | {"з": "3", "ё": "e"}
GREEK_TWINS = dict(zip("αβγεηικνορτυχωσς", "abyenikvoptuxwoc", strict=True))
LATIN_TWINS = dict(zip("abcehikmnoprtuxy", "авсенікмпорртиху", strict=True)) | {"p": "р", "g": "г"}
"""Latin letters that stand for Cyrillic ones in a word that is Cyrillic otherwise."""

_SMALL = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢɑɡıɩℓ"
_SMALL_PLAIN = "abcdefghijklmnopqrstuvwyzagiil"
STYLED = dict(zip(_SMALL, _SMALL_PLAIN, strict=True)) | {
    chr(base + i): chr(ord("a") + i) for base in (0x1F150, 0x1F170) for i in range(26)
}
"""Letters drawn small, in circles or in squares, of which Unicode does not say which letter they are."""

_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")


def without_marks(text: str) -> str:
    """The text without accents and strokes over its letters; what belongs to a script (が, й of NFC) stays."""
    return _MARKS.sub("", text)


def digit(char: str) -> str:
    """The ASCII digit that a character is, in any script or frame; empty when it is none."""
    value = unicodedata.digit(char, -1)
    return str(value) if value >= 0 else ""
