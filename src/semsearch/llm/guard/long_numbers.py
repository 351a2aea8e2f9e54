"""Resident numbers, cards and bank accounts, with any signs between their parts: 900101.1234567, 4111/1111/1111/1111.

Dates, check digits, and the name of a bank before an account keep them apart from part numbers and lists of prices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from semsearch.llm.guard.phones import GAP, TYPED, VALUES

_APART = GAP.replace("0", "1")
_DATE = r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_LIKELY = re.compile(rf"\d(?:{GAP.replace('*', '')}[\d*]){{11}}")
"""A star counts as a digit here, never as what stands between two, so that there is one way to read a row of them."""
_RRN = re.compile(
    rf"(?<!\d)(?<!\d-)(?P<date>{_DATE})(?P<bar>{GAP})(?P<rest>[1-8][\d*]{{6}})"
    r"(?!\d)(?!-\d)(?P<price> ?(?:원|won\b|krw))?"
)
_CARD = re.compile(
    rf"(?<!\d)(?<!\d[.,-])(?=[3-6]|2[2-7])(?=(?P<number>\d{{4}}(?:{GAP}\d{{4}}){{3}}(?:{GAP}\d{{1,3}})?"
    rf"|\d{{4}}(?:[ .-]?\d{{4}}){{2}}(?:[ .-]?\d{{1,3}})?"
    rf"|3[47]\d\d{GAP}\d{{6}}{GAP}\d{{5}}|3\d{{3}}{GAP}\d{{6}}{GAP}\d{{4}})(?!\d)(?!-\d))"
)
"""Looks ahead, so that a number that stands before a card hides none of it. Of three fours with other signs between
them (NP-3030/3240/3345) a catalogue is full."""
_SCATTERED = re.compile(rf"(?<!\d)(?<!\d[.,-])(?P<number>\d(?:{_APART}\d){{12,18}})(?!\d)")
"""Each digit alone."""
_RRN_DIGITS = re.compile(rf"{_DATE}[1-8]\d{{6}}")
_BANK = "국민|신한|은행|뱅크|카뱅|케뱅|토스|농협|신협|수협|새마을|우체국|kb|nh|ibk|계좌|입금|account|acct|iban"
"""Wider than what a scan takes for one account of many posts."""
_ACCOUNT = re.compile(
    rf"(?:{_BANK})(?!\D{{0,8}}(?:송장|등기|택배))\D{{0,12}}(?P<number>\d(?:{GAP}\d){{9,13}})(?!\d)(?! ?원)"
)
_ACCOUNT_LIKELY = re.compile(_BANK)
_READ = str.maketrans({char: digit for char, digit in VALUES.items() if len(char) == 1})
_MOST_TYPED = 5
"""Letters and signs that stand for digits in one number; the others are digits or numerals."""


def long_numbers(lower: str) -> Iterator[tuple[str, str, int, int]]:
    """(rrn, card or account; digits; start; end) of a lower-case text, in no order; some of them twice."""
    read = lower.translate(_READ)
    for text in (lower,) if read == lower else (lower, read):
        for kind, digits, start, end in (*_accounts(text), *(_sure(text) if _LIKELY.search(text) else ())):
            if len(TYPED.findall(lower, start, end)) <= _MOST_TYPED:
                yield kind, digits, start, end


def _accounts(text: str) -> Iterator[tuple[str, str, int, int]]:
    for found in _ACCOUNT.finditer(text) if _ACCOUNT_LIKELY.search(text) else ():
        yield "account", _digits(found["number"]), *found.span("number")


def _sure(text: str) -> Iterator[tuple[str, str, int, int]]:
    for found in _RRN.finditer(text):
        digits = found["date"] + found["rest"]
        if _is_resident(digits, found["bar"], price=bool(found["price"])):
            yield "rrn", digits, found.start(), found.end("rest")
    for found in _CARD.finditer(text):
        digits = _digits(found["number"])
        if luhn(digits):
            yield "card", digits, *found.span("number")
    for found in _SCATTERED.finditer(text):
        digits = _digits(found["number"])
        if _RRN_DIGITS.fullmatch(digits):
            yield "rrn", digits, *found.span("number")
        elif luhn(digits) and digits[0] in "23456":
            yield "card", digits, *found.span("number")


def luhn(digits: str) -> bool:
    """Whether the last digit of a card's number checks the others (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _digits(written: str) -> str:
    return "".join(filter(str.isdecimal, written))


def _is_resident(digits: str, bar: str, *, price: bool) -> bool:
    """Whether a date and seven digits are a resident number, and not a bar code, or a date and a price."""
    if "*" in digits or "-" in bar:
        return True
    return not price if bar else _checks(digits) or not _is_barcode(digits)


def _checks(digits: str) -> bool:
    """Check digit of resident numbers given out until October 2020: weights 2 to 9, 2 to 5, modulo 11."""
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    total = sum(w * int(d) for w, d in zip(weights, digits, strict=False))
    return (11 - total % 11) % 10 == int(digits[12])


def _is_barcode(digits: str) -> bool:
    """Check digit of an EAN-13."""
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits[:12]))
    return (10 - total % 10) % 10 == int(digits[12])
