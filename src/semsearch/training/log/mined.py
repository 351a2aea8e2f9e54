"""Hard negatives that the current release itself ranks high, but not too high.

What scores close to a known positive is likely wanted too, so an item is a negative only if it scores at least a
relative margin below (Moreira et al. 2024, "NV-Retriever": positive-aware mining).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from semsearch.towers.features import Ragged

if TYPE_CHECKING:
    from semsearch.index.dense import Ranked
    from semsearch.retrieval.search import Searcher

DEPTH = 100
BLOCK = 512


def mined(
    current: Searcher, texts: Sequence[str], positives: Ragged, item_ids: Sequence[str], margin: float, *, cap: int = 50
) -> Ragged:
    """Item rows for each of `texts` (query side), hardest first, at most `cap`.

    `positives` holds the item rows that each text is known to want. An item counts when its cosine is at most
    (1 − margin) times the lowest of the positives that the release found; where it found none, nothing can be said.
    """
    row_of = {item_id: row for row, item_id in enumerate(item_ids)}
    known: list[str] = current.release.items.select("item_id").collect()["item_id"].to_list()
    here = np.array([row_of.get(item_id, -1) for item_id in known], np.int64)
    found: list[np.ndarray] = []
    for start in range(0, len(texts), BLOCK):
        vectors = current.encoder.encode_queries(texts[start : start + BLOCK])
        for offset, hits in enumerate(current.dense_index.search(vectors, DEPTH)):
            place = start + offset
            wanted = positives.values[positives.starts[place] : positives.starts[place + 1]]
            found.append(_below(hits, here, wanted, margin)[:cap])
    keys = np.repeat(np.arange(len(found)), [len(rows) for rows in found])
    return Ragged.of(keys, np.concatenate(found) if found else here[:0], len(texts))


def _below(hits: Ranked, here: np.ndarray, wanted: np.ndarray, margin: float) -> np.ndarray:
    rows = here[hits.rows]
    positive = np.isin(rows, wanted)
    bar = (1 - margin) * hits.scores[positive].min(initial=np.inf) if positive.any() else -np.inf
    return rows[(rows >= 0) & ~positive & (hits.scores <= bar)]
