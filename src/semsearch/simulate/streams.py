"""Independent random streams from one seed, so that a new part of the market never moves an old one."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of one named part (PCG64); equal arguments give equal numbers on every machine."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, crc32(name.encode())])))


def zipf_weights(n: int, exponent: float) -> NDArray[np.float64]:
    """Probabilities of ranks 1..n under Zipf's law, float64[n], summing to 1."""
    weights = np.arange(1, n + 1, dtype=np.float64) ** -exponent
    return np.asarray(weights / weights.sum())


def pick(rng: np.random.Generator, weights: NDArray[np.float64], size: int) -> NDArray[np.int64]:
    """`size` indices drawn with replacement in proportion to `weights`, int64[size]."""
    edges = np.cumsum(weights, dtype=np.float64)
    spots = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    return np.asarray(np.minimum(spots, len(edges) - 1))
