"""What looks wrong with a catalogue: findings to read, none of them a reason to refuse a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from semsearch.text.signatures import exact_key

PLACEHOLDER_PRICES = (1.0, 11.0, 111.0, 1111.0, 11111.0, 111111.0, 1234.0, 12345.0, 123456.0, 1234567.0, 9999999.0)
OUTLIER_FACTOR = 1000.0
ENTITY_OR_TAG = r"&(?:amp|lt|gt|nbsp|quot|#\d+);|<(?:br|p|div|span|b)\b[^>]*>"
MOJIBAKE = "\ufffd|Ã[\u0080-\u00bf]|â€|ï»¿|占쏙옙"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that looks wrong, how often, and what to do."""

    what: str
    n: int
    """Items concerned."""
    share: float
    """Of all items, 0 to 1."""
    examples: tuple[str, ...]
    """Up to three item ids."""
    advice: str


def look(items: pl.DataFrame, *, now: datetime) -> tuple[Finding, ...]:
    """Findings over a frame of items (`schema(Item)`), the most frequent first; empty for an empty frame."""
    if items.is_empty():
        return ()
    found = (_finding(items, what, rows, advice) for what, rows, advice in _checks(items, now))
    return tuple(sorted((f for f in found if f.n), key=lambda f: (-f.n, f.what)))


def _finding(items: pl.DataFrame, what: str, suspicious: pl.Expr | pl.Series, advice: str) -> Finding:
    ids = items.filter(suspicious)["item_id"]
    return Finding(what, len(ids), len(ids) / items.height, tuple(ids.head(3)), advice)


def _checks(items: pl.DataFrame, now: datetime) -> Iterator[tuple[str, pl.Expr | pl.Series, str]]:
    title, body, price, created = pl.col("title"), pl.col("body").fill_null(""), pl.col("price"), pl.col("created_at")
    text = title + " " + body
    yield "empty body", body.str.strip_chars() == "", "dense search then knows the title only"
    yield "no price", price.is_null(), "price filters never match these; map the column with --map price=COLUMN"
    yield "placeholder price", price.is_in(PLACEHOLDER_PRICES), "sellers type these to say 'ask me'; import as null"
    yield (
        "price far from its currency's median",
        _outlying(price),
        "look for a wrong unit or scale (--map price=x*0.01)",
    )
    yield "no category", pl.col("category").is_null(), "category filters never match these"
    yield "very short title", title.str.strip_chars().str.len_chars() <= 2, "too little text to search by"
    yield "body repeats the title", (body == title) & (title != ""), "the body adds nothing"
    yield "HTML left in the text", text.str.contains(ENTITY_OR_TAG), "strip tags and entities before the import"
    yield "broken characters", text.str.contains(MOJIBAKE), "the file was decoded wrongly before it came here"
    yield (
        "id that a spreadsheet changed",
        pl.col("item_id").str.contains(r"^\d+\.0$|^\d(\.\d+)?E\+\d+$"),
        "export ids as text",
    )
    yield "created in the future", created > now, "not alive yet, so never found; check --tz"
    yield "created before 2000", created.dt.year() < 2000, "check the unit of the time column (seconds, milliseconds)"
    yield "ended or not active", (pl.col("status") != "active") | (pl.col("ended_at") <= now), "found with --all only"
    yield "same text as another item", _repeated(items), "repeated listings share one vector; see them with `similar`"


def _outlying(price: pl.Expr) -> pl.Expr:
    middle = price.filter(price > 0).median().over("currency")
    return (price > middle * OUTLIER_FACTOR) | ((price > 0) & (price < middle / OUTLIER_FACTOR))


def _repeated(items: pl.DataFrame) -> pl.Series:
    texts = items.select(pl.concat_str("title", pl.col("body").fill_null(""), separator="\n"))
    keys = pl.Series([exact_key(text) for text in texts.to_series()], dtype=pl.String)
    return keys.is_duplicated() & ~keys.is_first_distinct()
