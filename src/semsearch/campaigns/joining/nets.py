"""The nets that look-alike posts are caught in: an exact skeleton, contacts, MinHash of shingles, vectors.

Every net makes keys under which candidates meet, and a strength that verifies them. What a net reads of a post is
small and does not depend on other posts, so that it can be made in another process and kept on disk.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from semsearch.text.signatures import band_keys, minhashes, mixed

SHINGLE = 4
"""Characters of the skeleton in a shingle: two to four syllables."""
N_HASHES = 120
"""MinHashes of a post: an estimated similarity is off by 0.03 at 0.15, by 0.05 at 0.5 (standard deviation)."""
_KEYED = 60
"""Those of them that make keys."""
_ROWS = 3
"""MinHashes a band: 20 bands of 3 meet with a probability of 0.93 at a Jaccard similarity of 0.5, 0.01 at 0.08."""
_PLANES = 16
"""Hyperplanes a band of vectors: 12 bands of 16 meet with a probability of 0.91 at a cosine of 0.95."""
_VECTOR_BANDS = 12
_SEED = 20_260
_MASKED_ROWS = 2
"""MinHashes a band of wary posts: 30 bands of 2 meet with a probability of 0.5 at 0.15, of 0.7 at 0.2."""
_BANDS = _KEYED // _ROWS
_MASKED_BANDS = _KEYED // _MASKED_ROWS
N_KEYS = 1 + _BANDS + _VECTOR_BANDS + _MASKED_BANDS
"""Keys of a post that go into the buckets; contacts have a table of their own."""
USUAL_KEYS = 1 + _BANDS + _VECTOR_BANDS + _MASKED_BANDS // 4
"""Keys that a post has on average, when a quarter are wary."""
_SHINGLED = slice(1, 1 + _BANDS)
_SIDES = slice(1 + _BANDS, 1 + _BANDS + _VECTOR_BANDS)
_MASKED = slice(1 + _BANDS + _VECTOR_BANDS, N_KEYS)
_SCALE = 127.0


@dataclass(frozen=True, slots=True)
class Contacts:
    """The contacts of one post: a key and a kind each."""

    keys: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the nets read of n posts, in their order."""

    exact: NDArray[np.uint64]
    """[n] hash of the skeleton; 0 for a text with too little in it, which joins by contacts alone."""
    signature: NDArray[np.uint16]
    """[n, N_HASHES] MinHashes of the skeleton's shingles, lower bits."""
    vectors: NDArray[np.int8]
    """[n, dim] L2-normalised rows times 127; zero without a vector; dim 0 without an encoder."""
    contacts: tuple[Contacts, ...]
    disguise: NDArray[np.float64]
    """[n] share of the text that only makes sense as evasion; 0 for a clean one."""
    wary: NDArray[np.bool_]
    """[n] disguised, or with a contact that leads elsewhere: two such posts need less to look alike."""

    def __len__(self) -> int:
        return len(self.exact)

    def cut(self, start: int, end: int) -> Prepared:
        """Posts start to end, as views."""
        return Prepared(
            self.exact[start:end],
            self.signature[start:end],
            self.vectors[start:end],
            self.contacts[start:end],
            self.disguise[start:end],
            self.wary[start:end],
        )


def exact_hash(skeleton: str) -> int:
    """64 bits that equal skeletons share; never 0."""
    return int.from_bytes(hashlib.blake2b(skeleton.encode("utf-8", "surrogatepass"), digest_size=8).digest()) | 1


def signatures(skeletons: list[str]) -> NDArray[np.uint16]:
    """[n, N_HASHES]"""
    return minhashes(skeletons, N_HASHES, SHINGLE).astype(np.uint16)


def packed(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """L2-normalised rows as 8-bit numbers: a cosine moves by less than 0.005."""
    return np.asarray(np.rint(vectors * _SCALE), np.int8)


def keys(prepared: Prepared) -> NDArray[np.uint64]:
    """The keys of each post, [n, N_KEYS]; 0 where a net has nothing to say."""
    out = np.zeros((len(prepared), N_KEYS), np.uint64)
    out[:, 0] = prepared.exact
    signature = prepared.signature[:, :_KEYED].astype(np.uint64)
    out[:, _SHINGLED] = band_keys(signature.reshape(len(out), _BANDS, _ROWS))
    masked = np.flatnonzero(prepared.wary)
    out[masked, _MASKED] = band_keys(signature[masked].reshape(len(masked), _MASKED_BANDS, _MASKED_ROWS))
    placed = np.flatnonzero(prepared.vectors.any(axis=1))
    out[placed, _SIDES] = _sides(prepared.vectors[placed])
    spread = mixed(np.arange(1, N_KEYS, dtype=np.uint64))
    out[:, 1:] = np.where(out[:, 1:] == 0, 0, mixed(out[:, 1:] + spread) | np.uint64(1))
    out[prepared.exact == 0] = 0
    return out


def jaccard(a: NDArray[np.uint16], b: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Estimated Jaccard similarity of the shingles of rows, [m, N_HASHES] twice to [m]."""
    return np.asarray((a == b).mean(axis=-1))


def cosine(a: NDArray[np.int8], b: NDArray[np.int8]) -> NDArray[np.float64]:
    """Cosine of packed rows, [m, dim] twice to [m] or one row twice to a number; 0 for a zero row.

    Whole numbers are summed: pairs give the same alone and among others.
    """
    return np.asarray((a.astype(np.int32) * b).sum(axis=-1) / _SCALE**2)


def _sides(vectors: NDArray[np.int8]) -> NDArray[np.uint64]:
    """On which sides of random hyperplanes rows lie, one number above 0 a band, [n, bands] (Charikar 2002)."""
    signs = (vectors.astype(np.float32) @ _planes(vectors.shape[1])) > 0
    powers = np.uint64(1) << np.arange(_PLANES, dtype=np.uint64)
    return np.asarray(signs.reshape(len(vectors), _VECTOR_BANDS, _PLANES) @ powers, np.uint64) + np.uint64(1)


@lru_cache(4)
def _planes(dim: int) -> NDArray[np.float32]:
    rng = np.random.Generator(np.random.PCG64(_SEED))
    return rng.standard_normal((dim, _VECTOR_BANDS * _PLANES)).astype(np.float32)
