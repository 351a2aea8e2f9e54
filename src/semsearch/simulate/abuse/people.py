"""Honest people: what they sell, how each of them writes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from semsearch.simulate import catalogue, listing, products, regions
from semsearch.simulate.abuse import contacts
from semsearch.simulate.abuse.dice import Dice
from semsearch.simulate.abuse.grammar import Phrase, phrases, plain_words
from semsearch.simulate.noise import typo
from semsearch.simulate.streams import stream
from semsearch.simulate.tables import load_tables

_PARTS = ("why", "bought", "state", "state", "deal", "meet", "ship", "manner", "aside", "close")
_SHARES = (0.55, 0.4, 0.6, 0.25, 0.5, 0.5, 0.3, 0.35, 0.35, 0.35)


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that an honest person sells."""

    title: str
    body: str
    """As the market's sellers write it."""
    author: int
    category: str
    business: bool
    slots: dict[str, str]
    """What the phrases ask for: place, price, noun and the like."""


class People:
    """Endless honest sellers of one market, and the voice of each."""

    def __init__(self, lang: str, n: int, seed: int) -> None:
        self.lang = lang
        self.words = plain_words(lang)
        self.dice = Dice(seed, "people")
        self._slips = stream(seed, "slips")
        self._voice: dict[str, tuple[Phrase, ...]] = {part: phrases(self.words[part]) for part in set(_PARTS)}
        tables = load_tables(lang)
        self._products = products.compose(tables)
        stock = catalogue.draw(tables, self._products, n, seed)
        self._stock = replace(stock, source=np.arange(n, dtype=np.int64))
        self.places = regions.names(tables)
        self._texts = listing.compose(tables, self._products, self._stock, self.places, seed)
        self.n_people = int(self._stock.seller.max()) + 1
        self.categories = sorted({leaf.path for leaf in tables.leaves.values()})
        self._things = self._every_thing()

    def thing(self) -> Thing:
        """The next thing for sale; there are as many as posts in the stream."""
        return next(self._things)

    def person(self, dice: Dice) -> int:
        """Somebody who sells here."""
        return dice.below(self.n_people)

    def write(self, thing: Thing) -> str:
        """A listing as its seller writes it."""
        dice, roll = self.dice, self.dice.roll()
        if roll < 0.06:
            return f"{thing.title}\n{thing.body}"
        own = self.sentences(thing.slots, thing.author)
        if roll < 0.55:
            own.insert(dice.below(len(own) + 1), thing.body)
        if dice.chance(0.02):
            own.append(dice.of(self.words["own_phone"]).format(phone=contacts.plain_phone(dice, self.lang)))
        glue = ("\n", " ", "\n", " ", ". ", "\n\n")[thing.author % 6]
        text = f"{thing.title}\n{glue.join(own)}"
        return typo(text, self._slips) if dice.chance(0.03) else text

    def sentences(self, slots: dict[str, str], author: int) -> list[str]:
        """Two to eight sentences about one thing in its seller's voice."""
        roll = self.dice.roll
        said = [
            self._sentence(part, slots, author) for part, share in zip(_PARTS, _SHARES, strict=True) if roll() < share
        ]
        while len(said) < 2:
            said.append(self._sentence(self.dice.of(_PARTS), slots, author))
        if roll() < 0.25:
            said = self.dice.shuffled(said)
        return said

    def _sentence(self, part: str, slots: dict[str, str], author: int) -> str:
        dice = self.dice
        text = dice.of(self._voice[part]).say(dice, slots)
        endings = self.words["endings"]
        if dice.chance(0.4):
            text += endings[(author * 7 + dice.below(4)) % len(endings)]
        if author % 9 == 0 and dice.chance(0.5):
            plain, soft = self.words["soften"][author // 9 % len(self.words["soften"])]
            text = text.replace(plain, soft)
        if author % 13 == 0 and dice.chance(0.4):
            text = f"{self.words['emoji'][author // 13 % len(self.words['emoji'])]} {text}"
        if self.lang == "ko" and author % 11 == 0 and dice.chance(0.4):
            text = text.replace(" ", "")
        return text

    def slots(self, noun: str, price: float, place: str, *, name: str = "", brand: str = "") -> dict[str, str]:
        """What phrases ask for, drawn anew."""
        dice, step = self.dice, 5_000 if self.lang == "ko" else 1
        value = 20.0 * step if math.isnan(price) else max(price, step)
        retail = round(value * (1.4 + dice.roll()) / step) * step
        return {
            "noun": noun,
            "name": name or noun,
            "brand": brand or noun,
            "place": place,
            "price": listing.say_price(value, self.lang, dice.roll()),
            "retail": listing.say_price(retail, self.lang, dice.roll()),
            "n5": str(2 + dice.below(6)),
            "n12": str(2 + dice.below(11)),
            "n90": str(5 + dice.below(95)),
            "year": str(2018 + dice.below(7)),
        }

    def _every_thing(self) -> Iterator[Thing]:
        stock = self._stock
        columns = zip(
            stock.product.tolist(), stock.price.tolist(), stock.seller.tolist(), stock.region.tolist(),
            stock.business.tolist(), self._texts.titles, self._texts.bodies, strict=True,
        )  # fmt: skip
        for number, price, seller, region, business, title, body in columns:
            made = self._products[number]
            noun, brand = made.leaf.nouns[0].name, made.brand.native
            # the same person at the same place: the last word of the area is enough among neighbours
            place = self.places[region].split(" ", 1)[-1] if seller % 2 else self.places[region].rsplit(" ", 1)[-1]
            slots = self.slots(noun, price, place, name=made.name, brand=brand)
            yield Thing(title, body, seller, made.leaf.path, business, slots)
