"""Numbers, sizes and codes, which are compared exactly or not at all.

What a text says of money and time names no item: 정가 36만, 2024년 구매, 3시 이후, $49 and phone numbers are taken out
before the text is cut, so that they neither tie nor contradict.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from semsearch.text.tokens import CODE, HANGUL, LATIN, NUMBER, SIZE, Atom, amount, word

_N = r"\d[\d,]*(?:\.\d+)?"
_TIME = r"년도?|개월|월|일|주일?|시간?|분|초|박"
_TIME_EN = r"(?:year|month|week|day|hour|minute|time)s?|hrs?|mins?|am|pm"
# 3시리즈 and 2024년형 name a thing: after a unit of time only what goes on about the time may follow
_GOES_ON = r"(?![가-힣])|(?=에|쯤|경|이[전후내상하]|전|후|째|정도|간|부터|까지|사용|구[매입]|구매|된|만)"
_ASIDE = re.compile(
    r"0\d{1,2}[-. ]\d{3,4}[-. ]\d{4}(?!\d)"  # a phone number
    r"|(?<!\d)(?:19|20)?\d\d[-./]\d{1,2}[-./]\d{1,2}(?![\d.])|(?<!\d)\d{1,2}:\d\d(?!\d)"  # a date, a time
    rf"|[₩$€£¥]\s?{_N}"
    rf"|(?<![\w.]){_N}\s?(?:[십백천만억]+(?:\s?{_N}\s?[십백천만]+|\d{{1,4}}(?!\w))?\s?(?:원|(?!\w)|(?=대|에|까지|정도|짜리|선|주고))"
    r"|원(?![가-힣])|원(?=에|대|이|까지|정도|짜리)|(?:won|krw|usd|eur|dollars?)\b)"
    rf"|(?<![\w.]){_N}\s?(?:(?:{_TIME})(?:{_GOES_ON})|(?:{_TIME_EN})\b|%|퍼센트|번\s?(?:착용|사용|입|신|쓰|썼))"
    r"|(?<![\w.])\d+\s?(?:개|명|장|대|벌|회|켤레|pcs?\b|pieces?\b)(?![가-힣])"
)
_HAS_DIGIT = re.compile(r"\d")
_UNIT = re.compile(r"([\d.]+)(\D+)")
_DIGITS = re.compile(r"\d")

# canonical unit: (what it measures, how many of the smallest)
_SCALES = {
    "tb": ("gb", 1024.0), "gb": ("gb", 1.0), "mb": ("gb", 1 / 1024), "m": ("mm", 1000.0), "cm": ("mm", 10.0),
    "mm": ("mm", 1.0), "kg": ("g", 1000.0), "g": ("g", 1.0), "l": ("ml", 1000.0), "ml": ("ml", 1.0),
    "kw": ("w", 1000.0), "w": ("w", 1.0), "ghz": ("hz", 1e9), "mhz": ("hz", 1e6), "khz": ("hz", 1e3), "hz": ("hz", 1.0),
}  # fmt: skip
_STORAGE = frozenset({"64", "128", "256", "512", "1024"})
_FEET = frozenset(str(n) for n in range(215, 305, 5))
"""Sizes of shoes in mm, as they are written without a unit."""
_COMPARABLE = 4.0
"""Two sizes that are further apart than this are of two things: 16 GB of memory do not contradict 512 GB of disk."""
_TERSE = 2
_LONGEST_CODE, _MOST = 40, 0.7
"""Characters of a code that is taken apart, and the share of it that must be found."""
_LONGEST = 5
"""Digits of a number that names a model; one of so many that ends in 00 is a price."""


def without_asides(text: str) -> str:
    """`text` (search view) without prices, times, phone numbers and counts of pieces."""
    return _ASIDE.sub(" ", text) if _HAS_DIGIT.search(text) else text


@lru_cache(maxsize=1 << 14)
def measured(size: str) -> tuple[str, float]:
    """What a size measures and how much, in the smallest unit: 27cm → mm, 270."""
    match = _UNIT.fullmatch(size)
    if not match or match[1].count(".") > 1:
        return size, 1.0
    unit, scale = _SCALES.get(match[2], (match[2], 1.0))
    return unit, round(float(match[1]) * scale, 6)


def unit_of(number: str) -> str:
    """The unit that a bare number is written without: 256 is gb, 270 is mm; '' for any other."""
    return "gb" if number in _STORAGE else "mm" if number in _FEET else ""


@lru_cache(maxsize=1 << 14)
def shape(code: str) -> str:
    """A code with its digits hidden, as long as they are: s23 → s##."""
    return _DIGITS.sub("#", code)


@dataclass(frozen=True, slots=True)
class Quantities:
    """What one text says in numbers."""

    numbers: frozenset[str] = frozenset()
    """Bare numbers, and those of sizes (270mm → 270)."""
    sizes: dict[str, dict[float, str]] = field(default_factory=dict)
    """By what they measure: how much, and as written."""
    bare: dict[str, dict[float, str]] = field(default_factory=dict)
    """Likewise of bare numbers that are read as sizes."""
    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By their shape."""
    following: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Numbers and codes right after a word: by the word's token or its group's."""
    terse: bool = False
    """Whether the text is a value, not a sentence: two words at most."""


def quantities(atoms: Sequence[Atom], groups: Sequence[tuple[str, int, int]]) -> Quantities:
    """What the atoms of one text say in numbers; `groups` are (group token, start, end) among the atoms."""
    if not any(NUMBER <= atom.kind <= CODE for atom in atoms):
        return NONE
    numbers: set[str] = set()
    sizes: dict[str, dict[float, str]] = {}
    bare: dict[str, dict[float, str]] = {}
    codes: dict[str, tuple[str, ...]] = {}
    for text, kind in atoms:
        if kind == NUMBER:
            numbers.add(text)
            if unit := unit_of(text):
                bare.setdefault(unit, {})[float(text)] = text
        elif kind == SIZE:
            numbers.add(amount(text))
            unit, value = measured(text)
            sizes.setdefault(unit, {})[value] = text
        elif kind == CODE:
            codes[shape(text)] = (*codes.get(shape(text), ()), text)
    return Quantities(frozenset(numbers), sizes, bare, codes, _following(atoms, groups), len(atoms) <= _TERSE)


NONE = Quantities()


def _following(atoms: Sequence[Atom], groups: Sequence[tuple[str, int, int]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for left, right in pairwise(atoms):
        if right.kind in (NUMBER, CODE) and left.kind in (HANGUL, LATIN):
            found[word(left)] = (*found.get(word(left), ()), right.text)
    for token, _, end in groups:
        if end < len(atoms) and atoms[end].kind in (NUMBER, CODE):
            found[token] = (*found.get(token, ()), atoms[end].text)
    return found


def together(first: Quantities, others: Sequence[Quantities]) -> Quantities:
    """One item's: what its title says (`first`) counts before what the rest of it says of the same thing.

    Bare numbers are read as sizes in the title and in an attribute (260, 사이즈 260), not in sentences.
    """
    others = [other for other in others if other is not NONE]
    if not others:
        return first
    sizes, bare, codes, following = dict(first.sizes), dict(first.bare), dict(first.codes), dict(first.following)
    for other in others:
        for unit, values in other.sizes.items():
            if unit not in first.sizes and unit not in first.bare:
                sizes[unit] = {**sizes.get(unit, {}), **values}
        for unit, values in other.bare.items():
            if other.terse and unit not in first.sizes and unit not in first.bare:
                bare[unit] = {**bare.get(unit, {}), **values}
        for key, named in other.codes.items():
            codes.setdefault(key, named)
        for key, named in other.following.items():
            following.setdefault(key, named)
    numbers = first.numbers.union(*(other.numbers for other in others))
    return Quantities(numbers, sizes, bare, codes, following)


def has(asked: Atom, item: Quantities) -> bool:
    """Whether an item says this number or size, in whatever unit of the same kind."""
    if asked.kind == NUMBER:
        return asked.text in item.numbers
    unit, value = measured(asked.text)
    if value in item.sizes.get(unit, ()) or value in item.bare.get(unit, ()):
        return True
    # 41 is 41mm where nothing else is said in mm
    return unit not in item.sizes and amount(asked.text) in item.numbers


def of_code(asked: str, item: Quantities, held: Container[str]) -> tuple[str, float]:
    """What an item has for a code that it does not write alike, and for how much of it.

    The code with letters before or after it (7m3, a7m3), or its pieces: s9fe256gb is s9 fe 256gb.
    """
    for codes in item.codes.values():
        for code in codes:
            if asked in code or code in asked:
                longer, shorter = (code, asked) if len(code) > len(asked) else (asked, code)
                if not _HAS_DIGIT.search(longer.replace(shorter, "", 1)):
                    return code, 1.0
    pieces: list[str] = []
    at = 0
    while at < min(len(asked), _LONGEST_CODE):
        end = next((end for end in range(len(asked), at + 1, -1) if asked[at:end] in held), at)
        pieces += [asked[at:end]] if end > at else []
        at = max(at + 1, end)
    share = sum(map(len, pieces)) / len(asked)
    return (" ".join(pieces), share) if share >= _MOST else ("", 0.0)


def otherwise(asked: Atom, wanted: frozenset[str], item: Quantities) -> str:
    """What an item that lacks this number, size or code says in its place; '' when it says nothing of the kind.

    `wanted` are all numbers and codes that are asked for: what ties to one of them takes no other's place.
    """
    if asked.kind == CODE:
        return next((code for code in item.codes.get(shape(asked.text), ()) if code not in wanted), "")
    unit, value = measured(asked.text) if asked.kind == SIZE else (unit_of(asked.text), float(asked.text))
    if not unit:
        return ""
    for held in (item.sizes.get(unit, {}), item.bare.get(unit, {})):
        for other, written in held.items():
            if max(other, value) <= _COMPARABLE * min(other, value) and amount(written) not in wanted:
                return written
    return ""


def another(asked: Atom, keys: Sequence[str], wanted: frozenset[str], item: Quantities) -> str:
    """The number or code that an item has right after the word (one of `keys`) where `asked` was asked for."""
    for key in keys:
        for other in item.following.get(key, ()):
            if other not in wanted and _alike(asked, other):
                return other
    return ""


def _alike(asked: Atom, other: str) -> bool:
    """Whether `other` could stand where `asked` does: a code for a code, a model's number for a model's number.

    아이폰 14 is contradicted by 아이폰 15, not by 아이폰 256 or 아이폰 2022.
    """
    plain = other.replace(".", "").isdigit()
    if asked.kind == CODE:
        return not plain and other not in asked.text
    if not plain or unit_of(other) != unit_of(asked.text):
        return False
    long, short = max(len(other), len(asked.text)), min(len(other), len(asked.text))
    priced = long == _LONGEST and other.endswith("00")
    return long <= _LONGEST and not priced and (long <= 2 or long == short)
