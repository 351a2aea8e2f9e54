"""What a person needs to see of a campaign before deciding: members that differ, what ties them, who wrote them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from semsearch.campaigns.joining import nets
from semsearch.campaigns.marks import MOST_CHARS, Marked, Piece
from semsearch.records import Member
from semsearch.text.abuse.reading_post import Reading, read_post

MOST_READ = 2_000
"""Members of a campaign whose texts are read; of a larger one an even sample, the leader in any case."""
_ALIKE = 0.9
"""Similarity of shingles from which another member shows nothing new."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One member that stands for those that are most like it."""

    member: Member
    pieces: tuple[Piece, ...]
    """Of a member against the leader; of the leader against the other samples."""
    n_like: int
    """Members of those read that are more like this one than like any other sample; itself included."""
    n_cut: int
    """Characters that are not shown."""


@dataclass(frozen=True, slots=True)
class NetShare:
    """How many members one net caught, and how strongly they matched."""

    net: str
    n: int
    weakest: float
    middle: float


@dataclass(frozen=True, slots=True)
class SharedContact:
    """A contact that members carry."""

    kind: str
    key: str
    """In its plain form, without the kind."""
    n_posts: int
    n_authors: int


@dataclass(frozen=True, slots=True)
class AuthorShare:
    """What one author has in a campaign."""

    author_id: str
    n_posts: int
    n_recipients: int
    n_disguised: int
    first_us: int
    last_us: int
    counts: bool
    """False when allowed: none of the posts counted as growth."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. Contacts and samples come from the texts that were read, the rest from all members."""

    n_members: int
    n_read: int
    n_texts: int
    """Different texts among those read, spelling tricks aside."""
    n_disguised: int
    n_recipients: int
    samples: tuple[Sample, ...]
    """The leader first, then each time the one that is least like those before."""
    nets: tuple[NetShare, ...]
    contacts: tuple[SharedContact, ...]
    """Most posts first."""
    authors: tuple[AuthorShare, ...]
    """Most posts first."""


def read_of(members: Sequence[Member]) -> list[Member]:
    """The members whose texts are read, in order: the first and at most `MOST_READ` in even steps."""
    if len(members) <= MOST_READ:
        return list(members)
    return [members[place] for place in np.linspace(0, len(members) - 1, MOST_READ).astype(int).tolist()]


def evidence(members: Sequence[Member], texts: Mapping[int, str], n_samples: int = 6) -> Evidence:
    """What ties a campaign's members (in order of `seq`); `texts` by `seq`, of those that are to be read.

    A member whose text is not there (erased) is counted but not shown.
    """
    read = [member for member in members if member.seq in texts]
    readings = [read_post(texts[member.seq][:MOST_CHARS]) for member in read]
    contacts = _contacts(read, readings)
    return Evidence(
        n_members=len(members),
        n_read=len(read),
        n_texts=len({reading.skeleton for reading in readings}),
        n_disguised=sum(member.disguised for member in members),
        n_recipients=len({member.recipient_id for member in members if member.recipient_id}),
        samples=_samples(read, readings, texts, n_samples, _tied(contacts)),
        nets=_net_shares(members),
        contacts=contacts,
        authors=_authors(members),
    )


def diverse(skeletons: Sequence[str], n: int) -> list[tuple[int, int]]:
    """Places of at most n texts that differ most, and how many texts are nearest to each; the first one leads.

    Farthest-first (Gonzalez 1985) over the similarity of shingles, estimated by MinHash: the next one is that whose
    nearest chosen one is least like it, the earliest of equals. Ends when all others are nearly alike.
    """
    if not skeletons:
        return []
    signatures = nets.signatures(list(skeletons))
    chosen: list[int] = [0]
    near = [nets.jaccard(signatures, signatures[0])]
    while len(chosen) < min(n, len(skeletons)):
        best = np.max(near, axis=0)
        farthest = int(best.argmin())
        if best[farthest] >= (1.0 if len(chosen) == 1 else _ALIKE):
            break
        chosen.append(farthest)
        near.append(nets.jaccard(signatures, signatures[farthest]))
    counts = Counter(np.argmax(near, axis=0).tolist())
    return [(place, counts[number]) for number, place in enumerate(chosen)]


def _samples(
    read: Sequence[Member], readings: Sequence[Reading], texts: Mapping[int, str], n: int, tied: Collection[str]
) -> tuple[Sample, ...]:
    chosen = diverse([reading.skeleton for reading in readings], n)
    marked = [Marked(texts[read[place].seq]) for place, _ in chosen]
    samples = []
    for number, (place, n_like) in enumerate(chosen):
        others = marked[1:] if number == 0 else marked[:1]
        samples.append(Sample(read[place], marked[number].against(others, tied), n_like, marked[number].n_cut))
    return tuple(samples)


def _net_shares(members: Sequence[Member]) -> tuple[NetShare, ...]:
    by_net: dict[str, list[float]] = defaultdict(list)
    for member in members:
        if member.net != "leader":
            by_net[member.net].append(member.strength)
    shares = [NetShare(net, len(found), min(found), median(found)) for net, found in by_net.items()]
    return tuple(sorted(shares, key=lambda share: (-share.n, share.net)))


def _contacts(read: Sequence[Member], readings: Sequence[Reading]) -> tuple[SharedContact, ...]:
    posts: Counter[str] = Counter()
    authors: dict[str, set[str]] = defaultdict(set)
    for member, reading in zip(read, readings, strict=True):
        for key in {contact.key for contact in reading.contacts}:
            posts[key] += 1
            authors[key].add(member.author_id)
    ordered = sorted(posts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(SharedContact(*_named(key), n, len(authors[key])) for key, n in ordered)


def _named(key: str) -> tuple[str, str]:
    kind, _, name = key.partition(":")
    return kind, name


def _tied(contacts: Sequence[SharedContact]) -> frozenset[str]:
    """Keys of contacts that more than one post carries."""
    return frozenset(f"{contact.kind}:{contact.key}" for contact in contacts if contact.n_posts > 1)


def _authors(members: Sequence[Member]) -> tuple[AuthorShare, ...]:
    by_author: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        by_author[member.author_id].append(member)
    shares = [_author(author, own) for author, own in by_author.items()]
    return tuple(sorted(shares, key=lambda share: (-share.n_posts, share.first_us, share.author_id)))


def _author(author_id: str, own: Sequence[Member]) -> AuthorShare:
    return AuthorShare(
        author_id=author_id,
        n_posts=len(own),
        n_recipients=len({member.recipient_id for member in own if member.recipient_id}),
        n_disguised=sum(member.disguised for member in own),
        first_us=min(member.at_us for member in own),
        last_us=max(member.at_us for member in own),
        counts=any(member.counts for member in own),
    )
