"""The skeleton: what is left of a text when spelling tricks are taken away. For keys and shingles, never for readers.

Hangul is spelled in letters (the conjoining ones, so that a letter typed alone is told apart), and letters that sound
or look alike are one: ㅔㅐㅖㅒ, ㅙㅚㅞ, plain, tense and aspirated consonants, ㅕ after ㅈ; the syllables that
야민정음 swaps (머 and 대, 댕 and 멍, 띵 and 명, 커 and 귀, 네 and 비, 파 and 과). A silent ㅎ at the end goes, also as
a letter alone it may be laughter. Latin letters are folded with their Cyrillic and Greek twins, I l 1 as drawn;
symbols, spaces, laughter and tears are gone.
"""

from __future__ import annotations

import re
import unicodedata
from string import ascii_letters, digits, punctuation

from semsearch.text.abuse.lookalikes import CYRILLIC_TWINS, GREEK_TWINS, without_marks
from semsearch.text.abuse.remembered import Remembered

_FIRST = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_MIDDLE = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_LAST = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_CLUSTERS = dict(
    zip(
        "ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ",
        ("ㄱㅅ", "ㄴㅈ", "ㄴ", "ㄹㄱ", "ㄹㅁ", "ㄹㅂ", "ㄹㅅ", "ㄹㅌ", "ㄹㅍ", "ㄹ", "ㅂㅅ"),
        strict=True,
    )
)
_ALIKE = dict(zip("ㄲㅋㄸㅌㅃㅍㅆㅉㅊㅐㅖㅒㅙㅚ", "ㄱㄱㄷㄷㅂㅂㅅㅈㅈㅔㅔㅔㅞㅞ", strict=True))
_CONJOINING = {
    **{c: chr(0x1100 + i) for i, c in enumerate(_FIRST)},
    **{v: chr(0x1161 + i) for i, v in enumerate(_MIDDLE)},
}
# 야민정음 by what is written: first and middle letter, and the last where it matters.
_SWAPPED = {"ㄷㅐ": "ㅁㅓ", "ㄷㅔ": "ㅁㅓ", "ㅋㅓ": "ㄱㅟ", "ㄴㅔ": "ㅂㅣ", "ㄱㅘ": "ㅍㅏ", "ㄱㅙ": "ㅍㅐ"}
_SWAPPED_WHOLE = {"띵": "명", "띤": "면", "윾": "유", "앟": "왕", "쀼": "부부"}

_DROPPED = re.compile(r"[\W_]+|[ㅋㅎ]{2,}|[ㅠㅜㅡ]{2,}|(?<![ㄱ-ㅣ])[ㅋㅎㅠㅜㅡ](?![ㄱ-ㅣ])")
_ODD = re.compile("[^ -~가-힣]+")
_OTHER = re.compile("[^\x00-\x7f가-힣ㄱ-ㅣ\u1100-\u1175]+")
_LEET = re.compile("[01345](?<=[a-z].)(?=[a-z])")
_LEET_LETTERS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s"}
_TWINS = str.maketrans(CYRILLIC_TWINS | GREEK_TWINS | {"ı": "i"})


def skeleton(view: str) -> str:
    """The skeleton of a folded text, in which contacts may stand as placeholders.

    `skeleton(skeleton(v)) == skeleton(v)`. Letters typed alone keep their place in words (ㅋㅌ), not in moods (ㅋㅋㅋ).
    """
    usual = _ODD.sub(_from_run, view)
    return _LEET.sub(lambda found: _LEET_LETTERS[found.group()], usual.translate(_LETTERS))


def _from_run(run: re.Match[str]) -> str:
    return _RUNS[run.group()]


def _run(odd: str) -> str:
    """A run of unusual characters as far as it counts. No pattern looks further than to its ends."""
    return _DROPPED.sub("", _OTHER.sub(_plain, odd))


def _plain(other: re.Match[str]) -> str:
    """Letters of other scripts without accents, as the Latin ones they look like."""
    return without_marks(unicodedata.normalize("NFKD", other.group())).translate(_TWINS)


class _Letters(dict[int, str]):
    """Each character in letters that sound alike; syllables are worked out when they are met first."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if not "가" <= char <= "힣":
            raise LookupError(char)
        self[code] = spelled = "".join(map(_spelled, _SWAPPED_WHOLE.get(char, char)))
        return spelled


def _spelled(syllable: str) -> str:
    index = ord(syllable) - 0xAC00
    first, middle, last = _FIRST[index // 588], _MIDDLE[index % 588 // 28], _LAST[index % 28]
    body = _SWAPPED.get(first + middle, first + middle)
    parts = [_ALIKE.get(part, part) for part in body + _CLUSTERS.get(last, last.replace("ㅎ", ""))]
    if parts[0] == "ㅈ":
        parts[1] = {"ㅑ": "ㅏ", "ㅕ": "ㅓ", "ㅛ": "ㅗ", "ㅠ": "ㅜ"}.get(parts[1], parts[1])
    return "".join(_CONJOINING[part] for part in parts)


_LETTERS = _Letters(
    {ord(letter): _CONJOINING.get(_ALIKE.get(letter, letter), "") for letter in _FIRST + _MIDDLE}
    | {ord(two): "".join(_CONJOINING[_ALIKE.get(one, one)] for one in ones) for two, ones in _CLUSTERS.items()}
    | dict.fromkeys(map(ord, " " + punctuation), "")
    | {ord(char): char for char in digits + ascii_letters}
    | {ord("l"): "i"}
)
_RUNS = Remembered(_run)
