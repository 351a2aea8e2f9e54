"""Numbers that are written so that no filter reads them: 공일공.일이삼사-5육7팔, ㅇ1ㅇ 1234 5678."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semsearch.text.abuse.lookalikes import COUNTED, LATIN_NUMERALS, NUMERALS
from semsearch.text.abuse.number_shape import BARS, gap
from semsearch.text.abuse.spans import Edit

_DIGITS = {char: value for table in (NUMERALS, LATIN_NUMERALS) for value, chars in table.items() for char in chars}
_DIGITS |= COUNTED
_ALL = "0123456789"
_GAP = gap("○◯")
_DASH = "[-–—.·]"
_FEWEST_SURE = 5
"""Digits, Hangul numerals and the like that such a number has at least: l and o may be words."""
_FEWEST_DIGITS = 4
"""Of a landline, which begins like many words (공사, 공이)."""
_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3)


def _alike(digits: str, *, latin: bool = True) -> str:
    """A pattern of one digit, or of what stands for it; a Latin letter only where it is no part of a word."""
    chars = "".join(NUMERALS[value] for value in digits)
    options = [f"[{digits}{chars}]", *(word for word, value in COUNTED.items() if value in digits)]
    if latin and (typed := "".join(LATIN_NUMERALS.get(value, "") for value in digits)):
        options.append(f"(?<![a-hj-km-np-z])[{typed}](?![a-hj-km-np-z])")
    return f"(?:{'|'.join(options)})"


def _numbers() -> re.Pattern[str]:
    """Mobile and virtual numbers, landlines, and the 3-2-5 of a business registration, each digit in any disguise."""
    zero, one, plain = _alike("0"), _alike(_ALL), _alike(_ALL, latin=False)
    rest, plain_rest = (f"(?:(?:{_GAP}{unit}){{8}}|(?:{_GAP}{unit}){{7}})" for unit in (one, plain))
    mobile = f"{_alike('1')}{_GAP}{_alike('016789')}{rest}"
    virtual = f"{_alike('5')}{_GAP}{zero}{_GAP}{one}{rest}"
    area = f"(?:{_alike('2', latin=False)}|{_alike('34567', latin=False)}{_GAP}{_alike('012345', latin=False)})"
    phone = f"{zero}{_GAP}(?:{mobile}|{virtual}|(?P<land>{area}{plain_rest}))"
    barred = f"{zero}{_GAP}(?:{_alike('1')}{_GAP}{_alike('016789')}|{_alike('5')}{_GAP}{zero}{_GAP}{one}){_barred()}"
    business = f"(?P<business>{plain}{{3}}{_DASH}{plain}{{2}}{_DASH}{plain}{{5}})"
    return re.compile(f"(?<![0-9a-z])(?:{barred}|{phone}|{business})(?![0-9])")


def _barred() -> str:
    """The last two groups with bars before them; with one bar both have four digits, as it could be a 1 instead."""
    unit = _alike(_ALL, latin=False).replace("ㅣ", "")
    three, four = f"(?:{_GAP}{unit}){{3,4}}", f"(?:{_GAP}{unit}){{4}}"
    first, second, only, last = (f" ?(?P<{name}>[{BARS}])" for name in _BAR_GROUPS)
    return f"(?:{first}{three}{second}{four}|{only}{four}{four}|{four}{last}{four})"


_BAR_GROUPS = ("bar1", "bar2", "bar3", "bar4")
_NUMBER = _numbers()
_UNIT = re.compile(_alike(_ALL))
# Where a number can begin, without a look at what is around; most text has no such place, and the long pattern is slow.
_ZERO = "[0oㅇ○◯〇공영령]"
_SECOND, _LIKE = f"(?:{_alike('1234567', latin=False)}|[li|])", f"(?:{_alike(_ALL, latin=False)}|[oli|])"
_FIVE = re.compile(f"{_ZERO}{_GAP}{_SECOND}(?:{_GAP}{_LIKE}){{3}}")
_REGISTRATION = re.compile(
    f"{_DASH}(?<=[{_ALL}{''.join(NUMERALS.values())}{''.join(word[-1] for word in COUNTED)}].)"
    f"{_alike(_ALL, latin=False)}{{2}}{_DASH}"
)


def numerals(text: str) -> list[Edit]:
    """What stands for a digit inside a number that has the shape of a contact, as that digit."""
    if not _FIVE.search(text) and not _REGISTRATION.search(text):
        return []
    return [edit for found in _NUMBER.finditer(text) for edit in _plain_digits(found)]


def _plain_digits(number: re.Match[str]) -> Iterator[Edit]:
    bars = {number.start(group) for group in _BAR_GROUPS}
    units = [unit for unit in _UNIT.finditer(number.string, *number.span()) if unit.start() not in bars]
    disguised = [unit for unit in units if unit.group() not in _ALL]
    if sum(unit.group() not in "oli|" for unit in units) < _FEWEST_SURE:
        return
    if number["land"] and sum(unit.group() in _ALL for unit in units) < _FEWEST_DIGITS:
        return
    if number["business"] and not registered("".join(_DIGITS.get(u.group(), u.group()) for u in units)):
        return
    edits = [Edit(unit.start(), unit.end(), _DIGITS[unit.group()], True) for unit in disguised]
    yield from sorted([*edits, *(Edit(bar, bar + 1, "-", number.string[bar] != "|") for bar in bars if bar >= 0)])


def registered(digits: str) -> bool:
    """Whether ten digits are a Korean business registration number: the last one checks the others.

    Weights 1 3 7 1 3 7 1 3 5; of the ninth product the tens count too (National Tax Service).
    """
    numbers = [int(digit) for digit in digits]
    ninth = numbers[8] * 5
    total = sum(w * n for w, n in zip(_WEIGHTS, numbers, strict=False)) + ninth + ninth // 10
    return (10 - total % 10) % 10 == numbers[9]
