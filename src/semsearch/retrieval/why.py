"""Why is this item not found? Every place where one item can get lost between query and answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import numpy as np

from semsearch.errors import UsageError
from semsearch.index.dense import Mask
from semsearch.records import LegScore
from semsearch.retrieval.fusion import union
from semsearch.retrieval.legs import NOTHING, Filters, Legs, dense_place, lexical_place
from semsearch.retrieval.results import WhyAnswer
from semsearch.retrieval.search import Searcher, words


def why(
    searcher: Searcher,
    query: str,
    item_id: str,
    *,
    now: datetime,
    in_catalogue: Callable[[str], bool] = lambda _item_id: False,
    k: int | None = None,
    where: str | None = None,
    near_region: str | None = None,
    include_ended: bool = False,
) -> WhyAnswer:
    """What happens to `item_id` when `query` is searched with these filters.

    `in_catalogue` tells an item that was imported after the release from one that nobody knows, for which
    UsageError is raised, as for an unknown region.
    """
    release = searcher.release
    row = release.rows.find(item_id)
    if row is None:
        if not in_catalogue(item_id):
            raise UsageError(
                f"Neither release {release.manifest.release_id} nor the catalogue has an item '{item_id}'.",
                "Next: semsearch import items FILE",
            )
        return _absent(searcher, query, item_id)
    wanted = searcher.settings.k if k is None else k
    return _present(searcher, query, row, Filters(now, where, near_region, include_ended), wanted)


def _present(searcher: Searcher, query: str, row: int, filters: Filters, wanted: int) -> WhyAnswer:
    release = searcher.release
    item = release.rows[row]
    removed = tuple(_removed_by(searcher, row, filters))
    among = _with(searcher.allowed(filters), row)
    legs = searcher.legs(query, "hybrid", searcher.settings.depth, among)
    rank, n_ranked = _rank(searcher, legs, row, wanted, among)
    dense = None
    if legs.vector is not None:
        dense = dense_place(release.vectors.all_scores(legs.vector), row, among)
    lexical = lexical_place(legs, row, among)
    matches = searcher.matches(legs.plan, row)
    terms = words(legs.plan)
    return WhyAnswer(
        query=query,
        item_id=item["item_id"],
        title=item["title"],
        release_id=release.manifest.release_id,
        in_release=True,
        terms=terms,
        steps=legs.plan.steps,
        matches=matches,
        missing=tuple(term for term in terms if term not in {match.term for match in matches}),
        dense=dense,
        lexical=lexical,
        mode=searcher.rules()[0],
        rank=rank,
        removed_by=removed,
        reasons=(
            *_place(rank, wanted, n_ranked, searcher.settings.depth, removed),
            *_causes(searcher, row, legs, dense, lexical),
        ),
    )


def _absent(searcher: Searcher, query: str, item_id: str) -> WhyAnswer:
    release_id = searcher.release.manifest.release_id
    reason = f"It is in the catalogue but not in release {release_id}. Next: semsearch index build --publish"
    plan = searcher.release.lexical.plan(query)
    return WhyAnswer(
        query=query,
        item_id=item_id,
        title=None,
        release_id=release_id,
        in_release=False,
        terms=words(plan),
        steps=plan.steps,
        reasons=(reason,),
    )


def _removed_by(searcher: Searcher, row: int, filters: Filters) -> Iterator[str]:
    """The filters that keep the row out, each tried alone."""
    now, where, near = filters.now, filters.where, filters.near_region
    if not filters.include_ended and (cause := searcher.release.alive.why_not(row, now)):
        yield f"alive: {cause} (--all shows it)"
    if where is not None and not _passes(searcher.allowed(Filters(now, where, include_ended=True)), row):
        yield f"--where {where}"
    if near is not None and not _passes(searcher.allowed(Filters(now, None, near, include_ended=True)), row):
        yield f"--near {near}: its region is {searcher.release.rows[row]['region_id'] or 'unknown'}"


def _passes(allowed: Mask | None, row: int) -> bool:
    return allowed is None or bool(allowed[row])


def _with(allowed: Mask | None, row: int) -> Mask | None:
    """The filter with this row let in, so that its ranks are those that it would have."""
    if allowed is None or allowed[row]:
        return allowed
    let_in = allowed.copy()
    let_in[row] = True
    return let_in


def _rank(searcher: Searcher, legs: Legs, row: int, wanted: int, allowed: Mask | None) -> tuple[int | None, int]:
    """Rank in the order that `search` shows, by the mode and fusion of the settings, and how many were ranked.

    As many as are wanted and at least all that both legs bring at `search.depth`.
    """
    mode, rule = searcher.rules()
    asked = replace(legs, dense=NOTHING) if mode == "lexical" else legs
    shown = max(wanted, union(asked.dense, asked.lexical).size)
    rows = searcher.first(asked, mode, rule, shown, allowed)[1].rows
    found = np.flatnonzero(rows == row)
    return (int(found[0]) + 1 if found.size else None), rows.size


def _place(rank: int | None, wanted: int, n_ranked: int, depth: int, removed: tuple[str, ...]) -> Iterator[str]:
    """What keeps it out, or where it comes."""
    yield from (f"A filter removes it. {cause}" for cause in removed)
    without = "Without that filter it" if removed else "It"
    if rank is None:
        among = f"the {n_ranked:,} items that the search ranks: the best {depth:,} of each leg (search.depth)"
        yield f"{without} is not among {among}." if n_ranked else "The query finds nothing."
    elif rank > wanted:
        yield f"{without} ranks {rank}, and {wanted} are shown. Next: --k {rank}"
    else:
        yield f"{without} {'would be' if removed else 'is'} found: rank {rank} of the {wanted} that are shown."


def _causes(
    searcher: Searcher, row: int, legs: Legs, dense: LegScore | None, lexical: LegScore | None
) -> Iterator[str]:
    """Why a leg has no score for it."""
    if not legs.plan.terms and legs.vector is None:
        yield "The query has nothing that either leg knows."
    elif lexical is None:
        yield "No word of the query is in the item."
    if searcher.release.vectors.of(row) is None:
        yield "The item has no vector: the encoder knows nothing in its text."
    elif dense is None and legs.plan.terms:
        yield "The encoder knows nothing in the query."
