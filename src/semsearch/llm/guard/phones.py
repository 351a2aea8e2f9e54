"""Phone numbers in any disguise that a person can read: 영|영*6О6⑨*784|, 20,six,,778,⑨,five,②④.

`semsearch.text.abuse` finds those that a scan may take for one contact of many posts, and misses on purpose what could
be anything. Here a number that is missed leaves the house, and one too many costs a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_HANGUL = ("공영령", "일", "이", "삼", "사", "오", "육륙", "칠", "팔", "구")
_SHAPES = ("oоοㅇ○◯〇", "liｌ|ㅣ", "", "", "", "", "", "", "", "")
VALUES = {
    **{name: str(value) for value, name in enumerate(_NAMES)},
    **{char: str(value) for table in (_HANGUL, _SHAPES) for value, chars in enumerate(table) for char in chars},
    **{char: str(value) for value, char in enumerate("⓪①②③④⑤⑥⑦⑧⑨")},
}
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
GAP = r"[\s.\-_*~/·,()ㅡ–—♥★☆]{0,5}"
"""What may stand between two digits of one number."""
_WIDE_GAP = GAP.replace("5", "9")
"""Between numbers that are spelled in English: 20 - six -  - 778."""
_OTHER_LATIN = "a-hj-km-np-z"
"""Beside one of these an o, l or i is a letter of a word."""
TYPED = re.compile("[oliоο|ㅇ○◯〇ㅣ]")


def _unit(values: str, *, hangul: bool) -> str:
    """A pattern of one digit of `values`, or of what stands for it."""
    numbers = [int(value) for value in values]
    chars = values + "".join(_CIRCLED[n] for n in numbers)
    names = "|".join(_NAMES[n] for n in numbers)
    shapes = "".join(_SHAPES[n] for n in numbers)
    if hangul:
        chars += "".join(_HANGUL[n] for n in numbers) + re.sub("[oliｌоο|]", "", shapes)
    latin = "".join(char for char in shapes if char in "oliоο|")
    typed = f"|(?<![{_OTHER_LATIN}])[{latin}](?![{_OTHER_LATIN}])" if latin else ""
    return f"(?:[{chars}]{typed}|(?:{names}))"


def _korean() -> re.Pattern[str]:
    zero, any_ = _unit("0", hangul=True), _unit("0123456789", hangul=True)
    rest = f"(?:{GAP}{any_}){{7,8}}"
    mobile = f"{_unit('1', hangul=True)}{GAP}{_unit('016789', hangul=True)}{rest}"
    virtual = f"{_unit('5', hangul=True)}{GAP}{zero}{GAP}{any_}{rest}"
    begin = f"(?:(?<![0-9a-z]){zero}|[⓪공영령ㅇ○◯〇])"
    return re.compile(f"{begin}{GAP}(?:{mobile}|{virtual})(?![0-9])")


def _american() -> re.Pattern[str]:
    first, unit = _unit("23456789", hangul=False), _unit("0123456789", hangul=False)
    return re.compile(
        rf"(?<![0-9a-z])(?<!\d[.,/-])(?:\+?1{GAP})?(?P<ten>{first}(?:{_WIDE_GAP}{unit}){{9}})(?![0-9a-z]|[./-]\d)"
    )


_KOREAN, _AMERICAN = _korean(), _american()
_NATIONAL = re.compile("(?<![0-9a-z.,-])0[0-9]{9,10}(?![0-9a-z])")
"""Of most other countries: a zero and nine or ten digits without a gap. No price begins with a zero."""
_UNIT = re.compile(_unit("0123456789", hangul=True))
_FEWEST_SURE = 5
"""Digits and numerals that a number has at least: the shapes o, l and ㅇ may be anything."""


def phones(lower: str) -> Iterator[tuple[str, int, int]]:
    """(digits, start, end) of the phone numbers in a lower-case text.

    Korean mobile and virtual numbers and ten-digit American ones in any disguise, those of other countries as digits.
    """
    for found in _KOREAN.finditer(lower):
        number = _Written.of(found[0])
        if number.n_sure >= _FEWEST_SURE and (len(number.gaps) < 3 or number.parts(3, len(number.digits) - 4)):
            yield number.digits, *found.span()
    for found in _NATIONAL.finditer(lower):
        yield found[0], *found.span()
    for found in _AMERICAN.finditer(lower):
        number = _Written.of(found["ten"])
        if _is_american(number):
            yield number.digits, *found.span("ten")


class _Written(NamedTuple):
    """The digits of a number and how they stand."""

    digits: str
    n_sure: int
    """Digits and numerals, not shapes."""
    spelled: bool
    """Whether one of them is no ASCII digit."""
    gaps: dict[int, str]
    """Place of a digit to what stands before it."""

    @classmethod
    def of(cls, written: str) -> _Written:
        units = list(_UNIT.finditer(written))
        texts = [unit[0] for unit in units]
        between = ((i, written[units[i - 1].end() : units[i].start()]) for i in range(1, len(units)))
        return cls(
            "".join(VALUES.get(text, text) for text in texts),
            sum(not TYPED.fullmatch(text) for text in texts),
            any(text not in "0123456789" for text in texts),
            {i: gap for i, gap in between if gap},
        )

    def parts(self, *places: int) -> bool:
        """Whether something stands before each of these digits."""
        return all(place in self.gaps for place in places)


def _is_american(number: _Written) -> bool:
    """Whether ten digits are 3-3-4, and not prices or a list: no group reaches from one part into the next.

    Parts are whole and stand apart by the same signs, or are spelled, or each digit stands alone; or there is no gap.
    """
    if number.digits[0] < "2" or number.digits[3] < "2":
        return False
    if not number.gaps:
        return not number.spelled
    whole = len(number.gaps) == 2 and len(set(number.gaps.values())) == 1
    brackets = [gap.strip() for gap in number.gaps.values()] in ([")", "-"], [")", ""], [")", "."])
    return number.parts(3, 6) and (whole or brackets or number.spelled or len(number.gaps) == 9)
