"""Whether what a campaign's windows hold is worth a person's time, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from semsearch.campaigns.growing.baseline import HOUR_US, Baseline
from semsearch.campaigns.growing.burst import Surprise, surprise
from semsearch.campaigns.growing.ladder import Rung, Side, needed
from semsearch.campaigns.growing.windows import POINTS, Arrival, Window
from semsearch.records import Rulings
from semsearch.settings import CampaignSettings

Kind = Literal["campaign", "drip", "repost", "recipients"]
_MANY = 3
"""Authors that make a campaign of many; also authors with signs of evasion that make it marked."""
_MARKED = 1 / 3
"""Share of a window's authors with such signs from which it is marked."""
_TURNS, _TURNS_FLOORS = 1.5, 2.0
"""Posts an author in the shortest window from which a few accounts seem to take turns, which honest popular things do
not show; and how many floors that takes."""
_RARE_H = 168.0
"""That one person says the same thing again and again is rare from the start: as if a week without had gone before."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Growth that is an alert if the ladder says that it is news."""

    kind: Kind
    excess: float
    """Posts (an author's further ones count a quarter), posts of one author, or recipients, beyond the expected."""
    floor: float
    window: Window
    marked: bool
    """Whether signs of evasion lowered the floor."""
    surprise: Surprise

    @property
    def side(self) -> Side:
        """Which facts it belongs to."""
        return "many" if self.kind in ("campaign", "drip") else "one"

    @property
    def disguised(self) -> bool:
        """Whether enough of its authors write to slip past filters."""
        return len(self.window.disguised) >= _MARKED * len(self.window.authors)

    def reasons(self) -> dict[str, Any]:
        """What was counted, expected and required, as numbers and as one sentence."""
        window, hours = self.window, self.window.span_us / HOUR_US
        return {
            "window_h": hours,
            "posts": window.n_posts,
            "authors": len(window.authors),
            "recipients": window.n_recipients,
            "contact": window.with_contact,
            "disguised": sum(window.disguised.values()),
            "excess": round(self.excess, 2),
            "floor": self.floor,
            "marked": self.marked,
            "expected": None if self.surprise.expected is None else round(self.surprise.expected, 2),
            "p_value": self.surprise.p_value,
            "text": "; ".join(self._sentence(hours)),
        }

    def _sentence(self, hours: float) -> list[str]:
        window = self.window
        span = f"{hours:g} h" if hours < 72 else f"{hours / 24:g} days"
        posts = _number(window.n_posts, "post")
        if window.n_recipients:
            posts += f" to {_number(window.n_recipients, 'recipient')}"
        parts = [f"{posts} by {_number(len(window.authors), 'author')} in {span}"]
        if self.surprise.expected is not None:
            parts.append(f"{self.surprise.expected:.1f} expected")
        if window.with_contact:
            parts.append(f"{window.with_contact} with a contact")
        if window.disguised:
            parts.append(f"{sum(window.disguised.values())} disguised")
        return parts


class Judge:
    """Applies one namespace's policy to windows."""

    def __init__(self, policy: CampaignSettings, baseline: Baseline) -> None:
        self._policy = policy
        self._baseline = baseline
        self._memory_us = baseline.reach_us
        self._least = min(policy.floor_author, policy.floor_recipients)
        self._many_authors = min(_MANY, ceil(policy.floor))

    def judge(self, windows: Sequence[Window], last: Arrival, rung: Rung | None, rulings: Rulings) -> Finding | None:
        """The strongest finding that would be news; growth by many authors goes before one author's.

        `windows` are one campaign's, shortest first, all slid to the time of its latest post.
        """
        known = last.author_id in rulings.confirmed_authors
        return self._many(windows, rung, known) or self._one(windows, last, rung)

    def _many(self, windows: Sequence[Window], rung: Rung | None, known: bool) -> Finding | None:
        """The shortest window that tells of growth by many authors."""
        long = windows[-1]
        need = max(self._policy.floor, needed(rung, "many", long.latest_us, self._memory_us))
        if len(long.authors) < self._many_authors or long.points < need * POINTS:
            return None
        return next((found for window in windows if (found := self._growth(window, windows, need, known))), None)

    def _growth(self, window: Window, windows: Sequence[Window], need: float, known: bool) -> Finding | None:
        """With signs of evasion the floor decides; without them the window must also be rare after its past."""
        long, policy = windows[-1], self._policy
        marked = known or self._marked(window)
        turns = not marked and window is windows[0] is not long and window.n_posts >= _TURNS * len(window.authors)
        floor = policy.floor if marked else policy.floor_plain
        floor = min(floor, _TURNS_FLOORS * policy.floor) if turns else floor
        observed = window.points / POINTS
        if observed < max(floor, need) or len(window.authors) < self._many_authors:
            return None
        found = self._after_past(window, long) if window is not long else self._since_first(long)
        excess = observed if marked else observed - (found.expected or 0.0)
        if excess < need or not (marked or found.p_value <= policy.chance):
            return None
        return Finding("drip" if window is long else "campaign", excess, floor, window, marked, found)

    def _after_past(self, window: Window, long: Window) -> Surprise:
        """A short window after what the long one holds before it, at the pace since the first post there."""
        end, n_before = long.arrivals[-1], long.n_posts - window.n_posts
        hours, before_h = self._baseline.business(end.at_us - window.span_us, end.at_us, end.category)
        if n_before:
            first_us = long.arrivals[long.head].at_us
            before_h -= self._baseline.business(first_us, end.at_us, end.category)[1]
        return surprise(window.points / POINTS, hours, n_before, before_h)

    def _since_first(self, long: Window) -> Surprise:
        """What came after the first post, after the time without any."""
        first, end = long.arrivals[long.head], long.arrivals[-1]
        hours = self._baseline.business(first.at_us, end.at_us, end.category)
        return surprise(long.points / POINTS - 1, hours[0], 0, hours[1])

    def _one(self, windows: Sequence[Window], last: Arrival, rung: Rung | None) -> Finding | None:
        """One author says the same thing again and again, or to one person after the other."""
        long = windows[-1]
        need = needed(rung, "one", long.latest_us, self._memory_us)
        if long.authors.get(last.author_id, 0) < max(need, self._least):
            return None
        return next((found for window in windows[:-1] if (found := self._flood(window, long, last, need))), None)

    def _flood(self, window: Window, long: Window, last: Arrival, need: float) -> Finding | None:
        """Recipients count where there are enough; posts otherwise, to a lower floor when they are disguised."""
        author, policy = last.author_id, self._policy
        n_posts, observed = window.authors.get(author, 0), len(window.sent.get(author, ()))
        kind: Kind = "recipients"
        marked, floor = False, policy.floor_recipients
        if observed < floor:
            kind, observed = "repost", n_posts
            marked = window.disguised.get(author, 0) >= max(_MANY, _MARKED * n_posts)
            floor = min(floor, policy.floor_author) if marked else policy.floor_author
        if observed < max(floor, need):
            return None
        hours = self._baseline.business(long.latest_us - window.span_us, long.latest_us, last.category)
        found = surprise(observed, hours[0], long.authors[author] - n_posts, hours[1] + _RARE_H)
        excess = observed - (found.expected or 0.0)
        if found.p_value > policy.chance or excess < need:
            return None
        return Finding(kind, excess, floor, window, marked, found)

    def _marked(self, window: Window) -> bool:
        """Whether enough of a window's authors show signs of evasion."""
        return len(window.marked) >= max(self._many_authors, _MARKED * len(window.authors))


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
