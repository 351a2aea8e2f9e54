"""Numbers that are written so that no filter reads them: 공일공.일이삼사-5육7팔, ㅇ1ㅇ 1234 5678."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semsearch.text.lookalikes import COUNTED, NUMERALS
from semsearch.text.spans import Edit

_DIGITS = {char: value for value, chars in NUMERALS.items() for char in chars} | COUNTED
_GAP = r"(?:[^\w|○◯]|[_ㅡ]){0,3}"
_SURE = frozenset("0123456789공영일이삼사오육륙칠팔구○◯〇ㅇ" + "一二三四五六七八九").union(COUNTED)
"""Numerals that are hardly ever anything else inside ten others; l and o are."""
_FEWEST_SURE = 4
_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3)


def _alike(digits: str) -> str:
    words = "|".join(word for word, value in COUNTED.items() if value in digits)
    chars = "".join(NUMERALS[value] for value in digits).replace("|", r"\|")
    return f"(?:[{digits}{chars}]{'|' + words if words else ''})"


def _contact_number() -> re.Pattern[str]:
    """Mobile, virtual and landline numbers, digit by digit, and 3-2-5 of a business registration."""
    one = _alike("0123456789")
    zero, gap = _alike("0"), _GAP
    mobile = f"{zero}{gap}{_alike('1')}{gap}{_alike('016789')}(?:(?:{gap}{one}){{8}}|(?:{gap}{one}){{7}})"
    virtual = f"{zero}{gap}{_alike('5')}{gap}{zero}{gap}{one}(?:(?:{gap}{one}){{8}}|(?:{gap}{one}){{7}})"
    landline = f"{zero}{gap}(?:{_alike('2')}|{_alike('34567')}{gap}{_alike('012345')})(?:(?:{gap}{one}){{8}}|(?:{gap}{one}){{7}})"
    business = f"{one}{{3}}[-–—.·]{one}{{2}}[-–—.·]{one}{{5}}"
    return re.compile(f"(?<![0-9a-z])(?:{mobile}|{virtual}|{landline}|(?P<business>{business}))(?![0-9])")


_NUMBER = _contact_number()
_UNIT = re.compile(_alike("0123456789"))


def numerals(text: str) -> list[Edit]:
    """What stands for a digit inside a number that has the shape of a contact, as that digit."""
    return [edit for found in _NUMBER.finditer(text) for edit in _plain_digits(found)]


def _plain_digits(number: re.Match[str]) -> Iterator[Edit]:
    units = list(_UNIT.finditer(number.string, *number.span()))
    disguised = [unit for unit in units if not unit.group().isdecimal()]
    if not disguised or sum(unit.group() in _SURE for unit in units) < _FEWEST_SURE:
        return
    if number["business"] and not registered("".join(_DIGITS.get(u.group(), u.group()) for u in units)):
        return
    for unit in disguised:
        yield Edit(unit.start(), unit.end(), _DIGITS[unit.group()], True)


def registered(digits: str) -> bool:
    """Whether ten digits are a Korean business registration number: the last one checks the others.

    Weights 1 3 7 1 3 7 1 3 5; of the ninth product the tens count too (National Tax Service).
    """
    numbers = [int(digit) for digit in digits]
    ninth = numbers[8] * 5
    total = sum(w * n for w, n in zip(_WEIGHTS, numbers, strict=False)) + ninth + ninth // 10
    return (10 - total % 10) % 10 == numbers[9]
