"""Titles and bodies as second-hand sellers write them: short forms, price talk, tags, no spaces, slips."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsearch.simulate.catalogue import FREE, MARKET_YEAR, NEW, POOR, Catalogue
from semsearch.simulate.noise import is_syllable, split_syllable, typo
from semsearch.simulate.products import Product
from semsearch.simulate.streams import stream
from semsearch.simulate.tables import Tables, for_group

NATIVE, LATIN, SHORT = range(3)
_DRAWS = 40
"""Uniform numbers that one listing may use."""


@dataclass(frozen=True, slots=True)
class Listings:
    """Texts of `n` items and what their titles say."""

    titles: list[str]
    bodies: list[str]
    form: NDArray[np.int64]
    """Spelling of the title: NATIVE, LATIN or SHORT."""
    mentions: NDArray[np.bool_]
    """[n, 2]: whether the title states attribute 0 and 1."""
    brand_shown: NDArray[np.bool_]
    """Whether the title names the brand."""


class Luck:
    """The uniform numbers of one listing, taken one after the other."""

    __slots__ = ("at", "row")

    def __init__(self, row: list[float]) -> None:
        self.row = row
        self.at = 0

    def roll(self) -> float:
        """The next number in [0, 1); starts over when all are used."""
        self.at = (self.at + 1) % _DRAWS
        return self.row[self.at]

    def of(self, options: Any) -> Any:
        """One of `options`."""
        return options[int(self.roll() * len(options))]


def compose(tables: Tables, products: list[Product], catalogue: Catalogue, places: list[str], seed: int) -> Listings:
    """Write every listing; a repost repeats the text of its source."""
    writer = _Writer(tables, products, catalogue, places, seed)
    titles: list[str] = []
    bodies: list[str] = []
    for row, source in enumerate(catalogue.source.tolist()):
        if source != row:
            titles.append(titles[source])
            bodies.append(bodies[source])
            continue
        title, body = writer.write(row)
        titles.append(title)
        bodies.append(body)
    first = catalogue.source
    return Listings(titles, bodies, writer.form[first], writer.mentions[first], writer.brand_shown[first])


_USE = ("n5", "n12", "n90")
"""Slots that speak of use: nothing for things that are new."""


class _Said:
    """What can be said of things of one group."""

    def __init__(self, tables: Tables, group: str) -> None:
        phrases = tables.phrases
        self.condition_title = [for_group(c.title, group) for c in tables.conditions]
        self.condition_body = [for_group(c.body, group) for c in tables.conditions]
        self.tail = for_group(phrases["title_tail"], group)
        self.opening = for_group(phrases["opening"], group)
        self.detail = for_group(phrases["detail"][group], group)
        self.unused = tuple(s for s in self.detail if not set(_USE) & set(s.replace("}", "{").split("{")))
        self.priceless = {kind: [s for s in phrases[kind] if "{price}" not in s] for kind in ("price", "trade")}


class _Writer:
    def __init__(
        self, tables: Tables, products: list[Product], catalogue: Catalogue, places: list[str], seed: int
    ) -> None:
        n = catalogue.n
        self.tables, self.products, self.places = tables, products, places
        self.rng = stream(seed, "listing")
        self.luck: NDArray[np.float64] = self.rng.random((n, _DRAWS))
        self.product, self.region = catalogue.product.tolist(), catalogue.region.tolist()
        self.values, self.condition = catalogue.values.tolist(), catalogue.condition.tolist()
        self.price, self.seller = catalogue.price.tolist(), catalogue.seller.tolist()
        self.business = catalogue.business.tolist()
        self.brands = [b.native for b in tables.brands.values()]
        self.said = {leaf.group: _Said(tables, leaf.group) for leaf in tables.leaves.values()}
        self.form = np.zeros(n, dtype=np.int64)
        self.mentions = np.zeros((n, 2), dtype=np.bool_)
        self.brand_shown = np.zeros(n, dtype=np.bool_)
        self.joins = tables.lang == "ko"
        self.p_native = 0.66 if self.joins else 0.76  # English sellers misspell, Korean ones change script

    def write(self, row: int) -> tuple[str, str]:
        luck = Luck(self.luck[row].tolist())
        product = self.products[self.product[row]]
        title = self._title(row, product, luck)
        body = self._body(row, product, luck)
        return title, body

    def _title(self, row: int, product: Product, luck: Luck) -> str:
        parts = self._name(row, product, luck)
        for column, attribute in enumerate(product.attributes[:2]):
            if luck.roll() < attribute.p_title:
                self.mentions[row, column] = True
                parts.append(self.value(row, product, column, luck))
        return self._dress(row, product, parts, luck)

    def _name(self, row: int, product: Product, luck: Luck) -> list[str]:
        roll = luck.roll()
        form = NATIVE if roll < self.p_native else LATIN if roll < 0.82 else SHORT
        if form == LATIN and product.latin == product.name and product.brand.latin == product.brand.native:
            form = NATIVE
        self.form[row] = form
        shown = product.brand_needed or (luck.roll() < 0.25 and not product.names_brand)
        self.brand_shown[row] = shown
        name = [product.name, product.latin, luck.of(product.shorts) if product.shorts else product.name][form]
        roll = luck.roll()
        if self.joins and roll < 0.3:
            name = name.replace(" ", "")
        if not shown:
            return [name]
        brand = self._brand(product, form, luck)
        return [f"{brand}{name}"] if self.joins and 0.2 < roll < 0.32 else [brand, name]

    def _brand(self, product: Product, form: int, luck: Luck) -> str:
        brand = product.brand
        if luck.roll() < 0.08 and brand.native != brand.latin:
            return f"{brand.native}({brand.latin})" if luck.roll() < 0.5 else f"{brand.native} {brand.latin}"
        if form == LATIN:
            return brand.latin
        return luck.of(brand.shorts) if form == SHORT and brand.shorts and luck.roll() < 0.6 else brand.native

    def value(self, row: int, product: Product, column: int, luck: Luck) -> str:
        spellings = product.attributes[column].spellings(self.values[row][column])
        roll = luck.roll()
        return spellings[0] if roll < 0.55 else spellings[int(roll * 7919) % len(spellings)]

    def _dress(self, row: int, product: Product, parts: list[str], luck: Luck) -> str:
        said = self.said[product.leaf.group]
        phrases, gift = self.tables.phrases, self.condition[row] == FREE
        if gift or luck.roll() < 0.4:
            worn = luck.of(said.condition_title[self.condition[row]])
            parts = [worn, *parts] if luck.roll() < 0.3 else [*parts, worn]
        if not gift and luck.roll() < 0.16:
            parts = [luck.of(phrases["title_prefix"]), *parts]
        if not gift and luck.roll() < 0.42:
            parts.append(luck.of(said.tail))
        glue = "" if self.joins and luck.roll() < 0.04 else " "
        title = glue.join(parts)
        return typo(title, self.rng) if luck.roll() < 0.02 else title

    def _body(self, row: int, product: Product, luck: Luck) -> str:
        phrases = self.tables.phrases
        said = self.said[product.leaf.group]
        sentences = [luck.of(said.opening), luck.of(said.condition_body[self.condition[row]])]
        details = {NEW: said.unused, POOR: ()}.get(self.condition[row], said.detail)
        sentences += [details[int(x * len(details))] for x in self._rolls(luck, bool(details))]
        if product.attributes and luck.roll() < 0.55:
            sentences.insert(1, luck.of(phrases["attribute"]))
        if luck.roll() < 0.22:
            sentences.append(luck.of(phrases["spelling"]))
        priced = said.priceless if math.isnan(self.price[row]) or self.condition[row] == FREE else phrases
        if self.condition[row] != FREE and luck.roll() < 0.5:
            sentences.append(luck.of(priced["price"]))
        if luck.roll() < 0.65:
            sentences.append(luck.of(priced["trade"]))
        if self.business[row]:
            sentences.append(phrases["shop"][self.seller[row] % len(phrases["shop"])])
        sentences.append(phrases["closing"][(self.seller[row] + int(luck.roll() * 2)) % len(phrases["closing"])])
        if luck.roll() < 0.02:
            sentences.append(luck.of(phrases["stuff"]))
        return self._fill(row, product, sentences, luck)

    @staticmethod
    def _rolls(luck: Luck, wanted: bool) -> list[float]:
        return [luck.roll() for _ in range(1 + int(luck.roll() * 3))] if wanted else []

    def _fill(self, row: int, product: Product, sentences: list[str], luck: Luck) -> str:
        glue = "\n" if luck.roll() < 0.35 else " "
        text = glue.join(dict.fromkeys(s for s in sentences if s))
        if "{" not in text:
            return text
        return text.format_map(_Slots(self, row, product, luck))


class _Slots(dict[str, str]):
    """The slots of a body, each worked out only when a phrase asks for it."""

    def __init__(self, writer: _Writer, row: int, product: Product, luck: Luck) -> None:
        super().__init__()
        self.writer, self.row, self.product, self.luck = writer, row, product, luck

    def __missing__(self, slot: str) -> str:
        made = str(self._make(slot))
        self[slot] = made
        return made

    def _make(self, slot: str) -> object:
        product, luck, writer = self.product, self.luck, self.writer
        branded = not product.names_brand
        simple = {
            "name": product.name,
            "native": f"{product.brand.native} {product.name}" if branded else product.name,
            "full": f"{product.brand.native} {product.name}" if product.brand_needed else product.name,
            "latin": f"{product.brand.latin} {product.latin}" if branded else product.latin,
            "brand": product.brand.native,
            "noun": product.leaf.nouns[0].name,
        }
        if slot in simple:
            return simple[slot]
        if slot == "short":
            return luck.of(product.shorts) if product.shorts else product.latin
        if slot.startswith("attrs"):
            columns = range(len(product.attributes[:2]))
            said = " ".join(writer.value(self.row, product, i, luck) for i in columns)
            return said + copula(said) if slot == "attrs_yo" else said
        if slot == "place":
            return writer.places[writer.region[self.row]]
        if slot in ("price", "retail"):
            return self._price(slot)
        return self._number(slot)

    def _price(self, slot: str) -> str:
        unit = 10_000 if self.writer.tables.lang == "ko" else 1
        price = self.writer.price[self.row] if slot == "price" else round(self.product.price, 1) * unit
        return say_price(price, self.writer.tables.lang, self.luck.roll())

    def _number(self, slot: str) -> object:
        roll = self.luck.roll()
        if slot.startswith("year"):
            late = slot == "year2"
            oldest = min(self.product.year, MARKET_YEAR - 1)
            return MARKET_YEAR + 1 + int(roll * 2) if late else oldest + int(roll * (MARKET_YEAR - oldest))
        low, span = _RANGES.get(slot, (0, 0))
        return low + int(roll * span) if span else self.writer.brands[int(roll * len(self.writer.brands))]


_RANGES = {"n90": (80, 20), "n12": (2, 11), "n5": (2, 4), "cm": (60, 60)}
"""Lowest value and width of each number slot; other slots (a, b, c) are brands that a seller stuffs in."""


def copula(text: str) -> str:
    """이에요 after a closed syllable, 예요 after an open one (Latin and digits count as closed)."""
    last = text[-1:]
    return "예요" if is_syllable(last) and split_syllable(last)[2] == 0 else "이에요"


def say_price(price: float, lang: str, roll: float) -> str:
    """A price as people write it: 15만5천, 155,000원, 15.5만 / $155, 155 dollars; `roll` in [0, 1) picks."""
    if math.isnan(price):
        return "가격 제안" if lang == "ko" else "make an offer"
    if lang == "en":
        return f"${price:,.0f}" if roll < 0.7 else f"{price:.0f} dollars" if roll < 0.85 else f"{price:.0f}"
    won = int(price)
    man, rest = divmod(won, 10_000)
    if roll < 0.35 or won < 1000:
        return f"{won:,}원"
    if rest == 0:
        return f"{man}만원" if roll < 0.7 else f"{man}만"
    if man == 0:
        return f"{rest // 1000}천원"
    return f"{man}만{rest // 1000}천" if roll < 0.8 else f"{man}.{rest // 1000}만"
