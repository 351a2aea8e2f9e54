"""The review list: alerts of campaigns and flagged single posts in one order.

1. Open ones come first, then those that were decided on before others joined, then the rest.
2. Among these the more severe come first. The severity of an alert counts one step more when verdicts flag at least
   half of its judged members (those with a verdict of their own, and those whose leader has one), or when one of the
   members that a model was asked about tries to instruct its reader, even if it abstained. A flagged post is low;
   medium when two profiles match. A post that tries to instruct its reader is medium, whatever was said of it.
3. Among equals the newest raise comes first, by the time of the post that raised it.

A flagged post that a person dismissed is off the list; asked for by its status it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from heapq import nsmallest
from operator import itemgetter

from semsearch.records import SEVERITIES, Member
from semsearch.review.cases import Case, Cases, filtered
from semsearch.review.flagged import case_id
from semsearch.review.flagged import severity as severity_of
from semsearch.store.flagged import FlaggedPost, Said

Rank = tuple[int, int, int, str]
"""Stage, severity, time and id; the smallest first."""
_STAGES = {"open": 0, "new": 1}


@dataclass(frozen=True, slots=True)
class Judged:
    """What verdicts say of the members of a case."""

    n_judged: int = 0
    """Members with a verdict of their own; abstentions are none."""
    n_spam: int = 0
    """Of these."""
    n_referred: int = 0
    """Members without one whose leader has one: references, not observations."""
    n_referred_spam: int = 0
    instructed: bool = False
    """Whether one of them tries to instruct its reader."""

    @property
    def lifts(self) -> bool:
        """Whether a case counts as more severe by it."""
        n_spam, n = self.n_spam + self.n_referred_spam, self.n_judged + self.n_referred
        return self.instructed or (n_spam > 0 and 2 * n_spam >= n)

    @property
    def told(self) -> str:
        """In words, such as `spam 3/4` or `spam 12/12, 11 by reference`; empty when there is nothing to say."""
        n = self.n_judged + self.n_referred
        parts = [f"spam {self.n_spam + self.n_referred_spam:,}/{n:,}"] if n else []
        parts += [f"{self.n_referred:,} by reference"] if self.n_referred else []
        return ", ".join([*parts, "instructs"] if self.instructed else parts)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line of the list."""

    case: Case
    judged: Judged


Waiting = tuple[Rank, Callable[[], Ranked]]
"""A line that is made when it is among the first: a hundred thousand posts may be flagged, and a page shows a few."""


@dataclass(frozen=True, slots=True)
class ReviewList:
    """The beginning of the list."""

    lines: tuple[Ranked, ...]
    n: int
    """Lines of the whole list."""


def review_list(
    cases: Cases,
    *,
    namespace: str | None = None,
    severity: str | None = None,
    status: str | None = None,
    most: int | None = None,
) -> ReviewList:
    """Alerts and flagged posts, what is to be looked at first first, at most so many.

    Raises UsageError for an unknown status.
    """
    waiting = [*_alerts(cases, namespace, severity, status), *_posts(cases, namespace, severity, status)]
    first = nsmallest(len(waiting) if most is None else most, waiting, key=itemgetter(0))
    return ReviewList(tuple(line() for _, line in first), len(waiting))


def judged(members: tuple[Member, ...], said: Mapping[int, Said]) -> Judged:
    """What is said of members in order of `seq`: by verdicts of their own, or by that of the first leader.

    Members that only refer to their leader's verdict were not looked at for instructions.
    """
    told = [said[each.seq] for each in members if each.seq in said]
    own = [each.flagged for each in told if each.flagged is not None]
    leader = next((each for each in members if each.net == "leader"), members[0] if members else None)
    by_leader = said[leader.seq].flagged if leader and leader.seq in said else None
    n_referred = 0 if by_leader is None else len(members) - len(own)
    instructed = any(each.instructed for each in told)
    return Judged(len(own), sum(own), n_referred, n_referred if by_leader else 0, instructed)


def of_post(post: FlaggedPost) -> Judged:
    """What is said of a post; nothing when it was flagged before a person decided on it, and is no longer."""
    n_spam = int(bool(post.profile_ids))
    if not (n_spam or post.instructed):
        return Judged()
    return Judged(int(post.answered), n_spam, instructed=post.instructed)


def _alerts(cases: Cases, namespace: str | None, severity: str | None, status: str | None) -> list[Waiting]:
    found = cases.all(namespace, severity)
    said = cases.flags.judged(sorted({each.campaign_id for case in found for each in case.members}))
    waiting: list[Waiting] = []
    for case in found if status is None else filtered(found, status):
        told = judged(case.members, said)
        waiting.append((_rank(case, lifted=told.lifts), partial(Ranked, case, told)))
    return waiting


def _posts(cases: Cases, namespace: str | None, severity: str | None, status: str | None) -> list[Waiting]:
    """A post's severity says already what its verdicts lift."""
    waiting: list[Waiting] = []
    for post in cases.flagged(namespace):
        own, name = severity_of(post), case_id(post)
        if severity not in (None, own):
            continue
        line = partial(_line, cases, post)
        if cases.is_decided(name):
            case = cases.case(post)
            if case.status != "dismissed" if status is None else filtered([case], status):
                waiting.append((_rank(case, lifted=False), line))
        elif status in (None, "open"):
            waiting.append(((0, -SEVERITIES.index(own), -post.at_us, name), line))
    return waiting


def _line(cases: Cases, post: FlaggedPost) -> Ranked:
    return Ranked(cases.case(post), of_post(post))


def _rank(case: Case, *, lifted: bool) -> Rank:
    joined = case.status in ("confirmed", "dismissed") and case.new
    stage = _STAGES.get("new" if joined else case.status, len(_STAGES))
    return stage, -(SEVERITIES.index(case.alert.severity) + lifted), -case.alert.at_us, case.alert.alert_id
