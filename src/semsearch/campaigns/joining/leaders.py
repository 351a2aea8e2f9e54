"""Each post joins a fixed leader or leads itself.

A post is compared with leaders only, never with members: no chain joins far ends. The keys of members lead to their
leader as well, so that a campaign is found by more buckets the more it grows. A post that shares nothing but a contact
with a campaign belongs to it as a *variant*: a leader of its own text whose home is the campaign's leader, so
that a campaign may change its wording; the contacts of a variant tie nobody, so that this ends after one step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semsearch.campaigns.joining import nets
from semsearch.campaigns.joining.buckets import SLOTS, Buckets
from semsearch.campaigns.joining.likeness import EXACT, Features, Row, rank_of, ranks, told
from semsearch.campaigns.joining.memory import Memory
from semsearch.campaigns.joining.nets import Prepared
from semsearch.campaigns.ties import shared
from semsearch.settings import CampaignSettings

_WIDE = 1 << 40
"""More than there are slots: a row and a slot in one number."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of one post."""

    slot: int
    """The leader that it follows, or its own."""
    home: int
    """The leader of its campaign."""
    net: str
    """skeleton, shingles, embedding or contact; leader for one that leads alone."""
    strength: float
    detail: str = ""


class Place(NamedTuple):
    """Where a post belongs."""

    name: str
    """Of the campaign; empty for a post that is alone."""
    net: str
    """What put it there."""


_LEADING = ("leader", "contact", "reviewer")
"""Nets whose members lead, a campaign or a variant of it."""


@dataclass(slots=True)
class _Batch:
    """A batch while it is gone through."""

    prepared: Prepared
    before: dict[int, dict[int, float]]
    """Row to the earlier rows of the batch that left their slot under one of its keys, with the rank of the two."""
    slots: list[int] = field(default_factory=list)
    """Of the rows so far: the leader that each follows, or its own."""
    rows: list[int] = field(default_factory=list)
    """Those that lead, with their homes."""
    homes: list[int] = field(default_factory=list)


class Leaders:
    """The leaders of one namespace, in memory; the same batches in the same order give the same joins."""

    def __init__(self, policy: CampaignSettings, dim: int) -> None:
        self._policy = policy
        self.memory = Memory(dim)
        self._buckets = Buckets(policy.window_posts * nets.USUAL_KEYS)
        self._contacts: dict[int, int] = {}
        self._named: dict[str, int] = {}

    def join(
        self, prepared: Prepared, about: Sequence[str], seqs: Sequence[int], places: Mapping[int, Place] | None = None
    ) -> list[Joined]:
        """What becomes of each post of a batch, in order; `about` is kept with those that lead.

        `places` says where rows belong whatever they look like.
        """
        keys = nets.keys(prepared)
        pairs, later = _repeats(keys)
        found = self._buckets.find(np.where(later, 0, keys))
        matches = self._matches(prepared, self.memory.absolute(found, SLOTS))
        batch = _Batch(prepared, self._before(prepared, pairs))
        joined: list[Joined] = []
        for row in range(len(prepared)):
            match = matches.get(row)
            if row in batch.before:
                match = self._best(batch, row, match)
            place = places.get(row) if places else None
            one = self._put(batch, row, match, place) if place else self._settle(batch, row, match)
            joined.append(one)
            batch.slots.append(one.slot)
        rows = batch.rows
        self.memory.add(prepared, rows, batch.homes, [about[r] for r in rows], [seqs[r] for r in rows])
        self._buckets.put(keys.ravel(), np.repeat(np.array(batch.slots, np.int64), nets.N_KEYS))
        return joined

    def forget(self, first_seq: int, lives: Callable[[int], bool]) -> bool:
        """Let go of posts before `first_seq`, but for leaders of campaigns that live; gives whether anything went."""
        went = self.memory.forget(first_seq, lives)
        if went:
            holds = self.memory.holds
            self._contacts = {key: slot for key, slot in self._contacts.items() if holds(slot)}
            self._named = {name: slot for name, slot in self._named.items() if holds(slot)}
        return went

    # --- one post -------------------------------------------------------------------------------

    def _settle(self, batch: _Batch, row: int, match: tuple[int, float] | None) -> Joined:
        """Where a post belongs: an equal text before a contact, a contact before a similar text."""
        contacts = batch.prepared.contacts[row]
        tie = self._tie(contacts) if contacts.keys else None
        if match and (tie is None or match[1] >= EXACT or self._home(batch, match[0]) == tie[0]):
            net, strength = told(match[1])
            one = Joined(match[0], self._home(batch, match[0]), net, strength, shared(tie[1]) if tie else "")
        elif tie:
            one = Joined(self._lead(batch, row, tie[0]), tie[0], "contact", 1.0, shared(tie[1]))
        else:
            slot = self._lead(batch, row, None)
            one = Joined(slot, slot, "leader", 1.0)
        self._learn(batch.prepared, row, one)
        return one

    def _put(self, batch: _Batch, row: int, match: tuple[int, float] | None, place: Place) -> Joined:
        """Where a post is said to belong: under the leader there that it is most like, unless it leads itself."""
        home = self._named.get(place.name) if place.name else None
        if home is None or place.net in _LEADING:
            slot = self._lead(batch, row, home)
            home = slot if home is None else home
        else:
            slot = match[0] if match and self._home(batch, match[0]) == home else home
        if place.name:
            self._named.setdefault(place.name, home)
        one = Joined(slot, home, "leader" if slot == home else place.net, 1.0)
        self._learn(batch.prepared, row, one)
        return one

    def _tie(self, contacts: nets.Contacts) -> tuple[int, str] | None:
        """The campaign whose contact a post carries, and the kind of contact."""
        for key, kind in zip(contacts.keys, contacts.kinds, strict=True):
            home = self._contacts.get(key)
            if home is not None and (home >= self.memory.end or self.memory.holds(home)):
                return home, kind
        return None

    def _learn(self, prepared: Prepared, row: int, one: Joined) -> None:
        """The contacts of a leader and of those that joined by their text stand for the campaign."""
        if one.net != "contact":
            for key in prepared.contacts[row].keys:
                self._contacts.setdefault(key, one.home)

    def _lead(self, batch: _Batch, row: int, home: int | None) -> int:
        slot = self.memory.end + len(batch.rows)
        batch.rows.append(row)
        batch.homes.append(slot if home is None else home)
        return slot

    def _home(self, batch: _Batch, slot: int) -> int:
        new = slot - self.memory.end
        return batch.homes[new] if new >= 0 else self.memory.home(slot)

    # --- candidates and verification --------------------------------------------------------------

    def _matches(self, prepared: Prepared, slots: NDArray[np.int64]) -> dict[int, tuple[int, float]]:
        """The best leader of each row that has one, with its rank; the earliest of equals."""
        row, slot, rank = self._verified(prepared, slots)
        order = np.lexsort((slot, -rank, row))
        row, slot, rank = row[order], slot[order], rank[order]
        first = np.flatnonzero(np.diff(row, prepend=-1))
        return dict(zip(row[first].tolist(), zip(slot[first].tolist(), rank[first].tolist(), strict=True), strict=True))

    def _verified(
        self, prepared: Prepared, slots: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Rows, slots and ranks of the candidates that are similar enough; `slots` is [n, keys] with -1 for none."""
        row, column = np.nonzero(self.memory.alive(slots))
        row, slot = np.divmod(np.unique(row * _WIDE + slots[row, column]), _WIDE)
        rank = ranks(Features.of(prepared, row), self.memory.features(slot), self._policy)
        good = rank > 0
        return row[good], slot[good], rank[good]

    def _before(self, prepared: Prepared, pairs: NDArray[np.int64]) -> dict[int, dict[int, float]]:
        found = ranks(Features.of(prepared, pairs[0]), Features.of(prepared, pairs[1]), self._policy)
        before: dict[int, dict[int, float]] = {}
        for row, earlier, rank in zip(pairs[0].tolist(), pairs[1].tolist(), found.tolist(), strict=True):
            before.setdefault(row, {})[earlier] = rank
        return before

    def _best(self, batch: _Batch, row: int, match: tuple[int, float] | None) -> tuple[int, float] | None:
        """The better of `match` and what earlier posts of the same batch left under this post's keys."""
        left: dict[int, float] = {}
        for earlier, rank in batch.before[row].items():
            slot = batch.slots[earlier]
            new = slot - self.memory.end
            if new >= 0 and batch.rows[new] == earlier:
                left[slot] = rank
            elif slot not in left:
                leader = self.memory.row(slot) if new < 0 else Row.of(batch.prepared, batch.rows[new])
                left[slot] = rank_of(Row.of(batch.prepared, row), leader, self._policy)
        for slot, rank in sorted(left.items()):
            if rank > 0 and (match is None or rank > match[1] or (rank == match[1] and slot < match[0])):
                match = slot, rank
        return match


def _repeats(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows that share a key with an earlier row, and for each the latest such row of the key: distinct pairs [2, m].

    And which keys are not the first of their kind in the batch, [n, keys].
    """
    flat = keys.ravel()
    order = np.argsort(flat, kind="stable")
    same = np.flatnonzero((flat[order][1:] == flat[order][:-1]) & (flat[order][1:] != 0))
    later = np.zeros(keys.size, np.bool_)
    later[order[same + 1]] = True
    row, earlier = order[same + 1] // keys.shape[1], order[same] // keys.shape[1]
    pairs = np.divmod(np.unique(row * _WIDE + earlier), _WIDE)
    return np.stack(pairs), later.reshape(keys.shape)
