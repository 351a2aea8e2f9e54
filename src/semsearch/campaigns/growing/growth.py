"""When a campaign's growth is an alert: bursts, slow drips, one author's reposts, one author's many recipients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from typing import Any, Literal

from semsearch.campaigns.growing.baseline import HOUR_US, Baseline
from semsearch.campaigns.growing.judging import Finding, Judge
from semsearch.campaigns.growing.ladder import Rung, climb, kept_by
from semsearch.campaigns.growing.windows import Arrival, Window
from semsearch.records import Rulings
from semsearch.settings import CampaignSettings

__all__ = ["Arrival", "Growth", "Raise"]

Severity = Literal["low", "medium", "high"]
_LARGE, _GREAT = 20, 50
"""Authors' worth of posts (posts of one author, recipients) that lift an alert, and that make it high in any case."""


@dataclass(frozen=True, slots=True)
class Raise:
    """An alert to be made, or to be raised to a higher level."""

    campaign_id: str
    kind: Literal["campaign", "drip", "repost", "recipients"]
    level: int
    severity: Severity
    at_us: int
    n_posts: int
    """In the long window, as are the next two."""
    n_authors: int
    n_recipients: int
    reasons: dict[str, Any] = field(default_factory=dict)
    """`text` for people, and what it was made from; `ladder` is read back by `ladder.rung_of`."""


class Growth:
    """The growing campaigns of one namespace, in memory.

    What it answers to a post depends on the posts before it (in journal order) and on nothing else: not on batches,
    nor on when it forgets, nor on whether it was restored in between.
    """

    def __init__(self, policy: CampaignSettings) -> None:
        self._enough = ceil(min(policy.floor, policy.floor_plain, policy.floor_author, policy.floor_recipients))
        self._baseline = Baseline(policy.drip_days)
        self._memory_us = self._baseline.reach_us
        self._spans = (*(int(hours * HOUR_US) for hours in sorted(policy.burst_hours)), self._memory_us)
        self._judge = Judge(policy, self._baseline)
        self._campaigns: dict[str, _Campaign] = {}
        self._rungs: dict[str, Rung] = {}

    @classmethod
    def restore(
        cls,
        policy: CampaignSettings,
        volumes: Mapping[tuple[int, str], int],
        arrivals: Mapping[str, Sequence[Arrival]],
        rungs: Mapping[str, Rung],
    ) -> Growth:
        """As it was, from what a store keeps: volumes as `volumes()` gave them, members, rungs of alerts.

        Members of the last `drip_days` before the last post (and an hour) are wanted; older ones do no harm. This is
        also how campaigns are merged and split: hand the members in where people put them.
        """
        growth = cls(policy)
        for (hour_us, category), n_posts in sorted(volumes.items()):
            growth._baseline.put(hour_us, category, n_posts)
        for campaign_id, members in arrivals.items():
            growth._take(campaign_id, sorted(members, key=lambda arrival: arrival.seq))
        growth._rungs.update(rungs)
        return growth

    def __len__(self) -> int:
        """Campaigns that are held in memory."""
        return len(self._campaigns)

    def saw(self, at_us: int, category: str | None) -> None:
        """Count a post of the namespace; every one, before `joined`."""
        self._baseline.saw(at_us, category)

    def volumes(self) -> dict[tuple[int, str], int]:
        """(start of the hour in microseconds, category) → posts, whole counts of what changed since the last call."""
        return self._baseline.take_changed()

    def joined(self, campaign_id: str, arrivals: Sequence[Arrival], rulings: Rulings) -> Raise | None:
        """Count what joined a campaign (its leader comes with the second post), in journal order.

        The last arrival is the one that is judged. Posts of allowed authors, and posts older than the long window,
        are members without growth.
        """
        campaign = self._take(campaign_id, arrivals)
        last = arrivals[-1]
        if campaign is None or not campaign.windows or not last.counts or _quiet(rulings, campaign_id, last.at_us):
            return None
        rung = self._rungs.get(campaign_id)
        finding = self._judge.judge(campaign.windows, last, rung, rulings)
        if finding is None:
            return None
        step = climb(rung, finding.side, finding.excess, campaign.at_us, self._memory_us)
        if step is None:
            return None
        self._rungs[campaign_id] = step
        return _raised(campaign_id, campaign, finding, step)

    def forget(self, before_us: int) -> None:
        """Drop campaigns whose posts are all before `before_us` and out of the long window."""
        before_us = min(before_us, self._baseline.since_us + 1)
        for campaign_id in [key for key, campaign in self._campaigns.items() if campaign.at_us < before_us]:
            del self._campaigns[campaign_id]

    def _take(self, campaign_id: str, arrivals: Sequence[Arrival]) -> _Campaign | None:
        """Count arrivals; the campaign moves to the end of those that may be dropped."""
        since_us = self._baseline.since_us
        campaign = self._campaigns.pop(campaign_id, None)
        for arrival in arrivals:
            if not arrival.counts or arrival.at_us <= since_us:
                continue
            if campaign is None or campaign.at_us <= since_us:
                campaign = _Campaign(self._spans)
            campaign.add(arrival, since_us, self._enough)
        if campaign is not None:
            self._campaigns[campaign_id] = campaign
        self._drop_dead(since_us)
        return campaign

    def _drop_dead(self, since_us: int) -> None:
        while self._campaigns:
            oldest = next(iter(self._campaigns))
            if self._campaigns[oldest].at_us > since_us:
                return
            del self._campaigns[oldest]


class _Campaign:
    """One campaign's windows, shortest first. Small ones, which are most, keep a list alone."""

    __slots__ = ("_few", "_spans", "at_us", "windows")

    def __init__(self, spans: Sequence[int]) -> None:
        self._spans = spans
        self._few: list[Arrival] = []
        self.windows: tuple[Window, ...] = ()
        """Empty while there are fewer arrivals than any floor."""
        self.at_us = 0
        """Latest time of a post."""

    def add(self, arrival: Arrival, since_us: int, enough: int) -> None:
        """Count one and slide to the latest time; what is at or before `since_us` goes."""
        self.at_us = max(self.at_us, arrival.at_us)
        if self.windows:
            self._count(arrival, since_us)
            return
        since_us = max(since_us, self.at_us - self._spans[-1])
        self._few = [kept for kept in (*self._few, arrival) if kept.at_us > since_us]
        if len(self._few) >= enough:
            self.windows = tuple(Window(span) for span in self._spans)
            for few in self._few:
                self._count(few, since_us)
            self._few = []

    def _count(self, arrival: Arrival, since_us: int) -> None:
        for window in self.windows:
            cut_us = max(self.at_us - window.span_us, since_us)
            if arrival.at_us > cut_us:
                window.add(arrival)
            window.slide(cut_us)


def _quiet(rulings: Rulings, campaign_id: str, at_us: int) -> bool:
    """Whether a person asked for silence about a campaign at that time."""
    for ruled in (rulings.benign, rulings.snoozed):
        if campaign_id in ruled:
            until = ruled[campaign_id]
            if until is None or datetime.fromtimestamp(at_us / 1e6, UTC) < until:
                return True
    return False


def _raised(campaign_id: str, campaign: _Campaign, finding: Finding, rung: Rung) -> Raise:
    long = campaign.windows[-1]
    return Raise(
        campaign_id=campaign_id,
        kind=finding.kind,
        level=rung.level,
        severity=_severity(finding),
        at_us=rung.at_us,
        n_posts=long.n_posts,
        n_authors=len(long.authors),
        n_recipients=long.n_recipients,
        reasons=finding.reasons() | {"ladder": kept_by(rung)},
    )


def _severity(finding: Finding) -> Severity:
    """Disguise and size each lift it by one."""
    if finding.excess >= _GREAT:
        return "high"
    lifts = finding.disguised + (finding.excess >= _LARGE)
    return ("low", "medium", "high")[lifts]
