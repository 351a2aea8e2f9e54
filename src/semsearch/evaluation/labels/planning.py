"""How many queries people have to judge for an interval of a wished width, with a machine's labels beside theirs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.evaluation.intervals import CONFIDENCE, t_quantile
from semsearch.evaluation.labels.powered import MINIMUM, Powered

Floats = NDArray[np.float64]
FEWEST = 10
"""Judged queries from which spread and correlation can be told, roughly."""
WIDENING = 5.0
"""A bootstrap-t interval is wider than a t interval by about this over n; bench/ppi.py prints both."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a plan rests on."""

    deviation: float
    """Standard deviation over queries of people's values, 0 to 0.5 for a metric within 0 … 1."""
    correlation: float
    """Between people's and the machine's values of a query; below 0 counts as 0."""
    n_queries: int
    """That the machine judges, those of people's among them."""
    counting: float = 1.0
    """Share of queries that count in the mean, such as those with a relevant item."""
    widening: float = WIDENING
    """How much wider than a t interval, times n."""
    n_judged: int = 0
    """Queries that people judged so far, in full pools."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a wished width takes."""

    width: float
    """Of the 95 % interval, from end to end."""
    queries: int | None
    """That people have to judge in all; null: not even all of them reach it."""
    more: int | None
    """Beyond those judged so far."""
    people_alone: int | None
    """That people would have to judge without a machine; null: not even all that there are reach it."""
    cautious: int | None
    """As `queries`, if what was judged so far flatters: with its spread and correlation at their worse 80 % limits."""
    reached: float
    """The width to be expected with `queries`; with all of them when these do not suffice."""


def queries_for(width: float, expected: Expected) -> Plan:
    """How many queries people have to judge; never fewer than an interval that stays valid needs.

    Raises UsageError for a width, deviation, correlation or number of queries that cannot be.
    """
    _check(width, expected)
    counted = max(MINIMUM, math.floor(expected.n_queries * expected.counting))
    n, enough = _fewest(width, expected, counted), _enough(width, expected)
    alone = replace(expected, correlation=0.0)
    return Plan(
        width=width,
        queries=enough,
        more=None if enough is None else max(0, enough - expected.n_judged),
        people_alone=_enough(width, alone),
        cautious=_enough(width, _worse(expected)),
        reached=width_at(counted if n is None else n, expected),
    )


def width_at(n: int, expected: Expected) -> float:
    """The width to be expected of a 95 % interval with `n` of people's queries that count.

    The variance of the estimate is that of PPI++ at its best λ, deviation² × ((1 - r²) / n + r² / N), N queries of the
    machine's. Source: Angelopoulos, Duchi, Zrnic, "PPI++", arXiv 2311.01453, 2023, section 6.
    """
    explained = min(1.0, max(0.0, expected.correlation)) ** 2
    everywhere = expected.n_queries * expected.counting
    share = (1 - explained) / n + (explained / max(everywhere, n) if explained else 0.0)
    t = t_quantile((1 + CONFIDENCE) / 2, n - 2)
    return 2 * t * expected.deviation * math.sqrt(share) * (1 + expected.widening / n)


def expected_of(human: Floats, machine: Floats, others: Floats, so_far: Powered | None) -> Expected:
    """What people's values [n], the machine's at the same queries [n] and at `others` [N] tell; NaN does not count.

    `so_far`, the interval that these give now, tells how much wider than a t interval it is. Raises UsageError for
    fewer than `FEWEST` queries that count for both.
    """
    both = ~np.isnan(human + machine)
    own, same = human[both], machine[both]
    if len(own) < FEWEST:
        raise UsageError(
            f"People judged {len(own):,} queries that count; spread and correlation can be told from {FEWEST}.",
            "Next: semsearch evaluate plan --deviation 0.35 --correlation 0.5 --machine 1000",
        )
    spread = float(own.std(ddof=1))
    still = spread < 1e-9 or float(same.std()) < 1e-9
    told = Expected(
        deviation=spread,
        correlation=0.0 if still else float(np.corrcoef(own, same)[0, 1]),
        n_queries=len(human) + len(others),
        counting=float(np.mean(~np.isnan(human))),
        widening=0.0,
        n_judged=len(human),
    )
    return replace(told, widening=_widening(told, so_far))


def _widening(told: Expected, so_far: Powered | None) -> float:
    if so_far is None or told.deviation < 1e-9:
        return WIDENING
    plain = width_at(so_far.n_human, told)
    return max(0.0, ((so_far.high - so_far.low) / plain - 1) * so_far.n_human)


def _fewest(width: float, expected: Expected, most: int) -> int | None:
    """The fewest queries that count, from MINIMUM to `most`, by bisection: the width falls with them."""
    if width_at(most, expected) > width:
        return None
    low, high = MINIMUM, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if width_at(middle, expected) <= width else (middle + 1, high)
    return low


def _enough(width: float, expected: Expected) -> int | None:
    """Queries to judge, of those that the machine judges."""
    n = _fewest(width, expected, max(MINIMUM, math.floor(expected.n_queries * expected.counting)))
    return None if n is None or _judged(n, expected) > expected.n_queries else _judged(n, expected)


def _worse(expected: Expected) -> Expected:
    """Spread and correlation at one-sided 80 % limits, by large-sample errors, of Fisher's z for the correlation."""
    n = expected.n_judged * expected.counting
    if n < FEWEST:
        return expected
    z = NormalDist().inv_cdf(0.8)
    lower = math.tanh(math.atanh(float(np.clip(expected.correlation, -0.999, 0.999))) - z / math.sqrt(n - 3))
    return replace(expected, deviation=expected.deviation * (1 + z / math.sqrt(2 * (n - 1))), correlation=lower)


def _judged(n: int, expected: Expected) -> int:
    """Queries to judge so that `n` of them count."""
    return math.ceil(n / expected.counting - 1e-9)


def _check(width: float, expected: Expected) -> None:
    n = expected.n_queries
    wrong = {
        f"A width of {width:g} is not between 0 and 1.": not 0 < width < 1,
        f"A standard deviation of {expected.deviation:g} is none of values within 0 and 1.":
            not 0 < expected.deviation <= 0.6,
        f"A correlation of {expected.correlation:g} is not between -1 and 1.": not -1 <= expected.correlation <= 1,
        f"The machine judged {n:,} queries; an interval takes {MINIMUM} of people's among them.": n < MINIMUM,
        "None of the queries that people judged counts.": not 0 < expected.counting <= 1,
    }  # fmt: skip
    for message in (message for message, bad in wrong.items() if bad):
        raise UsageError(
            message, "Next: semsearch evaluate plan --width 0.1 --deviation 0.35 --correlation 0.8 --machine 1000"
        )
