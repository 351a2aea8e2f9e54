"""When people post: by the hour, by the day of the week, and how fast a campaign goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from semsearch.simulate.abuse.dice import Dice

DAY_S = 86_400
HOUR_S = 3_600
_HOURS = (28, 17, 10, 7, 6, 8, 16, 30, 46, 60, 70, 74, 76, 70, 66, 66, 68, 72, 78, 88, 98, 100, 84, 54)
"""Posts by local hour of the day, relative."""
_WEEKDAYS = (0.95, 0.93, 0.94, 0.96, 1.0, 1.14, 1.2)
"""Monday first."""
_OFFSET = {"ko": timedelta(hours=9), "en": timedelta(hours=-5)}


def start(lang: str) -> datetime:
    """Midnight of a Monday where the market is, in UTC."""
    return datetime(2025, 3, 3, tzinfo=UTC) - _OFFSET[lang]


def busy_times(rng: np.random.Generator, n: int, days: float) -> NDArray[np.float64]:
    """`n` times in daily and weekly rhythm, seconds since the start, ascending, float64[n]."""
    n_hours = max(1, int(np.ceil(days * 24)))
    weights = np.array([_HOURS[h % 24] * _WEEKDAYS[h // 24 % 7] for h in range(n_hours)], dtype=np.float64)
    weights[-1] *= 1.0 - (n_hours - days * 24)
    edges = np.concatenate([[0.0], np.cumsum(weights)])
    ends = np.minimum(np.arange(n_hours + 1), days * 24) * HOUR_S
    return np.asarray(np.interp(np.sort(rng.random(n)) * edges[-1], edges, ends))


def busy_time(dice: Dice, days: float) -> float:
    """One time when people are awake (8 to 23 o'clock), seconds since the start."""
    at = (dice.below(max(1, int(days))) * 24 + 8 + dice.roll() * 15) * HOUR_S
    return min(at, days * DAY_S * 0.999)


def span_s(dice: Dice, speed: str, days: float) -> float:
    """How long a campaign of one speed lasts, seconds; never longer than the stream."""
    whole = days * DAY_S
    if speed == "fast":
        return min((6 + 70 * dice.roll() ** 2) * 60, whole * 0.3)
    if speed == "medium":
        return min((2 + 9 * dice.roll()) * HOUR_S, whole * 0.6)
    return whole * (0.75 + 0.2 * dice.roll())


def campaign_times(dice: Dice, n: int, speed: str, days: float) -> list[float]:
    """Times of a campaign's posts, seconds since the start, ascending."""
    span = span_s(dice, speed, days)
    begin = dice.roll() * (days * DAY_S - span) * 0.999
    if speed == "slow":
        step = span / n
        return [begin + step * (i + dice.roll()) for i in range(n)]
    return sorted(begin + span * dice.roll() for _ in range(n))
