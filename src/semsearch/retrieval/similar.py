"""Items like one item."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from semsearch.errors import UsageError
from semsearch.index.dense import Floats, Mask, Ranked
from semsearch.retrieval.legs import Filters, lexical_leg
from semsearch.retrieval.results import SimilarHit, SimilarResult
from semsearch.retrieval.search import Searcher


def similar(
    searcher: Searcher,
    item_id: str,
    *,
    now: datetime,
    k: int | None = None,
    where: str | None = None,
    near_region: str | None = None,
    include_ended: bool = False,
) -> SimilarResult:
    """The `k` nearest items of one item, itself left out, items with one and the same vector listed once.

    By the item tower's vectors, or, in a pipeline that is asked with an item, by what its query tower makes of this
    one; an item without a vector (no word that the encoder knows) is compared by the words of its title. Raises
    UsageError for an item that the release does not have.
    """
    release = searcher.release
    row = release.rows.find(item_id)
    if row is None:
        raise UsageError(
            f"Release {release.manifest.release_id} has no item '{item_id}'.",
            "Next: semsearch index build --publish, if it was imported since",
        )
    allowed = searcher.allowed(Filters(now, where, near_region, include_ended))
    others = np.ones(len(release), np.bool_) if allowed is None else allowed.copy()
    others[row] = False
    wanted = searcher.settings.k if k is None else k
    vector = searcher.item_vector(item_id) if searcher.side.of == "item" else release.vectors.of(row)
    if vector is not None:
        ranked = _by_vector(searcher, vector, wanted, others)
    else:
        ranked = lexical_leg(release, release.lexical.plan(release.rows[row]["title"]), wanted, others)[0]
    return SimilarResult(
        item_id=item_id,
        title=release.rows[row]["title"],
        by="lexical" if vector is None else "dense",
        release_id=release.manifest.release_id,
        hits=_hits(searcher, ranked, others),
        notes=("The item has no vector; its neighbours share words of its title.",) if vector is None else (),
    )


def _by_vector(searcher: Searcher, vector: Floats, k: int, allowed: Mask) -> Ranked:
    """The first row of each of the `k` nearest distinct vectors; asks for more until there are k or no more."""
    asked = k
    while True:
        found = searcher.dense_index.search(vector[None, :], asked, allowed)[0]
        vectors = searcher.release.vectors.vector_of[found.rows]
        first = np.sort(np.unique(vectors, return_index=True)[1])[:k]
        if len(first) == k or len(found.rows) < asked:
            return Ranked(found.rows[first], found.scores[first])
        asked *= 4


def _hits(searcher: Searcher, ranked: Ranked, allowed: Mask) -> tuple[SimilarHit, ...]:
    release = searcher.release
    hits = []
    for rank, (row, score) in enumerate(zip(ranked.rows.tolist(), ranked.scores.tolist(), strict=True), 1):
        item: dict[str, Any] = release.rows[row]
        position = release.vectors.vector_of[row]
        same = 1
        if position >= 0:
            same = int(np.count_nonzero(allowed[release.vectors.rows_of(np.array([position]))]))
        hits.append(SimilarHit(rank=rank, score=score, n_same=same, **item))
    return tuple(hits)
