"""Lexicon entries for a person to accept: each pair with its kind, who speaks for it, and examples."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.errors import MissingPart
from semsearch.longtail.lexicon.agreement import Looks
from semsearch.longtail.lexicon.engaged import EngagedTitles, by_query, looks_at
from semsearch.longtail.lexicon.pairs import MIN_ACTORS, Pair, pairs
from semsearch.longtail.lexicon.reformulations import replacements, turns
from semsearch.longtail.lexicon.surfaces import Reader, joined, shortened, sounds_alike
from semsearch.progress import Progress, silent

if TYPE_CHECKING:
    import polars as pl

    from semsearch.text.lexicons import Lexicon

MIN_SCORE = 0.3
"""Below it fewer than half of the pairs were right on the development markets (bench/longtail_lexicon.py)."""
_EXAMPLES = 3
Key = frozenset[str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One entry: two surfaces that mean the same, as the lexicon's files hold them."""

    proposal_id: str
    """Digest of kind and surfaces."""
    kind: str
    """brands, synonyms or transliterations: the file that it belongs to."""
    surfaces: tuple[str, ...]
    """In the search view; first the name that the lexicon knows, else what titles say more often."""
    score: float
    """0 to 1, see `Pair.score`."""
    n_actors: int
    """Different people who typed the one and then engaged, or typed, the other."""
    n_sessions: int
    """Sessions in which the one was typed in the place of the other."""
    n_queries: int
    """Queries with the second surface that speak for it."""
    sources: tuple[str, ...]
    """engagements, reformulations."""
    queries: tuple[str, ...]
    """Examples, those of most people first."""
    titles: tuple[str, ...]
    """Engaged titles with the first surface, those of most people first."""

    @property
    def key(self) -> Key:
        """Which surfaces, whatever their spacing and the kind."""
        return frozenset(map(joined, self.surfaces))


def propose(
    log: pl.LazyFrame,
    engagements: pl.DataFrame,
    titles: pl.DataFrame,
    lexicon: Lexicon,
    *,
    before: datetime | None,
    known: Collection[Key] = (),
    progress: Progress = silent,
) -> list[Proposal]:
    """Entries that a log with `schema(Interaction)` suggests, best first; `known` ones are left out.

    `engagements` is what `evaluation.attribute` made of the log, `titles` the catalogue's item_id and title; only what
    was before `before` (UTC-aware; None: all) is read. `lexicon` is what search knows already. Raises MissingPart when
    nobody typed a query, or when no engaged item is in the catalogue.
    """
    engaged = engagements.filter(_before("asked_at", before))
    progress("reading the log", 0, 0)
    followed = turns(log.filter(_before("ts", before)), engaged)
    looks = looks_at(engaged, titles)
    _check(looks, engaged)
    reader, found = Reader(lexicon), by_query(looks)
    brands = {joined(surface) for group in lexicon.groups if group.kind == "brands" for surface in group.surfaces}
    progress("comparing queries and titles", 0, 0)
    replaced = replacements(followed, reader)
    best = [pair for pair in pairs(replaced, found, reader, brands) if pair.score >= MIN_SCORE]
    made = _told(best, replaced, looks, found, reader, brands=brands)
    return [proposal for proposal in made if proposal.n_actors >= MIN_ACTORS and proposal.key not in known]


def _before(column: str, before: datetime | None) -> pl.Expr:
    import polars as pl

    return pl.lit(value=True) if before is None else pl.col(column) < pl.lit(before).cast(pl.Datetime("us", "UTC"))


def _check(looks: pl.DataFrame, engaged: pl.DataFrame) -> None:
    asked = engaged.drop_nulls("query")
    if asked.is_empty():
        raise MissingPart(
            "Nobody engaged an item after a query in the log: it says nothing of what people mean.",
            "Next: semsearch import interactions FILE with searches and clicks",
        )
    if looks.is_empty():
        raise MissingPart(
            f"None of the {asked['item_id'].n_unique():,} items that people engaged in the log is in the catalogue.",
            "Next: semsearch import items FILE of the same time as the log",
        )


def _told(
    found: Sequence[Pair],
    replaced: pl.DataFrame,
    looks: pl.DataFrame,
    engaged: EngagedTitles,
    reader: Reader,
    *,
    brands: Collection[str],
) -> list[Proposal]:
    """Each pair with its people and examples."""
    import polars as pl

    index = Looks(engaged, reader, {surface for pair in found for surface in (pair.typed, pair.meant)})
    numbers = {frozenset((pair.typed, pair.meant)): number for number, pair in enumerate(found)}
    typed_there = replaced.with_columns(
        pl.Series(
            "number",
            [numbers.get(frozenset(both)) for both in replaced.select("typed", "meant").iter_rows()],
            dtype=pl.Int64,
        )
    ).drop_nulls("number")
    seen = [
        (number, key, title)
        for number, pair in enumerate(found)
        for key in index.keys(pair.typed, pair.meant)
        for title, _ in engaged[key]
        if pair.meant in reader.spans(title)
    ]
    schema = {"number": pl.Int64, "key": pl.String, "title": pl.String}
    clicked = pl.DataFrame(seen, schema=schema, orient="row").join(looks, on=["key", "title"])
    reformulated = dict(_by(typed_there, "number"))
    engaging = dict(_by(clicked, "number"))
    no_turn, no_look = typed_there.clear(), clicked.clear()
    made = (
        _proposal(pair, reformulated.get(at, no_turn), engaging.get(at, no_look), brands, reader.lexicon)
        for at, pair in enumerate(found)
    )
    return [_with_id(proposal) for proposal in made]


def _by(frame: pl.DataFrame, column: str) -> Iterable[tuple[int, pl.DataFrame]]:
    return ((rows[column][0], rows) for rows in frame.partition_by(column, maintain_order=True))


def _proposal(
    pair: Pair, reformulated: pl.DataFrame, engaging: pl.DataFrame, brands: Collection[str], lexicon: Lexicon
) -> Proposal:
    sources = {"engagements": engaging, "reformulations": reformulated}
    people = Counter[str]()
    for rows in sources.values():
        people.update(dict(rows.group_by("key").n_unique().select("key", "actor_id").iter_rows()))
    name, other = pair.meant, pair.typed
    if lexicon.names(joined(other)) and not lexicon.names(joined(name)):
        name, other = other, name
    own = [key for key, _ in _most(people) if f" {other} " in f" {key} "]
    titles = Counter(dict(engaging.group_by("title").n_unique().select("title", "actor_id").iter_rows()))
    return Proposal(
        proposal_id="",
        kind=_kind(pair, brands),
        surfaces=(name, other),
        score=round(pair.score, 3),
        n_actors=len({actor for rows in sources.values() for actor in rows["actor_id"]}),
        n_sessions=reformulated["session"].n_unique(),
        n_queries=len(people),
        sources=tuple(name for name, rows in sources.items() if rows.height),
        queries=tuple((own or [key for key, _ in _most(people)])[:_EXAMPLES]),
        titles=tuple(title for title, _ in _most(titles)[:_EXAMPLES]),
    )


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _kind(pair: Pair, brands: Collection[str]) -> str:
    if joined(pair.typed) in brands or joined(pair.meant) in brands:
        return "brands"
    same = sounds_alike(pair.typed, pair.meant) or shortened(pair.typed, pair.meant)
    return "transliterations" if same else "synonyms"


def _with_id(proposal: Proposal) -> Proposal:
    text = json.dumps([proposal.kind, *sorted(map(joined, proposal.surfaces))], ensure_ascii=False)
    return replace(proposal, proposal_id="l" + hashlib.sha256(text.encode()).hexdigest()[:10])
