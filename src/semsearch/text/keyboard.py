"""Words typed with the keyboard in the other language: the two-set (두벌식) layout over QWERTY."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from semsearch.text.hangul import compose, jamo

_QWERTY = "rRseEfaqQtTdwWczxvgkoiOjpuPhynbml"
_TWO_SET = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅜㅠㅡㅣ"
_KEYS = dict(zip(_QWERTY, _TWO_SET, strict=True))
_KEYS |= {key.upper(): letter for key, letter in _KEYS.items() if key.upper() not in _KEYS}
_LETTERS = {letter: key.lower() for key, letter in reversed(_KEYS.items())}


def to_hangul(word: str) -> str | None:
    """What the Latin keys of `word` write in Hangul, digits kept; None unless all letters compose.

    dkdlvhs → 아이폰, dkdlvhs14 → 아이폰14; gopro, rtx and v10 do not compose. Upper case is the shift key.
    """
    return _by_runs(word, lambda c: c.isascii() and c.isalpha(), lambda run: compose("".join(_KEYS[c] for c in run)))


def to_latin(word: str) -> str | None:
    """What the Hangul keys of `word` write in Latin letters, digits kept; None without Hangul. ㅑㅔㅙㅜㄷ → iphone."""
    return _by_runs(word, _is_hangul, lambda run: "".join(_LETTERS.get(c, "") for c in jamo(run)))


def _is_hangul(char: str) -> bool:
    return all(letter in _LETTERS for letter in jamo(char))


def _by_runs(word: str, is_key: Callable[[str], bool], convert: Callable[[str], str | None]) -> str | None:
    out: list[str] = []
    for keyed, group in groupby(word, is_key):
        run = "".join(group)
        piece = convert(run) if keyed else run
        if piece is None or (not keyed and any(c.isalpha() for c in run)):
            return None
        out.append(piece)
    joined = "".join(out)
    return joined if joined != word else None
