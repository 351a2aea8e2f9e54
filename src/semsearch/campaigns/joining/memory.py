"""What is remembered of leaders, in segments that are dropped as a whole when they are old."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semsearch.campaigns.joining.likeness import Features, Row
from semsearch.campaigns.joining.nets import N_HASHES, Prepared

SEGMENT = 16_384
"""Leaders a segment."""


class Segment:
    """The features of up to `SEGMENT` leaders with consecutive slots."""

    def __init__(self, dim: int) -> None:
        self.exact = np.zeros(SEGMENT, np.uint64)
        self.signature = np.zeros((SEGMENT, N_HASHES), np.uint16)
        self.vectors = np.zeros((SEGMENT, dim), np.int8)
        self.disguise = np.zeros(SEGMENT)
        self.wary = np.zeros(SEGMENT, np.bool_)
        self.home = np.zeros(SEGMENT, np.int64)
        """Slot of the campaign's leader: a leader's own, or for a variant the one that it shares a contact with."""
        self.seq = np.zeros(SEGMENT, np.int64)
        self.about: list[str] = []
        """Who and what each leader is, as the caller packed it."""


class _Kept(NamedTuple):
    row: Row
    home: int
    about: str


class Memory:
    """Leaders by slot: 0 and up in the order in which they came, never used twice.

    Those of posts before the window are forgotten, but leaders of campaigns that live are kept apart, under their old
    slot. Segments only give memory back.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._segments: deque[Segment] = deque()
        self._first = 0
        self._kept: dict[int, _Kept] = {}
        self.start = 0
        """The oldest slot inside the window."""
        self.end = 0
        """The next free slot."""

    def add(self, prepared: Prepared, rows: list[int], homes: list[int], about: list[str], seqs: list[int]) -> None:
        """Remember posts `rows` of a batch as leaders, with the next slots in their order."""
        done = 0
        while done < len(rows):
            place = self.end % SEGMENT
            if place == 0:
                self._segments.append(Segment(self.dim))
            segment = self._segments[-1]
            n = min(SEGMENT - place, len(rows) - done)
            some = rows[done : done + n]
            segment.exact[place : place + n] = prepared.exact[some]
            segment.signature[place : place + n] = prepared.signature[some]
            segment.vectors[place : place + n] = prepared.vectors[some]
            segment.disguise[place : place + n] = prepared.disguise[some]
            segment.wary[place : place + n] = prepared.wary[some]
            segment.home[place : place + n] = homes[done : done + n]
            segment.about.extend(about[done : done + n])
            segment.seq[place : place + n] = seqs[done : done + n]
            self.end += n
            done += n

    def absolute(self, found: NDArray[np.int64], modulus: int) -> NDArray[np.int64]:
        """Slots from slots modulo `modulus`: the latest ones that can be meant; -1 stays, and what never was is -1."""
        base = self.end - 1
        slots = base - (base - found) % modulus
        return np.where((found >= 0) & (slots >= 0), slots, -1)

    def alive(self, slots: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which slots are still remembered."""
        held = slots >= self.start
        if self._kept:
            held |= np.isin(slots, np.fromiter(self._kept, np.int64, len(self._kept)))
        return held & (slots >= 0)

    def features(self, slots: NDArray[np.int64]) -> Features:
        """The rows of alive slots, [m]."""
        m = len(slots)
        out = Features(
            np.zeros(m, np.uint64),
            np.zeros((m, N_HASHES), np.uint16),
            np.zeros((m, self.dim), np.int8),
            np.zeros(m),
            np.zeros(m, np.bool_),
        )
        number = np.where(slots < self.start, -1, slots // SEGMENT - self._first)
        for each in np.unique(number).tolist():
            at = np.flatnonzero(number == each)
            if each < 0:
                self._fill_kept(out, at, slots)
                continue
            segment, place = self._segments[each], slots[at] % SEGMENT
            out.exact[at] = segment.exact[place]
            out.signature[at] = segment.signature[place]
            out.vectors[at] = segment.vectors[place]
            out.disguise[at] = segment.disguise[place]
            out.wary[at] = segment.wary[place]
        return out

    def row(self, slot: int) -> Row:
        """What verification reads of an alive slot."""
        if slot < self.start:
            return self._kept[slot].row
        segment, place = self._segments[slot // SEGMENT - self._first], slot % SEGMENT
        return Row(
            int(segment.exact[place]),
            segment.signature[place],
            segment.vectors[place],
            float(segment.disguise[place]),
            bool(segment.wary[place]),
        )

    def home(self, slot: int) -> int:
        """The slot of the campaign's leader."""
        if slot < self.start:
            return self._kept[slot].home
        return int(self._segments[slot // SEGMENT - self._first].home[slot % SEGMENT])

    def about(self, slot: int) -> str:
        """What the caller said of a leader."""
        if slot < self.start:
            return self._kept[slot].about
        return self._segments[slot // SEGMENT - self._first].about[slot % SEGMENT]

    def holds(self, slot: int) -> bool:
        """Whether one slot is still remembered."""
        return slot >= self.start or slot in self._kept

    def forget(self, first_seq: int, lives: Callable[[int], bool]) -> bool:
        """Let go of leaders before post `first_seq`; `lives` says of a leader's slot whether its campaign does.

        Gives whether anything went.
        """
        start = self._slot_from(first_seq)
        for slot in range(self.start, start):
            if lives(self.home(slot)):
                self._keep(slot)
        moved, self.start = start > self.start, start
        while self.start >= (self._first + 1) * SEGMENT:
            self._segments.popleft()
            self._first += 1
        gone = [slot for slot, kept in self._kept.items() if not lives(kept.home)]
        for slot in gone:
            del self._kept[slot]
        return moved or bool(gone)

    def _slot_from(self, first_seq: int) -> int:
        """The first slot of a post from `first_seq` on; slots are in the order of posts."""
        slot = self.start
        while slot < self.end:
            number = slot // SEGMENT
            within = self._segments[number - self._first].seq[: min(SEGMENT, self.end - number * SEGMENT)]
            slot = number * SEGMENT + max(slot % SEGMENT, int(np.searchsorted(within, first_seq)))
            if slot < number * SEGMENT + len(within):
                break
        return slot

    def _keep(self, slot: int) -> None:
        row = self.row(slot)
        own = row._replace(signature=row.signature.copy(), vector=row.vector.copy())
        self._kept[slot] = _Kept(own, self.home(slot), self.about(slot))

    def _fill_kept(self, out: Features, at: NDArray[np.int64], slots: NDArray[np.int64]) -> None:
        for row in at.tolist():
            kept = self._kept[int(slots[row])].row
            out.exact[row], out.signature[row] = kept.exact, kept.signature
            out.vectors[row], out.disguise[row], out.wary[row] = kept.vector, kept.disguise, kept.wary
