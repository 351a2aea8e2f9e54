"""What a release answers to very many queries: the dense leg as it is served, and the lexical leg beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from semsearch.index.dense import Floats, Mask, Ranked
from semsearch.index.lexical_top import LexicalTop
from semsearch.retrieval.legs import NOTHING, Filters
from semsearch.text.plan import QueryPlan

if TYPE_CHECKING:
    from semsearch.retrieval.search import Searcher

DEPTH = 100
"""Dense hits that are looked at; what was meant and is not among them counts as not found."""
BATCH = 256
"""Queries that are encoded at once."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Both legs of one query, over the items that are alive."""

    query: str
    """In the search view, as it was asked."""
    plan: QueryPlan
    vector: Floats | None
    """[dim]; null when the encoder knows nothing in the query."""
    dense: Ranked
    """`depth` deep; the scores are cosines."""
    lexical: Ranked
    """`k` deep; no rows when no alive item has a word of the query."""
    shared: Floats
    """Lexical score of each of the first `k` rows of `dense`; 0 is no match."""


def hits_of(searcher: Searcher, queries: Sequence[str], *, now: datetime, k: int, depth: int = DEPTH) -> Iterator[Hits]:
    """The hits of each query (search view), in order, among the items alive at `now` (UTC-aware).

    The query tower is asked as `Searcher.search` asks it for somebody whose region is not known; the lexical leg is
    `matching(lexical.scores(plan), k)`. Raises UsageError where the query tower is asked with something else than typed
    text.
    """
    searcher.side.must_be("query")
    allowed = searcher.allowed(Filters(now))
    lexical = LexicalTop(searcher.release.lexical, allowed)
    for start in range(0, len(queries), BATCH):
        some = queries[start : start + BATCH]
        plans = [searcher.release.lexical.plan(query) for query in some]
        vectors = _vectors(searcher, plans, now)
        dense = _dense(searcher, vectors, depth, allowed)
        for query, plan, vector, found in zip(some, plans, vectors, dense, strict=True):
            words = lexical.search(plan, k)
            shared = searcher.release.lexical.scores_of(plan, found.rows[:k])
            yield Hits(query, plan, vector, found, words, shared)


def _vectors(searcher: Searcher, plans: Sequence[QueryPlan], now: datetime) -> list[Floats | None]:
    texts = [searcher.side.typed(plan.dense_text, region_id=None, at=now) for plan in plans]
    vectors: list[Floats | None] = [None] * len(texts)
    asked = [place for place, text in enumerate(texts) if text]
    if asked:
        rows = searcher.encoder.encode_queries([texts[place] for place in asked])
        for place, row in zip(asked, rows, strict=True):
            vectors[place] = row if row.any() else None
    return vectors


def _dense(searcher: Searcher, vectors: Sequence[Floats | None], depth: int, allowed: Mask | None) -> list[Ranked]:
    known = [vector for vector in vectors if vector is not None]
    if not known:
        return [NOTHING] * len(vectors)
    found = iter(searcher.dense_index.search(np.stack(known), depth, allowed))
    return [NOTHING if vector is None else next(found) for vector in vectors]
