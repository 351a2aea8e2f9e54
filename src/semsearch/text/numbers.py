"""Numbers and units in one spelling: 256기가 = 256 GB = 256gb, 15만5천 = 155,000 = 155000, 27인치 = 27" = 27inch."""

from __future__ import annotations

import re
from decimal import Decimal

# canonical unit: (spellings that may stand after a space, spellings that must be glued to the number)
_UNITS = {
    "gb": ("기가바이트|기가|gigabytes?|gbytes?|gb", ""),
    "tb": ("테라바이트|테라|terabytes?|tb", ""),
    "mb": ("메가바이트|megabytes?|mb", "메가"),
    "mm": ("밀리미터|millimet(?:er|re)s?|mm", "미리"),
    "cm": ("센티미터|센치미터|센티|센치|centimet(?:er|re)s?|cm", ""),
    "km": ("킬로미터|kilomet(?:er|re)s?|km", ""),
    "m": ("미터|met(?:er|re)s?", "m"),
    "kg": ("킬로그램|키로그램|킬로|키로|kilograms?|kgs?", ""),
    "g": ("그램|grams?", "g"),
    "ml": ("밀리리터|millilit(?:er|re)s?|ml", ""),
    "l": ("리터|lit(?:er|re)s?", "l"),
    "inch": ("인치|inch(?:es)?", "in|\"|″|”|''"),
    "ft": ("피트|feet|ft", ""),
    "kw": ("킬로와트|kw", ""),
    "w": ("와트|watts?", "w"),
    "kv": ("kv", ""),
    "v": ("볼트|volts?", "v"),
    "ghz": ("기가헤르츠|ghz", ""),
    "mhz": ("메가헤르츠|mhz", ""),
    "khz": ("khz", ""),
    "hz": ("헤르츠|hertz|hz", ""),
    "mah": ("밀리암페어|mah", ""),
    "평": ("", "평형?"),
}
UNITS = frozenset(_UNITS)
_SCALES = {"십": 10, "백": 100, "천": 1_000}
_MYRIADS = {"만": 10_000, "억": 100_000_000}
_STORAGE_GB = {str(2**n) for n in range(4, 11)}

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?)"
_HAS_DIGIT = re.compile(r"\d")
_HAS_AMOUNT = re.compile(r"\d\s?[억만천백십]|\d\s?(?:원|won|krw)")
# 15만 5천 is one amount; a number after a space belongs to it only when a scale follows that number too
_AMOUNT = re.compile(
    rf"(?<![\w.,]){_NUMBER}(?:\s?[천백십만억]+(?:\s?{_NUMBER}(?=\s?[천백십만억])|\d{{1,4}}(?![\d.,a-z]))?)+"
    r"(?:\s?(?:원|won\b|krw\b)|(?![\w])|(?=대|에|까지|이하|이상|정도|짜리|선))"
)
_WON = re.compile(rf"(?<![\w.,])({_NUMBER})\s?(?:원|won\b|krw\b)")
_PLAIN = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?![\w]|[.,]\d)")


def _unit_pattern() -> re.Pattern[str]:
    spaced = "|".join(f"(?P<s_{i}>{far})" for i, (far, _) in enumerate(_UNITS.values()) if far)
    glued = "|".join(f"(?P<g_{i}>{near})" for i, (_, near) in enumerate(_UNITS.values()) if near)
    return re.compile(rf"(?<![a-z\d.,])({_NUMBER})(?:[\s-]?(?:{spaced})|(?:{glued}))(?![a-z\d])")


_WITH_UNIT = _unit_pattern()
_NAMES = list(_UNITS)


def canonical(text: str) -> str:
    """`text` (search view) with its numbers in one spelling: a number and its unit become one word.

    256기가 → 256gb, 17" → 17inch, 15만5천원 → 155000, 1,000 → 1000, 3.0 → 3. A storage size written
    with g (256g) is meant in gb. Other text stays as it is.
    """
    if not _HAS_DIGIT.search(text):
        return text
    if _HAS_AMOUNT.search(text):
        text = _AMOUNT.sub(_amount, text)
        text = _WON.sub(lambda m: _apart(m, _tidy(m[1])), text)
    text = _WITH_UNIT.sub(_with_unit, text)
    return _PLAIN.sub(lambda m: _tidy(m.group()), text)


def _with_unit(match: re.Match[str]) -> str:
    name = next(key for key, value in match.groupdict().items() if value)
    unit, number = _NAMES[int(name[2:])], _tidy(match.group(1))
    if unit == "g" and number in _STORAGE_GB:
        unit = "gb"
    return _apart(match, number + unit)


def _apart(match: re.Match[str], word: str) -> str:
    """A Hangul ending (256기가짜리) becomes a word of its own."""
    following = match.string[match.end() : match.end() + 1]
    return f"{word} " if following.isalnum() else word


def _amount(match: re.Match[str]) -> str:
    """The value of 1억 2천만, 15만5천 and of the spoken 15만5, which means 15만5천."""
    total, section = Decimal(0), Decimal(0)
    parts = re.findall(rf"({_NUMBER})|([천백십만억])", match.group())
    pending: Decimal | None = None
    last_scale = ""
    for number, scale in parts:
        if number:
            pending = Decimal(number.replace(",", ""))
        elif scale in _SCALES:
            section += (Decimal(1) if pending is None else pending) * _SCALES[scale]
            pending = None
        else:
            section += pending or 0
            total += (section or 1) * _MYRIADS[scale]
            section, pending = Decimal(0), None
        last_scale = scale or last_scale
    if pending is not None and last_scale == "만" and pending < 10:
        pending *= 1000
    total += section + (pending or 0)
    return _apart(match, _tidy(f"{total:f}"))


def _tidy(number: str) -> str:
    """1,000 → 1000, 3.50 → 3.5, 3.0 → 3."""
    plain = number.replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
