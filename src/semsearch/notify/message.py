"""What is said of an alert, to anyone: counts and words of our own, no personal data.

Nothing that a user of the market wrote or is known by passes here: no text, no ids of authors, recipients or posts, no
contacts, no category; and of a decision neither who nor why. Reasons are an open mapping, so only what is named below
is taken of them, and only numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from semsearch.records import SEVERITIES, Alert

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = {
    "campaign": "look-alike posts growing fast",
    "drip": "look-alike posts, slow and steady",
    "repost": "one author posting the same again and again",
    "recipients": "one message to many recipients",
}
FACTS = ("window_h", "posts", "authors", "recipients", "expected", "p_value", "floor", "contact", "disguised")
"""The numbers of an alert's reasons that are told, by the names that growth gives them."""
OPEN = "open"
DAYS_FROM_H = 72


@dataclass(frozen=True, slots=True)
class Notice:
    """One step of one alert, as it may leave the house."""

    alert_id: str
    campaign_id: str
    namespace: str
    kind: str
    """campaign, drip, repost or recipients."""
    level: int
    """Step of the doubling ladder."""
    severity: str
    status: str
    """What people decided of the alert so far, such as `open` or `confirmed (12 new)`."""
    at: datetime
    """UTC; of the post that raised it."""
    n_posts: int
    n_authors: int
    n_recipients: int
    facts: Mapping[str, float]
    """Numbers of the reasons."""

    @classmethod
    def of(cls, alert: Alert, status: str = OPEN) -> Notice:
        """What may be told of `alert`, whose status is `status` now."""
        return cls(
            alert_id=alert.alert_id,
            campaign_id=alert.campaign_id,
            namespace=alert.namespace,
            kind=alert.kind if alert.kind in KINDS else "campaign",
            level=int(alert.level),
            severity=alert.severity if alert.severity in SEVERITIES else SEVERITIES[-1],
            status=status,
            at=EPOCH + timedelta(microseconds=alert.at_us),
            n_posts=int(alert.n_posts),
            n_authors=int(alert.n_authors),
            n_recipients=int(alert.n_recipients),
            facts={name: float(alert.reasons[name]) for name in FACTS if _is_number(alert.reasons.get(name))},
        )

    @property
    def decided(self) -> bool:
        """Whether a person has decided, over some of its posts at least."""
        return self.status != OPEN

    @property
    def waits(self) -> bool:
        """Whether a person has still to decide, over some of its posts at least."""
        return not self.decided or self.status.endswith(" new)")


def headline(notice: Notice) -> str:
    """One line: how bad, what and how much of it."""
    size = f"{_counted(notice.n_posts, 'post')} by {_counted(notice.n_authors, 'author')}"
    return f"{notice.severity.capitalize()}: {KINDS[notice.kind]} ({notice.namespace}, {size})"


def details(notice: Notice) -> dict[str, str]:
    """What a moderator asks next, by name."""
    told = {"Posts": f"{notice.n_posts:,}", "Authors": f"{notice.n_authors:,}"}
    if notice.n_recipients:
        told["Recipients"] = f"{notice.n_recipients:,}"
    told["Level"] = f"{notice.level}"
    if growth := _growth(notice.facts):
        told["Growth"] = growth
    for name, words in (("contact", "Sharing a contact"), ("disguised", "Disguised")):
        if notice.facts.get(name):
            told[words] = _counted(notice.facts[name], "post")
    told["Status"] = notice.status
    return told


def next_step(notice: Notice) -> str:
    """The command that shows it all."""
    return f"semsearch alerts show {notice.alert_id}"


def _growth(facts: Mapping[str, float]) -> str:
    """Such as `12 posts by 9 authors in 1 h, 0.8 expected`; '' when the reasons do not tell."""
    if not {"posts", "authors", "window_h"} <= facts.keys():
        return ""
    by = f"{_counted(facts['posts'], 'post')} by {_counted(facts['authors'], 'author')}"
    hours = facts["window_h"]
    window = f"{hours:g} h" if hours < DAYS_FROM_H else f"{hours / 24:g} days"
    expected = f", {facts['expected']:,.1f} expected" if "expected" in facts else ""
    return f"{by} in {window}{expected}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _counted(n: float, noun: str) -> str:
    return f"{n:,.0f} {noun if n == 1 else noun + 's'}"
