"""The imported items as posts of the namespace `listing`, the oldest first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from semsearch.errors import UsageError
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.posts import BATCH_POSTS, FUTURE
from semsearch.records import Post

if TYPE_CHECKING:
    import polars as pl

PAGE = 100_000
"""Items that are in memory at a time."""
NAMESPACE = "listing"
Known = Callable[[Sequence[str]], Collection[str]]
"""Which of at most 1,000 post_ids were scanned before."""


class ListedReader:
    """Reads items as posts and counts them.

    A post is title and body; its time is the item's `created_at`, or for an item that was scanned before its
    `updated_at`: what its text is now it became then. An item that never says when it was made has the time of its last
    change. Left out are items without a seller (growth counts who wrote: one stand-in for all of them would be one
    author flooding, one stand-in each a crowd), without any time, and from the future.
    """

    def __init__(self, catalogue: Catalogue, known: Known, *, now: datetime) -> None:
        self._catalogue = catalogue
        self._known = known
        self._latest = now + FUTURE
        self.n_read = 0
        self.n_good = 0
        self.left_out: Counter[str] = Counter()
        """Why, and how many."""

    def posts(self) -> Iterator[tuple[Post, ...]]:
        """Batches of at most 1,000, equal times in order of item_id.

        Raises MissingPart without items, UsageError when none of them can be a post.
        """
        import polars as pl

        order = self._order()
        self._check(order)
        items = self._catalogue.scan_items().with_row_index("row")
        for page in order.iter_slices(PAGE):
            rows = items.filter(pl.col("row").is_in(page["row"].implode())).join(page.lazy(), on="row")
            frame = rows.sort("at", "item_id").select(*_FIELDS, text=_text()).collect()
            for piece in frame.iter_slices(BATCH_POSTS):
                yield tuple(map(_post, piece.iter_rows()))

    def _order(self) -> pl.DataFrame:
        """Row and time of each item that is a post, oldest first."""
        import polars as pl

        fields = ("item_id", "created_at", "updated_at", "seller_id")
        keys = self._catalogue.scan_items().select(*fields).with_row_index("row").collect()
        ids = keys["item_id"].to_list()
        scanned = [
            known
            for start in range(0, len(ids), BATCH_POSTS)
            for known in self._known(ids[start : start + BATCH_POSTS])
        ]
        edited = pl.col("item_id").is_in(pl.Series(scanned, dtype=pl.String).implode())
        at = pl.when(edited).then(pl.max_horizontal("created_at", "updated_at"))
        timed = keys.with_columns(at=at.otherwise(pl.coalesce("created_at", "updated_at")))
        why = (
            pl.when(pl.col("seller_id").is_null()).then(pl.lit("without seller_id"))
            .when(pl.col("at").is_null()).then(pl.lit("without created_at"))
            .when(pl.col("at") > self._latest).then(pl.lit("created more than a day from now"))
        )  # fmt: skip
        told = timed.with_columns(why=why)
        self.n_read = told.height
        self.left_out.update(told["why"].drop_nulls().to_list())
        return told.filter(pl.col("why").is_null()).sort("at", "item_id").select("row", "at")

    def _check(self, order: pl.DataFrame) -> None:
        self.n_good = order.height
        if self.n_read and not self.n_good:
            reasons = ", ".join(f"{n:,} {why}" for why, n in self.left_out.most_common())
            raise UsageError(
                f"None of the {self.n_read:,} items can be scanned: {reasons}.",
                "Next: semsearch import items FILE --map seller_id=COLUMN --map created_at=COLUMN",
            )


_FIELDS = ("item_id", "seller_id", "at", "image_paths", "category", "attributes", "seller_type")


def _text() -> pl.Expr:
    import polars as pl

    body = pl.when(pl.col("body") != "").then(pl.col("body"))
    return pl.concat_str("title", body, separator="\n", ignore_nulls=True)


def _post(row: tuple[Any, ...]) -> Post:
    item_id, seller_id, at, image_paths, category, attributes, seller_type, text = row
    return Post(
        NAMESPACE,
        item_id,
        seller_id,
        at,
        text,
        image_path=image_paths[0] if image_paths else None,
        category=category,
        attributes=json.loads(attributes),
        seller_type=seller_type,
    )
