"""Known-item queries: each describes one listing by what its title says, then goes wrong in one way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from semsearch.simulate import noise
from semsearch.simulate.catalogue import ACTIVE, Catalogue, Ints
from semsearch.simulate.listing import LATIN, NATIVE, Listings
from semsearch.simulate.products import Product
from semsearch.simulate.streams import stream

KINDS = ("clean", "typo", "spacing", "run_together", "transliteration", "keyboard", "abbreviation", "synonym")
MAX_EQUAL = 5
"""A known item has at most this many equals (same product, same asked attributes)."""


@dataclass(frozen=True, slots=True)
class KnownQuery:
    """One query that means one item."""

    query: str
    kind: str
    row: int
    """The meant item."""
    asked: tuple[int, ...]
    """Attribute columns that the query names."""


def draw(
    products: list[Product], catalogue: Catalogue, listings: Listings, per_kind: int, seed: int
) -> list[KnownQuery]:
    """Up to `per_kind` queries of every kind, over living items with few equals; no query text twice."""
    rng = stream(seed, "known")
    rows = _candidates(catalogue, listings)
    rows = rows[rng.permutation(len(rows))]
    made: list[KnownQuery] = []
    seen: set[str] = set()
    for kind in KINDS:
        made += _of_kind(kind, rows, products, catalogue, listings, wanted=per_kind, seen=seen, rng=rng)
    return made


def _candidates(catalogue: Catalogue, listings: Listings) -> Ints:
    _, inverse, counts = np.unique(catalogue.groups(), return_inverse=True, return_counts=True)
    fine = (catalogue.status == ACTIVE) & (counts[inverse] <= MAX_EQUAL) & (catalogue.source == np.arange(catalogue.n))
    has_values = catalogue.values >= 0
    fine &= (listings.mentions | ~has_values).all(axis=1)
    return np.flatnonzero(fine)


def _of_kind(
    kind: str,
    rows: Ints,
    products: list[Product],
    catalogue: Catalogue,
    listings: Listings,
    *,
    wanted: int,
    seen: set[str],
    rng: np.random.Generator,
) -> list[KnownQuery]:
    made: list[KnownQuery] = []
    for row in rows.tolist():
        if len(made) == wanted:
            break
        product = products[int(catalogue.product[row])]
        asked = tuple(int(c) for c in np.flatnonzero(listings.mentions[row]))
        values = [product.attributes[c].spellings(int(catalogue.values[row, c]))[0] for c in asked]
        text = _MAKERS[kind](product, values, int(listings.form[row]), rng)
        if text is None or text in seen:
            continue
        seen.add(text)
        made.append(KnownQuery(text, kind, row, asked))
    return made


Maker = Callable[[Product, list[str], int, np.random.Generator], str | None]


def native_name(product: Product) -> str:
    """Brand (where people need it) and name in the market's usual spelling."""
    return f"{product.brand.native} {product.name}" if product.brand_needed else product.name


def latin_name(product: Product) -> str:
    """Brand (where needed) and name in the other script."""
    return f"{product.brand.latin} {product.latin}" if product.brand_needed else product.latin


def _clean(product: Product, values: list[str], form: int, _: np.random.Generator) -> str | None:
    return " ".join([native_name(product), *values]) if form == NATIVE else None


def _typo(product: Product, values: list[str], form: int, rng: np.random.Generator) -> str | None:
    if form != NATIVE:
        return None
    right = native_name(product)
    wrong = noise.typo(right, rng, edits=1 + (len(right) > 12))
    return " ".join([wrong, *values]) if wrong != right else None


def _spacing(product: Product, values: list[str], form: int, rng: np.random.Generator) -> str | None:
    if form != NATIVE:
        return None
    right = " ".join([native_name(product), *values])
    wrong = noise.respace(right, rng)
    return wrong if wrong != right else None


def _run_together(product: Product, values: list[str], form: int, _: np.random.Generator) -> str | None:
    right = native_name(product)
    if form != NATIVE or " " not in right:
        return None
    return " ".join([right.replace(" ", ""), *values])


def _transliteration(product: Product, values: list[str], form: int, _: np.random.Generator) -> str | None:
    native, latin = native_name(product), latin_name(product)
    if native == latin:
        return None
    return " ".join([native if form == LATIN else latin.lower(), *values])


def _keyboard(product: Product, values: list[str], form: int, rng: np.random.Generator) -> str | None:
    name = native_name(product) if form == NATIVE and rng.random() < 0.75 else latin_name(product).lower()
    right = " ".join([name, *values]).lower()
    wrong = noise.wrong_layout(right)
    return wrong if wrong != right and (noise.has_hangul(right) or not noise.has_hangul(name)) else None


def _abbreviation(product: Product, values: list[str], form: int, rng: np.random.Generator) -> str | None:
    plain = _is_plain(product)
    brands = product.brand.shorts if product.brand_needed else ()
    names = () if plain else product.shorts
    if form != NATIVE or not (brands or names):
        return None
    name = names[int(rng.integers(len(names)))] if names else product.name
    if not product.brand_needed:
        return " ".join([name, *values])
    return " ".join([brands[int(rng.integers(len(brands)))] if brands else product.brand.native, name, *values])


def _synonym(product: Product, values: list[str], form: int, rng: np.random.Generator) -> str | None:
    if form != NATIVE or not _is_plain(product) or not product.shorts:
        return None
    other = product.shorts[int(rng.integers(len(product.shorts)))]
    return " ".join([product.brand.native, other, *values])


def _is_plain(product: Product) -> bool:
    """Whether the thing is called by a noun of its leaf, such as a sofa, and not by a model."""
    return any(noun.name == product.name for noun in product.leaf.nouns)


_MAKERS: dict[str, Maker] = {
    "clean": _clean,
    "typo": _typo,
    "spacing": _spacing,
    "run_together": _run_together,
    "transliteration": _transliteration,
    "keyboard": _keyboard,
    "abbreviation": _abbreviation,
    "synonym": _synonym,
}
