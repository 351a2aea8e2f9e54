"""Slips of the finger: what a word looks like when it is typed in a hurry."""

from __future__ import annotations

import random

from semsearch.text.hangul import compose, is_syllable, jamo

MIN_LETTERS = 4
_CONSONANTS = "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅓㅔㅕㅗㅛㅜㅠㅡㅣ"


def slip(word: str, rng: random.Random) -> str:
    """`word` with one letter dropped, doubled, changed or swapped with the next.

    Hangul slips in one key press, and what no longer composes stays as it was: 아이폰 → 아이퐁. Words
    under four key presses and words with digits stay, for one letter more or less is another word.
    """
    if any(char.isdigit() for char in word):
        return word
    if not all(is_syllable(char) for char in word):
        return _edit(word, rng) if len(word) >= MIN_LETTERS else word
    letters = jamo(word)
    if len(letters) < MIN_LETTERS:
        return word
    return compose(_edit(letters, rng)) or word


def _edit(letters: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(letters))  # the first letter is rarely wrong
    before, here, after = letters[:at], letters[at], letters[at + 1 :]
    kind = rng.randrange(4)
    if kind == 0:
        return before + after
    if kind == 1:
        return before + here + here + after
    if kind == 2:
        return before + _other(here, rng) + after
    return before + after[:1] + here + after[1:]


def _other(letter: str, rng: random.Random) -> str:
    if letter in _CONSONANTS:
        return rng.choice(_CONSONANTS)
    if letter in _VOWELS:
        return rng.choice(_VOWELS)
    return rng.choice("abcdefghijklmnopqrstuvwxyz") if letter.isascii() else letter
