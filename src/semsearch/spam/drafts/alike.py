"""Which posts are of one flood: of one campaign, with one contact, or alike once spelling tricks are taken away."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

from semsearch.records import Post
from semsearch.text.abuse.reading_post import Reading, read_post
from semsearch.text.signatures import near_duplicates

ALIKE = 0.3
"""Jaccard similarity of shingles of the skeleton. Looser than what joins a campaign: an ordinary post too few costs
little, one flood too many is what the profile would be about."""
READ_CHARS = 10_000
"""Characters of a post that are read: what follows changes no writer's style, and costs time."""
_CONTACTS = 8
"""Contacts of a post that are looked at: more are a price list."""


def floods(posts: Sequence[Post], campaigns: Mapping[str, str]) -> list[int]:
    """The flood of each post of one namespace, [n]: the place of its first post, its own when it is like no other.

    Joined are revisions of one post, posts of one campaign (`campaigns`: post_id to campaign, for those that are
    known), posts with a contact in common, and look-alikes; also over several steps, so that a flood whose ends differ
    is one.
    """
    readings = [read_post(post.text[:READ_CHARS]) for post in posts]
    alike = near_duplicates([reading.skeleton for reading in readings], ALIKE).tolist()
    leads = list(range(len(posts)))
    first: dict[Hashable, int] = {}
    for place, (post, reading) in enumerate(zip(posts, readings, strict=True)):
        for key in _keys(post, reading, alike[place], campaigns):
            ends = _end(leads, first.setdefault(key, place)), _end(leads, place)
            leads[max(ends)] = min(ends)
    return [_end(leads, place) for place in range(len(posts))]


def _keys(post: Post, reading: Reading, alike: int, campaigns: Mapping[str, str]) -> Iterator[Hashable]:
    """What a post shares with others of its flood."""
    yield "alike", alike
    yield "post", post.post_id
    for contact in reading.contacts[:_CONTACTS]:
        yield "contact", contact.key
    if post.post_id in campaigns:
        yield "campaign", campaigns[post.post_id]


def _end(leads: list[int], place: int) -> int:
    """Who leads at the end; the way there is shortened for the next one who asks."""
    while leads[place] != place:
        leads[place] = leads[leads[place]]
        place = leads[place]
    return place
