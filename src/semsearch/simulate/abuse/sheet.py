"""The rows of a made stream while they are written: posts, and the truth about each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from semsearch.records import Post, schema

if TYPE_CHECKING:
    import polars as pl

KINDS = ("benign", "lookalike_template", "lookalike_product", "viral", "repost", "campaign", "chat_flood")
_AUTHORS = 99_999_989
"""A prime: multiplying by anything smaller maps author numbers to ids without a clash."""


@dataclass(frozen=True, slots=True)
class Row:
    """One post and its truth."""

    at_s: float
    """Seconds since the stream's start."""
    author: int
    text: str
    kind: str
    group: str
    """Posts of one group are one content; an empty group becomes a unique one."""
    namespace: str = "listing"
    recipient: int | None = None
    category: str | None = None
    seller_type: str | None = None
    campaign: str | None = None
    family: str | None = None
    strength: int = 0
    speed: str | None = None


@dataclass(slots=True)
class Sheet:
    """All rows of one stream."""

    seed: int
    start: datetime
    rows: list[Row] = field(default_factory=list)

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Posts (schema(Post)) and their truth, both in order of time."""
        import polars as pl

        order = np.argsort([row.at_s for row in self.rows], kind="stable").tolist()
        rows = [self.rows[place] for place in order]
        ids = [f"p{place:08d}" for place in range(1, len(rows) + 1)]
        base = int(self.start.timestamp()) * 1_000_000
        authors = [self._person(row.author) for row in rows]
        recipients = [None if row.recipient is None else self._person(row.recipient) for row in rows]
        rooms = [None if to is None else f"r{a[1:]}-{to[1:]}" for a, to in zip(authors, recipients, strict=True)]
        known = {
            "namespace": [row.namespace for row in rows],
            "post_id": ids,
            "author_id": authors,
            "created_at": pl.Series([base + int(row.at_s * 1000) * 1000 for row in rows]).cast(
                pl.Datetime("us", "UTC")
            ),
            "text": [row.text for row in rows],
            "room_id": rooms,
            "recipient_id": recipients,
            "category": [row.category for row in rows],
            "seller_type": [row.seller_type for row in rows],
        }
        posts = pl.DataFrame({name: known.get(name, [None] * len(rows)) for name in schema(Post)}, schema=schema(Post))
        return posts.with_columns(attributes=pl.lit("{}")), _truth(rows, ids)

    def _person(self, author: int) -> str:
        return f"u{(author * 48_271_003 + self.seed * 7_919 + 11_213_141) % _AUTHORS:08d}"


def _truth(rows: list[Row], ids: list[str]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        {
            "post_id": ids,
            "campaign": pl.Series([row.campaign for row in rows], dtype=pl.String),
            "family": pl.Series([row.family for row in rows], dtype=pl.String),
            "strength": [row.strength for row in rows],
            "speed": pl.Series([row.speed for row in rows], dtype=pl.String),
            "group": [row.group or post_id for row, post_id in zip(rows, ids, strict=True)],
            "kind": [row.kind for row in rows],
        }
    )
