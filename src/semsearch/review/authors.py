"""Authors: what one of them wrote and what was decided on it, and the confirmed ones for whoever acts on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from semsearch.errors import UsageError
from semsearch.records import Decision, Report, Verdict
from semsearch.review.cases import Case, Cases
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal, Stored
from semsearch.store.reports import Reports
from semsearch.store.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Author:
    """All that is known of one author."""

    author_id: str
    posts: tuple[Stored, ...]
    """In all namespaces, in order of `seq`."""
    campaigns: Mapping[int, str]
    """`seq` of a post to the campaign that it is in."""
    cases: tuple[Case, ...]
    """Alerts of these campaigns, the newest raise first; then flagged posts of theirs that are in no alert."""
    decisions: tuple[Decision, ...]
    """About the author or covering a post of theirs, and what undid them, oldest first."""
    confirmed: tuple[Decision, ...]
    """Confirmations in force that cover a post of theirs."""
    allowed: Decision | None
    """The allowance in force."""
    verdicts: tuple[Verdict, ...]
    """On their posts, in the order in which they were asked."""
    reports: tuple[Report, ...]
    """Of others, oldest first."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An author, and one decision that confirmed a campaign which they wrote posts of, or a flagged post of theirs."""

    author_id: str
    namespace: str
    decision_id: int
    alert_id: str
    campaign_id: str
    """Empty for a flagged post."""
    decided_at: datetime
    """UTC."""
    by: str
    n_posts: int
    """Their posts that the decision covers."""
    reason: str


@dataclass(frozen=True, slots=True)
class Export:
    """Confirmed authors, sorted by author and decision."""

    rows: tuple[Confirmed, ...]
    allowed: tuple[str, ...] = field(default=())
    """Authors who were left out: a person has allowed them, and that is about them alone."""


def author(store: Store, author_id: str, now: datetime) -> Author:
    """One author; raises UsageError for one of whom nothing is known."""
    cases = Cases(store, now)
    posts = tuple(Journal(store).by_author(author_id))
    spaces = {each.seq: each.post.namespace for each in posts}
    members = cases.campaigns.members_at(sorted(spaces))
    campaigns = {each.seq: cases.places.of(spaces[each.seq], each) for each in members}
    written = {(each.post.namespace, each.post.post_id, each.post.revision or 0) for each in posts}
    decisions = _about(cases, author_id, written)
    verdicts, reports = tuple(Verdicts(store).by_author(author_id)), tuple(Reports(store).of(author_id))
    if not posts and not decisions and not verdicts and not reports:
        raise UsageError(f"There is no author '{author_id}' in the journal.", "Next: semsearch alerts show ALERT_ID")
    confirmed = [each for each in cases.confirmations() if _covers(each, written)]
    return Author(
        author_id,
        posts,
        campaigns,
        (*cases.all(within=set(campaigns.values())), *map(cases.case, cases.flagged(author_id=author_id))),
        tuple(decisions),
        tuple(confirmed),
        cases.allowances().get(author_id),
        verdicts,
        reports,
    )


def export(store: Store, now: datetime) -> Export:
    """Authors of posts that confirmations in force cover, each with every decision that says so."""
    cases = Cases(store, now)
    confirmations = {each.decision_id: each for each in cases.confirmations()}
    found = Decisions(store).authors(list(confirmations.values()))
    allowed = cases.allowances()
    rows = [_row(name, confirmations[number], n) for name, number, n in found if name not in allowed]
    return Export(tuple(rows), tuple(sorted({name for name, _, _ in found if name in allowed})))


def _row(name: str, decision: Decision, n_posts: int) -> Confirmed:
    about = decision.detail
    told = (decision.subject, about.get("campaign", ""), decision.at, decision.by, n_posts, decision.reason)
    return Confirmed(name, about["namespace"], decision.decision_id, *told)


def _about(cases: Cases, author_id: str, written: set[tuple[str, str, int]]) -> list[Decision]:
    about: dict[str, Decision] = {}
    for each in cases.decisions:
        own = each.kind == "allow" and each.subject == author_id
        if own or _covers(each, written) or (each.kind == "undo" and each.subject in about):
            about[str(each.decision_id)] = each
    return list(about.values())


def _covers(decision: Decision, written: set[tuple[str, str, int]]) -> bool:
    namespace = decision.detail.get("namespace", "")
    return any((namespace, *pair) in written for pair in decision.members)
