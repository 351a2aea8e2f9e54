"""Personal data that no scan looks for: resident numbers, cards, addresses; and contacts that it lets pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from semsearch.llm.guard.addresses import addresses
from semsearch.llm.guard.phones import phones


class Found(NamedTuple):
    """Something to take out of a text."""

    kind: str
    """One of `redaction.KINDS`."""
    key: str
    """The same for every spelling."""
    start: int
    end: int


_LONG_NUMBER = re.compile(r"\d(?:[ .~–—-]{0,3}[\d*]){12}")
_RRN = re.compile(
    r"(?<![\d-])(?P<date>\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    r"(?P<bar> ?[-–—~] ?|)(?P<rest>[1-8][\d*]{6})(?![\d-])"
)
_CARD = re.compile(
    r"(?<![\d.,-])(?=[3-6]|2[2-7])(?=(?P<number>\d{4}(?:[ .-]?\d{4}){2,3}(?:[ .-]?\d{1,3})?"
    r"|3[47]\d\d[ .-]?\d{6}[ .-]?\d{5}|3\d{3}[ .-]?\d{6}[ .-]?\d{4})(?![\d-]))"
)
"""Looks ahead, so that a number that stands before a card hides none of it."""
_MAIL = re.compile(
    r"(?<![a-z0-9._%+-])(?P<name>[a-z0-9][a-z0-9._%+-]{1,63}) ?[\[({<] ?(?:a|at|@) ?[\])}>] ?"
    r"(?P<domain>[a-z0-9-]{2,40}) ?[\[({<]? ?(?:\.|d[o0]t|닷|점|。) ?[\])}>]? ?(?P<top>[a-z]{2,10})(?![a-z0-9])"
)
_MAIL_AT = re.compile(
    r"(?<![a-z0-9._%+-])(?P<name>[a-z0-9][a-z0-9._%+-]{1,63}) at (?P<domain>[a-z0-9-]{2,40}) d0t (?P<top>[a-z]{2,10})"
)
_LINK = re.compile(
    r"(?<![\w.@])(?P<host>(?:[a-z0-9][a-z0-9-]{0,40}(?:[.。]| 점 | dot ))+(?:com|net|org|kr|me|ly|gg|io|shop|xyz|top))"
    r"(?P<path> {0,2}/ ?[!-.0-~]+(?: ?/ ?[!-.0-~]+){0,4})"
)
_HANDLE = re.compile(r"(?<![\w.@/])@[a-z][a-z0-9_.]{2,30}[a-z0-9_](?![@\w\[])")
_NAMED = re.compile(
    r"(?<![a-z0-9])(?:snap(?:chat)?|tg|insta(?:gram)?|ig|kik|viber|signal|discord|telegr[ae]?m|whats ?app|we ?chat"
    r"|카톡|톡|텔레(?:그램)?|텔그|라인|인스타|디코)(?: ?(?:id|아이디))?(?: ?[:=@→▶>] ?@?| )"
    r"(?P<id>(?=[a-z0-9_.]*\d)[a-z][a-z0-9_.]{3,30})(?![a-z0-9@])"
)


def personal(text: str, lower: str) -> Iterator[Found]:
    """What is personal in a text, in no order; `lower` is the text in lower case, as long as it."""
    if _LONG_NUMBER.search(text):
        yield from _long_numbers(text)
    for found in phones(lower):
        yield Found("phone", *found)
    for found in addresses(text):
        yield Found("address", *found)
    for mail in _MAIL.finditer(lower) if "(" in lower or "[" in lower else ():
        yield Found("email", f"{mail['name']}@{mail['domain']}.{mail['top']}", *mail.span())
    for mail in _MAIL_AT.finditer(lower) if " d0t " in lower else ():
        yield Found("email", f"{mail['name']}@{mail['domain']}.{mail['top']}", *mail.span())
    for link in _LINK.finditer(lower) if "/" in lower else ():
        host = re.sub("[.。]| 점 | dot ", ".", link["host"])
        yield Found("url", host + link["path"].replace(" ", ""), *link.span())
    for handle in _HANDLE.finditer(lower) if "@" in lower else ():
        yield Found("messenger", handle[0].removeprefix("@"), *handle.span())
    for named in _NAMED.finditer(lower):
        yield Found("messenger", named["id"], *named.span("id"))


def _long_numbers(text: str) -> Iterator[Found]:
    for found in _RRN.finditer(text):
        digits = found["date"] + found["rest"]
        if found["bar"] or "*" in digits or _is_resident(digits) or not _is_barcode(digits):
            yield Found("rrn", digits, *found.span())
    for found in _CARD.finditer(text):
        digits = "".join(filter(str.isdecimal, found["number"]))
        if luhn(digits):
            yield Found("card", digits, *found.span("number"))


def luhn(digits: str) -> bool:
    """Whether the last digit of a card's number checks the others (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _is_resident(digits: str) -> bool:
    """Check digit of resident numbers given out until October 2020: weights 2 to 9, 2 to 5, modulo 11."""
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    total = sum(w * int(d) for w, d in zip(weights, digits, strict=False))
    return (11 - total % 11) % 10 == int(digits[12])


def _is_barcode(digits: str) -> bool:
    """Check digit of an EAN-13."""
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits[:12]))
    return (10 - total % 10) % 10 == int(digits[12])
