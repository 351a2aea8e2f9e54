"""Whether a Hangul word and a Latin word sound alike: their consonants, told apart as coarsely as both scripts do.

Vowels differ too much between spellings (르크루제, Le Creuset); voiced, tense and aspirated consonants, l and r,
p and f, s and z are one each in Hangul transcription.
"""

from __future__ import annotations

import re
from functools import lru_cache

from semsearch.text.hangul import is_syllable, jamo

_CLASSES = {"k": "ㄱㄲㅋ", "n": "ㄴ", "t": "ㄷㄸㅌ", "l": "ㄹ", "m": "ㅁ", "p": "ㅂㅃㅍ", "s": "ㅅㅆㅈㅉㅊ"}
_HANGUL = {letter: sound for sound, letters in _CLASSES.items() for letter in letters}
_SPELLINGS = (
    ("ck", "k"), ("ph", "p"), ("tch", "s"), ("ch", "s"), ("sh", "s"), ("th", "s"), ("ng", "n"), ("qu", "k"),
    ("x", "ks"), ("v", "p"), ("f", "p"), ("b", "p"), ("d", "t"), ("r", "l"), ("j", "s"), ("z", "s"), ("q", "k"),
    ("g", "k"),
)  # fmt: skip
_VOWELS = frozenset("aeiouwy.")
_SOFT_C = re.compile("c(?=[eiy])")
_OTHER = re.compile("[^knlmpst]+")
_DOUBLE = re.compile(r"(.)\1+")


@lru_cache(maxsize=1 << 16)
def skeleton(word: str) -> str:
    """The consonants of one word in the search view, after `a` when it begins with a vowel.

    나이키 and nike are nk, 모노벨 and monobel mnpl, 아이폰 and iphone apn.
    """
    if word and is_syllable(word[0]):
        # a final ㅇ is n; the silent first ㅇ is nothing; ㅎ is h, which is not kept
        sounds = "".join(_syllable(char) for char in word)
    else:
        sounds = _SOFT_C.sub("s", word).replace("c", "k")
        for spelling, sound in _SPELLINGS:
            sounds = sounds.replace(spelling, sound)
    vowel = "a" if sounds[:1] in _VOWELS else ""
    return vowel + _OTHER.sub("", _DOUBLE.sub(r"\1", sounds))


def _syllable(char: str) -> str:
    letters = jamo(char)
    return "".join(
        _HANGUL.get(c, "n" if c == "ㅇ" and at else "h" if c == "ㅎ" else ".") for at, c in enumerate(letters)
    )
