"""Which leader was last seen under a key: a set-associative table in two arrays, looked up and written in batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WAYS = 8
"""Entries of a bucket: one cache line."""
_KEY_BITS = 40
_SLOT_BITS = 64 - _KEY_BITS
SLOTS = (1 << _SLOT_BITS) - 1
"""Slots are told apart modulo this: more than are ever alive at once."""
_SLOT_MASK = np.uint64(SLOTS)
_DOUBLES_AT = 3.0
"""Mean entries a bucket at which the table doubles: full buckets are rare until it is as large as it may be."""
_FULL = 4.8
"""Mean entries a bucket of the largest table."""


class Buckets:
    """Keys (uint64, 0 is none) to slots (0 and up), the latest of a key wins.

    An entry is one 64-bit word: the upper 40 bits of its key, the lower 24 of its slot plus one. The bucket is the
    upper bits of the key, so that the table doubles without the keys. A full bucket gives up its oldest slot: what is
    found has to be verified, and what is lost has other keys. Memory is bounded by `most` entries.
    """

    def __init__(self, most: int) -> None:
        self._most_bits = max(4, int(np.ceil(np.log2(max(1.0, most / _FULL)))))
        self._bits = min(10, self._most_bits)
        self._words = np.zeros((1 << self._bits, WAYS), np.uint64)
        self._held = 0

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The slot modulo `SLOTS` under each key, -1 without one; the shape of `keys`."""
        found = np.full(keys.shape, -1, np.int64)
        asked = np.nonzero(keys)
        flat = keys[asked]
        lines = self._words[flat >> np.uint64(64 - self._bits)]
        same = ((lines ^ flat[:, None]) >> np.uint64(_SLOT_BITS)) == 0
        same &= lines != 0
        slot = lines[np.arange(len(flat)), same.argmax(axis=1)] & _SLOT_MASK
        found[asked] = np.where(same.any(axis=1), slot.astype(np.int64) - 1, -1)
        return found

    def put(self, keys: NDArray[np.uint64], slots: NDArray[np.int64]) -> None:
        """Point keys to slots, [n] each, in their order: equal to putting them one by one."""
        kept = keys != 0
        keys, slots = keys[kept], slots[kept]
        while self._bits < self._most_bits and self._held + len(keys) > _DOUBLES_AT * len(self._words):
            self._double()
        upper = keys >> np.uint64(_SLOT_BITS) << np.uint64(_SLOT_BITS)
        words = upper | ((slots % SLOTS).astype(np.uint64) + np.uint64(1))
        bucket = (words >> np.uint64(64 - self._bits)).astype(np.int64)
        order = np.argsort(bucket, kind="stable")
        starts = np.flatnonzero(np.diff(bucket[order], prepend=-1))
        turn = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
        for each in range(int(turn.max(initial=-1)) + 1):
            now = order[turn == each]
            self._write(bucket[now], words[now])

    def _write(self, bucket: NDArray[np.int64], words: NDArray[np.uint64]) -> None:
        """One word into each of several buckets, no bucket twice: over its own key, a free place, or the oldest."""
        lines = self._words[bucket]
        same = ((lines ^ words[:, None]) >> np.uint64(_SLOT_BITS)) == 0
        same &= lines != 0
        newest = (words & _SLOT_MASK).astype(np.int64)
        age = (newest[:, None] - (lines & _SLOT_MASK).astype(np.int64)) % SLOTS
        age[lines == 0] = SLOTS + 1
        age[same] = SLOTS + 2
        place = age.argmax(axis=1)
        row = np.arange(len(words))
        self._held += int((lines[row, place] == 0).sum())
        self._words[bucket, place] = words

    def _double(self) -> None:
        upper = (self._words >> np.uint64(63 - self._bits)) & np.uint64(1)
        self._bits += 1
        old, self._words = self._words, np.zeros((1 << self._bits, WAYS), np.uint64)
        self._words[0::2] = np.where(upper == 0, old, 0)
        self._words[1::2] = np.where(upper == 1, old, 0)
