"""Personal data become typed placeholders such as [PHONE_1], the same one for the same value within one text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from semsearch.llm.guard.personal import Found, personal
from semsearch.text.abuse.contacts import Contact
from semsearch.text.abuse.reading_post import read_post

KINDS = ("phone", "email", "url", "messenger", "account", "business", "rrn", "card", "address")
_RANK = ("rrn", "card", "email", "url", "address", "phone", "account", "business", "messenger").index
_NAMES = "|".join(kind.upper() for kind in KINDS)
PLACEHOLDER = re.compile(rf"\[(?P<kind>{_NAMES})_(?P<number>[0-9]{{1,6}})\]")
_PART = "A-Za-z0-9@_ㅇ○◯〇공영령일이삼사오육륙칠팔구⓪①-⑨"
_TOUCHING = re.compile(rf"[{_PART}.+-]\[(?:{_NAMES})_[0-9]|\[(?:{_NAMES})_[0-9]{{1,6}}\][{_PART}]")
"""What is left of a word or number beside a placeholder may be a contact by itself."""
_ROUNDS = 3
_OF_READING = {"virtual_phone": "phone"}


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without personal data, as far as they are recognised."""

    text: str
    placeholders: Mapping[str, int]
    """Kind, such as phone, to how many were replaced."""
    undisguised: str
    """The text before, as a reader sees it, in small letters; empty when nothing in it was disguised."""


def redacted(text: str, upto: int | None = None) -> Redacted:
    """The text with placeholders; of what begins at `upto` or later, nothing.

    Something personal that begins before `upto` is replaced as a whole, so that no half of it is left. Numbers of
    placeholders go on after those that stand in the text already; what is redacted stays as it is.
    """
    reading = read_post(text)
    found = _apart(_all(text, reading.contacts))
    counted: Counter[str] = Counter()
    end = len(text) if upto is None else min(upto, len(text))
    for _ in range(_ROUNDS):
        found = [one for one in found if one.start < end]
        text = _replaced(text, found, end)
        counted.update(one.kind for one in found)
        if not found or not _TOUCHING.search(text):
            break
        found, end = _apart(_all(text, read_post(text).contacts)), len(text)
    return Redacted(text, dict(counted), reading.view if reading.disguised else "")


def _replaced(text: str, found: Sequence[Found], end: int) -> str:
    numbers = _standing(text)
    names: dict[tuple[str, str], str] = {}
    parts: list[str] = []
    at = 0
    for one in found:
        name = names.get(one[:2])
        if name is None:
            numbers[one.kind] += 1
            name = names[one[:2]] = f"[{one.kind.upper()}_{numbers[one.kind]}]"
        parts += (text[at : one.start], name)
        at = one.end
    return "".join((*parts, text[at:end]))


def _all(text: str, contacts: Sequence[Contact]) -> list[Found]:
    """Everything personal that is found, also twice."""
    found = [Found(_OF_READING.get(c.kind, c.kind), c.key.partition(":")[2], c.start, c.end) for c in contacts]
    found += personal(text, _lower(text))
    return [one for one in found if not PLACEHOLDER.search(text, max(0, one.start - 1), one.end + 1)]


def _lower(text: str) -> str:
    """The text in small letters, each in its place: İ, whose small letter takes two characters, stays."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(low if len(low := c.lower()) == 1 else c for c in text)


def _apart(found: Iterable[Found]) -> list[Found]:
    """Those that overlap no better one, by place: what is sure of its kind goes before what may be several."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (_RANK(f.kind), f.start - f.end)):
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda f: f.start)


def _standing(text: str) -> Counter[str]:
    """The highest number of each kind of placeholder that stands in the text already."""
    highest: Counter[str] = Counter()
    for found in PLACEHOLDER.finditer(text) if "[" in text else ():
        kind = found["kind"].lower()
        highest[kind] = max(highest[kind], int(found["number"]))
    return highest
