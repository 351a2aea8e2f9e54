"""The whole market from one seed: `market()` → frozen frames, and nothing but frames."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from semsearch.errors import UsageError
from semsearch.records import STATUSES
from semsearch.simulate import behaviour, intents, known, listing, logframe, products, regions, truth
from semsearch.simulate import catalogue as catalogues
from semsearch.simulate.streams import stream
from semsearch.simulate.tables import Tables, load_tables

if TYPE_CHECKING:
    import polars as pl

START = datetime(2025, 3, 1, tzinfo=UTC)
DEFAULT_PER_KIND = 150
MOST_ITEMS = 9_999_999
"""Item ids have seven digits."""


@dataclass(frozen=True, slots=True)
class Market:
    """One made market. Frames only; `queries` and `qrels` are the known-item test, the rest truth or rows."""

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
    """item_id, product_id, line, leaf, brand, invented, attributes, repost_of, and a key per level (`line_key`)."""
    spellings: pl.DataFrame
    """spelling, kind, means, what, invented."""
    interactions: pl.DataFrame
    """records.Interaction columns, by time: the last 30 days before `end`."""
    intents: pl.DataFrame
    """intent_id, level and key (grade 2), near_level and near_key (grade 1), demand, name."""
    log_queries: pl.DataFrame
    """query_id, query, kind (its form), intent_id, n_searches of every query in the log."""

    def judgements(self, queries: pl.DataFrame) -> pl.DataFrame:
        """True grades of queries of the log: query_id, item_id, grade (2 or 1), items ended or not.

        `queries` has the columns query_id and intent_id, as rows of `log_queries` have.
        """
        return logframe.judge(queries, self.intents, self.truth)


def market(
    n_items: int, seed: int = 0, lang: str = "ko", *, n_searches: int | None = None, per_kind: int = DEFAULT_PER_KIND
) -> Market:
    """A market of `n_items` listings; equal arguments give equal frames, byte for byte.

    `n_searches` is the size of the log, by default one search per item; `per_kind` the number of known-item
    queries of each kind. Raises UsageError for fewer than one item, fewer searches than none, a negative seed
    or an unknown language.
    """
    n_searches = n_items if n_searches is None else n_searches
    _check(n_items, n_searches, seed)
    tables = load_tables(lang)
    things = products.compose(tables)
    stock = catalogues.draw(tables, things, n_items, seed)
    places = regions.names(tables)
    texts = listing.compose(tables, things, stock, places, seed)
    ids = [f"{row:07d}" for row in range(1, n_items + 1)]
    asked = known.draw(things, stock, texts, per_kind, seed)
    lookup = truth.Lookup(things, stock)
    found = intents.levels(things, stock)
    wants = intents.draw(stock, found, seed)
    phrased = intents.phrase(tables, things, stock, found, wants, seed=seed)
    log = behaviour.live(stock, found, wants, phrased, near=regions.near(tables), n_searches=n_searches, seed=seed)
    return Market(
        lang=lang,
        seed=seed,
        start=START,
        end=START + timedelta(days=catalogues.CATALOGUE_DAYS),
        items=_items(tables, things, stock, texts, ids=ids, seed=seed),
        regions=regions.frame(tables),
        queries=truth.known_frame(asked, things, stock, ids),
        qrels=truth.known_qrels(asked, lookup, ids),
        truth=truth.items_frame(things, stock, ids).hstack(logframe.keys_frame(found)),
        spellings=truth.spellings_frame(things),
        interactions=logframe.interactions(log, phrased, ids, regions.ids(tables), moments),
        intents=logframe.intents_frame(wants, phrased),
        log_queries=logframe.log_queries(log, phrased),
    )


def _check(n_items: int, n_searches: int, seed: int) -> None:
    if n_items < 1:
        raise UsageError(f"A market needs at least one item, not {n_items}.", "Next: give --items a positive number")
    if n_items > MOST_ITEMS:
        raise UsageError(
            f"A market has room for {MOST_ITEMS:,} items, not {n_items:,}.", "Next: give a smaller --items"
        )
    if n_searches < 0:
        raise UsageError(f"A log cannot hold {n_searches} searches.", "Next: give --searches 0 or more")
    if seed < 0:
        raise UsageError(f"A seed is 0 or more, not {seed}.", "Next: give another --seed")


def _items(
    tables: Tables,
    things: list[products.Product],
    stock: catalogues.Catalogue,
    texts: listing.Listings,
    *,
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
        "price": [None if math.isnan(p) else p for p in stock.price.tolist()],
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
