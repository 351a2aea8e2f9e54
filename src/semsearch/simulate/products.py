"""Products composed from the tables: named lines with their variants, and brand × noun for plain things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from semsearch.simulate.tables import Attribute, Brand, Leaf, Noun, Tables

_VARIANT = re.compile(r"^(?P<name>[^=*@]+)(=(?P<short>[^*@]+))?(\*(?P<factor>[\d.]+))?(@(?P<year>\d+))?$")
GRID_YEAR = 2021


@dataclass(frozen=True, slots=True)
class Product:
    """One thing that can be for sale, in all its spellings (none of them names the brand)."""

    line: str
    """Products of one line are the same but for model or kind."""
    leaf: Leaf
    brand: Brand
    name: str
    """Usual spelling in the market's language."""
    latin: str
    """The spelling in the other script; equals `name` where there is none."""
    shorts: tuple[str, ...]
    """Abbreviations and synonyms."""
    brand_needed: bool
    """Whether people must name the brand to be understood."""
    price: float
    """New, in the table's unit."""
    year: int
    weight: float
    """Share of supply and demand, relative."""
    attributes: tuple[Attribute, ...]

    @property
    def names_brand(self) -> bool:
        """Whether the name itself starts with the brand (다이슨 V10, LEGO 75192)."""
        return self.name.casefold().startswith(self.brand.native.casefold())


def compose(tables: Tables) -> list[Product]:
    """All products of one language, in table order."""
    return [*_from_lines(tables), *_from_grid(tables)]


def latin_of(text: str, words: dict[str, str]) -> str:
    """`text` with every word that has another spelling written in that."""
    return " ".join(words.get(word, word) for word in text.split())


def _from_lines(tables: Tables) -> Iterator[Product]:
    words = dict(tables.words)
    for row in tables.lines:
        leaf, brand = tables.leaves[row["leaf"]], tables.brands[row["brand"]]
        shorts = tuple(s for s in row["short"].split("|") if s not in ("", "-"))
        variants = row["variants"].split("|")
        for text in variants:
            found = _VARIANT.match(text)
            if found is None:
                raise ValueError(f"Table lines.tsv: cannot read the variant '{text}'.")
            variant, short = found["name"].strip(), found["short"]
            whole = variant.startswith(row["name"])  # G502 of line G is not called G G502
            name = variant if whole else f"{row['name']} {variant}"
            alternatives = [
                v if v.startswith(s) else f"{s} {v}" for s in (*shorts, row["name"]) for v in (short, variant) if v
            ]
            yield Product(
                line=f"{row['brand']}/{row['name']}",
                leaf=leaf,
                brand=brand,
                name=name,
                latin=latin_of(variant, words) if whole else f"{row['latin']} {latin_of(variant, words)}",
                shorts=tuple(a for a in dict.fromkeys(alternatives) if a != name),
                brand_needed=row["brand_needed"] == "1",
                price=float(row["price"]) * float(found["factor"] or 1),
                year=int(found["year"] or row["year"]),
                weight=float(row["weight"]) / len(variants) ** 0.5,
                attributes=tables.profiles[leaf.profile if row["profile"] == "-" else row["profile"]],
            )


def _from_grid(tables: Tables) -> Iterator[Product]:
    words = dict(tables.words)
    for brand in tables.brands.values():
        for name, chosen in brand.leaves:
            leaf = tables.leaves[name]
            for number, noun in enumerate(leaf.nouns, 1):
                if not chosen or number in chosen:
                    yield _plain(tables, words, brand, leaf, noun)


def _plain(tables: Tables, words: dict[str, str], brand: Brand, leaf: Leaf, noun: Noun) -> Product:
    return Product(
        line=f"{brand.native}/{leaf.leaf}",
        leaf=leaf,
        brand=brand,
        name=noun.name,
        latin=latin_of(noun.name, words),
        shorts=noun.synonyms,
        brand_needed=True,
        price=leaf.price * brand.tier,
        year=GRID_YEAR,
        weight=0.35,
        attributes=tables.profiles[leaf.profile],
    )
