"""What a search answers: rich, frozen, ready for JSON."""

from __future__ import annotations

from dataclasses import dataclass, field

from semsearch.records import Hit, LegScore
from semsearch.text.plan import Step


@dataclass(frozen=True, slots=True)
class Match:
    """A word of the query that an item has."""

    term: str
    score: float
    """What it adds to the lexical score."""


@dataclass(frozen=True, slots=True)
class SearchHit(Hit):
    """A hit with what a person wants to see of the item."""

    title: str = ""
    category: str | None = None
    price: float | None = None
    currency: str | None = None
    region_id: str | None = None
    seller_id: str | None = None
    status: str = "active"
    created_at: str | None = None
    """UTC, ISO 8601."""
    matches: tuple[Match, ...] = ()
    """Filled when the search explains itself."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one query, from one release."""

    query: str
    """As given."""
    searched: str
    """The query in the search view, after its steps."""
    mode: str
    fusion: str | None
    """rrf or score; null when one leg answers."""
    release_id: str
    hits: tuple[SearchHit, ...]
    """Best first; fewer than k when there are no more."""
    terms: tuple[str, ...] = ()
    """What the lexical leg looked for."""
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know about this answer."""


@dataclass(frozen=True, slots=True)
class SimilarHit(SearchHit):
    """A neighbour of an item."""

    n_same: int = 1
    """How many allowed items have exactly this vector; only the first is listed."""


@dataclass(frozen=True, slots=True)
class SimilarResult:
    """The neighbours of one item, best first."""

    item_id: str
    title: str
    by: str
    """dense, or lexical when the item has no vector."""
    release_id: str
    hits: tuple[SimilarHit, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActorResult:
    """What an actor may want next, best first."""

    actor_id: str
    n_engaged: int
    """Items that he had engaged by then; they are left out."""
    release_id: str
    hits: tuple[SearchHit, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """Why one item is or is not found for one query."""

    query: str
    item_id: str
    title: str | None
    release_id: str
    in_release: bool
    """False for an item that was imported after the release."""
    terms: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    matches: tuple[Match, ...] = ()
    missing: tuple[str, ...] = ()
    """Terms of the query that the item does not have."""
    dense: LegScore | None = None
    """However deep, among the items that pass the same filters; null without a vector on either side."""
    lexical: LegScore | None = None
    """Likewise; null when no term matches."""
    mode: str = "hybrid"
    """The mode of the settings, which `rank` is of."""
    rank: int | None = None
    """Where `search` shows it; null when it is not among as many as were ranked."""
    removed_by: tuple[str, ...] = ()
    """The filters that keep it out."""
    reasons: tuple[str, ...] = field(default=())
    """The answer in sentences, the most telling first."""
