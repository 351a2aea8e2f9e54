"""One alert for the person who decides on it: a self-contained page. What posts say is hostile, and escaped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from semsearch.campaigns.evidence import Evidence
from semsearch.campaigns.marks import Piece
from semsearch.records import Alert, Decision, Member, Verdict
from semsearch.report.page import render
from semsearch.report.timeline import Line, Mark, growth
from semsearch.review.cases import Case
from semsearch.text.views import INVISIBLE

KINDS = {
    "campaign": "Look-alike posts by many authors",
    "drip": "Look-alike posts by many authors, slowly",
    "repost": "One author posts the same again and again",
    "recipients": "One author writes the same to many people",
    "verdict": "A post that is written as professional sellers write, as an LLM put it",
}
NETS = {
    "skeleton": "the same text, spelling tricks aside",
    "shingles": "runs of text in common",
    "embedding": "the same in other words",
    "contact": "another text with the same contact",
    "reviewer": "put here by a person",
    "leader": "the first one: all others are compared with it",
    "verdict": "flagged by its writing",
}
SAID = {True: "spam", False: "not spam", None: "abstained"}
CONTACTS = {
    "phone": "phone",
    "virtual_phone": "virtual phone number",
    "business": "business registration",
    "url": "link",
    "email": "mail address",
    "messenger": "messenger id",
    "account": "bank account",
}
_FIRST_AUTHORS, _MOST_AUTHORS = 15, 500
_MOST_CONTACTS = 40
_MOST_VERDICTS = 40
_JOINERS = "\u200d\ufe0f"
"""Emoji are put together with these."""
_EMOJI = "\u2190-\u3299\U0001f000-\U0001fbff"
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_UNSEEN = re.compile(f"((?<![{_EMOJI}])[{_JOINERS}]|(?![{_JOINERS}])[{INVISIBLE}{_CONTROL}])")


def alert_page(
    case: Case,
    events: Sequence[Alert],
    decisions: Sequence[Decision],
    evidence: Evidence,
    now: datetime,
    *,
    verdicts: Sequence[Verdict] = (),
) -> str:
    """A self-contained HTML page; `events` are the raises, oldest first, `verdicts` those on members, `now` is when."""
    alert = case.alert
    return render(
        "alert.html",
        alert=alert,
        case=case,
        kind=KINDS.get(alert.kind, alert.kind),
        evidence=evidence,
        chart=_chart(case.members, events),
        categories=_categories(case.members),
        seen=_seen(case.members),
        events=events,
        decisions=decisions,
        verdicts=(verdicts[:_MOST_VERDICTS], len(verdicts)),
        said=SAID,
        authors=(evidence.authors[:_FIRST_AUTHORS], evidence.authors[_FIRST_AUTHORS:_MOST_AUTHORS]),
        n_untold=max(0, len(evidence.authors) - _MOST_AUTHORS),
        shared=evidence.contacts[:_MOST_CONTACTS],
        nets=NETS,
        kinds=CONTACTS,
        chunks=chunks,
        classes=classes,
        at=at,
        share=share,
        counted=counted,
        now=at(now),
    )


def chunks(text: str) -> Iterator[tuple[str, str]]:
    """The text in parts; one that cannot be seen, or that steers the text around it, comes with its name."""
    for number, part in enumerate(_UNSEEN.split(text)):
        if number % 2:
            yield part, f"U+{ord(part):04X} {unicodedata.name(part, 'control')}"
        elif part:
            yield part, ""


def classes(piece: Piece) -> str:
    """CSS classes of a piece."""
    named = {"same": piece.same, "contact": bool(piece.contact), "disguised": piece.disguised}
    return " ".join(name for name, holds in named.items() if holds)


def at(moment: int | datetime) -> str:
    """A time in UTC, of microseconds or as it is, to the minute."""
    known = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment / 1e6, UTC)
    return known.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def share(n: int, of: int) -> str:
    """A count as a share: `37 %`, `< 1 %`."""
    if not of or not n:
        return "0 %"
    return "< 1 %" if n / of < 0.01 else f"{n / of:.0%}".replace("%", " %")


def counted(n: int, noun: str) -> str:
    """The noun in the number that it stands in."""
    return noun if n == 1 else f"{noun}s"


def _chart(members: Sequence[Member], events: Sequence[Alert]) -> Any:
    ordered = sorted(members, key=lambda member: (member.at_us, member.seq))
    lines = [Line("posts", [member.at_us for member in ordered])]
    lines.append(Line("authors", _firsts((member.author_id, member.at_us) for member in ordered)))
    if recipients := _firsts((member.recipient_id, member.at_us) for member in ordered):
        lines.append(Line("recipients", recipients))
    return growth(lines, [Mark(event.at_us, f"level {event.level}") for event in events])


def _firsts(seen: Iterator[tuple[str | None, int]]) -> list[int]:
    """When each one was seen first."""
    first: dict[str, int] = {}
    for who, at_us in seen:
        if who:
            first.setdefault(who, at_us)
    return list(first.values())


def _categories(members: Sequence[Member]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for member in members:
        if member.category:
            counts[member.category] = counts.get(member.category, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3]


def _seen(members: Sequence[Member]) -> Mapping[str, str]:
    times = [member.at_us for member in members]
    return {"first": at(min(times)), "last": at(max(times))} if times else {"first": "–", "last": "–"}
