"""How surprising a count is for something honest that goes on as before."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log

_SHAPE = 0.5
"""Shape of the prior on a rate (Jeffreys), in posts."""
_STEADY = 10.0
"""Posts of history beyond which a rate gets no surer: honest rates drift and come in waves."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """What was expected, and how rarely an honest cluster brings what was observed."""

    expected: float | None
    """None without any past to expect from."""
    p_value: float
    """An upper bound."""


def surprise(observed: float, window_h: float, n_before: int, before_h: float) -> Surprise:
    """How likely `observed` or more are in `window_h` hours after `n_before` in the `before_h` hours before.

    The rate's prior is Jeffreys' (a Gamma with shape ½ and no weight), so that what it brings is negative binomial:
    wider than Poisson, with little past almost anything can happen, without any nothing is surprising. With much of it
    the width stays that of ten posts, since honest clusters come in waves. The tail is bounded by Chernoff's
    inequality, which needs no special functions: P(X ≥ k) ≤ (m/k)^k · ((k+r)/(m+r))^(k+r) for size r, mean m, k > m.
    """
    if before_h <= 0:
        return Surprise(None, 1.0)
    shape = _SHAPE + n_before
    mean = shape * window_h / before_h
    if observed <= mean:
        return Surprise(mean, 1.0)
    size = min(shape, _STEADY)
    rest = observed + size
    tail = rest * log(rest / (mean + size)) - (observed * log(observed / mean) if mean else inf)
    return Surprise(mean, exp(min(tail, 0.0)))
