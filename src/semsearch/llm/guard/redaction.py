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
PLACEHOLDER = re.compile(rf"\[(?P<kind>{'|'.join(kind.upper() for kind in KINDS)})_(?P<number>[0-9]{{1,6}})\]")
_OF_READING = {"virtual_phone": "phone"}


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without personal data, as far as they are recognised."""

    text: str
    placeholders: Mapping[str, int]
    """Kind, such as phone, to how many were replaced."""
    view: str
    """The whole text as a reader sees it, disguises undone (the abuse view, in small letters)."""
    whole: bool
    """False when `upto` left something out."""


def redacted(text: str, upto: int | None = None) -> Redacted:
    """The text with placeholders; of what begins at `upto` or later, nothing.

    Something personal that begins before `upto` is replaced as a whole, so that no half of it is left. Numbers of
    placeholders go on after those that stand in the text already; what is redacted stays as it is.
    """
    reading = read_post(text)
    end = len(text) if upto is None else min(upto, len(text))
    parts: list[str] = []
    counted: Counter[str] = Counter()
    names: dict[tuple[str, str], str] = {}
    numbers = _standing(text)
    at = 0
    for found in _apart(_all(text, reading.contacts)):
        if found.start >= end:
            break
        name = names.get(found[:2])
        if name is None:
            numbers[found.kind] += 1
            name = names[found[:2]] = f"[{found.kind.upper()}_{numbers[found.kind]}]"
        parts += (text[at : found.start], name)
        counted[found.kind] += 1
        at = found.end
    parts.append(text[at:end])
    return Redacted("".join(parts), dict(counted), reading.view, end == len(text))


def _all(text: str, contacts: Sequence[Contact]) -> list[Found]:
    """Everything personal that is found, also twice."""
    lower = text.lower()
    found = [Found(_OF_READING.get(c.kind, c.kind), c.key.partition(":")[2], c.start, c.end) for c in contacts]
    if len(lower) == len(text):
        found += personal(text, lower)
    return [one for one in found if not PLACEHOLDER.search(text, max(0, one.start - 1), one.end + 1)]


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
