"""query → plan → dense + lexical → fusion → hits, over one release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.errors import MismatchError, UsageError
from semsearch.index.dense import DenseIndex, Floats, Mask, Ranked, Rows, matching
from semsearch.index.release import Release
from semsearch.index.vectors import REBUILD
from semsearch.index.where import parse_where
from semsearch.records import LegScore
from semsearch.retrieval.fusion import convex, enough_of, reciprocal_rank, union
from semsearch.retrieval.legs import (
    NOTHING,
    Filters,
    Fusion,
    Legs,
    Mode,
    check_fusion,
    check_mode,
    dense_place,
    lexical_leg,
    lexical_place,
)
from semsearch.retrieval.query_side import QuerySide
from semsearch.retrieval.results import Match, SearchHit, SearchResult
from semsearch.text.tokens import shown

if TYPE_CHECKING:
    from semsearch.settings import SearchSettings
    from semsearch.text.plan import QueryPlan
    from semsearch.towers.encoder import Encoder

CACHED_FILTERS = 32


class Searcher:
    """Answers queries from one release. Opens its parts when they are first needed; threads may share it."""

    def __init__(
        self,
        release: Release,
        open_encoder: Callable[[], Encoder],
        settings: SearchSettings,
        *,
        exact: bool = False,
        open_side: Callable[[], QuerySide] = QuerySide,
    ) -> None:
        """`exact` scans the vectors instead of loading an hnsw graph: faster for a single query.

        `open_side` says what the query tower is asked with; by default it is the typed text as it is.
        """
        self.release = release
        self.settings = settings
        self._open_encoder = open_encoder
        self._exact = exact
        self._open_side = open_side
        self._where = lru_cache(CACHED_FILTERS)(self._where_mask)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder of the release; raises MismatchError when another one is configured."""
        encoder = self._open_encoder()
        pinned = self.release.manifest.encoder_id
        if encoder.encoder_id != pinned:
            raise MismatchError(
                f"Release {self.release.manifest.release_id} was made by encoder {pinned}, "
                f"but the encoder at hand is {encoder.encoder_id}.",
                REBUILD,
            )
        return encoder

    @cached_property
    def side(self) -> QuerySide:
        """What the query tower is asked with."""
        return self._open_side()

    @property
    def dense_index(self) -> DenseIndex:
        """The engine that answers: exact when this searcher was asked to be."""
        return self.release.exact if self._exact else self.release.dense

    def search(
        self,
        query: str,
        *,
        now: datetime,
        k: int | None = None,
        mode: str | None = None,
        fusion: str | None = None,
        where: str | None = None,
        near_region: str | None = None,
        include_ended: bool = False,
        explain: bool = False,
    ) -> SearchResult:
        """The best `k` items for `query` among those that pass the filters and are alive at `now` (UTC).

        None takes the setting. A query without a letter or digit has no hits and a note. Raises
        UsageError for k below 1 or an unknown mode or region, FilterError for a bad `where`,
        MismatchError when encoder and release do not belong together.
        """
        allowed = self.allowed(Filters(now, where, near_region, include_ended))
        chosen, rule = self.rules(mode, fusion)
        region_id = self.release.regions.near(near_region)[0] if near_region else None
        legs, ranked = self._answer(query, k, chosen, rule, allowed, now=now, region_id=region_id)
        return SearchResult(
            query=query,
            searched=legs.plan.search,
            mode=chosen,
            fusion=rule if chosen == "hybrid" else None,
            release_id=self.release.manifest.release_id,
            hits=self._hits(ranked, legs, allowed, explain),
            terms=words(legs.plan),
            steps=legs.plan.steps,
            notes=self._notes(legs, chosen, allowed, len(ranked.rows)),
        )

    def ranked(
        self,
        query: str,
        *,
        now: datetime,
        k: int | None = None,
        mode: str | None = None,
        fusion: str | None = None,
        include_ended: bool = False,
        within: Mask | None = None,
        region_id: str | None = None,
    ) -> Ranked:
        """Rows and scores of `search`, nothing more; `within` (bool[n_items]) names the items that compete instead.

        `region_id` is the searcher's, for a query tower that reads it; it filters nothing.

        In a pipeline that is asked with an item or an actor `query` is its id, and the dense leg answers alone: for an
        actor with what he engaged before `now`, for an unknown one with nothing.
        """
        allowed = self.allowed(Filters(now, include_ended=include_ended)) if within is None else within
        if self.side.of == "query":
            return self._answer(query, k, *self.rules(mode, fusion), allowed, now=now, region_id=region_id)[1]
        vector = self.item_vector(query) if self.side.of == "item" else self.actor_vector(query, now)[0]
        return self.nearest(vector, self.settings.k if k is None else k, allowed)

    def rules(self, mode: str | None = None, fusion: str | None = None) -> tuple[Mode, Fusion]:
        """Mode and fusion rule, None taken from the settings; raises UsageError for a word that is neither."""
        return check_mode(mode or self.settings.mode), check_fusion(fusion or self.settings.fusion)

    def _answer(
        self,
        query: str,
        k: int | None,
        mode: Mode,
        rule: Fusion,
        allowed: Mask | None,
        *,
        now: datetime,
        region_id: str | None = None,
    ) -> tuple[Legs, Ranked]:
        wanted = self.settings.k if k is None else k
        if wanted < 1:
            raise UsageError(f"k is {wanted}; it must be at least 1.", "Next: --k 10")
        legs = self.legs(query, mode, self.settings.depth, allowed, now=now, region_id=region_id)
        return self.first(legs, mode, rule, wanted, allowed)

    def first(self, legs: Legs, mode: Mode, rule: Fusion, k: int, allowed: Mask | None) -> tuple[Legs, Ranked]:
        """The first `k` of the one order of a query's items, with the legs as deep as that took.

        Legs cut at `search.depth` decide the head. What deeper legs add comes after it, each time four times as deep,
        with scores no higher than those before: so the first ten are the same whether ten or a thousand are asked for.
        """
        ranked = self._joined(legs, mode, rule, k)
        while ranked.rows.size < k and not legs.complete:
            legs = self._deeper(legs, legs.depth * 4, allowed)
            more = self._joined(legs, mode, rule, k)
            new = _not_in(more.rows, ranked.rows, len(self.release))
            scores = np.concatenate((ranked.scores, np.minimum(more.scores[new], ranked.scores.min(initial=np.inf))))
            ranked = Ranked(np.concatenate((ranked.rows, more.rows[new]))[:k], scores[:k])
        return legs, ranked

    def _deeper(self, legs: Legs, depth: int, allowed: Mask | None) -> Legs:
        lexical = matching(legs.all_lexical, depth, allowed) if legs.lexical.rows.size else NOTHING
        dense = legs.dense
        if legs.vector is not None and dense.rows.size:
            dense = self.dense_index.search(legs.vector[None, :], depth, allowed)[0]
        return replace(legs, dense=dense, lexical=lexical, depth=depth)

    def allowed(self, filters: Filters) -> Mask | None:
        """bool[n_items] of the items that pass all filters; None when all do."""
        masks: list[Mask] = [] if filters.include_ended else [self.release.alive.mask(filters.now)]
        if filters.where is not None:
            masks.append(self._where(filters.where))
        if filters.near_region is not None:
            regions = self.release.regions
            masks.append(regions.mask(regions.near(filters.near_region)))
        if not masks:
            return None
        joined = masks[0] if len(masks) == 1 else np.logical_and.reduce(masks)
        return None if joined.all() else joined

    def _where_mask(self, where: str) -> Mask:
        return self.release.passing(parse_where(where))

    def legs(
        self,
        query: str,
        mode: Mode,
        depth: int,
        allowed: Mask | None,
        *,
        now: datetime | None = None,
        region_id: str | None = None,
    ) -> Legs:
        """Both legs of one query, each cut at `depth`; the leg that `mode` leaves out is empty.

        `now` and `region_id` are the searcher's, for a query tower that reads them. Raises UsageError where the
        query tower is asked with something else than typed text.
        """
        plan = self.release.lexical.plan(query)
        lexical, scores = NOTHING, np.zeros(0, np.float32)
        if mode != "dense":
            lexical, scores = lexical_leg(self.release, plan, depth, allowed)
        vector = None
        if mode != "lexical":
            vector = self.encode(self.side.typed(plan.dense_text, region_id=region_id, at=now))
        return Legs(plan, vector, self.nearest(vector, depth, allowed), lexical, scores, depth)

    def nearest(self, vector: Floats | None, k: int, allowed: Mask | None) -> Ranked:
        """The best `k` allowed rows for one query vector; none without a vector."""
        return NOTHING if vector is None else self.dense_index.search(vector[None, :], k, allowed)[0]

    def item_vector(self, item_id: str) -> Floats | None:
        """What the query tower makes of one item of the release; None for one that it does not have."""
        import polars as pl

        item = self.release.items.filter(pl.col("item_id") == item_id).collect()
        return self.encode(self.side.item(item)) if item.height else None

    def actor_vector(self, actor_id: str, now: datetime) -> tuple[Floats | None, frozenset[str]]:
        """What the query tower makes of an actor as of `now`, and the items that he had engaged before, if any."""
        import polars as pl

        self.side.must_be("actor")
        log = self.side.history.of(actor_id).filter(pl.col("ts") < now)
        if not log.height:
            return None, frozenset()
        return self.encode(self.side.actor(actor_id, log, self.release.items, now)), frozenset(log["item_id"])

    def encode(self, text: str) -> Floats | None:
        """The query tower's vector of a text; None when there is nothing in it that the encoder knows."""
        if not text:
            return None
        vector: Floats = self.encoder.encode_queries([text])[0]
        return vector if vector.any() else None

    def _joined(self, legs: Legs, mode: Mode, rule: Fusion, k: int) -> Ranked:
        if mode != "hybrid" or legs.vector is None or not legs.lexical.rows.size:
            leg = legs.dense if mode == "dense" or not legs.lexical.rows.size else legs.lexical
            return Ranked(leg.rows[:k], leg.scores[:k])
        if rule == "rrf":
            return reciprocal_rank(legs.dense, legs.lexical, k)
        rows = union(legs.dense, legs.lexical)
        vectors = self.release.vectors
        near = vectors.scores(legs.vector, rows)
        background, enough = vectors.background(legs.vector), enough_of(legs.dense)
        return convex(rows, near, legs.all_lexical[rows], background=background, enough=enough, n=k)

    # --- what a person sees ------------------------------------------------------------------

    def _hits(self, ranked: Ranked, legs: Legs, allowed: Mask | None, explain: bool) -> tuple[SearchHit, ...]:
        places = self._deep_places(ranked.rows, legs, allowed) if explain else self._places(ranked.rows, legs)
        hits = []
        for rank, (row, score) in enumerate(zip(ranked.rows.tolist(), ranked.scores.tolist(), strict=True), 1):
            item: dict[str, Any] = self.release.rows[row]
            hits.append(
                SearchHit(
                    rank=rank,
                    score=score,
                    dense=places[0].get(row),
                    lexical=places[1].get(row),
                    matches=self.matches(legs.plan, row) if explain else (),
                    **item,
                )
            )
        return tuple(hits)

    def _places(self, rows: Rows, legs: Legs) -> tuple[dict[int, LegScore], dict[int, LegScore]]:
        """Ranks of `rows` within the depth that the legs were asked for."""

        def ranks(leg: Ranked) -> dict[int, LegScore]:
            place = {row: at for at, row in enumerate(leg.rows.tolist())}
            found = [(row, place[row]) for row in rows.tolist() if row in place]
            return {row: LegScore(at + 1, float(leg.scores[at])) for row, at in found}

        return ranks(legs.dense), ranks(legs.lexical)

    def _deep_places(
        self, rows: Rows, legs: Legs, allowed: Mask | None
    ) -> tuple[dict[int, LegScore], dict[int, LegScore]]:
        """Ranks of `rows` in both legs, however deep."""
        dense: dict[int, LegScore] = {}
        if legs.vector is not None and rows.size:
            scores = self.release.vectors.all_scores(legs.vector)
            dense = {int(r): place for r in rows if (place := dense_place(scores, int(r), allowed))}
        lexical = {int(r): place for r in rows if (place := lexical_place(legs, int(r), allowed))}
        return dense, lexical

    def matches(self, plan: QueryPlan, row: int) -> tuple[Match, ...]:
        """The terms of `plan` that one row has, strongest first."""
        if not plan.terms:
            return ()
        found = [Match(text, float(score)) for text, score in self.release.lexical.matches(plan, row)]
        return tuple(sorted(found, key=lambda m: (-m.score, m.term)))

    def _notes(self, legs: Legs, mode: Mode, allowed: Mask | None, n_hits: int) -> tuple[str, ...]:
        plan = legs.plan
        notes = []
        if plan.n_ignored:
            last = "word was" if plan.n_ignored == 1 else f"{plan.n_ignored:,} words were"
            notes.append(f"The query is very long; its last {last} not looked up.")
        if not plan.terms and not plan.dense_text:
            notes.append("The query has no letters or digits to search for.")
        elif mode != "lexical" and legs.vector is None:
            notes.append("The encoder knows nothing in this query; the dense leg is empty.")
        elif mode == "lexical" and not n_hits:
            notes.append("No allowed item has a word of this query.")
        if allowed is not None and not allowed.any():
            notes.append("No item passes the filters.")
        return tuple(notes)


def _not_in(rows: Rows, others: Rows, n: int) -> Mask:
    """Which of `rows` are not among `others`; as np.isin, which imports numpy.ma."""
    free = np.ones(n, np.bool_)
    free[others] = False
    found: Mask = free[rows]
    return found


def words(plan: QueryPlan) -> tuple[str, ...]:
    """What the lexical leg looks for, as a person reads it."""
    return tuple(dict.fromkeys(shown(term.text) for term in plan.terms))
