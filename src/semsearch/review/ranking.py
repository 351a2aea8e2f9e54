"""The review list: alerts of campaigns and flagged single posts in one order.

1. Open ones come first, then those that were decided on before others joined, then the rest.
2. Among these the more severe come first. The severity of an alert counts one step more when verdicts flag at least
   half of its judged members (those with a verdict of their own, and those whose leader has one), or when one of its
   members tries to instruct its reader. A flagged post is low; medium when two profiles match. A post that tries to
   instruct its reader is medium, whatever was said of it.
3. Among equals the newest raise comes first, by the time of the post that raised it.

A flagged post that a person dismissed is off the list; asked for by its status it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain
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
        """In words, such as `spam 3/4` or `spam 12/12, 11 by reference`; empty when nothing was judged."""
        n = self.n_judged + self.n_referred
        if not n:
            return ""
        referred = f", {self.n_referred:,} by reference" if self.n_referred else ""
        instructs = ", instructs" if self.instructed else ""
        return f"spam {self.n_spam + self.n_referred_spam:,}/{n:,}{referred}{instructs}"


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line of the list."""

    case: Case
    judged: Judged


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

    Posts become cases only when they are among these: there may be a hundred thousand. Raises UsageError for an
    unknown status.
    """
    alerts = _alerts(cases, namespace, severity, status)
    posts = _posts(cases, namespace, severity, status)
    first = nsmallest(len(alerts) + len(posts) if most is None else most, chain(alerts, posts), key=itemgetter(0))
    lines = (one if isinstance(one, Ranked) else Ranked(cases.case(one), of_post(one)) for _, one in first)
    return ReviewList(tuple(lines), len(alerts) + len(posts))


def judged(members: tuple[Member, ...], said: Mapping[int, Said]) -> Judged:
    """What is said of members in order of `seq`: by verdicts of their own, or by that of the first leader."""
    own = [said[each.seq] for each in members if each.seq in said]
    leader = next((each for each in members if each.net == "leader"), members[0] if members else None)
    by_leader = said.get(leader.seq) if leader else None
    n_referred = len(members) - len(own) if by_leader else 0
    return Judged(
        len(own),
        sum(each.flagged for each in own),
        n_referred,
        n_referred if by_leader and by_leader.flagged else 0,
        any(each.instructed for each in own),
    )


def of_post(post: FlaggedPost) -> Judged:
    """What is said of a post; nothing when it was flagged before a person decided on it, and is no longer."""
    n_spam = int(bool(post.profile_ids))
    return Judged(1, n_spam, instructed=post.instructed) if n_spam or post.instructed else Judged()


def _alerts(
    cases: Cases, namespace: str | None, severity: str | None, status: str | None
) -> list[tuple[Rank, Ranked | FlaggedPost]]:
    found = cases.all(namespace, severity)
    said = cases.flags.judged(sorted({each.campaign_id for case in found for each in case.members}))
    wanted = found if status is None else filtered(found, status)
    ranked = (Ranked(case, judged(case.members, said)) for case in wanted)
    return [(_rank(one.case, lifted=one.judged.lifts), one) for one in ranked]


def _posts(
    cases: Cases, namespace: str | None, severity: str | None, status: str | None
) -> list[tuple[Rank, Ranked | FlaggedPost]]:
    """A post's severity says already what its verdicts lift."""
    found: list[tuple[Rank, Ranked | FlaggedPost]] = []
    for post in cases.flagged(namespace):
        own, name = severity_of(post), case_id(post)
        if severity not in (None, own):
            continue
        if cases.is_decided(name):
            case = cases.case(post)
            if case.status != "dismissed" if status is None else filtered([case], status):
                found.append((_rank(case, lifted=False), post))
        elif status in (None, "open"):
            found.append(((0, -SEVERITIES.index(own), -post.at_us, name), post))
    return found


def _rank(case: Case, *, lifted: bool) -> Rank:
    joined = case.status in ("confirmed", "dismissed") and case.new
    stage = _STAGES.get("new" if joined else case.status, len(_STAGES))
    return stage, -(SEVERITIES.index(case.alert.severity) + lifted), -case.alert.at_us, case.alert.alert_id
