"""A view of a text and where each of its characters comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Edit(NamedTuple):
    """`text[start:end]` becomes `new`; `evasive` when nobody writes so but to slip past a filter."""

    start: int
    end: int
    new: str
    evasive: bool = False


@dataclass(frozen=True, slots=True)
class Spanned:
    """A view, and the span of the original under each of its characters.

    `starts` and `ends` are as long as `text`, count code points of the original, and never fall.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def whole(cls, text: str) -> Spanned:
        """A text as a view of itself."""
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that `text[start:end]` was made of; an empty span stays empty."""
        size = len(self.text)
        start, end = max(0, min(start, size)), max(0, min(end, size))
        if start < end:
            return self.starts[start], self.ends[end - 1]
        place = self.starts[start] if start < size else self.ends[-1] if size else 0
        return place, place

    def edited(self, edits: Sequence[Edit]) -> Spanned:
        """The view after edits, which stand in order and do not overlap.

        An edit that keeps its length maps character by character; else each new character comes from the whole span.
        """
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for edit in edits:
            if len(edit.new) == edit.end - edit.start:
                continue
            starts += self.starts[at : edit.start]
            ends += self.ends[at : edit.start]
            first, last = self.origin(edit.start, edit.end)
            starts += [first] * len(edit.new)
            ends += [last] * len(edit.new)
            at = edit.end
        starts += self.starts[at:]
        ends += self.ends[at:]
        return Spanned(rewritten(self.text, edits), starts, ends)


def rewritten(text: str, edits: Sequence[Edit]) -> str:
    """The text after edits, which stand in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += (text[at : edit.start], edit.new)
        at = edit.end
    return "".join((*parts, text[at:]))


def sources(edits: Sequence[Edit], places: Sequence[int], *, last: bool) -> list[int]:
    """Where the characters at `places` of the rewritten text come from: the first character of it, or the last.

    `places` do not fall, nor does what is returned. The same as `Spanned.edited` gives, for a few places only.
    """
    found: list[int] = []
    at, grown = 0, 0
    for place in places:
        while at < len(edits) and edits[at].start + grown + len(edits[at].new) <= place:
            grown += len(edits[at].new) - (edits[at].end - edits[at].start)
            at += 1
        edit = edits[at] if at < len(edits) else None
        if edit and edit.start + grown <= place and len(edit.new) != edit.end - edit.start:
            found.append(edit.end - 1 if last else edit.start)
        else:
            found.append(place - grown)
    return found
