"""Posts in, members and alerts out: the nets, the leaders and their growth for one namespace, in memory.

What it gives depends on the posts and the batches that they come in, on nothing else: no clock, no database. Scanning
keeps what it gives, replay and benches throw it away.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from semsearch.campaigns.growing.growth import Arrival, Growth, Raise
from semsearch.campaigns.joining.leaders import Joined, Leaders, Place
from semsearch.campaigns.joining.nets import Prepared
from semsearch.campaigns.ties import telling
from semsearch.records import Alert, Member, Post, Rulings
from semsearch.settings import CampaignSettings
from semsearch.store.journal import Stored
from semsearch.store.times import to_us

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What one batch brought."""

    members: tuple[Member, ...]
    """Posts that are in a campaign now; a leader comes with the first that joins it."""
    alerts: tuple[Alert, ...]
    volumes: Mapping[tuple[int, str], int]


class Detector:
    """The state of one namespace."""

    def __init__(self, namespace: str, policy: CampaignSettings, dim: int, rulings: Rulings | None = None) -> None:
        self.namespace = namespace
        self._policy = policy
        self.leaders = Leaders(policy, dim)
        self.growth = Growth(policy)
        self.rulings = rulings or Rulings()
        self._campaigns: dict[int, str] = {}
        self._seen: dict[int, int] = {}
        self._window = Window(int(policy.window_days * DAY_US), policy.window_posts)
        self.latest_us = 0
        """Time of the latest post so far."""

    def take(self, posts: Sequence[Stored], prepared: Prepared) -> Found:
        """Go through one batch in its order."""
        found: list[Member] = []
        raises: list[Raise] = []
        for member, new in self._joined(posts, prepared, {}):
            self.growth.saw(member.at_us, member.category)
            if new:
                found += new
                raised = self.growth.joined(new[-1].campaign_id, [arrival_of(each) for each in new], self.rulings)
                raises += [raised] if raised else []
        self._window.add(posts[0].seq, len(posts), max(to_us(each.post.created_at) for each in posts))
        self.growth.forget(self._window.since_us)
        self.forget()
        return Found(tuple(found), tuple(self._alert(each) for each in raises), self.growth.volumes())

    def recall(self, posts: Sequence[Stored], prepared: Prepared, known: Mapping[int, Member], *, inside: bool) -> None:
        """Go through a batch that was taken before: every post is put where it belongs now, and nothing grows.

        `known` are the stored members by `seq`; the other posts are alone. `inside` says whether it is in the window.
        """
        places = {row: self._place(each, known.get(each.seq)) for row, each in enumerate(posts)}
        for _ in self._joined(posts, prepared, places):
            pass
        if inside:
            self._window.add(posts[0].seq, len(posts), max(to_us(each.post.created_at) for each in posts))

    def forget(self) -> None:
        """Let go of what is before the window, but for leaders of campaigns that grew inside it or that people made."""
        first_seq, made = self._window.first_seq, {*self.rulings.led.values(), *self.rulings.moved.values()}

        def lives(home: int) -> bool:
            return self._seen.get(home, 0) >= first_seq or self._campaigns.get(home) in made

        if self.leaders.forget(first_seq, lives):
            holds = self.leaders.memory.holds
            self._campaigns = {home: name for home, name in self._campaigns.items() if holds(home)}
            self._seen = {home: seq for home, seq in self._seen.items() if holds(home)}

    def _joined(
        self, posts: Sequence[Stored], prepared: Prepared, places: Mapping[int, Place]
    ) -> Iterator[tuple[Member, list[Member]]]:
        """Each post, and the members that it makes: none, itself, or its leader and itself."""
        members = [self._member(stored, prepared, row) for row, stored in enumerate(posts)]
        about = [_packed(member) for member in members]
        joined = self.leaders.join(prepared, about, [member.seq for member in members], places)
        for row, (member, one) in enumerate(zip(members, joined, strict=True)):
            self.latest_us = max(self.latest_us, member.at_us)
            if row in places and places[row].name:
                self._campaigns[one.home] = places[row].name
                self._seen[one.home] = member.seq
            yield member, self._grown(member, one) if one.net != "leader" else []

    def _place(self, stored: Stored, member: Member | None) -> Place:
        """Where people, or else the machine, put a post."""
        key = (stored.post.post_id, stored.post.revision or 0)
        put = self.rulings.moved.get(key) or self.rulings.led.get(key[0])
        if put:
            return Place(self.rulings.merged.get(put, put), "leader" if key[0] in self.rulings.led else "reviewer")
        return Place(placed(member, self.rulings), member.net) if member else Place("", "leader")

    def _grown(self, member: Member, one: Joined) -> list[Member]:
        """The new member of a campaign; its leader first when it is the campaign's second post."""
        leader = None
        if one.home not in self._campaigns:
            leader = _unpacked(self.leaders.memory.about(one.home))
            self._campaigns[one.home] = campaign_id(self.namespace, leader.post_id, leader.revision)
        name = self._campaigns[one.home]
        name = self.rulings.merged.get(name, name)
        self._seen[one.home] = member.seq
        detail = one.detail or member.detail
        new = replace(member, campaign_id=name, net=one.net, strength=round(one.strength, 4), detail=detail)
        return [replace(leader, campaign_id=name), new] if leader else [new]

    def _member(self, stored: Stored, prepared: Prepared, row: int) -> Member:
        post, kinds = stored.post, prepared.contacts[row].kinds
        return Member(
            seq=stored.seq,
            campaign_id="",
            post_id=post.post_id,
            revision=post.revision or 0,
            author_id=post.author_id,
            at_us=to_us(post.created_at),
            net="leader",
            strength=1.0,
            detail=kinds[0] if kinds else "",
            recipient_id=post.recipient_id,
            category=post.category,
            disguised=bool(prepared.disguise[row]),
            counts=self._counts(post),
        )

    def _counts(self, post: Post) -> bool:
        if post.seller_type and post.seller_type in self._policy.allow_seller_types:
            return False
        if post.author_id not in self.rulings.allowed:
            return True
        until = self.rulings.allowed[post.author_id]
        return until is not None and until < post.created_at

    def _alert(self, raised: Raise) -> Alert:
        return Alert(
            alert_id=f"a{raised.campaign_id[1:]}",
            campaign_id=raised.campaign_id,
            namespace=self.namespace,
            kind=raised.kind,
            level=raised.level,
            severity=raised.severity,
            at_us=raised.at_us,
            n_posts=raised.n_posts,
            n_authors=raised.n_authors,
            n_recipients=raised.n_recipients,
            reasons=raised.reasons,
        )


class Window:
    """The batches that are compared with: as long as a span of time, of a number of posts at most, whole batches."""

    def __init__(self, span_us: int, n_posts: int) -> None:
        self._span_us, self._n_posts = span_us, n_posts
        self._batches: deque[tuple[int, int, int]] = deque()
        self._held = 0
        self._latest_us = 0

    @property
    def since_us(self) -> int:
        """Its start in time."""
        return self._latest_us - self._span_us

    @property
    def first_seq(self) -> int:
        """The first post of the oldest batch inside; 0 before the first one."""
        return self._batches[0][0] if self._batches else 0

    def add(self, first_seq: int, n_posts: int, newest_us: int) -> None:
        """A batch comes and stays; others leave when they are too old, or when the younger ones are enough."""
        self._batches.append((first_seq, n_posts, newest_us))
        self._held += n_posts
        self._latest_us = max(self._latest_us, newest_us)
        while len(self._batches) > 1 and self._leaves(*self._batches[0][1:]):
            self._held -= self._batches.popleft()[1]

    def _leaves(self, n_posts: int, newest_us: int) -> bool:
        return newest_us < self.since_us or self._held - n_posts >= self._n_posts


def campaign_id(namespace: str, post_id: str, revision: int) -> str:
    """The name of the campaign that a post leads: the same whenever it is found again."""
    about = json.dumps([namespace, post_id, revision], ensure_ascii=False).encode("utf-8", "surrogatepass")
    return f"c{hashlib.blake2b(about, digest_size=6).hexdigest()}"


def arrival_of(member: Member) -> Arrival:
    """What growth counts of a member."""
    return Arrival(
        seq=member.seq,
        at_us=member.at_us,
        author_id=member.author_id,
        recipient_id=member.recipient_id,
        category=member.category,
        counts=member.counts,
        disguised=member.disguised,
        contact=telling(member.net, member.detail),
    )


def placed(member: Member, rulings: Rulings) -> str:
    """The campaign that a member is in after what people decided."""
    put = rulings.moved.get((member.post_id, member.revision), member.campaign_id)
    return rulings.merged.get(put, put)


def _packed(member: Member) -> str:
    """A member in little memory, for the many leaders that nobody will ever join."""
    own: list[Any] = [member.seq, member.post_id, member.revision, member.author_id, member.at_us]
    rest = [member.detail, member.recipient_id, member.category, int(member.disguised), int(member.counts)]
    return json.dumps(own + rest)


def _unpacked(text: str) -> Member:
    seq, post_id, revision, author_id, at_us, detail, recipient_id, category, disguised, counts = json.loads(text)
    return Member(
        seq,
        "",
        post_id,
        revision,
        author_id,
        at_us,
        "leader",
        1.0,
        detail,
        recipient_id,
        category,
        bool(disguised),
        bool(counts),
    )
