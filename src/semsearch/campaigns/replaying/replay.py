"""What policies would have done on a span of the journal: run in memory, side by side, nothing is written.

Posts are read once for all policies that read them alike, joined once for all that join them alike, and only growth is
gone through again for each. What people decided since is left out, but for the authors that they allow: a replay
shows what the machine would have raised by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from sys import intern

from semsearch.campaigns.detector import Detector, arrival_of
from semsearch.campaigns.growing.growth import Growth, Raise
from semsearch.campaigns.joining.nets import Prepared
from semsearch.campaigns.joining.preparing import Submit, ahead, texts_of
from semsearch.campaigns.replaying.policies import Point
from semsearch.progress import Progress, silent
from semsearch.records import Member, Post, Rulings
from semsearch.settings import CampaignSettings
from semsearch.store.journal import Stored
from semsearch.store.times import to_us

_NOTHING: Mapping[str, str] = {}
Gather = Callable[[CampaignSettings], "Reading"]
"""Reads the posts of the span, and of the window before it, as a policy says."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The posts of a span and of the time before it, as one policy reads them; without their texts."""

    batches: tuple[tuple[tuple[Stored, ...], Prepared], ...]

    @property
    def n_posts(self) -> int:
        """Of both."""
        return sum(len(posts) for posts, _ in self.batches)

    def posts(self) -> Iterator[Stored]:
        """In the order of the journal."""
        return (stored for posts, _ in self.batches for stored in posts)


@dataclass(frozen=True, slots=True)
class Joins:
    """Who joined whom, batch by batch: the posts, and by row the members that a post made."""

    batches: tuple[tuple[tuple[Stored, ...], dict[int, list[Member]]], ...]
    members: Mapping[int, str]
    """Campaign of each member by `seq`."""


@dataclass(frozen=True, slots=True)
class First:
    """The first alert of one campaign under one policy."""

    raised: Raise
    seq: int
    """Of the post that raised it."""
    members: tuple[int, ...]
    """`seq` of the campaign's members at that moment."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one policy raised."""

    point: Point
    alerts: tuple[First, ...]
    """In the order of the journal; also those before the span."""
    n_raises: int
    """With those of campaigns that grew further."""
    members: Mapping[int, str]
    """Campaign of each member by `seq`, as they were at the end."""


def read(batches: Iterable[Sequence[Stored]], submit: Submit, progress: Progress = silent) -> Reading:
    """Posts with what the nets read of them."""
    kept, n_posts = [], 0
    for posts, prepared in ahead(batches, lambda batch: submit(texts_of(batch))):
        kept.append((tuple(_light(stored) for stored in posts), prepared))
        n_posts += len(posts)
        progress("posts read", n_posts, 0)
    return Reading(tuple(kept))


def replay(
    points: Sequence[Point], gather: Gather, namespace: str, rulings: Rulings, progress: Progress = silent
) -> list[tuple[Run, Reading]]:
    """What each policy would have raised, in the order of the points, with the posts that it was replayed on."""
    done: dict[int, tuple[Run, Reading]] = {}
    for places in _alike(range(len(points)), lambda place: points[place].reading):
        reading = gather(points[places[0]].policy)
        for joined in _alike(places, lambda place: points[place].joining):
            joins = join(reading, points[joined[0]].policy, namespace, rulings, progress)
            for place in joined:
                done[place] = grow(joins, points[place], rulings), reading
                progress("policies tried", len(done), len(points))
    return [done[place] for place in range(len(points))]


def join(
    reading: Reading, policy: CampaignSettings, namespace: str, rulings: Rulings, progress: Progress = silent
) -> Joins:
    """Let posts join leaders as a policy says."""
    dim = reading.batches[0][1].vectors.shape[1] if reading.batches else 0
    detector = Detector(namespace, policy, dim, rulings)
    batches, members, n_posts = [], dict[int, str](), 0
    for posts, prepared in reading.batches:
        rows = {stored.seq: row for row, stored in enumerate(posts)}
        made: dict[int, list[Member]] = {}
        waiting: list[Member] = []
        for member in detector.take(posts, prepared).members:
            waiting.append(member)
            members[member.seq] = member.campaign_id
            if member.net != "leader":
                made[rows[member.seq]], waiting = waiting, []
        batches.append((posts, made))
        n_posts += len(posts)
        progress("posts joined", n_posts, reading.n_posts)
    return Joins(tuple(batches), members)


def grow(joins: Joins, point: Point, rulings: Rulings) -> Run:
    """Let campaigns grow as a policy says; equal to what a detector with that policy raises."""
    growth, alerts, n_raises = Growth(point.policy), list[First](), 0
    members: dict[str, list[int]] = defaultdict(list)
    known: set[str] = set()
    for posts, made in joins.batches:
        for row, stored in enumerate(posts):
            growth.saw(to_us(stored.post.created_at), stored.post.category)
            if row not in made:
                continue
            name = made[row][-1].campaign_id
            members[name] += [member.seq for member in made[row]]
            raised = growth.joined(name, [arrival_of(member) for member in made[row]], rulings)
            n_raises += raised is not None
            if raised and name not in known:
                known.add(name)
                alerts.append(First(raised, stored.seq, tuple(members[name])))
    return Run(point, tuple(alerts), n_raises, joins.members)


def before(start: datetime, policy: CampaignSettings) -> datetime:
    """From when posts are needed: leaders, volumes and growth of the span begin in its past."""
    since_ever = (start - datetime.min.replace(tzinfo=UTC)).days
    return start - timedelta(days=min(max(policy.window_days, policy.drip_days), since_ever))


def _light(stored: Stored) -> Stored:
    """A post without what no detector reads any more; what many posts share is held once."""
    post = stored.post
    kept = Post(
        namespace=intern(post.namespace),
        post_id=post.post_id,
        author_id=intern(post.author_id),
        created_at=post.created_at,
        text="",
        revision=post.revision,
        recipient_id=post.recipient_id,
        category=post.category and intern(post.category),
        attributes=_NOTHING,
        seller_type=post.seller_type and intern(post.seller_type),
    )
    return Stored(stored.seq, kept)


def _alike(places: Iterable[int], what: Callable[[int], object]) -> list[list[int]]:
    """Places by what they share, in the order in which it first appears."""
    found: dict[object, list[int]] = {}
    for place in places:
        found.setdefault(what(place), []).append(place)
    return list(found.values())
