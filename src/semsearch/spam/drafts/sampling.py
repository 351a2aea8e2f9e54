"""Which posts a profile is written from: as many of each side, one a flood, drawn by seed, and which are held out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from semsearch.errors import UsageError
from semsearch.records import Post
from semsearch.settings import SpamSettings
from semsearch.spam.drafts.alike import floods
from semsearch.spam.kept import Behind, Labelled
from semsearch.text.views import search

MORE = "Next: semsearch spam learn --normal FILE --sellers FILE, with other posts by other authors"
HELD_OUT = 5
"""Of so many posts one is held out, unless that leaves fewer than `settings.least` to read."""
_SIDES = ("ordinary people", "professional sellers")


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of the posts of one side."""

    n_given: int
    n_blank: int
    """Without a text."""
    n_alike: int
    """Left out, as another post of their flood stands for them."""
    n_both: int
    """Left out, as their flood has posts of both sides: it tells nobody apart."""
    n_sampled: int
    n_held_out: int

    @property
    def n_usable(self) -> int:
        """Posts that stand for themselves or for a flood."""
        return self.n_sampled + self.n_held_out


@dataclass(frozen=True, slots=True)
class Sample:
    """Posts of both sides in the order in which the seed drew them; no flood is in it twice, nor in both its parts."""

    namespace: str
    seed: int
    behind: Behind
    """The sample, as many of each side, and the rest, which is held out."""
    ordinary: Counted
    sellers: Counted

    @property
    def made_from(self) -> Mapping[str, Any]:
        """What a profile keeps of it: seed, counts, and digests of the texts as in the journal, never the texts."""
        posts = self.behind.sample
        return {
            "seed": self.seed,
            "ordinary": asdict(self.ordinary) | {"digests": [_digest(post) for post in posts.ordinary]},
            "sellers": asdict(self.sellers) | {"digests": [_digest(post) for post in posts.sellers]},
        }


def sample(
    ordinary: Sequence[Post],
    sellers: Sequence[Post],
    settings: SpamSettings,
    *,
    seed: int,
    campaigns: Mapping[str, str] | None = None,
    first: Collection[str] = (),
    remedy: str = MORE,
) -> Sample:
    """Draw as many posts of each side, at most `settings.sample`, the same whatever the order of the input.

    One post stands for a flood (see `alike.floods`; `campaigns` are known ones, by post_id), and while there are
    others no author is drawn twice. Posts of `first` (post_ids) go before all others. The other floods are held out,
    one post each: a fifth of the smaller side where it has no more than that.
    Raises UsageError for posts of several namespaces, posts that are on both sides, and a side of which fewer than
    `settings.least` are left; `remedy` is its next step.
    """
    namespace = _namespace(ordinary, sellers, remedy)
    _apart(ordinary, sellers, remedy)
    given = (ordinary, sellers)
    sides = [_ranked(side, seed, set(first)) for side in given]
    flood = floods([post for side in sides for post in side], campaigns or {})
    parts = flood[: len(sides[0])], flood[len(sides[0]) :]
    both = set(parts[0]) & set(parts[1])
    found = [_by_flood(side, part, both) for side, part in zip(sides, parts, strict=True)]
    smaller = min(map(len, found))
    size = min(settings.sample, smaller, max(settings.least, smaller - smaller // HELD_OUT))
    counts = [
        Counted(len(all_), len(all_) - len(part), *_left_out(part, both), size, len(own) - size)
        for all_, part, own in zip(given, parts, found, strict=True)
    ]
    for name, counted in zip(_SIDES, counts, strict=True):
        _enough(name, counted, settings.least, remedy)
    drawn = [_draw(own, size) for own in found]
    behind = Behind(*(Labelled(*two) for two in zip(*drawn, strict=True)))
    return Sample(namespace, seed, behind, *counts)


def rank(post: Post, seed: int) -> bytes:
    """A post's place in the order that a seed gives to posts: of what it says and of nothing beside it."""
    told = [seed, post.post_id, post.revision, post.author_id, post.created_at.isoformat(), post.text]
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=16).digest()


def blank(text: str) -> bool:
    """Whether there is nothing to read in it."""
    return not search(text)


def _digest(post: Post) -> str:
    return hashlib.blake2b(post.text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _ranked(posts: Iterable[Post], seed: int, first: Collection[str]) -> list[Post]:
    told = (post for post in posts if not blank(post.text))
    return sorted(told, key=lambda post: (post.post_id not in first, rank(post, seed)))


def _by_flood(posts: Sequence[Post], flood: Sequence[int], both: set[int]) -> list[list[Post]]:
    """Posts of each flood of one side alone, floods and their posts in the order of posts."""
    found: dict[int, list[Post]] = {}
    for post, number in zip(posts, flood, strict=True):
        if number not in both:
            found.setdefault(number, []).append(post)
    return list(found.values())


def _draw(own: Sequence[Sequence[Post]], size: int) -> tuple[tuple[Post, ...], tuple[Post, ...]]:
    """(drawn, held out): a post a flood, first by authors of whom there is none yet."""
    authors: set[str] = set()
    drawn: dict[int, Post] = {}
    for number, posts in enumerate(own):
        fresh = next((post for post in posts if post.author_id not in authors), None)
        if fresh is not None and len(drawn) < size:
            authors.add(fresh.author_id)
            drawn[number] = fresh
    others = [(number, posts[0]) for number, posts in enumerate(own) if number not in drawn]
    missing = size - len(drawn)
    chosen = dict(sorted((drawn | dict(others[:missing])).items()))
    return tuple(chosen.values()), tuple(post for _, post in others[missing:])


def _left_out(flood: Sequence[int], both: set[int]) -> tuple[int, int]:
    """Posts for which another one of their flood stands, and posts of floods of both sides."""
    n_both = sum(number in both for number in flood)
    return len(flood) - n_both - len(set(flood) - both), n_both


def _namespace(ordinary: Sequence[Post], sellers: Sequence[Post], remedy: str) -> str:
    for name, posts in zip(_SIDES, (ordinary, sellers), strict=True):
        if not posts:
            raise UsageError(f"There is no post by {name}.", remedy)
    names = sorted({post.namespace for post in (*ordinary, *sellers)})
    if len(names) > 1:
        raise UsageError(
            f"The posts are of {' and '.join(names)}: namespaces are never mixed.",
            f"Next: semsearch spam learn --namespace {names[0]}, with files of that namespace alone",
        )
    return names[0]


def _apart(ordinary: Sequence[Post], sellers: Sequence[Post], remedy: str) -> None:
    """Raises UsageError for posts on both sides: by id, or by the same text of the same author."""
    ids = {post.post_id for post in ordinary}
    written = {(post.author_id, post.text) for post in ordinary}
    n = sum(post.post_id in ids or (post.author_id, post.text) in written for post in sellers)
    if n == len(sellers):
        raise UsageError("All posts by sellers are among those by ordinary people: is it the same file?", remedy)
    if n:
        told = "is" if n == 1 else "are"
        raise UsageError(
            f"{n:,} of {len(sellers):,} posts by sellers {told} among those by ordinary people as well.",
            "Next: leave them out of one of the files: a post is by one side",
        )


def _enough(name: str, counted: Counted, least: int, remedy: str) -> None:
    if counted.n_usable >= least:
        return
    reasons = {
        "have no text": counted.n_blank,
        "look like another one, or share its campaign or contact": counted.n_alike,
        "look like one of the other side": counted.n_both,
    }
    why = "".join(f", {n:,} {reason}" for reason, n in reasons.items() if n)
    raise UsageError(
        f"A profile takes at least {least} posts by {name} that are not alike (spam.least). "
        f"Of {counted.n_given:,}{why}: {counted.n_usable:,} {'is' if counted.n_usable == 1 else 'are'} left.",
        remedy,
    )
