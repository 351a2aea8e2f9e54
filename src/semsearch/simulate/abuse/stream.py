"""A made stream of posts to moderate: `abuse_stream(n_posts, seed)`, with the truth beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.errors import UsageError
from semsearch.simulate.abuse import campaigns, clock, disguise, lookalikes
from semsearch.simulate.abuse.dice import Dice
from semsearch.simulate.abuse.grammar import phrases
from semsearch.simulate.abuse.people import People
from semsearch.simulate.abuse.sheet import Row, Sheet
from semsearch.simulate.streams import stream
from semsearch.simulate.tables import LANGUAGES

if TYPE_CHECKING:
    import polars as pl

POSTS_A_DAY = 100_000
_POSTS_A_CAMPAIGN = 2_400
_CHAT_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class AbuseStream:
    """Posts in order of time, and what each of them is."""

    lang: str
    seed: int
    start: datetime
    days: float
    posts: pl.DataFrame
    """schema(Post)."""
    truth: pl.DataFrame
    """One row a post, in the same order: post_id, campaign (null for honest ones), family, strength (0 to 3),
    speed, group (equal for posts of one content), kind (see sheet.KINDS)."""


def abuse_stream(
    n_posts: int,
    seed: int = 0,
    lang: str = "ko",
    *,
    days: float | None = None,
    n_campaigns: int | None = None,
    families: Sequence[str] | None = None,
    held_out: bool = False,
) -> AbuseStream:
    """`n_posts` posts: honest ones, campaigns and what only looks like them; equal arguments give equal frames.

    `days` is the length of the stream (default: 100,000 posts a day, at least one day); `n_campaigns` defaults to
    one in 2,400 posts; `families` limits them to some of `disguise.families(lang)`. With `held_out` every campaign
    is of a held-out family: for judging a finished detector, never for tuning one. Raises UsageError for an
    unknown language or family, a negative seed, no time, or more campaigns than `n_posts` have room for.
    """
    chosen = tuple(families or disguise.families(lang, held_out=held_out)) if lang in LANGUAGES else ()
    days = max(1.0, n_posts / POSTS_A_DAY) if days is None else days
    n_campaigns = max(2, n_posts // _POSTS_A_CAMPAIGN) if n_campaigns is None else n_campaigns
    _check(n_posts, seed, lang, days=days, n_campaigns=n_campaigns, chosen=chosen, held_out=held_out)
    people = People(lang, n_posts, seed)
    sheet = Sheet(seed, clock.start(lang))
    sheet.rows.extend(_campaigns(people, days, seed, n_campaigns, chosen, held_out=held_out))
    if n_campaigns:
        sheet.rows.extend(lookalikes.all_kinds(people, n_posts, days, seed))
    left = n_posts - len(sheet.rows)
    if left < 0:
        raise UsageError(
            f"{n_campaigns:,} campaigns and their like need {len(sheet.rows):,} posts, the stream has {n_posts:,}.",
            "Next: ask for more posts or fewer campaigns",
        )
    sheet.rows.extend(_honest(people, left, days, seed))
    posts, truth = sheet.frames()
    return AbuseStream(lang, seed, sheet.start, days, posts, truth)


def _check(
    n_posts: int, seed: int, lang: str, *, days: float, n_campaigns: int, chosen: Sequence[str], held_out: bool
) -> None:
    if lang not in LANGUAGES:
        raise UsageError(f"No market speaks '{lang}'.", "Next: choose --lang ko or --lang en")
    if n_posts < 500:
        raise UsageError(f"A stream has at least 500 posts, not {n_posts}.", "Next: give a larger --posts")
    if seed < 0:
        raise UsageError(f"A seed is 0 or more, not {seed}.", "Next: give another --seed")
    if not days > 0:
        raise UsageError(f"A stream of {days} days has no time.", "Next: give a positive --days")
    if n_campaigns < 0:
        raise UsageError(f"There cannot be {n_campaigns} campaigns.", "Next: give 0 or more")
    known = disguise.families(lang, held_out=held_out)
    unknown = [family for family in chosen if family not in known]
    if unknown:
        raise UsageError(f"No such family: {unknown[0]}.", f"Next: choose of {', '.join(known)}")


def _campaigns(
    people: People, days: float, seed: int, n: int, families: Sequence[str], *, held_out: bool
) -> Iterator[Row]:
    order = Dice(seed, "families").shuffled(families)
    first = people.n_people + 100_000
    for number in range(n):
        planned = campaigns.plan(number, people, days, seed, families=order, held_out=held_out, first_author=first)
        first += planned.n_posts
        yield from campaigns.write(planned, people, days, Dice(seed, f"campaign {number}"))


def _honest(people: People, n: int, days: float, seed: int) -> Iterator[Row]:
    dice, times = Dice(seed, "honest"), clock.busy_times(stream(seed, "times"), n, days)
    chats = phrases(people.words["chat"])
    for at in times.tolist():
        thing = people.thing()
        if dice.chance(_CHAT_SHARE):
            text = " ".join([said.say(dice, thing.slots) for said in dice.some(chats, dice.of((1, 2, 2, 3)))])
            yield Row(at, people.person(dice), text, "benign", "", namespace="chat", recipient=thing.author)
            continue
        yield Row(at, thing.author, people.write(thing), "benign", "", category=thing.category,
                  seller_type="business" if thing.business else "person")  # fmt: skip


def frozen_hash() -> str:
    """sha256 of small streams of both languages, with and without held-out families: the generator's fingerprint.

    Every family and every kind of look-alike occurs in them.
    """
    digest = hashlib.sha256()
    for lang in LANGUAGES:
        for made in _canonical(lang):
            columns = [made.posts[name].cast(str).to_list() for name in made.posts.columns]
            for row in zip(*columns, *made.truth, strict=True):
                digest.update(repr(row).encode())
    return digest.hexdigest()


def _canonical(lang: str) -> Iterator[AbuseStream]:
    seed = {"ko": 1113, "en": 1244}[lang]  # small ones that hold a boilerplate, a shop, a viral text, a hot product
    yield abuse_stream(6_000, seed, lang, n_campaigns=28)
    yield abuse_stream(1_500, 7, lang, n_campaigns=9, held_out=True)
