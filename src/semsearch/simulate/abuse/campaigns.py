"""Campaigns: who posts, when, and in which disguise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from semsearch.simulate.abuse import contacts, disguise
from semsearch.simulate.abuse.clock import campaign_times
from semsearch.simulate.abuse.dice import Dice
from semsearch.simulate.abuse.grammar import Subject, subjects
from semsearch.simulate.abuse.people import People
from semsearch.simulate.abuse.scripts import Writer, script
from semsearch.simulate.abuse.sheet import Row

_FLOODS = 16
"""One campaign of so many is a chat flood."""
_PAY = "safepay"
_FEWEST, _MOST = 20, 400


@dataclass(frozen=True, slots=True)
class Plan:
    """One campaign before it writes."""

    name: str
    family: str
    strength: int
    speed: str
    flood: bool
    n_posts: int
    authors: tuple[int, ...]
    """The author of each post."""
    ops: tuple[str, ...]
    contacts: tuple[contacts.Contact, ...]
    """None in a campaign that lures inside the market."""


def write(plan: Plan, people: People, days: float, dice: Dice) -> Iterator[Row]:
    """The posts of one campaign in order of time."""
    subject = _subject(plan, people.lang, dice)
    writer = Writer(script(subject, plan.family, dice, short=plan.flood), plan.family, people, plan.flood)
    categories = dice.some(people.categories, dice.of((1, 2, 40)))
    level = min(3, plan.strength + (plan.family in ("contacts", disguise.MIXED)))
    for place, at in enumerate(campaign_times(dice, plan.n_posts, plan.speed, days)):
        shown = bool(plan.contacts) and dice.chance(0.93)
        text = writer.write(dice, place / plan.n_posts, contact=shown)
        text = disguise.disguise(text, plan.ops, plan.strength, dice, people.lang)
        if shown:
            text = text.replace(disguise.CONTACT_MARK, _contact(plan, place, level, dice, people.lang))
        yield Row(
            at, plan.authors[place], text, "chat_flood" if plan.flood else "campaign", plan.name,
            namespace="chat" if plan.flood else "listing",
            recipient=people.person(dice) if plan.flood else None,
            category=None if plan.flood else dice.of(categories), seller_type=None if plan.flood else "person",
            campaign=plan.name, family=plan.family, strength=plan.strength, speed=plan.speed,
        )  # fmt: skip


def _contact(plan: Plan, place: int, level: int, dice: Dice, lang: str) -> str:
    """Every author shows the contact of his turn; disguised anew in each post."""
    contact = plan.contacts[plan.authors[place] % len(plan.contacts)]
    return contacts.show(contact, level, dice, lang)


def _subject(plan: Plan, lang: str, dice: Dice) -> Subject:
    with_link = bool(plan.contacts) and plan.contacts[0].kind == "link" and "/" not in plan.contacts[0].key
    known = [s for s in subjects(lang) if (s.name == _PAY) == with_link]
    return dice.of(known)


def plan(
    number: int, people: People, days: float, seed: int, *, families: Sequence[str], held_out: bool, first_author: int
) -> Plan:
    """Campaign `number` of a stream; families take turns, all else is drawn."""
    lang, dice = people.lang, Dice(seed, f"plan {number}")
    family = families[number % len(families)]
    flood = number % _FLOODS == _FLOODS // 3
    speed = _speed(dice)
    strength = _strength(family, dice)
    n_posts = _n_posts(dice, speed, days, flood=flood)
    authors = _authors(dice, n_posts, first_author, people, flood=flood)
    n_contacts = dice.between(4, 9) if family == "contacts" else dice.of((1, 1, 2, 3, 4))
    shown = flood or dice.chance(0.96 if strength == 0 else 0.85)
    link = dice.chance(0.1)
    pool = tuple(contacts.make(dice, lang, link=link) for _ in range(n_contacts)) if shown else ()
    ops = _ops(family, strength, dice, lang, held_out=held_out)
    return Plan(f"c{number:05d}", family, strength, speed, flood, n_posts, authors, ops, pool)


def _speed(dice: Dice) -> str:
    roll = dice.roll()
    return "fast" if roll < 0.38 else "medium" if roll < 0.74 else "slow"


def _strength(family: str, dice: Dice) -> int:
    if family in disguise.WORDING_FAMILIES:
        return dice.of((0, 0, 0, 1, 2, 3))
    return dice.of((1, 2, 3))


def _n_posts(dice: Dice, speed: str, days: float, *, flood: bool) -> int:
    """20 to 400, most of them small; a slow campaign must stay slow in a short stream."""
    if flood:
        return dice.between(50, 300)
    if speed == "slow":
        return dice.between(_FEWEST, 45 if days >= 3 else 28)
    size = _FEWEST / (1 - dice.roll() * 0.96) ** 0.9
    return min(_MOST, int(size))


def _authors(dice: Dice, n_posts: int, first: int, people: People, *, flood: bool) -> tuple[int, ...]:
    """Fresh accounts, some bought ones; they take turns, or each posts until it is blocked."""
    if flood:
        return (first,) * n_posts
    each = dice.of((1.0, 1.5, 2.0, 3.0, 4.0, 5.0))
    n_authors = max(4, round(n_posts / each))
    names = [people.person(dice) if dice.chance(0.08) else first + i for i in range(n_authors)]
    if dice.chance(0.4):
        return tuple(names[min(n_authors - 1, place * n_authors // n_posts)] for place in range(n_posts))
    turns = [names[place % n_authors] for place in range(n_posts)]
    return tuple(dice.shuffled(turns))


def _ops(family: str, strength: int, dice: Dice, lang: str, *, held_out: bool) -> tuple[str, ...]:
    """Which disguises: the family's own; for families of wording two, or all at the strongest."""
    if strength == 0:
        return ()
    known = disguise.disguises(lang)
    if held_out:
        return (family, *(dice.some(known, 3) if strength == 3 else ()))
    if strength == 3 or family == disguise.MIXED:
        return known
    return (family,) if family in known else tuple(dice.some(known, 2))
