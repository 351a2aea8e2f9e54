"""Items for an actor: from what he engaged, as the log has it, to what he has not seen yet."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from semsearch.errors import UsageError
from semsearch.records import LegScore
from semsearch.retrieval.legs import Filters
from semsearch.retrieval.results import ActorResult, SearchHit

if TYPE_CHECKING:
    from semsearch.index.dense import Mask
    from semsearch.retrieval.search import Searcher


def for_actor(
    searcher: Searcher,
    actor_id: str,
    *,
    now: datetime,
    k: int | None = None,
    where: str | None = None,
    near_region: str | None = None,
    include_ended: bool = False,
) -> ActorResult:
    """The `k` items nearest to an actor as of `now`, by the dense leg alone; what he engaged before is left out.

    Raises UsageError for k below 1, an actor who engaged nothing, and a pipeline that is not asked with actors.
    """
    wanted = searcher.settings.k if k is None else k
    if wanted < 1:
        raise UsageError(f"k is {wanted}; it must be at least 1.", "Next: --k 10")
    vector, seen = searcher.actor_vector(actor_id, now)
    if not seen:
        raise UsageError(
            f"The log has nothing that actor '{actor_id}' clicked, liked, asked about or bought.",
            "Next: semsearch import interactions FILE, or another --actor",
        )
    allowed = _without(searcher, seen, searcher.allowed(Filters(now, where, near_region, include_ended)))
    found = searcher.nearest(vector, wanted, allowed)
    return ActorResult(
        actor_id=actor_id,
        n_engaged=len(seen),
        release_id=searcher.release.manifest.release_id,
        hits=tuple(
            SearchHit(rank=rank, score=score, dense=LegScore(rank, score), **searcher.release.rows[row])
            for rank, (row, score) in enumerate(zip(found.rows.tolist(), found.scores.tolist(), strict=True), 1)
        ),
        notes=() if vector is not None else ("The model knows none of what this actor engaged.",),
    )


def _without(searcher: Searcher, seen: frozenset[str], allowed: Mask | None) -> Mask:
    others = np.ones(len(searcher.release), np.bool_) if allowed is None else allowed.copy()
    rows = (searcher.release.rows.find(item_id) for item_id in sorted(seen))
    others[[row for row in rows if row is not None]] = False
    return others
