"""What people decided, as posts: those of decided cases, and those by authors of whom nothing speaks."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from semsearch.errors import UsageError
from semsearch.progress import Progress, silent
from semsearch.records import Decision, Post
from semsearch.settings import SpamSettings
from semsearch.spam.drafts.sampling import blank, rank
from semsearch.store.campaigns import CampaignStore
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal, Stored
from semsearch.store.reports import Reports
from semsearch.store.rulings import in_force, merges, standing
from semsearch.store.verdicts import Verdicts

DECIDE = "Next: semsearch alerts list, then semsearch alerts decide ALERT_ID confirm --by NAME"
POOL = 20
"""Posts by ordinary people that are looked at for each one of a sample: most go, a few are of one flood."""
PAGE = 1_000
"""Posts that the journal is asked for at once."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """One case (an alert, or a flagged post) that people decided on, as decisions in force have it."""

    subject: str
    namespace: str
    confirmed: bool
    """Else it was dismissed."""
    decision: Decision
    """The last one."""
    posts: tuple[Post, ...]
    """Covered ones, without those of which a later decision on another case says something."""

    def campaign(self, merged: Mapping[str, str]) -> str:
        """The campaign that was decided on, or what it is part of now; the case itself for a single post."""
        name = self.decision.detail.get("campaign") or self.subject
        return merged.get(name, name)


@dataclass(frozen=True, slots=True)
class Given:
    """Two lists of posts for `sampling.sample`, and what is known of their campaigns."""

    ordinary: tuple[Post, ...]
    sellers: tuple[Post, ...]
    campaigns: Mapping[str, str]
    """post_id to campaign."""
    n_cases: int
    """Confirmed ones that the sellers' posts come from."""
    dismissed: frozenset[str] = frozenset()
    """post_ids of dismissed cases among the ordinary ones: what a profile was wrong about is what it learns from."""


def ruled(store: Store, namespace: str | None = None) -> list[Ruled]:
    """Every decided case, the one that was decided last at the end."""
    forced = in_force(Decisions(store).all())
    cases = [held for held in standing(forced).values() if namespace in (None, held[-1].detail.get("namespace"))]
    cases.sort(key=lambda held: held[-1].decision_id)
    covered = [Journal(store).covered([each.decision_id for each in held]) for held in cases]
    last = {stored.seq: number for number, found in enumerate(covered) for stored in found}
    return [
        _case(held[-1], [stored.post for stored in found if last[stored.seq] == number])
        for number, (held, found) in enumerate(zip(cases, covered, strict=True))
    ]


def decided_posts(
    store: Store, namespace: str, settings: SpamSettings, *, seed: int, progress: Progress = silent
) -> Given:
    """Posts of confirmed cases against those of dismissed ones and posts of the same span by authors without a word.

    Of these authors nothing speaks in any namespace: they have no post in a campaign with an alert, none that a verdict
    flags that stands (see `Verdicts.flagged`; profiles that people took back do not count) or that a decision ever
    covered, no allowance and no report. Of their posts those are taken that the seed ranks first, `POOL` for each of a
    sample. Authors who are allowed are on neither side, sellers not on the other. Raises UsageError when nothing was
    confirmed.
    """
    decisions = Decisions(store).all()
    allowed = {each.subject for each in decisions if each.kind == "allow"}
    cases = ruled(store, namespace)
    spoken = [(post, each) for each in cases for post in each.posts if post.author_id not in allowed]
    sellers = [(post, each) for post, each in spoken if each.confirmed]
    if not sellers:
        raise UsageError(f"Nobody has confirmed a case of {namespace} yet: there is no post by sellers.", DECIDE)
    times = [post.created_at for post, _ in sellers]
    pages = Journal(store).between(namespace, min(times), max(times) + timedelta(microseconds=1))
    others = _without(pages, _suspects(store, decisions) | allowed, progress)
    found = heapq.nsmallest(POOL * settings.sample, others, key=lambda one: rank(one.post, seed))
    merged = merges(in_force(decisions))
    own = {post.author_id for post, _ in sellers}
    dismissed = [(post, each) for post, each in spoken if not each.confirmed and post.author_id not in own]
    campaigns = _campaigns(store, found, merged)
    campaigns |= {post.post_id: each.campaign(merged) for post, each in (*dismissed, *sellers)}
    return Given(
        ordinary=(*(post for post, _ in dismissed), *(each.post for each in found)),
        sellers=tuple(post for post, _ in sellers),
        campaigns=campaigns,
        n_cases=len({each.subject for _, each in sellers}),
        dismissed=frozenset(post.post_id for post, _ in dismissed),
    )


def known_campaigns(store: Store, namespace: str, given: Iterable[Post]) -> dict[str, str]:
    """post_id to campaign for posts of a file, as far as the journal knows them."""
    journal, names = Journal(store), sorted({post.post_id for post in given})
    pages = (journal.known(namespace, names[start : start + PAGE]) for start in range(0, len(names), PAGE))
    found = [stored for page in pages for name in sorted(page) for stored in journal.find(name, namespace)]
    return _campaigns(store, found, merges(in_force(Decisions(store).all())))


def _case(last: Decision, posts: Sequence[Post]) -> Ruled:
    return Ruled(last.subject, last.detail.get("namespace", ""), last.kind == "confirm", last, tuple(posts))


def _suspects(store: Store, decisions: Sequence[Decision]) -> set[str]:
    """Authors of whom an alert, a verdict, a report or a decision speaks; profiles that were taken back say nothing."""
    campaigns = CampaignStore(store)
    alerted = campaigns.members_of([each.campaign_id for each in campaigns.alerts()])
    authors = {each.author_id for each in alerted}
    gone = _approved(decisions) - _approved(in_force(decisions))
    authors |= {each.author_id for each in Verdicts(store).flagged() if each.profile_id not in gone}
    authors |= {each.author_id for each in Reports(store).pointings()}
    return authors | {author for author, _, _ in Decisions(store).authors(decisions)}


def _approved(decisions: Iterable[Decision]) -> set[str]:
    return {each.subject for each in decisions if each.kind == "approve"}


def _without(pages: Iterable[Sequence[Stored]], authors: Collection[str], progress: Progress) -> Iterator[Stored]:
    """Posts with a text by anybody else."""
    n_read = 0
    for page in pages:
        yield from (each for each in page if each.post.author_id not in authors and not blank(each.post.text))
        n_read += len(page)
        progress("posts looked at", n_read, 0)


def _campaigns(store: Store, given: Sequence[Stored], merged: Mapping[str, str]) -> dict[str, str]:
    """post_id to campaign for posts of the journal, as the machine joined and people merged them."""
    found = {each.post_id: each.campaign_id for each in CampaignStore(store).members_at([one.seq for one in given])}
    return {post_id: merged.get(campaign_id, campaign_id) for post_id, campaign_id in found.items()}
