"""Hangul as key presses: syllables taken apart into the letters of the two-set keyboard, and put together again.

Arithmetic of the syllables: Unicode Standard, section 3.12. Double vowels and double finals that take two
keys (ㅘ = ㅗㅏ, ㄺ = ㄹㄱ) are two letters here, so that one wrong key is one edit.
"""

from __future__ import annotations

_FIRST = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_MIDDLE = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_LAST = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_PAIRS = {
    "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ", "ㅢ": "ㅡㅣ",
    "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ", "ㄽ": "ㄹㅅ",
    "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ", "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ",
}  # fmt: skip
_JOINED = {pair: one for one, pair in _PAIRS.items()}
_BASE = 0xAC00
_COUNT = 11172


def is_syllable(char: str) -> bool:
    """Whether `char` is a composed Hangul syllable (가 to 힣)."""
    return 0 <= ord(char) - _BASE < _COUNT


def jamo(text: str) -> str:
    """Every syllable and double letter as its key presses; other characters stay. 폰 → ㅍㅗㄴ, 닭 → ㄷㅏㄹㄱ."""
    return "".join(map(_letters, text))


def _letters(char: str) -> str:
    index = ord(char) - _BASE
    if not 0 <= index < _COUNT:
        return _PAIRS.get(char, char)
    parts = (_FIRST[index // 588], _MIDDLE[index % 588 // 28], _LAST[index % 28])
    return "".join(_PAIRS.get(part, part) for part in parts)


def compose(letters: str) -> str | None:
    """Key presses put together as an input method does; None unless all become whole syllables.

    A consonant before a vowel starts a syllable: ㅇㅏㅇㅣㅍㅗㄴ → 아이폰.
    """
    syllables, at = [], 0
    while at < len(letters):
        first = _FIRST.find(letters[at])
        middle, after = _take(letters, at + 1, _MIDDLE)
        if first < 0 or not middle:
            return None
        last, at = _final(letters, after)
        syllables.append(chr(_BASE + (first * 21 + _MIDDLE.index(middle)) * 28 + _LAST.index(last)))
    return "".join(syllables)


def _take(letters: str, at: int, allowed: str) -> tuple[str, int]:
    """The double letter or letter of `allowed` at `at`, and where it ends."""
    double = _JOINED.get(letters[at : at + 2], "")
    if double and double in allowed:
        return double, at + 2
    one = letters[at : at + 1]
    return (one, at + 1) if one and one in allowed else ("", at)


def _final(letters: str, at: int) -> tuple[str, int]:
    """The final consonant at `at`: the consonant right before a vowel belongs to the next syllable."""
    end = at
    while end < len(letters) and letters[end] not in _MIDDLE:
        end += 1
    room = end - at - (end < len(letters))
    finals = _JOINED.get(letters[at : at + 2], "") if room >= 2 else ""
    if finals in _LAST and finals:
        return finals, at + 2
    one = letters[at : at + 1] if room >= 1 else ""
    return (one, at + 1) if one and one in _LAST else ("", at)
