"""The scan: every query of interest, the chance that the model fails it, and which are routed to extra training."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

import numpy as np

from semsearch.longtail.examine import NAMES, Examined, QueryInLog, hit_columns
from semsearch.longtail.failing import FailingModel
from semsearch.progress import Progress, silent

if TYPE_CHECKING:
    import polars as pl

    from semsearch.longtail.demand import Demand

Submit = Callable[[Sequence[QueryInLog]], "Future[Examined]"]
"""Starts to examine some queries, here or in another process."""
CHUNK = 256
"""Queries that are examined at once."""
AHEAD = 4
"""Chunks that are under way."""
MOST_ENGAGED = 30
"""Items that people engaged for one query, at most: those of the highest weight."""
COUNTS = ("n_searches", "n_empty", "n_asks", "n_engaged", "n_followed")
DEMAND = ("key", "band", "n_searches", "n_empty", "n_asks", "n_engaged", "n_followed", "n_actors", "last_asked_at")


def asked_of(found: Demand, keys: Sequence[str], item_ids: pl.Series) -> list[QueryInLog]:
    """The queries `keys` with what the log says of each; one that it does not have has no demand.

    `item_ids` are those of the release, in the order of its rows; engaged items that are not in it are left out.
    """
    import polars as pl

    wanted = pl.Series("key", keys, dtype=pl.String).to_frame()
    counts = found.queries.join(wanted, on="key", how="semi").select("key", *COUNTS)
    demand = {key: dict(zip(COUNTS, row, strict=True)) for key, *row in counts.iter_rows()}
    rows = item_ids.alias("item_id").to_frame().with_row_index("row")
    mine = found.engaged.join(wanted, on="key", how="semi", maintain_order="left")
    engaged = mine.join(rows, on="item_id", maintain_order="left")
    lists = engaged.group_by("key", maintain_order=True).agg(pl.col("row", "weight").head(MOST_ENGAGED))
    pairs = {key: tuple(zip(rows, weights, strict=True)) for key, rows, weights in lists.iter_rows()}
    return [QueryInLog(key, demand.get(key), pairs.get(key, ())) for key in keys]


def examined(asked: Sequence[QueryInLog], submit: Submit, progress: Progress = silent) -> Examined:
    """All queries, in order; some chunks are examined ahead of the one that is waited for."""
    import polars as pl

    chunks = (asked[start : start + CHUNK] for start in range(0, len(asked), CHUNK))
    found: list[Examined] = []
    for each in _ahead(chunks, submit):
        found.append(each)
        progress("comparing queries with their hits", sum(len(one.keys) for one in found), len(asked))
    return Examined(
        [key for each in found for key in each.keys],
        np.concatenate([np.zeros((0, len(NAMES))), *(each.values for each in found)]),
        np.concatenate([np.zeros(0, np.int64), *(each.n_engaged for each in found)]),
        np.concatenate([np.zeros(0, np.int64), *(each.n_hits for each in found)]),
        pl.concat([pl.DataFrame(schema=hit_columns()), *(each.hits for each in found)]),
    )


def _ahead(chunks: Iterable[Sequence[QueryInLog]], submit: Submit) -> Iterator[Examined]:
    begun: deque[Future[Examined]] = deque()
    for chunk in chunks:
        begun.append(submit(chunk))
        if len(begun) > AHEAD:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def judged(found: Examined, demand: pl.DataFrame, model: FailingModel, bound: float) -> pl.DataFrame:
    """One row a query: `Scan.queries`. `demand` is of `Demand.queries`; queries that it does not have get nulls.

    For a query without a dense hit the chance is 1: whatever was meant is not among them.
    """
    import polars as pl

    values = dict(zip(NAMES, found.values.T, strict=True))
    engaged = found.n_engaged > 0
    chances = np.where(found.n_hits > 0, model.chances(values, engaged), 1.0)
    keys = pl.DataFrame({"key": pl.Series(found.keys, dtype=pl.String)})
    known = keys.join(demand.select(DEMAND), on="key", how="left", maintain_order="left")
    table = known.with_columns(
        pl.Series("engaged", engaged),
        *(pl.Series(name, column).fill_nan(None) for name, column in values.items()),
        pl.Series("chance", chances),
        pl.Series("routed", chances >= bound),
    )
    return table.sort(["chance", "n_searches", "key"], descending=[True, True, False], nulls_last=True)


def named(release_id: str, *frames: pl.DataFrame) -> str:
    """The id of a scan: a digest of the release and of all that was found, so that another finding has another id."""
    parts = (release_id.encode(), *(frame.hash_rows(seed=0).to_numpy().tobytes() for frame in frames))
    return "s" + hashlib.sha256(b"".join(parts)).hexdigest()[:10]
