"""Characters that are drawn alike: what stands for a Hangul letter, a digit or a letter of another alphabet.

Collected from the shapes in the Unicode charts and from evasive Korean and Russian posts that are public.
"""

from __future__ import annotations

import re
import unicodedata

CONSONANTS = {
    **dict(zip("口ロ人入ㄈ匚己乙フ乚廿甘スヨ彐", "ㅁㅁㅅㅅㄷㄷㄹㄹㄱㄴㅂㅂㅈㅋㅋ", strict=True)),
    **dict(zip("□▢◻∧○◯〇⊏└∟┐∈", "ㅁㅁㅁㅅㅇㅇㅇㄷㄴㄴㄱㅌ", strict=True)),
}
"""Characters of no keyboard that stand for a consonant before a Hangul vowel."""
WRITTEN_CONSONANTS = "口ロ人入ㄈ匚己乙フ乚廿甘スヨ彐"
"""Those of them that are letters: a box or a circle also marks a list."""
TYPED_CONSONANTS = {"o": "ㅇ", "0": "ㅇ", "l": "ㄴ", "7": "ㄱ", "c": "ㄷ", "e": "ㅌ", "2": "ㄹ", "z": "ㄹ", "^": "ㅅ"}
"""Keys that stand for a consonant, only right before a Hangul vowel letter (7ㅏ방)."""
VOWELS = dict(zip("卜ト├┣┤┫┴┻⊥┬┳丅一ー─━丨│┃∥", "ㅏㅏㅏㅏㅓㅓㅗㅗㅗㅜㅜㅜㅡㅡㅡㅡㅣㅣㅣㅐ", strict=True))
TYPED_VOWELS = {"r": "ㅏ", "l": "ㅣ", "i": "ㅣ", "|": "ㅣ", "1": "ㅣ", "!": "ㅣ", "h": "ㅐ", "f": "ㅑ"}
"""Keys that stand for a vowel, only right after a Hangul consonant letter (ㄷr)."""

NUMERALS = {
    "0": "ㅇ○◯〇공영령", "1": "ㅣ일一", "2": "이二", "3": "삼三", "4": "사四", "5": "오五", "6": "육륙六", "7": "칠七",
    "8": "팔八", "9": "구九",
}  # fmt: skip
"""What stands for a digit inside a number that has the shape of a contact."""
LATIN_NUMERALS = {"0": "o", "1": "li|"}
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

CYRILLIC_TWINS = dict(zip("авгекмнопрстухіјѕԁԛԝһьиӏз", "abrekmhonpctyxijsdqwhbul3", strict=True))
"""Cyrillic letters and the Latin ones that they look like."""
GREEK_TWINS = dict(zip("αβγεηικνορτυχωσς", "abyenikvoptuxwoc", strict=True))
LATIN_TWINS = dict(zip("abcehikmnoprtuxy", "авсенікмпоргтиху", strict=True)) | {"p": "р", "y": "у"}
"""Latin letters that stand for Cyrillic ones in a word that is Cyrillic otherwise."""

_SMALL = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢɡ"
_SMALL_PLAIN = "abcdefghijklmnopqrstuvwyzg"
_SMALL_CYRILLIC = dict(zip("ᴦᴧᴨᴩᴫ", "глпрл", strict=True))
STYLED = (
    dict(zip(_SMALL, _SMALL_PLAIN, strict=True))
    | _SMALL_CYRILLIC
    | {chr(base + i): chr(ord("a") + i) for base in (0x1F150, 0x1F170) for i in range(26)}
)
"""Letters drawn small, in circles or in squares, of which Unicode does not say which letter they are."""

_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")


def without_marks(text: str) -> str:
    """The text without accents and strokes over its letters; what belongs to a letter of its own (й, が) stays."""
    return _MARKS.sub("", text)


def digit(char: str) -> str:
    """The ASCII digit that one character is, in any script or frame; empty when it is none."""
    value = unicodedata.digit(char, -1)
    return str(value) if value >= 0 else ""
