"""What is for sale: products, attributes, conditions, prices, sellers and times as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsearch.simulate.products import Product
from semsearch.simulate.streams import pick, stream, zipf_weights
from semsearch.simulate.tables import Tables

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CATALOGUE_DAYS = 60
DAY_S = 86_400
REPOST_SHARE = 0.02
ACTIVE, RESERVED, SOLD, HIDDEN = range(4)
MARKET_YEAR = 2025
NEW, FAIR, POOR, FREE = 0, 3, 4, 5
"""Places in the table of conditions: never used, worn but fine, broken or stained, given away."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Columns of `n` items; times are seconds since the market's start, -1 means never."""

    product: Ints
    """Index into the products."""
    values: Ints
    """[n, 2]: value index of each attribute of the product's profile, -1 where there is none."""
    condition: Ints
    price: Floats
    """NaN where the seller names none."""
    seller: Ints
    business: NDArray[np.bool_]
    region: Ints
    created_s: Ints
    updated_s: Ints
    bumped_s: Ints
    ended_s: Ints
    status: Ints
    source: Ints
    """The row whose text this item repeats (a repost); its own row otherwise."""

    @property
    def n(self) -> int:
        """How many items."""
        return len(self.product)

    def groups(self) -> Ints:
        """int64[n]: items with the same number are the same product with the same attributes."""
        return (self.product * 64 + self.values[:, 0] + 1) * 64 + self.values[:, 1] + 1


def draw(tables: Tables, products: list[Product], n: int, seed: int) -> Catalogue:
    """`n` items; a pure function of its arguments."""
    rng = stream(seed, "catalogue")
    source = _reposts(rng, n)
    product = pick(rng, _supply(products, rng), n)[source]
    values = _values(products, product, rng)[source]
    condition = _conditions(tables, products, product, rng)[source]
    seller, business = _sellers(rng, n)
    seller, business = seller[source], business[source]
    times = _times(rng, n)
    price = _prices(tables, products, product, values, condition=condition, rng=rng)
    n_regions = sum(len(places) for _, places in tables.regions)
    region = _seller_regions(seller, n_regions, rng)
    return Catalogue(product, values, condition, price, seller, business, region, *times, source)


def _reposts(rng: np.random.Generator, n: int) -> Ints:
    source = np.arange(n, dtype=np.int64)
    again = np.flatnonzero(rng.random(n) < REPOST_SHARE)
    earlier = (rng.random(len(again)) * again).astype(np.int64)
    source[again] = earlier
    while (source[source] != source).any():
        source = source[source]
    return source


def _supply(products: list[Product], rng: np.random.Generator) -> Floats:
    weights = np.array([p.weight for p in products])
    popularity = zipf_weights(len(products), 0.8)[rng.permutation(len(products))]
    return weights * (0.35 / len(products) + popularity)


def _values(products: list[Product], product: Ints, rng: np.random.Generator) -> Ints:
    sizes = np.zeros((len(products), 2), dtype=np.int64)
    for row, made in enumerate(products):
        for column, attribute in enumerate(made.attributes[:2]):
            sizes[row, column] = len(attribute.values)
    n_values = sizes[product]
    # the middle of a list (sizes 250-270, the usual colours) is asked for more often than its ends
    bend = (rng.random(n_values.shape) + rng.random(n_values.shape)) / 2
    return np.where(n_values > 0, (bend * n_values).astype(np.int64), -1)


def _conditions(tables: Tables, products: list[Product], product: Ints, rng: np.random.Generator) -> Ints:
    drawn = pick(rng, np.array([c.share for c in tables.conditions]), len(product))
    dear = np.array([p.price for p in products])[product] > _dear(tables)
    return np.where(dear & (drawn == FREE), FAIR, drawn)


def _dear(tables: Tables) -> float:
    """Nobody gives away what costs more than this."""
    return 12.0 if tables.lang == "ko" else 90.0


def _sellers(rng: np.random.Generator, n: int) -> tuple[Ints, NDArray[np.bool_]]:
    n_sellers = max(1, n // 5)
    weights = zipf_weights(n_sellers, 0.55)
    seller = pick(rng, weights, n)
    return seller, seller < max(1, n_sellers // 100)


def _seller_regions(seller: Ints, n_regions: int, rng: np.random.Generator) -> Ints:
    home = pick(rng, zipf_weights(n_regions, 0.4), int(seller.max()) + 1)
    return home[seller]


def _times(rng: np.random.Generator, n: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    end = CATALOGUE_DAYS * DAY_S
    created = np.sort((rng.random(n) ** 0.8 * (end - DAY_S // 2)).astype(np.int64))
    ended = created + (rng.exponential(110.0, n) * DAY_S).astype(np.int64) + 3600
    status = np.where(ended < end, np.where(rng.random(n) < 0.8, SOLD, HIDDEN), ACTIVE)
    touched = created + (rng.random(n) * np.minimum(ended - created, end - created)).astype(np.int64)
    updated = np.where(rng.random(n) < 0.3, touched, created)
    reserved = (status == ACTIVE) & (rng.random(n) < 0.04)
    updated = np.where(reserved, touched, updated)
    bumped = np.where(rng.random(n) < 0.2, np.maximum(touched, created), -1)
    return created, updated, bumped, np.where(ended < end, ended, -1), np.where(reserved, RESERVED, status)


def _prices(
    tables: Tables,
    products: list[Product],
    product: Ints,
    values: Ints,
    *,
    condition: Ints,
    rng: np.random.Generator,
) -> Floats:
    """New price × age × condition × attributes × noise, rounded as people round; NaN for a few."""
    factors = np.ones((len(products), 2, 64))
    for row, made in enumerate(products):
        for column, attribute in enumerate(made.attributes[:2]):
            factors[row, column, : len(attribute.values)] = [v.factor for v in attribute.values]
    new = np.array([p.price for p in products])[product]
    age = np.clip(MARKET_YEAR - np.array([p.year for p in products])[product], 0, 8)
    worth = np.array([c.factor for c in tables.conditions])[condition]
    price = new * 0.93**age * worth * np.exp(rng.normal(0, 0.13, len(product)))
    for column in (0, 1):
        price = price * factors[product, column, values[:, column]]
    unit = 10_000.0 if tables.lang == "ko" else 1.0
    rounded = _round(price * unit, unit)
    return np.where((rng.random(len(product)) < 0.02) & (worth > 0), np.nan, rounded)


def _round(price: Floats, unit: float) -> Floats:
    step = np.select([price < 3 * unit, price < 20 * unit, price < 100 * unit], [0.1, 0.5, 1.0], 5.0) * unit
    if unit == 1.0:
        step = np.select([price < 30, price < 300], [1.0, 5.0], 10.0)
    smallest = np.where(price > 0, step, 0.0)
    return np.maximum(np.round(price / step) * step, smallest)
