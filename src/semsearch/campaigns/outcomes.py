"""What a replayed policy is worth: campaigns caught, how soon, and what it costs the people who look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from semsearch.campaigns.replay import First, Reading, Run
from semsearch.campaigns.truth import HONEST, Truth
from semsearch.evaluation.intervals import Interval, poisson, wilson
from semsearch.store.journal import Stored
from semsearch.store.times import to_us

MINUTES_AN_ALERT = 3.0
"""What a reviewer is taken to need for one alert."""
_HALF = 0.5
"""An alert is right when at least this share of its members at that moment are of known campaigns."""
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy did in a span. Without any truth what depends on it is None: unknown, not 0."""

    name: str
    n_alerts: int
    """Campaigns that were raised first in the span."""
    alerts_a_day: float
    n_campaigns: int | None
    """Known campaigns that began in the span."""
    n_caught: int | None
    """Of these, with an alert in the span."""
    caught: float | None
    caught_interval: Interval | None
    """Wilson."""
    n_false: int | None
    """Alerts about what is known to be honest."""
    false_a_day: float | None
    false_interval: Interval | None
    """Of `false_a_day`, exact Poisson."""
    n_unjudged: int
    """Alerts about what nobody decided on."""
    posts: tuple[float, float] | None
    """Posts of a caught campaign up to its alert, that one included: median and 90th percentile."""
    minutes: tuple[float, float] | None
    """Minutes from its first post to its alert: the same."""
    reviewer_minutes: float
    """`MINUTES_AN_ALERT` for each alert."""


@dataclass(frozen=True, slots=True)
class Span:
    """start <= a post's time < end, UTC."""

    start: datetime
    end: datetime

    @property
    def days(self) -> float:
        """Its length."""
        return (to_us(self.end) - to_us(self.start)) / _DAY_US

    def holds(self, at_us: int) -> bool:
        """Whether a time, in microseconds, is in it."""
        return to_us(self.start) <= at_us < to_us(self.end)


class Judged:
    """The posts of a replay with the truth about them."""

    def __init__(self, reading: Reading, truth: Truth, span: Span) -> None:
        self._truth = truth
        self._span = span
        self._named: dict[int, str] = {}
        self._seqs: dict[str, list[int]] = {}
        first: dict[str, Stored] = {}
        self.n_posts = 0
        """In the span."""
        for stored in reading.posts():
            self.n_posts += span.holds(to_us(stored.post.created_at))
            campaign = truth.of(stored.post)
            if campaign is None:
                continue
            self._named[stored.seq] = campaign
            if campaign != HONEST:
                self._seqs.setdefault(campaign, []).append(stored.seq)
                first.setdefault(campaign, stored)
                if stored.post.created_at < first[campaign].post.created_at:
                    first[campaign] = stored
        times = {campaign: to_us(stored.post.created_at) for campaign, stored in first.items()}
        self._began: Mapping[str, int] = {name: at_us for name, at_us in times.items() if span.holds(at_us)}

    def outcome(self, run: Run) -> Outcome:
        """What a policy did."""
        alerts = [alert for alert in run.alerts if self._span.holds(alert.raised.at_us)]
        about = [self._about(alert) for alert in alerts]
        caught: dict[str, First] = {}
        for campaign, alert in zip(about, alerts, strict=True):
            if campaign and campaign in self._began:
                caught.setdefault(campaign, alert)
        known, n, days = bool(self._truth), len(self._began), self._span.days
        n_false = about.count(HONEST)
        ends = poisson(n_false)
        return Outcome(
            name=run.point.name,
            n_alerts=len(alerts),
            alerts_a_day=len(alerts) / days,
            n_campaigns=n if known else None,
            n_caught=len(caught) if known else None,
            caught=len(caught) / n if n else None,
            caught_interval=wilson(len(caught), n) if n else None,
            n_false=n_false if known else None,
            false_a_day=n_false / days if known else None,
            false_interval=Interval(ends.low / days, ends.high / days) if known else None,
            n_unjudged=about.count(None),
            posts=_spread([self._posts_until(campaign, alert) for campaign, alert in caught.items()]),
            minutes=_spread(
                [(alert.raised.at_us - self._began[campaign]) / 60e6 for campaign, alert in caught.items()]
            ),
            reviewer_minutes=len(alerts) * MINUTES_AN_ALERT,
        )

    def _about(self, alert: First) -> str | None:
        """The campaign that an alert is about, HONEST, or None when nobody decided on most of its members."""
        counts = Counter(self._named.get(seq) for seq in alert.members)
        half = _HALF * len(alert.members)
        spam = {name: n for name, n in counts.items() if name}
        if sum(spam.values()) >= half:
            return max(spam, key=lambda name: (spam[name], name))
        return HONEST if self._truth.complete or counts[HONEST] >= half else None

    def _posts_until(self, campaign: str, alert: First) -> int:
        return sum(seq <= alert.seq for seq in self._seqs[campaign])


def _spread(values: Sequence[float]) -> tuple[float, float] | None:
    """Median and 90th percentile."""
    if not values:
        return None
    middle, high = np.percentile(np.asarray(values, np.float64), [50, 90]).tolist()
    return middle, high
