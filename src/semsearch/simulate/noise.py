"""How people mistype: jamo and Latin slips, spaces, run-together words, the wrong keyboard layout.

Written for the market alone (not shared with `text/`), so that a bug there cannot hide in here.
"""

from __future__ import annotations

import numpy as np

_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_TAILS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_KEYS = dict(
    zip(
        "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ",
        "qwertyuiopasdfghjklzxcvbnmQWERTOP",
        strict=True,
    )
)
_JAMO_OF_KEY = {key: jamo for jamo, key in _KEYS.items()}
_PAIRS = {
    "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ", "ㅢ": "ㅡㅣ",
    "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ", "ㄽ": "ㄹㅅ",
    "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ", "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ",
}  # fmt: skip
_NEAR_VOWEL = {
    "ㅐ": "ㅔ", "ㅔ": "ㅐ", "ㅏ": "ㅓ", "ㅓ": "ㅏ", "ㅗ": "ㅓ", "ㅜ": "ㅡ", "ㅡ": "ㅜ", "ㅣ": "ㅏ",
    "ㅕ": "ㅛ", "ㅛ": "ㅕ", "ㅑ": "ㅐ", "ㅠ": "ㅜ", "ㅙ": "ㅚ", "ㅚ": "ㅙ", "ㅖ": "ㅔ", "ㅢ": "ㅣ",
    "ㅟ": "ㅣ", "ㅘ": "ㅏ", "ㅝ": "ㅓ",
}  # fmt: skip
_NEAR_LEAD = {
    "ㄱ": "ㄲ", "ㄷ": "ㅌ", "ㅂ": "ㅍ", "ㅈ": "ㅊ", "ㅅ": "ㅆ", "ㅋ": "ㄱ", "ㅌ": "ㄷ", "ㅍ": "ㅂ",
    "ㅇ": "ㄹ", "ㄹ": "ㅎ", "ㅎ": "ㄹ", "ㄴ": "ㅁ", "ㅁ": "ㄴ", "ㅊ": "ㅈ", "ㄲ": "ㄱ", "ㅆ": "ㅅ",
}  # fmt: skip
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def is_syllable(char: str) -> bool:
    """Whether `char` is a composed Hangul syllable."""
    return "가" <= char <= "힣"


def has_hangul(text: str) -> bool:
    """Whether `text` holds a composed syllable."""
    return any(is_syllable(char) for char in text)


def split_syllable(char: str) -> tuple[int, int, int]:
    """Indices of lead, vowel and tail of one composed syllable."""
    code = ord(char) - 0xAC00
    return code // 588, code % 588 // 28, code % 28


def join_syllable(lead: int, vowel: int, tail: int) -> str:
    """The composed syllable of three indices."""
    return chr(0xAC00 + lead * 588 + vowel * 28 + tail)


def typo(text: str, rng: np.random.Generator, edits: int = 1) -> str:
    """`text` with `edits` slips in letters; digits and spaces stay, so that the meaning does."""
    for _ in range(edits):
        places = [i for i, char in enumerate(text) if char.isalpha()]
        if len(places) < 2:
            return text
        at = places[int(rng.integers(len(places)))]
        text = _slip_hangul(text, at, rng) if is_syllable(text[at]) else _slip_latin(text, at, rng)
    return text


def _slip_hangul(text: str, at: int, rng: np.random.Generator) -> str:
    lead, vowel, tail = split_syllable(text[at])
    way = rng.random()
    if way < 0.55 and _VOWELS[vowel] in _NEAR_VOWEL:
        vowel = _VOWELS.index(_NEAR_VOWEL[_VOWELS[vowel]])
    elif way < 0.75 and _LEADS[lead] in _NEAR_LEAD:
        lead = _LEADS.index(_NEAR_LEAD[_LEADS[lead]])
    elif way < 0.88:
        tail = 0 if tail else _TAILS.index("ㄴㅇㅁ"[int(rng.integers(3))])
    elif at + 1 < len(text) and is_syllable(text[at + 1]):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    else:
        tail = 0 if tail else _TAILS.index("ㅇ")
    return text[:at] + join_syllable(lead, vowel, tail) + text[at + 1 :]


def _slip_latin(text: str, at: int, rng: np.random.Generator) -> str:
    way, char = rng.random(), text[at]
    if way < 0.3:
        return text[:at] + text[at + 1 :]
    if way < 0.55 and at + 1 < len(text) and text[at + 1].isalpha():
        return text[:at] + text[at + 1] + char + text[at + 2 :]
    if way < 0.75:
        return text[:at] + char + text[at:]
    return text[:at] + _neighbour_key(char, rng) + text[at + 1 :]


def _neighbour_key(char: str, rng: np.random.Generator) -> str:
    for row in _ROWS:
        place = row.find(char.lower())
        if place >= 0:
            near = [row[i] for i in (place - 1, place + 1) if 0 <= i < len(row)]
            return near[int(rng.integers(len(near)))]
    return char


def respace(text: str, rng: np.random.Generator) -> str:
    """`text` with its spaces in wrong places: one lost or one added, sometimes both."""
    gaps = [i for i, char in enumerate(text) if char == " "]
    inside = [i for i in range(1, len(text)) if text[i - 1].isalpha() and text[i].isalpha()]
    added = bool(inside) and (not gaps or rng.random() < 0.6)
    if added:
        at = inside[int(rng.integers(len(inside)))]
        text = text[:at] + " " + text[at:]
        gaps = [i for i in gaps if i < at]
    if gaps and (not added or rng.random() < 0.7):
        at = gaps[int(rng.integers(len(gaps)))]
        text = text[:at] + text[at + 1 :]
    return text


def wrong_layout(text: str) -> str:
    """`text` as it comes out when the other keyboard layout (Korean 2-set / US) is on."""
    return to_latin_keys(text) if has_hangul(text) else to_hangul_keys(text)


def to_latin_keys(text: str) -> str:
    """The Latin letters on the keys that type the Hangul in `text`; the rest stays."""
    return "".join(_keys_of(char) for char in text)


def _keys_of(char: str) -> str:
    if not is_syllable(char):
        return char
    lead, vowel, tail = split_syllable(char)
    jamo = _LEADS[lead] + _VOWELS[vowel] + _TAILS[tail]
    return "".join(_KEYS[part] for whole in jamo for part in _PAIRS.get(whole, whole))


def to_hangul_keys(text: str) -> str:
    """What the Korean layout shows when Latin words are typed on it: jamo, composed where they compose."""
    jamo = [_JAMO_OF_KEY.get(c) or _JAMO_OF_KEY.get(c.lower(), c) for c in text]
    return compose_jamo(jamo)


_JOIN = {pair: whole for whole, pair in _PAIRS.items()}


def compose_jamo(jamo: list[str]) -> str:
    """Compose a typed stream of compatibility jamo as a Korean input method does."""
    out: list[str] = []
    i = 0
    while i < len(jamo):
        if jamo[i] in _LEADS and i + 1 < len(jamo) and jamo[i + 1] in _VOWELS:
            syllable, i = _one_syllable(jamo, i)
            out.append(syllable)
        elif jamo[i] in _VOWELS and i + 1 < len(jamo) and jamo[i] + jamo[i + 1] in _JOIN:
            out.append(_JOIN[jamo[i] + jamo[i + 1]])
            i += 2
        else:
            out.append(jamo[i])
            i += 1
    return "".join(out)


def _one_syllable(jamo: list[str], i: int) -> tuple[str, int]:
    lead, vowel = jamo[i], jamo[i + 1]
    i += 2
    if i < len(jamo) and vowel + jamo[i] in _JOIN:
        vowel = _JOIN[vowel + jamo[i]]
        i += 1
    tail = ""
    if _closes(jamo, i):
        tail = jamo[i]
        i += 1
        if tail + (jamo[i] if i < len(jamo) else "") in _JOIN and _closes(jamo, i):
            tail = _JOIN[tail + jamo[i]]
            i += 1
    return join_syllable(_LEADS.index(lead), _VOWELS.index(vowel), _TAILS.index(tail)), i


def _closes(jamo: list[str], i: int) -> bool:
    """Whether jamo i is a consonant that ends a syllable: no vowel follows that would take it."""
    if i >= len(jamo) or jamo[i] not in _TAILS or not jamo[i]:
        return False
    return i + 1 >= len(jamo) or jamo[i + 1] not in _VOWELS
