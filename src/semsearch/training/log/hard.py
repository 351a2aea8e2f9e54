"""What the log says of items beside the positives: known to suit a query side, or shown for it in vain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.questions import Side
from semsearch.text.views import search
from semsearch.towers.features import Ragged

if TYPE_CHECKING:
    import polars as pl


def known_positives(
    examples: pl.DataFrame, keys: Sequence[str], item_ids: Sequence[str], clusters: NDArray[np.int64]
) -> Ragged:
    """Clusters of the items that each key is known to want: one list, ascending, for each of `keys`.

    `examples` has the columns key and item_id: hand in those of both arms, so that a clicked item is no negative of a
    query that is trained on chats. `keys` may repeat (one query in several regions). `clusters` [n_items] belongs to
    `item_ids`; items that are not there are passed over.
    """
    import polars as pl

    rows = _rows(keys, "key", "query_row")
    found = examples.select("key", "item_id").unique().join(rows, on="key").join(
        _rows(item_ids, "item_id", "item_row"), on="item_id"
    )  # fmt: skip
    pairs = found.select("query_row", pl.Series("cluster", clusters[found["item_row"].to_numpy()], dtype=pl.Int64))
    pairs = pairs.unique().sort("query_row", "cluster")
    return Ragged.of(pairs["query_row"].to_numpy(), pairs["cluster"].to_numpy(), len(keys))


def impressed(
    log: pl.DataFrame | pl.LazyFrame,
    engagements: pl.DataFrame,
    keys: Sequence[str],
    item_ids: Sequence[str],
    *,
    before: datetime,
    side: Side = "query",
    cap: int = 50,
) -> Ragged:
    """Rows of the items that were shown for each key and not engaged, most often shown first, at most `cap` a key.

    Side query: shown for this query (in the search view), engaged by nobody for it. Side actor: shown to the actor,
    not engaged by him. Side item: none, as a log does not say beside which item something was shown. Only what was
    before `before` (UTC-aware) counts, of both: else a held-out answer would show in what is no negative. Items that
    are not in `item_ids` are passed over. Being shown in vain is a weak sign (Covington et al., RecSys 2016): mix
    such negatives with random ones.
    """
    import polars as pl

    if side == "item" or not len(keys):
        return Ragged.of(np.zeros(0, np.int64), np.zeros(0, np.int64), len(keys))
    name = "query" if side == "query" else "actor_id"
    earlier = pl.col("ts") < pl.lit(before).cast(pl.Datetime("us", "UTC"))
    shown = (
        log.lazy()
        .filter((pl.col("kind") == "impression") & earlier)
        .group_by(name, "item_id")
        .len("n")
        .drop_nulls()
        .collect()
    )
    engaged = engagements.filter(earlier).select(name, "item_id").unique()
    asked = _asked(pl.concat([shown[name], engaged[name]]), keys)
    items = _rows(item_ids, "item_id", "item_row")
    counted, wanted = (frame.join(asked, on=name).join(items, on="item_id") for frame in (shown, engaged))
    place = ["key_row", "item_row"]
    vain = counted.join(wanted, on=place, how="anti").group_by(place).agg(pl.col("n").sum())
    ordered = vain.sort("key_row", "n", "item_row", descending=[False, True, False])
    best = ordered.group_by("key_row", maintain_order=True).head(cap)
    lists = Ragged.of(best["key_row"].to_numpy(), best["item_row"].to_numpy(), len(keys))
    first = {key: row for row, key in reversed(list(enumerate(keys)))}
    return lists.take(np.array([first[key] for key in keys], np.int64))


def _asked(values: pl.Series, keys: Sequence[str]) -> pl.DataFrame:
    """Each query or actor that is one of `keys`, with the place of the first such key: its column, key_row."""
    import polars as pl

    typed = values.drop_nulls().unique()
    views = pl.Series(map(search, typed), dtype=pl.String) if values.name == "query" else typed
    table = pl.DataFrame({values.name: typed, "key": views}, schema_overrides={"key": pl.String})
    places = _rows(keys, "key", "key_row").unique("key", keep="first")
    return table.join(places, on="key").drop("key")


def _rows(values: Sequence[str], name: str, row: str) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame({name: pl.Series(values, dtype=pl.String)}).with_row_index(row).cast({row: pl.Int64})
