"""Campaigns judged by their leaders: one question stands for a flood, and members refer to it.

A verdict on a leader is no observation of its members: they get references, never verdicts of their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from semsearch.campaigns.detector import placed
from semsearch.records import Member, Post, Rulings
from semsearch.spam.drafts.sampling import blank
from semsearch.spam.verdicts.detecting import Judged
from semsearch.store.campaigns import CampaignStore
from semsearch.store.journal import Journal

Detect = Callable[[Iterable[Post]], Iterator[Judged]]
"""`detecting.detect` with all but the posts given."""


@dataclass(frozen=True, slots=True)
class Led:
    """A campaign and the post that stands for it."""

    namespace: str
    campaign_id: str
    leader: Post
    members: tuple[Member, ...]
    """The others, in order of `seq`."""
    n_texts: int
    """Different texts in the campaign, the leader's too: so many questions would be asked without leaders."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a member has instead of a verdict."""

    namespace: str
    post_id: str
    revision: int
    author_id: str
    campaign_id: str
    leader: tuple[str, int]
    """(post_id, revision) of the post that was judged."""


@dataclass(frozen=True, slots=True)
class JudgedCampaign:
    """What came of a campaign's leader."""

    campaign: Led
    judged: Judged
    """Of the leader alone."""

    @property
    def references(self) -> tuple[Reference, ...]:
        """One a member."""
        led = self.campaign
        leader = led.leader.post_id, led.leader.revision or 0
        return tuple(
            Reference(led.namespace, each.post_id, each.revision, each.author_id, led.campaign_id, leader)
            for each in led.members
        )

    @property
    def n_saved(self) -> int:
        """Calls that the members would have cost: equal texts are asked once anyway, and are not counted."""
        return max(0, self.campaign.n_texts - 1) * len(self.judged.verdicts)


def leaders(campaigns: CampaignStore, journal: Journal, namespace: str, rulings: Rulings) -> Iterator[Led]:
    """The campaigns of a namespace as people left them, the one that began first first.

    The leader is the earliest one that the machine or a person made one; where it has no text, or none that is still in
    the journal, the earliest member that has one. Campaigns of which no post is there are left out.
    """
    found: dict[str, list[Member]] = {}
    for member in campaigns.members(namespace):
        found.setdefault(placed(member, rulings), []).append(member)
    for campaign_id, members in found.items():
        posts = journal.get([each.seq for each in members])
        told = {seq: post.text for seq, post in posts.items() if not blank(post.text)}
        there = [each for each in members if each.seq in (told or posts)]
        if not there:
            continue
        leader = next((each for each in there if each.net == "leader"), there[0])
        others = tuple(each for each in members if each is not leader)
        yield Led(namespace, campaign_id, posts[leader.seq], others, len(set(told.values())))


def judge(campaigns: Iterable[Led], detect: Detect) -> Iterator[JudgedCampaign]:
    """Judge the leaders of campaigns, in their order."""
    waiting: deque[Led] = deque()

    def posts() -> Iterator[Post]:
        for led in campaigns:
            waiting.append(led)
            yield led.leader

    for judged in detect(posts()):
        yield JudgedCampaign(waiting.popleft(), judged)
