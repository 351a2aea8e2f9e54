"""What a replayed policy is worth: campaigns caught, how soon, and what it costs the people who look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from semsearch.campaigns.replaying.replay import First, Reading, Run
from semsearch.campaigns.replaying.truth import HONEST, Truth
from semsearch.evaluation.intervals import Interval, poisson, wilson
from semsearch.store.times import to_us

MINUTES_AN_ALERT = 3.0
"""What a reviewer is taken to need for one alert."""
_HALF = 0.5
"""An alert is right when at least this share of its members at that moment are of known campaigns."""
_SPAM = "spam"
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
    """Of these, those of which at least half of the posts so far were under a right alert at some moment."""
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
    """Posts of a caught campaign up to that moment: median and 90th percentile."""
    minutes: tuple[float, float] | None
    """Minutes from its first post to that moment: the same."""
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


@dataclass(slots=True)
class _Known:
    """A known campaign, in the posts that were replayed."""

    posts: list[tuple[int, int]]
    """(seq, microseconds) of its posts, in the order of the journal."""

    @property
    def began_us(self) -> int:
        return min(at_us for _, at_us in self.posts)

    def caught(self, members: Mapping[int, str], alerted: Mapping[str, First]) -> tuple[int, int] | None:
        """(posts so far, microseconds) of the moment from which at least half of its posts were under an alert."""
        times = dict(self.posts)
        held = {members[seq] for seq in times if members.get(seq) in alerted}
        times |= {alerted[name].seq: alerted[name].raised.at_us for name in held}
        for now in sorted(times):
            so_far = [seq for seq, _ in self.posts if seq <= now]
            under = [seq for seq in so_far if members.get(seq) in held and alerted[members[seq]].seq <= now]
            if under and len(under) >= _HALF * len(so_far):
                return len(so_far), max(times[now], self.began_us)
        return None


class Judged:
    """The posts of a replay with the truth about them."""

    def __init__(self, reading: Reading, truth: Truth, span: Span) -> None:
        self._truth = truth
        self._span = span
        self._named: dict[int, str] = {}
        self.n_posts = 0
        """In the span."""
        known: dict[str, _Known] = {}
        for seq, post in reading.posts():
            at_us = to_us(post.created_at)
            self.n_posts += span.holds(at_us)
            campaign = truth.of(post)
            if campaign is not None:
                self._named[seq] = campaign
            if campaign:
                known.setdefault(campaign, _Known([])).posts.append((seq, at_us))
        self._known = [each for each in known.values() if span.holds(each.began_us)]

    def outcome(self, run: Run) -> Outcome:
        """What a policy did."""
        right = {alert.raised.campaign_id: alert for alert in run.alerts if self._about(alert) == _SPAM}
        alerts = [alert for alert in run.alerts if self._span.holds(alert.raised.at_us)]
        about = Counter(map(self._about, alerts))
        caught = [(each, moment) for each in self._known if (moment := each.caught(run.members, right))]
        known, n, days = bool(self._truth), len(self._known), self._span.days
        n_false = about[HONEST]
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
            n_unjudged=about[None],
            posts=_spread([n_posts for _, (n_posts, _) in caught]),
            minutes=_spread([(at_us - each.began_us) / 60e6 for each, (_, at_us) in caught]),
            reviewer_minutes=len(alerts) * MINUTES_AN_ALERT,
        )

    def _about(self, alert: First) -> str | None:
        """Whether an alert is about spam or HONEST posts; None when nobody decided on most of its members."""
        counts = Counter(self._named.get(seq) for seq in alert.members)
        half = _HALF * len(alert.members)
        if sum(n for name, n in counts.items() if name) >= half:
            return _SPAM
        return HONEST if self._truth.complete or counts[HONEST] >= half else None


def _spread(values: Sequence[float]) -> tuple[float, float] | None:
    """Median and 90th percentile."""
    if not values:
        return None
    middle, high = np.percentile(np.asarray(values, np.float64), [50, 90]).tolist()
    return middle, high
