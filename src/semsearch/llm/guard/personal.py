"""Personal data that no scan looks for, and contacts that it lets pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from semsearch.llm.guard.addresses import addresses
from semsearch.llm.guard.long_numbers import long_numbers
from semsearch.llm.guard.phones import phones


class Found(NamedTuple):
    """Something to take out of a text."""

    kind: str
    """One of `redaction.KINDS`."""
    key: str
    """The same for every spelling."""
    start: int
    end: int


_MAIL = re.compile(
    r"(?<![a-z0-9._%+-])(?P<name>[a-z0-9][a-z0-9._%+-]{1,63}) ?[\[({<] ?(?:a|at|@) ?[\])}>] ?"
    r"(?P<domain>[a-z0-9-]{2,40}) ?[\[({<]? ?(?:\.|d[o0]t|닷|점|。) ?[\])}>]? ?(?P<top>[a-z]{2,10})(?![a-z0-9])"
)
_MAIL_AT = re.compile(
    r"(?<![a-z0-9._%+-])(?P<name>[a-z0-9][a-z0-9._%+-]{1,63}) at (?P<domain>[a-z0-9-]{2,40})"
    r"(?: d0t | ?[\[(](?:\.|d[o0]t)[\])] ?)(?P<top>[a-z]{2,10})"
)
_LINK = re.compile(
    r"(?<![\w.@])(?P<host>(?:[a-z0-9][a-z0-9-]{0,40}(?:[.。]| 점 | dot | ?[\[(](?:\.|d[o0]t|점)[\])] ?))+"
    r"(?:com|net|org|kr|me|ly|gg|io|shop|xyz|top))"
    r"(?P<path> {0,2}/ ?[!-.0-~]+(?: ?/ ?[!-.0-~]+){0,4})"
)
_DOT = re.compile(r" ?[\[(](?:\.|d[o0]t|점)[\])] ?|[.。]| 점 | dot ")
_HANDLE = re.compile(r"(?<![\w.@/])@[a-z][a-z0-9_.]{2,30}[a-z0-9_](?![@\w\[])")
_NAMED = re.compile(
    r"(?<![a-z0-9])(?:snap(?:chat)?|tg|insta(?:gram)?|ig|kik|viber|signal|discord|telegr[ae]?m|whats ?app|we ?chat"
    r"|카톡|톡|텔레(?:그램)?|텔그|라인|인스타|디코)(?: ?(?:id|아이디))?(?: ?[:=@→▶>] ?@?| )"
    r"(?P<id>(?=[a-z0-9_.]*\d)[a-z][a-z0-9_.]{3,30})(?![a-z0-9@])"
)


def personal(text: str, lower: str) -> Iterator[Found]:
    """What is personal in a text, in no order; `lower` is the text in lower case, as long as it."""
    for number in long_numbers(lower):
        yield Found(*number)
    for found in phones(lower):
        yield Found("phone", *found)
    for found in addresses(text):
        yield Found("address", *found)
    for mail in _MAIL.finditer(lower) if "(" in lower or "[" in lower else ():
        yield Found("email", f"{mail['name']}@{mail['domain']}.{mail['top']}", *mail.span())
    for mail in _MAIL_AT.finditer(lower) if " at " in lower else ():
        yield Found("email", f"{mail['name']}@{mail['domain']}.{mail['top']}", *mail.span())
    for link in _LINK.finditer(lower) if "/" in lower else ():
        host = _DOT.sub(".", link["host"])
        yield Found("url", host + link["path"].replace(" ", ""), *link.span())
    for handle in _HANDLE.finditer(lower) if "@" in lower else ():
        yield Found("messenger", handle[0].removeprefix("@"), *handle.span())
    for named in _NAMED.finditer(lower):
        yield Found("messenger", named["id"], *named.span("id"))
