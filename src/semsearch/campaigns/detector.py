"""Posts in, members and alerts out: the nets, the leaders and their growth for one namespace, in memory.

What it gives depends on the posts and the batches that they come in, on nothing else: no clock, no database. Scanning
keeps what it gives, replay and benches throw it away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from semsearch.campaigns.growth import Arrival, Growth, Raise, telling
from semsearch.campaigns.leaders import Joined, Leaders
from semsearch.campaigns.nets import Prepared
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
        self._seen_us: dict[int, int] = {}
        self.latest_us = 0
        """Time of the latest post so far."""

    def take(self, posts: Sequence[Stored], prepared: Prepared) -> Found:
        """Go through one batch in its order."""
        found: list[Member] = []
        raises: list[Raise] = []
        for member, new in self._joined(posts, prepared, None):
            self.growth.saw(member.at_us, member.category)
            if new:
                found += new
                raised = self.growth.joined(new[-1].campaign_id, [arrival_of(each) for each in new], self.rulings)
                raises += [raised] if raised else []
        self._forget()
        return Found(tuple(found), tuple(self._alert(each) for each in raises), self.growth.volumes())

    def recall(self, posts: Sequence[Stored], prepared: Prepared) -> None:
        """Go through a batch that was taken before: it is remembered where it belongs now, and nothing grows."""
        for _ in self._joined(posts, prepared, self.rulings):
            pass
        self.leaders.forget(*self._horizon())

    def _joined(
        self, posts: Sequence[Stored], prepared: Prepared, rulings: Rulings | None
    ) -> Iterator[tuple[Member, list[Member]]]:
        """Each post, and the members that it makes: none, itself, or its leader and itself."""
        members = [self._member(stored, prepared, row) for row, stored in enumerate(posts)]
        put = _put(members, rulings) if rulings else {}
        about = [_packed(member) for member in members]
        joined = self.leaders.join(prepared, about, [member.at_us for member in members], put)
        for row, (member, one) in enumerate(zip(members, joined, strict=True)):
            self.latest_us = max(self.latest_us, member.at_us)
            if row in put:
                self._campaigns[one.home] = put[row]
            yield member, self._grown(member, one) if one.net != "leader" else []

    def _grown(self, member: Member, one: Joined) -> list[Member]:
        """The new member of a campaign; its leader first when it is the campaign's second post."""
        leader = None
        if one.home not in self._campaigns:
            leader = _unpacked(self.leaders.memory.about(one.home))
            self._campaigns[one.home] = campaign_id(self.namespace, leader.post_id, leader.revision)
        name = self._campaigns[one.home]
        name = self.rulings.merged.get(name, name)
        self._seen_us[one.home] = max(self._seen_us.get(one.home, 0), member.at_us)
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

    def _forget(self) -> None:
        before_us, living = self._horizon()
        self.growth.forget(before_us)
        self.leaders.forget(before_us, living)

    def _horizon(self) -> tuple[int, Iterable[int]]:
        """The start of the window, and the leaders of campaigns that grew since."""
        before_us = self.latest_us - int(self._policy.window_days * DAY_US)
        return before_us, (home for home, seen_us in self._seen_us.items() if seen_us >= before_us)


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


def _put(members: Sequence[Member], rulings: Rulings) -> dict[int, str]:
    if not rulings.moved and not rulings.led:
        return {}
    names = (rulings.moved.get((m.post_id, m.revision)) or rulings.led.get(m.post_id) for m in members)
    return {row: name for row, name in enumerate(names) if name}


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
