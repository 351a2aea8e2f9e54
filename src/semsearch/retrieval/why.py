"""Why is this item not found? Every place where one item can get lost between query and answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from semsearch.index.dense import Mask
from semsearch.records import LegScore
from semsearch.retrieval.legs import Filters, Legs, dense_place, lexical_place
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

    `in_catalogue` tells an item that was imported after the release from one that nobody knows.
    """
    release = searcher.release
    row = release.rows.find(item_id)
    if row is None:
        return _absent(searcher, query, item_id, in_catalogue(item_id))
    filters = Filters(now, where, near_region, include_ended)
    removed = tuple(_removed_by(searcher, row, filters))
    among = _with(searcher.allowed(filters), row)
    legs = searcher.legs(query, "hybrid", searcher.settings.depth, among)
    rank = _hybrid_rank(searcher, query, row, among)
    dense = None
    if legs.vector is not None:
        dense = dense_place(release.vectors.all_scores(legs.vector), row, among)
    lexical = lexical_place(legs, row, among)
    matches = searcher.matches(legs.plan, row)
    terms = words(legs.plan)
    wanted = searcher.settings.k if k is None else k
    return WhyAnswer(
        query=query,
        item_id=item_id,
        title=release.rows[row]["title"],
        release_id=release.manifest.release_id,
        in_release=True,
        in_catalogue=True,
        terms=terms,
        steps=legs.plan.steps,
        matches=matches,
        missing=tuple(term for term in terms if term not in {match.term for match in matches}),
        dense=dense,
        lexical=lexical,
        hybrid_rank=rank,
        removed_by=removed,
        reasons=(
            *_place(searcher, rank, wanted, removed),
            *_causes(searcher, row, legs, dense, lexical),
        ),
    )


def _absent(searcher: Searcher, query: str, item_id: str, in_catalogue: bool) -> WhyAnswer:
    release_id = searcher.release.manifest.release_id
    if in_catalogue:
        reason = f"It is in the catalogue but not in release {release_id}. Next: semsearch index build --publish"
    else:
        reason = f"Neither release {release_id} nor the catalogue has this item. Next: semsearch import items FILE"
    plan = searcher.release.lexical.plan(query)
    return WhyAnswer(
        query=query,
        item_id=item_id,
        title=None,
        release_id=release_id,
        in_release=False,
        in_catalogue=in_catalogue,
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


def _hybrid_rank(searcher: Searcher, query: str, row: int, allowed: Mask | None) -> int | None:
    """Rank in the default mode and fusion, as deep as the legs bring items to it."""
    rows = searcher.ranked_among(query, searcher.settings.depth * 2, allowed).rows.tolist()
    return rows.index(row) + 1 if row in rows else None


def _place(searcher: Searcher, rank: int | None, wanted: int, removed: tuple[str, ...]) -> Iterator[str]:
    """What keeps it out, or where it comes."""
    yield from (f"A filter removes it. {cause}" for cause in removed)
    depth = searcher.settings.depth
    without = "Without that filter it" if removed else "It"
    if rank is None:
        yield f"Neither leg has it among its first {depth} (search.depth), so that fusion never sees it."
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
