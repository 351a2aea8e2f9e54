"""Queries looked at one by one: their hits, whether these could have been meant, and every predictor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semsearch.longtail.hits import hits_of
from semsearch.longtail.mismatch.calibration import Calibration
from semsearch.longtail.mismatch.judging import Judge, Judged
from semsearch.longtail.mismatch.words import Words, item_words, words_of
from semsearch.longtail.predictors import PREDICTORS, Engaged, Ground, Support, predict

if TYPE_CHECKING:
    import polars as pl

    from semsearch.index.dense import Rows
    from semsearch.longtail.hits import Hits
    from semsearch.retrieval.search import Searcher

REMEMBERED = 1 << 16
"""Items whose words are kept."""
READ = ("item_id", "title", "body", "category", "attributes")
"""Columns of an item that are shown or compared with a query."""
NAMES = tuple(predictor.name for predictor in PREDICTORS)
"""Columns of a scan that predictors fill."""


@dataclass(frozen=True, slots=True)
class QueryInLog:
    """One query, and what the log says of it."""

    key: str
    """In the search view."""
    demand: Mapping[str, int] | None = None
    """n_searches, n_empty, n_asks, n_engaged, n_followed; null for a query that the log does not have."""
    engaged: tuple[tuple[int, float], ...] = ()
    """Row of the release and weight, highest first."""


@dataclass(frozen=True, eq=False)
class Examined:
    """What was found for some queries, column by column."""

    keys: list[str]
    values: NDArray[np.float64]
    """[n, len(NAMES)], every predictor; NaN where it is not known."""
    n_engaged: NDArray[np.int64]
    """Engaged items that the release holds, [n]."""
    n_hits: NDArray[np.int64]
    """Dense hits, [n]; 0 where the encoder knows nothing in the query, or nothing is alive."""
    hits: pl.DataFrame
    """key, rank, item_id, title, score (cosine), fits, why: the first k of the dense leg of each query."""


class Examiner:
    """Examines queries against one release. One a process."""

    def __init__(
        self, searcher: Searcher, calibration: Calibration, support: Support | None, *, k: int, now: datetime
    ) -> None:
        self._searcher, self._k, self._now = searcher, k, now
        words = searcher.release.lexical
        self._lexicon = words.analyser.lexicon
        self._judge = Judge(self._lexicon, calibration, words.vocabulary.idf)
        self._items = searcher.release.items.select(READ).collect()
        self._words = lru_cache(REMEMBERED)(self._read)
        self._ground = Ground.of(searcher.release, support, lambda row: self._words(row).atoms)

    def __call__(self, asked: Sequence[QueryInLog]) -> Examined:
        """Each query, in order. Raises UsageError where the query tower is not asked with typed text."""
        import polars as pl

        values = np.full((len(asked), len(NAMES)), np.nan)
        n_engaged, n_hits = np.zeros(len(asked), np.int64), np.zeros(len(asked), np.int64)
        shown: list[tuple[object, ...]] = []
        found = hits_of(self._searcher, [each.key for each in asked], now=self._now, k=self._k)
        for at, (each, hits) in enumerate(zip(asked, found, strict=True)):
            query = words_of(each.key, self._lexicon)
            judged = self._judged(query, hits.dense.rows[: self._k])
            engaged = self._engaged(each, query)
            values[at] = list(predict(hits, judged, self._ground, engaged).values())
            n_engaged[at] = engaged.rows.size if engaged else 0
            n_hits[at] = hits.dense.rows.size
            shown += self._shown(hits, judged)
        return Examined(
            [each.key for each in asked],
            values,
            n_engaged,
            n_hits,
            pl.DataFrame(shown, hit_columns(), orient="row"),
        )

    def _shown(self, hits: Hits, judged: Sequence[Judged]) -> Iterator[tuple[object, ...]]:
        rows, scores = hits.dense.rows.tolist(), hits.dense.scores.tolist()
        for rank, (row, score, each) in enumerate(zip(rows, scores, judged, strict=False), start=1):
            item = self._items.row(row)
            yield hits.query, rank, item[0], item[1], score, each.fits, each.why

    def _judged(self, query: Words, rows: Rows) -> list[Judged]:
        return self._judge.judge(query, [self._words(row) for row in rows.tolist()])

    def _engaged(self, asked: QueryInLog, query: Words) -> Engaged | None:
        if asked.demand is None:
            return None
        rows = np.array([row for row, _ in asked.engaged], np.int64)
        weights = np.array([weight for _, weight in asked.engaged], np.float64)
        return Engaged(rows, weights, self._judged(query, rows), **asked.demand)

    def _read(self, row: int) -> Words:
        item: dict[str, Any] = self._items.row(row, named=True)
        return item_words(item, self._lexicon)


def hit_columns() -> dict[str, pl.DataType]:
    """Columns and types of `Examined.hits`."""
    import polars as pl

    texts = dict.fromkeys(("item_id", "title"), pl.String())
    return {
        "key": pl.String(),
        "rank": pl.Int32(),
        **texts,
        "score": pl.Float32(),
        "fits": pl.Boolean(),
        "why": pl.String(),
    }
