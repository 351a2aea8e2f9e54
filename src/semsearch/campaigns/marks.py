"""Where two posts are the same: marks on the texts as they were written.

What is compared is what the nets read, the skeleton with contacts as placeholders, so that a run of it counts as the
same whatever spelling tricks it hides under and wherever it was moved to.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from semsearch.text.abuse.contacts import Contact, in_view
from semsearch.text.abuse.folding import evasions, fold
from semsearch.text.abuse.skeleton import skeleton
from semsearch.text.abuse.spans import Spanned

MOST_CHARS = 1_500
"""Characters of a post that are compared and shown."""
_HALF = 0.5
_RUN = 9
"""Letters of the skeleton in a run that is worth a mark, three syllables: shorter ones are endings (습니다)."""
_WORD = re.compile(r"\S+")
_WORD_BONES = 4
"""Letters of a word that is the same wherever it stands: two syllables."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a post as it was written."""

    text: str
    same: bool
    """Whether the others have it too."""
    contact: str = ""
    """Kind of the contact that this is."""
    disguised: bool = False
    """Whether nobody writes so but to slip past a filter."""


class Marked:
    """One text, ready to be compared with others."""

    def __init__(self, text: str) -> None:
        self.text = text[:MOST_CHARS]
        self.n_cut = len(text) - len(self.text)
        view = fold(self.text)
        found = in_view(view.text)
        self.contacts = tuple(Contact(c.kind, c.key, *view.origin(c.start, c.end)) for c in found)
        self.evasions = evasions(self.text)
        self.bones, self._origins = "", list[tuple[int, int]]()
        self._words = list[tuple[int, int]]()
        at = 0
        for contact in found:
            self._take(view, at, contact.start)
            self._add(skeleton(contact.kind), view.origin(contact.start, contact.end))
            at = contact.end
        self._take(view, at, len(view.text))
        self.runs = frozenset([*_runs(self.bones), *(self.bones[start:end] for start, end in self._words)])

    def against(self, others: Sequence[Marked], tied: Collection[str] = ()) -> tuple[Piece, ...]:
        """The text in pieces: what at least half of the others have too, and what not.

        A contact is one piece, the same when its key is among those that are `tied`.
        """
        same = self._shared(others)
        kinds = [-1] * len(self.text)
        for number, contact in enumerate(self.contacts):
            kinds[contact.start : contact.end] = [number] * (contact.end - contact.start)
        hidden = bytearray(len(self.text))
        for start, end in self.evasions:
            hidden[start:end] = b"\1" * (end - start)

        def look(place: int) -> tuple[int, bool, bool]:
            """Of a contact its number alone: it is one piece."""
            return (kinds[place], False, False) if kinds[place] >= 0 else (-1, bool(same[place]), bool(hidden[place]))

        pieces = []
        for (number, is_same, is_hidden), places in groupby(range(len(self.text)), look):
            run = list(places)
            text = self.text[run[0] : run[-1] + 1]
            if number < 0:
                pieces.append(Piece(text, is_same, "", is_hidden))
                continue
            contact = self.contacts[number]
            pieces.append(Piece(text, contact.key in tied, contact.kind, any(hidden[run[0] : run[-1] + 1])))
        return tuple(pieces)

    def _shared(self, others: Sequence[Marked]) -> bytearray:
        """Which characters are in a run that at least half of the others have, spaces and symbols within included."""
        same = bytearray(len(self.text))
        counts = [0] * len(self.bones)
        for other in others:
            for place, held in enumerate(self._covered(self.runs & other.runs)):
                counts[place] += held
        held_by = dict[tuple[int, int], bool]()
        for origin, count in zip(self._origins, counts, strict=True):
            held_by[origin] = held_by.get(origin, True) and _most(count, others)
        last: tuple[int, bool] = (0, False)
        for (start, end), held in held_by.items():
            if held:
                first = last[0] if last[1] else start
                same[first:end] = b"\1" * (end - first)
            last = end, held
        return same

    def _covered(self, shared: frozenset[str]) -> list[bool]:
        held = [False] * len(self.bones)
        for start, run in enumerate(_runs(self.bones)):
            if run in shared:
                held[start : start + len(run)] = [True] * len(run)
        for start, end in self._words:
            if self.bones[start:end] in shared:
                held[start:end] = [True] * (end - start)
        return held

    def _take(self, view: Spanned, start: int, end: int) -> None:
        for word in _WORD.finditer(view.text, start, end):
            first = len(self.bones)
            for place in range(*word.span()):
                self._add(_bones(view.text[place]), view.origin(place, place + 1))
            if len(self.bones) - first >= _WORD_BONES:
                self._words.append((first, len(self.bones)))

    def _add(self, bones: str, origin: tuple[int, int]) -> None:
        self.bones += bones
        self._origins += [origin] * len(bones)


def _most(n: int, others: Sequence[Marked]) -> bool:
    return n > 0 and n >= _HALF * len(others)


@lru_cache(8192)
def _bones(char: str) -> str:
    return skeleton(char)


def _runs(bones: str) -> Iterator[str]:
    """All runs; a shorter text is one."""
    return (bones[start : start + _RUN] for start in range(max(1, len(bones) - _RUN + 1)))
