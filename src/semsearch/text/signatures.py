"""Keys under which equal texts meet, and clusters in which nearly equal ones do."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.text.views import search

SHINGLE = 4
"""Characters of a shingle. Spaces are left out, so that 아이폰 14 and 아이폰14 are equal."""
_N_HASHES = 128
_RECALL = 0.99
"""Share of pairs at the threshold that meet in a bucket, at least."""
_SEED = 1
_CHUNK = 8192
_LEADERS = 64
"""Leaders that a bucket keeps. Boilerplate that thousands of texts share would otherwise cost a square of them."""
_COMPARED = 32
"""Leaders that a text is compared with: those that share most buckets with it."""
_KEPT_SETS = 20_000


def exact_key(text: str) -> str:
    """32 hex digits; two texts share them when they are the same in the search view."""
    return hashlib.blake2b(search(text).encode(), digest_size=16).hexdigest()


def near_duplicates(texts: Sequence[str], threshold: float = 0.8) -> NDArray[np.int64]:
    """Cluster number of each text, [n]: 0 and up, in the order in which clusters first appear.

    The first text of a cluster leads it; a later one joins the most similar leader (the earliest of equals) whose
    Jaccard similarity of 4-character shingles, without spaces in the search view, is at least `threshold`, else it
    leads its own. So every member is that near to its leader, no chain joins far ends, and the result depends on the
    order of texts as far as that decides who leads. Texts with equal shingles text are always together.

    Leaders are found by MinHash in bands (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets",
    3.4) and compared exactly. Seeded: equal texts give equal numbers. A pair at the threshold is missed with a
    probability below 1 %; more are where thousands of texts share boilerplate, as a bucket keeps 64 leaders and a text
    is compared with 32.
    Raises UsageError unless 0 < threshold <= 1.
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"A threshold of {threshold} is no similarity.", "Next: give one above 0 and at most 1")
    distinct: dict[str, int] = {}
    which = np.fromiter((distinct.setdefault(compact(text), len(distinct)) for text in texts), np.int64, len(texts))
    leaders = _leaders(list(distinct), threshold)
    _, numbers = np.unique(leaders, return_inverse=True)
    return numbers.astype(np.int64)[which]


def compact(text: str) -> str:
    """The search view without spaces: what shingles are cut from."""
    return "".join(search(text).split())


def shingles(compacted: str) -> frozenset[str]:
    """The distinct runs of 4 characters; a shorter text is one shingle."""
    return frozenset(compacted[i : i + SHINGLE] for i in range(max(1, len(compacted) - SHINGLE + 1)))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Size of the intersection by size of the union; of two sets that are not both empty."""
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)


def _leaders(texts: list[str], threshold: float) -> NDArray[np.int64]:
    """The place of each distinct text's leader, [n]; a leader leads itself."""
    leaders = np.arange(len(texts))
    buckets = _buckets(texts, *_plan(threshold))
    leading: dict[int, list[int]] = {}

    @lru_cache(_KEPT_SETS)
    def cut(place: int) -> frozenset[str]:
        return shingles(texts[place])

    for place in np.flatnonzero((buckets >= 0).any(axis=1)).tolist():
        mine = [bucket for bucket in buckets[place].tolist() if bucket >= 0]
        shared = Counter(held for bucket in mine for held in leading.get(bucket, ()))
        candidates = sorted(shared, key=lambda held: (-shared[held], held))[:_COMPARED]
        leader = _nearest(candidates, place, cut, threshold)
        leaders[place] = leader
        if leader == place:
            for bucket in mine:
                if len(held := leading.setdefault(bucket, [])) < _LEADERS:
                    held.append(place)
    return leaders


def _nearest(candidates: list[int], place: int, cut: Callable[[int], frozenset[str]], threshold: float) -> int:
    """The candidate most similar to the text at `place` and at least as `threshold`; `place` without one."""
    best, found = threshold, place
    own = cut(place)
    for candidate in sorted(candidates):
        other = cut(candidate)
        if min(len(own), len(other)) < best * max(len(own), len(other)):
            continue
        similarity = jaccard(own, other)
        if similarity > best or (similarity == best and found == place):
            best, found = similarity, candidate
    return found


def _plan(threshold: float) -> tuple[int, int]:
    """Bands and rows a band: as many rows as still let `_RECALL` of the pairs at the threshold share a band."""
    plans = [(_N_HASHES // rows, rows) for rows in range(_N_HASHES, 0, -1)]
    return next((p for p in plans if 1 - (1 - threshold ** p[1]) ** p[0] >= _RECALL), plans[-1])


def _buckets(texts: list[str], n_bands: int, n_rows: int) -> NDArray[np.int64]:
    """Bucket of each text in each band, [n, bands], told apart over bands; -1 where it is alone."""
    keys = np.empty((len(texts), n_bands), np.uint64)
    for start in range(0, len(texts), _CHUNK):
        keys[start : start + _CHUNK] = _band_keys(texts[start : start + _CHUNK], n_bands, n_rows)
    buckets = np.empty(keys.shape, np.int64)
    first = 0
    for band in range(n_bands):
        _, number, count = np.unique(keys[:, band], return_inverse=True, return_counts=True)
        buckets[:, band] = np.where(count[number] > 1, number + first, -1)
        first += len(count)
    return buckets


def _band_keys(texts: list[str], n_bands: int, n_rows: int) -> NDArray[np.uint64]:
    """One number for the MinHashes of each band, [n, bands]."""
    return band_keys(minhashes(texts, n_bands * n_rows).reshape(len(texts), n_bands, n_rows))


def minhashes(texts: Sequence[str], n_hashes: int, shingle: int = SHINGLE) -> NDArray[np.uint64]:
    """MinHashes of each text's runs of `shingle` characters, below 2^32, [n, n_hashes]; a shorter text is one run.

    Two texts agree in a hash with the probability of their Jaccard similarity (Broder 1997). Seeded.
    """
    from rensa import RMinHash

    if not texts:
        return np.zeros((0, n_hashes), np.uint64)
    hashes, starts = _shingle_hashes(texts, shingle)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, starts, n_hashes, _SEED)
    return np.array(matrix.to_rows(), np.uint64)


def band_keys(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number for each band of numbers, [n, bands, rows] to [n, bands]."""
    keys = np.zeros(values.shape[:2], np.uint64)
    for row in range(values.shape[2]):
        keys = mixed(keys + values[:, :, row])
    return keys


def _shingle_hashes(texts: Sequence[str], shingle: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Hashes of all shingles of all texts end to end, and where each text's start, [n + 1]."""
    padded = [text.ljust(shingle, "\0") for text in texts]
    lengths = np.array([len(text) for text in padded])
    points = np.frombuffer("".join(padded).encode("utf-32-le"), np.uint32).astype(np.uint64)
    hashes = np.zeros(len(points) - shingle + 1, np.uint64)
    for offset in range(shingle):
        hashes = mixed(hashes + points[offset : offset + len(hashes)])
    ends = np.cumsum(lengths)
    inside = np.ones(len(points), bool)
    for back in range(1, shingle):
        inside[ends - back] = False
    starts = np.zeros(len(texts) + 1, np.uint64)
    starts[1:] = np.cumsum(lengths - shingle + 1)
    return hashes[inside[: len(hashes)]], starts


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each number sent to another one that looks random (the finaliser of SplitMix64, Steele et al. 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
