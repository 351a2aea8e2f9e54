"""Replayed policies for people: table rows, conditions, and a page with the trade-off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from semsearch.campaigns.replaying.outcomes import MINUTES_AN_ALERT, Outcome, Span
from semsearch.report.page import number, render
from semsearch.report.tradeoff import Spot, tradeoff


@dataclass(frozen=True, slots=True)
class Replayed:
    """Policies side by side on one span."""

    namespace: str
    span: Span
    n_posts: int
    """In the span."""
    truth: str
    """What campaigns and false alerts were judged by, in words."""
    known: bool
    """Whether there was any."""
    n_raised: int
    """Alerts that scanning did raise in the span."""
    outcomes: tuple[Outcome, ...]
    """The policy in force first."""


def rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """One row a policy; what is unknown is empty."""
    return [_row(outcome) for outcome in outcomes]


def conditions(done: Replayed) -> str:
    """What the figures depend on, in a few sentences."""
    start, end = (f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" for at in (done.span.start, done.span.end))
    parts = [
        f"{done.n_posts:,} posts in {done.namespace}, {start} to {end} UTC ({number(done.span.days, 1)} days).",
        f"Scanning did raise {done.n_raised:,} alerts in that span.",
    ]
    if done.known:
        parts.append(
            f"Judged by {done.truth}: an alert is right when at least half of its posts were of known campaigns; one "
            "that began in the span is caught when half of its posts so far were under a right alert."
        )
    parts.append(f"Posts and minutes until then: median / 90th percentile. A reviewer needs {MINUTES_AN_ALERT:g} "
                 "minutes an alert. 95 % intervals: Wilson for shares, exact Poisson for counts.")  # fmt: skip
    return " ".join(parts)


def replay_page(done: Replayed, now: datetime) -> str:
    """A self-contained HTML page."""
    spots = [
        Spot(outcome.name, outcome.false_a_day, outcome.caught, place == 0)
        for place, outcome in enumerate(done.outcomes)
        if outcome.caught is not None and outcome.false_a_day is not None
    ]
    return render(
        "replay.html",
        done=done,
        rows=rows(done.outcomes),
        chart=tradeoff(spots),
        told=conditions(done),
        now=f"{now.astimezone(UTC):%Y-%m-%d %H:%M}",
    )


def _row(outcome: Outcome) -> dict[str, Any]:
    caught, false = outcome.caught_interval, outcome.false_interval
    return {
        "policy": outcome.name,
        "caught": None if outcome.caught is None else f"{outcome.n_caught} of {outcome.n_campaigns}",
        "share": outcome.caught,
        "share 95 %": caught and f"{caught.low:.2f} to {caught.high:.2f}",
        "posts": _pair(outcome.posts, 0),
        "minutes": _pair(outcome.minutes, 0),
        "false/day": outcome.false_a_day,
        "false 95 %": false and f"{false.low:.2f} to {false.high:.2f}",
        "alerts/day": outcome.alerts_a_day,
        "unjudged": outcome.n_unjudged,
        "review min/day": outcome.alerts_a_day * MINUTES_AN_ALERT,
    }


def _pair(values: tuple[float, float] | None, digits: int) -> str | None:
    return values and f"{values[0]:,.{digits}f} / {values[1]:,.{digits}f}"
