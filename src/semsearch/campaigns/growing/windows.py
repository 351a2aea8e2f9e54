"""What a campaign brought within a sliding window of time: posts, authors, recipients, signs of evasion."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

POINTS = 4
"""Points of one whole post."""
_FULL, _MORE, _MORE_POSTS = POINTS, 1, 4
"""Points of an author's first post, of each further one, and how many further ones count."""
_SLACK = 64


@dataclass(frozen=True, slots=True)
class Arrival:
    """One post that joined a campaign, as far as growth cares."""

    seq: int
    """Its number in the journal."""
    at_us: int
    """Microseconds UTC: the post's time."""
    author_id: str
    recipient_id: str | None
    category: str | None
    counts: bool
    """False for authors and seller types that are allowed."""
    disguised: bool
    """Whether its text was written to slip past filters."""
    contact: bool
    """Whether it carries a contact that tells of a campaign: see `ties.telling`."""


class Window:
    """Arrivals of one campaign in the last `span_us`, counted. Adding and sliding cost O(1) amortised.

    `points` count quarters of a post: an author's first post is a whole one, the next four a quarter each, further ones
    nothing, because ten authors with one post tell more than one author with ten.
    """

    __slots__ = ("arrivals", "authors", "disguised", "head", "marked", "points", "sent", "span_us", "with_contact")

    def __init__(self, span_us: int) -> None:
        self.span_us = span_us
        self.arrivals: list[Arrival] = []
        """By time; those before `head` are gone."""
        self.head = 0
        self.points = 0
        self.authors: dict[str, int] = {}
        """author → posts."""
        self.marked: dict[str, int] = {}
        """author → posts with a contact or in disguise."""
        self.disguised: dict[str, int] = {}
        """author → posts in disguise."""
        self.sent: dict[str, dict[str, int]] = {}
        """author → recipient → posts."""
        self.with_contact = 0

    @property
    def n_posts(self) -> int:
        """Arrivals inside."""
        return len(self.arrivals) - self.head

    @property
    def latest_us(self) -> int:
        """Time of the latest arrival; there must be one."""
        return self.arrivals[-1].at_us

    @property
    def n_recipients(self) -> int:
        """Distinct recipients of all authors together; O(n)."""
        return len({recipient for sent in self.sent.values() for recipient in sent})

    def add(self, arrival: Arrival) -> None:
        """Count one; later ones may have come before it."""
        arrivals = self.arrivals
        if not arrivals or arrival.at_us >= arrivals[-1].at_us:
            arrivals.append(arrival)
        elif arrival.at_us < arrivals[self.head].at_us:
            self._put_first(arrival)
        else:
            arrivals.insert(bisect_right(arrivals, arrival.at_us, self.head, key=_at), arrival)
        author = arrival.author_id
        n_before = self.authors.get(author, 0)
        self.authors[author] = n_before + 1
        self.points += _worth(n_before)
        self.with_contact += arrival.contact
        if arrival.contact or arrival.disguised:
            self.marked[author] = self.marked.get(author, 0) + 1
        if arrival.disguised:
            self.disguised[author] = self.disguised.get(author, 0) + 1
        if arrival.recipient_id is not None:
            sent = self.sent.setdefault(author, {})
            sent[arrival.recipient_id] = sent.get(arrival.recipient_id, 0) + 1

    def _put_first(self, arrival: Arrival) -> None:
        """Time may run backwards: room is made at the front by doubling, as a list does at its end."""
        if not self.head:
            self.head = len(self.arrivals)
            self.arrivals[:0] = [arrival] * self.head
        self.head -= 1
        self.arrivals[self.head] = arrival

    def slide(self, cut_us: int) -> None:
        """Let go of what is at or before `cut_us`."""
        arrivals = self.arrivals
        while self.head < len(arrivals) and arrivals[self.head].at_us <= cut_us:
            self._leave(arrivals[self.head])
            self.head += 1
        if self.head > _SLACK and self.head * 2 > len(arrivals):
            del arrivals[: self.head]
            self.head = 0

    def _leave(self, arrival: Arrival) -> None:
        author = arrival.author_id
        self.points -= _worth(_less(self.authors, author))
        self.with_contact -= arrival.contact
        if arrival.contact or arrival.disguised:
            _less(self.marked, author)
        if arrival.disguised:
            _less(self.disguised, author)
        if arrival.recipient_id is not None:
            _less(self.sent[author], arrival.recipient_id)
            if not self.sent[author]:
                del self.sent[author]


def _at(arrival: Arrival) -> int:
    return arrival.at_us


def _worth(n_before: int) -> int:
    """Points of a post whose author has `n_before` others in the window."""
    return _MORE if 0 < n_before <= _MORE_POSTS else _FULL if not n_before else 0


def _less(counts: dict[str, int], key: str) -> int:
    """One fewer of `key`; returns how many are left."""
    left = counts[key] - 1
    if left:
        counts[key] = left
    else:
        del counts[key]
    return left
