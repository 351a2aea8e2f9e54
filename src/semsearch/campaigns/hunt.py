"""Look-alikes of one reported post among those of the journal.

A straight pass: every post of the span is compared with the reported one, so nothing is lost to buckets, to expiry or
to who leads, no scan has to run, and posts that no campaign took are found too. Whatever would join the reported post
is found, and what looser bounds let through besides: a person looks at it, the most alike first.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from semsearch.campaigns.joining import likeness, nets
from semsearch.campaigns.joining.likeness import Features
from semsearch.campaigns.joining.nets import Contacts, Prepared
from semsearch.campaigns.joining.preparing import Submit, ahead, texts_of
from semsearch.errors import UsageError
from semsearch.progress import Progress, silent
from semsearch.settings import CampaignSettings
from semsearch.store.journal import Stored

_FEWER = 3
"""A third of the shared shingles that join honest posts is enough; two wary ones may need less still to join."""
_LOOSER = 0.05
"""Cosine below that which joins."""
_CONTACT = 2.0
"""Rank of a shared contact: after an equal skeleton, before anything that is only similar."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A post like the reported one."""

    stored: Stored
    net: str
    """The strongest: skeleton, contact, shingles or embedding."""
    strength: float
    """0 to 1, of that net."""
    shingles: float
    """Jaccard similarity of the shingles, estimated."""
    cosine: float | None
    """Of the vectors; None without an encoder, or without a vector."""
    contacts: tuple[str, ...]
    """Kinds of the contacts that both carry."""
    rank: float
    """What they are ordered by; higher is more alike."""


@dataclass(frozen=True, slots=True)
class HuntedAuthor:
    """Who wrote look-alikes."""

    author_id: str
    n_posts: int
    first_at: datetime
    """UTC; of the look-alikes found."""
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Hunted:
    """What a hunt found."""

    n_posts: int
    """That were compared."""
    seqs: tuple[int, ...]
    """Of all look-alikes, in the order of the journal."""
    best: tuple[LookAlike, ...]
    """The most alike, best first."""
    authors: tuple[HuntedAuthor, ...]
    """Of all look-alikes, most posts first."""


class Hunt:
    """One reported text, ready to be compared with posts."""

    def __init__(self, text: str, policy: CampaignSettings, submit: Submit) -> None:
        """Raises UsageError for a text in which there is nothing to compare."""
        self._policy = policy
        self._submit = submit
        self._reported = submit([text]).result()
        self._wanted = frozenset(self._reported.contacts[0].keys)
        if not self._reported.exact[0] and not self._wanted:
            raise UsageError(
                f"There is too little in that text to hunt for: fewer than {policy.min_letters} different letters, "
                "and no contact.",
                "Next: give more of it, or the id of a post",
            )

    def run(
        self, batches: Iterable[Sequence[Stored]], n_best: int, leave_out: str, progress: Progress = silent
    ) -> Hunted:
        """Go through batches. `leave_out` is the id of the reported post: its own revisions are no look-alikes."""
        n_posts, seqs, best = 0, list[int](), list[LookAlike]()
        authors: dict[str, list[datetime]] = defaultdict(list)
        for posts, prepared in ahead(batches, lambda batch: self._submit(texts_of(batch))):
            found = [each for each in self.among(posts, prepared) if each.stored.post.post_id != leave_out]
            n_posts += len(posts)
            seqs += [each.stored.seq for each in found]
            best = sorted([*best, *found], key=lambda each: (-each.rank, each.stored.seq))[:n_best]
            for each in found:
                authors[each.stored.post.author_id].append(each.stored.post.created_at)
            progress("posts compared", n_posts, 0)
        return Hunted(n_posts, tuple(seqs), tuple(best), _authors(authors))

    def among(self, posts: Sequence[Stored], prepared: Prepared) -> list[LookAlike]:
        """The look-alikes of one batch, in its order."""
        rank, shared, near = self._ranks(prepared)
        return [
            self._told(posts[row], prepared.contacts[row], float(rank[row]), float(shared[row]), float(near[row]))
            for row in np.flatnonzero(rank).tolist()
        ]

    def _ranks(self, prepared: Prepared) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Rank, similarity of shingles and cosine (NaN without vectors) of each post, [n]; rank 0 for too little."""
        one, policy = self._reported, self._policy
        known = (prepared.exact != 0) & (one.exact[0] != 0)
        shared = np.where(known, nets.jaccard(prepared.signature, one.signature[0]), 0.0)
        near = np.full(len(prepared), np.nan)
        if one.vectors[0].any():
            near = nets.cosine(prepared.vectors, np.broadcast_to(one.vectors[0], prepared.vectors.shape))
        close = (near >= policy.embedding - _LOOSER) & (shared >= policy.support / 2)
        rank = np.where(close, np.minimum(near, likeness.SHINGLES), 0.0)
        rank = np.where(shared >= policy.shingles / _FEWER, likeness.SHINGLES + shared, rank)
        rows = np.arange(len(prepared))
        joining = likeness.ranks(Features.of(prepared, rows), Features.of(one, np.zeros_like(rows)), policy)
        rank = np.maximum(rank, joining)
        tied = [row for row, own in enumerate(prepared.contacts) if not self._wanted.isdisjoint(own.keys)]
        rank[tied] = _CONTACT + rank[tied] / 4
        rank[joining == likeness.EXACT] = likeness.EXACT
        return rank, shared, near

    def _told(self, stored: Stored, own: Contacts, rank: float, shared: float, near: float) -> LookAlike:
        kinds = tuple(kind for key, kind in zip(own.keys, own.kinds, strict=True) if key in self._wanted)
        net, strength = _net(rank)
        cosine = None if math.isnan(near) else round(near, 4)
        return LookAlike(stored, net, round(strength, 4), round(shared, 4), cosine, kinds, rank)


def _net(rank: float) -> tuple[str, float]:
    return ("contact", 1.0) if _CONTACT <= rank < likeness.EXACT else likeness.told(rank)


def _authors(times: dict[str, list[datetime]]) -> tuple[HuntedAuthor, ...]:
    found = [HuntedAuthor(author, len(own), min(own), max(own)) for author, own in times.items()]
    return tuple(sorted(found, key=lambda each: (-each.n_posts, each.first_at, each.author_id)))
