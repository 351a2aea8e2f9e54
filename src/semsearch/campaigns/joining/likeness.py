"""How strongly two posts match: by an equal skeleton, by shared shingles, by near vectors.

What shingles must share depends on the posts. Honest ones share much by chance (`size 270, pick up at the station`), so
that it must be a lot. Two *wary* posts (disguised, or with a contact that leads elsewhere) share less with their own
campaign, the more is disguised, and nearly nothing with honest posts: what is needed falls with the disguise of both,
rises with its difference, and a near vector makes up for shingles. The weights are a logistic regression's over
pairs of disguised posts of one simulated stream (own campaign against the most similar others; seed 900, held-out
families left out).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semsearch.campaigns.joining import nets
from semsearch.campaigns.joining.nets import Prepared
from semsearch.settings import CampaignSettings

EXACT, SHINGLES = 3.0, 1.0
"""Ranks: an equal skeleton comes before shared shingles (1 and their share), these before vectors (their cosine)."""
_BY_COSINE, _USUAL_COSINE = 0.31, 0.45
_BY_DISGUISE, _BY_DIFFERENCE = 0.56, 0.54
_LEAST = 0.06
"""Below this the estimate of 120 MinHashes is noise."""
Numbers = NDArray[np.float64] | float


class Features(NamedTuple):
    """Rows of posts side by side, [m] each."""

    exact: NDArray[np.uint64]
    signature: NDArray[np.uint16]
    vectors: NDArray[np.int8]
    disguise: NDArray[np.float64]
    wary: NDArray[np.bool_]

    @classmethod
    def of(cls, given: Prepared, rows: NDArray[np.int64]) -> Features:
        """Some rows of a batch."""
        return cls(
            given.exact[rows], given.signature[rows], given.vectors[rows], given.disguise[rows], given.wary[rows]
        )


class Row(NamedTuple):
    """One post."""

    exact: int
    signature: NDArray[np.uint16]
    vector: NDArray[np.int8]
    disguise: float
    wary: bool

    @classmethod
    def of(cls, given: Prepared, row: int) -> Row:
        """One row of a batch."""
        exact, disguise, wary = int(given.exact[row]), float(given.disguise[row]), bool(given.wary[row])
        return cls(exact, given.signature[row], given.vectors[row], disguise, wary)


def ranks(a: Features, b: Features, policy: CampaignSettings) -> NDArray[np.float64]:
    """How strongly pairs of rows match, [m]; 0 for too little. `told` says what a rank is."""
    shared = nets.jaccard(a.signature, b.signature)
    placed = a.vectors.shape[1] > 0
    needed = np.full(len(shared), policy.shingles)
    wary = np.flatnonzero(a.wary & b.wary)
    near = nets.cosine(a.vectors[wary], b.vectors[wary]) if placed else np.full(len(wary), _USUAL_COSINE)
    needed[wary] = _needed(policy, near, a.disguise[wary], b.disguise[wary])
    rank = np.where((shared >= needed) & (a.exact != 0) & (b.exact != 0), SHINGLES + shared, 0.0)
    rank[(a.exact == b.exact) & (a.exact != 0)] = EXACT
    rest = np.flatnonzero((rank == 0) & (shared >= policy.support))
    if len(rest) and placed:
        near = nets.cosine(a.vectors[rest], b.vectors[rest])
        rank[rest] = np.where(near >= policy.embedding, np.minimum(near, SHINGLES), 0.0)
    return rank


def rank_of(a: Row, b: Row, policy: CampaignSettings) -> float:
    """`ranks` of one pair, without the cost of arrays of one."""
    if a.exact and a.exact == b.exact:
        return EXACT
    shared = int(np.count_nonzero(a.signature == b.signature)) / nets.N_HASHES
    wary, placed = a.wary and b.wary, len(a.vector) > 0
    near = float(nets.cosine(a.vector, b.vector)) if placed and (wary or shared >= policy.support) else _USUAL_COSINE
    needed = float(_needed(policy, near, a.disguise, b.disguise)) if wary else policy.shingles
    if shared >= needed and a.exact and b.exact:
        return SHINGLES + shared
    return min(near, SHINGLES) if placed and shared >= policy.support and near >= policy.embedding else 0.0


def told(rank: float) -> tuple[str, float]:
    """Net and strength of a rank."""
    if rank >= EXACT:
        return "skeleton", 1.0
    return ("shingles", rank - SHINGLES) if rank > SHINGLES else ("embedding", rank)


def _needed(policy: CampaignSettings, near: Numbers, one: Numbers, other: Numbers) -> NDArray[np.float64]:
    """What two wary posts must share, by their cosine and their disguises."""
    by_disguise = _BY_DIFFERENCE * np.abs(np.subtract(one, other)) - _BY_DISGUISE * np.minimum(one, other)
    least = policy.shingles_wary + by_disguise - _BY_COSINE * np.subtract(near, _USUAL_COSINE)
    return np.asarray(np.clip(least, _LEAST, policy.shingles))
