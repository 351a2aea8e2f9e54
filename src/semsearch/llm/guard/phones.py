"""Phone numbers in any disguise that a person can read: 영|영*6О6⑨*784|, 20,six,,778,⑨,five,②④.

`semsearch.text.abuse` finds those that a scan may take for one contact of many posts, and misses on purpose what could
be anything. Here a number that is missed leaves the house, and one too many costs a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_HANGUL = ("공영령", "일", "이", "삼", "사", "오", "육륙", "칠", "팔", "구")
_SHAPES = ("oоοㅇ○◯〇", "liｌ|ㅣ", "", "", "", "", "", "", "", "")
_VALUES = {
    **{name: str(value) for value, name in enumerate(_NAMES)},
    **{char: str(value) for table in (_HANGUL, _SHAPES) for value, chars in enumerate(table) for char in chars},
    **{char: str(value) for value, char in enumerate("⓪①②③④⑤⑥⑦⑧⑨")},
}
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
_GAP = r"[\s.\-_*~/·,()ㅡ–—♥★☆]{0,5}"
_LATIN = "(?<![a-z])[oliоο|](?![a-z])"
_TYPED = re.compile("[oliоο|ㅇ○◯〇ㅣ]")


def _unit(values: str, *, hangul: bool) -> str:
    """A pattern of one digit of `values`, or of what stands for it."""
    numbers = [int(value) for value in values]
    chars = values + "".join(_CIRCLED[n] for n in numbers)
    names = "|".join(_NAMES[n] for n in numbers)
    shapes = "".join(_SHAPES[n] for n in numbers)
    if hangul:
        chars += "".join(_HANGUL[n] for n in numbers) + re.sub("[oliｌоο|]", "", shapes)
    latin = "".join(char for char in shapes if char in "oliоο|")
    typed = f"|(?<![a-z])[{latin}](?![a-z])" if latin else ""
    return f"(?:[{chars}]{typed}|(?:{names}))"


def _korean() -> re.Pattern[str]:
    zero, any_ = _unit("0", hangul=True), _unit("0123456789", hangul=True)
    rest = f"(?:{_GAP}{any_}){{7,8}}"
    mobile = f"{_unit('1', hangul=True)}{_GAP}{_unit('016789', hangul=True)}{rest}"
    virtual = f"{_unit('5', hangul=True)}{_GAP}{zero}{_GAP}{any_}{rest}"
    return re.compile(f"(?<![0-9a-z]){zero}{_GAP}(?:{mobile}|{virtual})(?![0-9])")


def _american() -> re.Pattern[str]:
    first, unit = _unit("23456789", hangul=False), _unit("0123456789", hangul=False)
    return re.compile(rf"(?<![0-9a-z])(?<!\d[.,-])(?:\+?1{_GAP})?(?P<ten>{first}(?:{_GAP}{unit}){{9}})(?![0-9a-z])")


_KOREAN, _AMERICAN = _korean(), _american()
_UNIT = re.compile(_unit("0123456789", hangul=True))
_FEWEST_SURE = 5
"""Digits and numerals that a number has at least: the shapes o, l and ㅇ may be anything."""


def phones(lower: str) -> Iterator[tuple[str, int, int]]:
    """(digits, start, end) of Korean mobile and virtual numbers and of ten-digit American ones in a lower-case text."""
    for found in _KOREAN.finditer(lower):
        units = [unit[0] for unit in _UNIT.finditer(found[0])]
        if sum(not _TYPED.fullmatch(unit) for unit in units) >= _FEWEST_SURE:
            yield _digits(units), *found.span()
    for found in _AMERICAN.finditer(lower):
        if digits := _ten(found["ten"]):
            yield digits, *found.span("ten")


def _digits(units: list[str]) -> str:
    return "".join(_VALUES.get(unit, unit) for unit in units)


def _ten(written: str) -> str:
    """The digits of an American number 3-3-4; empty for prices, lists and the like.

    No group reaches over from one part to the next, unless all ten digits stand together; parts are whole, or spelled.
    """
    units = list(_UNIT.finditer(written))
    digits = _digits([unit[0] for unit in units])
    gaps = {i for i in range(1, len(units)) if units[i - 1].end() < units[i].start()}
    spelled = any(not unit[0].isdigit() or unit[0] in _CIRCLED for unit in units)
    parted = {3, 6} <= gaps and (spelled or gaps == {3, 6} or len(gaps) == 9)
    shaped = len(digits) == 10 and digits[0] > "1" and digits[3] > "1"
    return digits if shaped and (parted or (not gaps and written.isdigit())) else ""
