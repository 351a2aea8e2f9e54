"""The whole market from one seed: `market()` → frozen frames, and nothing but frames."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from semsearch.errors import UsageError
from semsearch.simulate import catalogue as catalogues
from semsearch.simulate import known, listing, products, regions, truth
from semsearch.simulate.streams import stream
from semsearch.simulate.tables import Tables, load_tables

if TYPE_CHECKING:
    import polars as pl

START = datetime(2025, 3, 1, tzinfo=UTC)
STATUSES = ("active", "reserved", "sold", "hidden")
DEFAULT_PER_KIND = 150


@dataclass(frozen=True, slots=True)
class Market:
    """One made market. Frames only; `queries` and `qrels` are the known-item test."""

    lang: str
    seed: int
    start: datetime
    """UTC; the first moment of the market."""
    end: datetime
    """UTC; the moment at which statuses hold: search with `now=market.end`."""
    items: pl.DataFrame
    """records.Item columns."""
    regions: pl.DataFrame
    """records.Region columns."""
    queries: pl.DataFrame
    """query_id, query, kind, item_id (the meant one), product_id, leaf, brand, invented."""
    qrels: pl.DataFrame
    """query_id, item_id, grade: 2 product and asked attributes, 1 same line; what is missing is 0."""
    truth: pl.DataFrame
    """item_id, product_id, line, leaf, brand, invented, attributes, repost_of."""
    spellings: pl.DataFrame
    """spelling, kind, means, what, invented."""


def market(n_items: int, seed: int = 0, lang: str = "ko", *, per_kind: int = DEFAULT_PER_KIND) -> Market:
    """A market of `n_items` listings; equal arguments give equal frames, byte for byte.

    Raises UsageError for fewer than one item or an unknown language.
    """
    if n_items < 1:
        raise UsageError(f"A market needs at least one item, not {n_items}.", "Next: give --items a positive number")
    tables = load_tables(lang)
    things = products.compose(tables)
    stock = catalogues.draw(tables, things, n_items, seed)
    places = regions.names(tables)
    texts = listing.compose(tables, things, stock, places, seed)
    ids = [f"{row:07d}" for row in range(1, n_items + 1)]
    asked = known.draw(things, stock, texts, per_kind, seed)
    lookup = truth.Lookup(things, stock)
    return Market(
        lang=lang,
        seed=seed,
        start=START,
        end=START + timedelta(days=catalogues.CATALOGUE_DAYS),
        items=_items(tables, things, stock, texts, ids, seed),
        regions=regions.frame(tables),
        queries=truth.known_frame(asked, things, stock, ids),
        qrels=truth.known_qrels(asked, lookup, ids),
        truth=truth.items_frame(things, stock, ids),
        spellings=truth.spellings_frame(things),
    )


def _items(
    tables: Tables,
    things: list[products.Product],
    stock: catalogues.Catalogue,
    texts: listing.Listings,
    ids: list[str],
    seed: int,
) -> pl.DataFrame:
    import polars as pl

    from semsearch.records import Item, schema

    region_ids = np.array(regions.ids(tables), dtype=object)
    made = [things[p] for p in stock.product.tolist()]
    columns = {
        "item_id": ids,
        "title": texts.titles,
        "body": texts.bodies,
        "category": [p.leaf.path for p in made],
        "price": [None if p != p else p for p in stock.price.tolist()],
        "currency": ["KRW" if tables.lang == "ko" else "USD"] * stock.n,
        "region_id": region_ids[stock.region].tolist(),
        "seller_id": [f"u{s:06d}" for s in stock.seller.tolist()],
        "seller_type": np.where(stock.business, "business", "person").tolist(),
        "created_at": moments(stock.created_s),
        "updated_at": moments(stock.updated_s),
        "bumped_at": moments(stock.bumped_s),
        "ended_at": moments(stock.ended_s),
        "status": np.array(STATUSES, dtype=object)[stock.status].tolist(),
        "image_paths": [[f"images/{i}.jpg"] for i in ids],
        "attributes": _attributes(made, stock, seed),
    }
    return pl.DataFrame(columns, schema=schema(Item))


def moments(seconds: catalogues.Ints) -> pl.Series:
    """Seconds since the start as UTC microseconds; -1 becomes null."""
    import polars as pl

    base = int(START.timestamp()) * 1_000_000
    micros = pl.Series(np.where(seconds < 0, 0, seconds) * 1_000_000 + base, dtype=pl.Int64)
    known_at = pl.Series(seconds >= 0)
    times = micros.cast(pl.Datetime("us", "UTC"))
    return pl.select(pl.when(known_at).then(times)).to_series()


def _attributes(made: list[products.Product], stock: catalogues.Catalogue, seed: int) -> list[str]:
    """What the seller filled in on the form: the brand often, the rest less often."""
    filled = stream(seed, "attributes").random((stock.n, 2))
    out: list[str] = []
    for row, (product, values) in enumerate(zip(made, stock.values.tolist(), strict=True)):
        form: dict[str, str] = {}
        if filled[row, 0] < 0.7:
            form["brand"] = product.brand.native
        if filled[row, 1] < 0.45:
            form |= dict(text.split("=", 1) for text in truth.attribute_texts(product, values))
        out.append(json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    return out
