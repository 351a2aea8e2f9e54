"""Paired randomisation test: could the two systems' labels be swapped, query by query, without notice?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.intervals import LARGE_SAMPLE, RESAMPLES

_CHUNK_SIGNS = 250_000
_SLACK = 1e-12


def sign_flip_test(differences: NDArray[np.float64], *, seed: int, resamples: int = RESAMPLES) -> float:
    """Two-sided p-value of mean difference 0, when the sign of each difference [n] is a coin toss.

    Exact over all 2^n assignments while these are no more than `resamples`; else (1 + extreme) / (1 + resamples)
    over random ones; from 5,000 differences on the normal limit. Equal pairs change nothing; without any
    difference p is 1.

    Source: Smucker, Allan, Carterette, "A comparison of statistical significance tests for information
    retrieval evaluation", CIKM 2007; Phipson and Smyth, SAGMB 2010, for the added 1.
    """
    moving = differences[differences != 0]
    if not moving.size:
        return 1.0
    observed = abs(float(moving.sum()))
    if moving.size >= LARGE_SAMPLE:
        return math.erfc(observed / math.sqrt(2 * float((moving**2).sum())))
    threshold = observed - _SLACK * float(np.abs(moving).sum())
    if 2**moving.size <= resamples:
        sums = _all_signs(moving.size) @ moving
        return float(np.mean(np.abs(sums) >= threshold))
    return (1 + _n_extreme(moving, threshold, seed, resamples)) / (1 + resamples)


def _all_signs(n: int) -> NDArray[np.float64]:
    """[2^n, n] of -1 and 1."""
    codes = np.arange(2**n)[:, None] >> np.arange(n)
    return np.asarray(1 - 2 * (codes & 1), np.float64)


def _n_extreme(moving: NDArray[np.float64], threshold: float, seed: int, resamples: int) -> int:
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK_SIGNS // moving.size)
    total, extreme = float(moving.sum()), 0
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        noise = rng.bytes((size * moving.size + 7) // 8)
        flips = np.unpackbits(np.frombuffer(noise, np.uint8), count=size * moving.size).reshape(size, -1)
        sums = total - 2.0 * (flips.astype(np.float64) @ moving)
        extreme += int(np.count_nonzero(np.abs(sums) >= threshold))
    return extreme
