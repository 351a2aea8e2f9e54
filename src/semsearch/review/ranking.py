"""The review list: alerts of campaigns and flagged single posts in one order.

1. Open ones come first, then those that were decided on before others joined, then the rest.
2. Among these the more severe come first. The severity of an alert counts one step more when verdicts flag at least
   half of its judged members (those with a verdict of their own, and those whose leader has one), or when one of its
   members tries to instruct its reader. A flagged post is low; medium when two profiles match or it tries to instruct.
3. Among equals the newest raise comes first, by the time of the post that raised it.

A flagged post that a person dismissed is off the list; asked for by its status it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from semsearch.records import SEVERITIES, Member
from semsearch.review.cases import Case, Cases, filtered
from semsearch.review.flagged import KIND
from semsearch.store.flagged import Said

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


def review_list(
    cases: Cases, *, namespace: str | None = None, severity: str | None = None, status: str | None = None
) -> list[Ranked]:
    """Alerts and flagged posts, what is to be looked at first first. Raises UsageError for an unknown status."""
    alerts, posts = cases.all(namespace, severity), cases.posts(namespace, severity)
    found = [case for case in (*alerts, *posts) if case.alert.kind != KIND or case.status != "dismissed" or status]
    wanted = found if status is None else filtered(found, status)
    said = cases.flags.judged(sorted({each.campaign_id for case in alerts for each in case.members}))
    ranked = [
        Ranked(case, _of_post(case) if case.alert.kind == KIND else judged(case.members, said)) for case in wanted
    ]
    return sorted(ranked, key=_rank)


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


def _of_post(case: Case) -> Judged:
    reasons = case.alert.reasons
    return Judged(1, 1, instructed=reasons["instructed"]) if reasons["profiles"] else Judged()


def _rank(one: Ranked) -> tuple[int, int, int, str]:
    case, alert = one.case, one.case.alert
    joined = case.status in ("confirmed", "dismissed") and case.new
    stage = _STAGES.get("new" if joined else case.status, len(_STAGES))
    lifted = one.judged.lifts and alert.kind != KIND  # a post's severity says it already
    return stage, -(SEVERITIES.index(alert.severity) + lifted), -alert.at_us, alert.alert_id
