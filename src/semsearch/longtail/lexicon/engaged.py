"""What people meant: words of a query that no engaged title has, and the words that stand there in their place.

A surface of titles answers a word when it stands in most titles that were engaged for the word's queries, and seldom
elsewhere: by the log-likelihood ratio of Dunning ("Accurate methods for the statistics of surprise and coincidence",
Computational Linguistics 19, 1993).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from semsearch.longtail.lexicon.surfaces import (
    MOST_WORDS,
    Reader,
    Title,
    Token,
    is_slip,
    joined,
    other_keyboard,
    sounds_alike,
    spans,
    surface,
)

if TYPE_CHECKING:
    import polars as pl

ITEMS = 50
"""Engaged items of one query that are read, those of the most actors."""
UNTIED = 0.2
"""Share of the engaged titles that may have a word of the query which is still unanswered."""
COVER = 0.4
"""Share of the engaged titles of a word's queries that a surface must stand in."""
SURPRISE = 15.14
"""Least log-likelihood ratio: chance of 1 in 10,000 (χ² with one degree of freedom)."""
_WHOLE = 0.9
"""A longer surface that stands in this share of the titles of a shorter one is the whole of it."""

EngagedTitles = Mapping[str, Sequence[tuple[str, int]]]
"""key → (title in the search view, actors) of its engaged items."""


@dataclass(slots=True)
class _Word:
    """A word, or neighbouring words, of queries that their engaged titles do not have."""

    keys: list[str] = field(default_factory=list)
    n_looks: int = 0
    """Actors × items."""
    titles: Counter[str] = field(default_factory=Counter)
    """Surface of titles → looks at titles with it."""


def looks_at(engagements: pl.DataFrame, titles: pl.DataFrame) -> pl.DataFrame:
    """key, item_id, actor_id, title (search view), each actor once: engagements with a query (as of
    `evaluation.attribute`) on items of `titles` (item_id, title). May be empty."""
    import polars as pl

    from semsearch.text.views import search
    from semsearch.training.log.examples import search_keys

    rows = engagements.filter(pl.col("query").is_not_null())
    keyed = rows.join(search_keys(rows["query"]), on="query").select("key", "item_id", "actor_id").unique()
    known = titles.join(keyed.select("item_id").unique(), on="item_id", how="semi")
    shown = known.with_columns(pl.Series("title", [search(title or "") for title in known["title"]], dtype=pl.String))
    return keyed.join(shown.select("item_id", "title"), on="item_id").sort("key", "item_id", "actor_id")


def by_query(looks: pl.DataFrame) -> dict[str, list[tuple[str, int]]]:
    """What `looks_at` says of each query: at most `ITEMS` titles, those of most actors first."""
    import polars as pl

    counted = looks.group_by("key", "item_id").agg(pl.col("title").first(), pl.len().alias("n"))
    ordered = counted.sort(["key", "n", "item_id"], descending=[False, True, False])
    out: dict[str, list[tuple[str, int]]] = {}
    for key, title, n in ordered.group_by("key", maintain_order=True).head(ITEMS).select("key", "title", "n").rows():
        out.setdefault(key, []).append((title, n))
    return out


def answers(engaged: EngagedTitles, reader: Reader) -> dict[tuple[str, str], float]:
    """(word or words of queries, surface of titles that answers them) → log-likelihood ratio; the best one a word."""
    words = _unanswered(engaged, reader)
    everywhere, n_looks = _counted(engaged, reader, {meant for word in words.values() for meant in word.titles})
    found = {typed: _best(typed, word, everywhere, n_looks) for typed, word in sorted(words.items())}
    return {(typed, best[0]): best[1] for typed, best in found.items() if best}


def _unanswered(engaged: EngagedTitles, reader: Reader) -> dict[str, _Word]:
    """The words, and runs of them, that the titles of their queries do not have."""
    known = known_words(engaged, reader)
    words: dict[str, _Word] = defaultdict(_Word)
    for key, found in engaged.items():
        query = reader.tokens(key)
        looks = [(reader.title(title), n) for title, n in found]
        opened = [is_open(token, looks, known) for token in query]
        for part in _parts(query, opened) if any(opened) else ():
            rest = frozenset[str]().union(*(token.ids for token in query if token not in part))
            _count(words[surface(part)], key, rest, found, reader)
    return words


def known_words(engaged: EngagedTitles, reader: Reader) -> frozenset[str]:
    """All words of engaged titles."""
    titles = {title for found in engaged.values() for title, _ in found}
    return frozenset(word for title in titles for word in reader.title(title).words)


def is_open(token: Token, looks: Sequence[tuple[Title, int]], known: Collection[str]) -> bool:
    """Whether a word of a query is missing in its titles: not in them, nor typed together or apart, nor a slip.

    `known` are all words of titles: what becomes one of them on the other keyboard is that.
    """
    letters = joined(token.text)
    if not token.letters or len(letters) < 2 or any(other in known for other in other_keyboard(letters)):
        return False
    allowed = UNTIED * sum(n for _, n in looks)
    if sum(n for title, n in looks if _has(title, token.ids, letters)) > allowed:
        return False
    return sum(n for title, n in looks if any(is_slip(letters, word) for word in title.words)) <= allowed


def _has(title: Title, ids: frozenset[str], letters: str) -> bool:
    parts = (word for word in title.words if len(word) > 1)
    return not ids.isdisjoint(title.ids) or letters in title.written or any(part in letters for part in parts)


def _parts(query: Sequence[Token], opened: Sequence[bool]) -> set[tuple[Token, ...]]:
    """Open words, their runs, and these with a neighbour: a name of two words may have a known one."""
    parts: set[tuple[Token, ...]] = set()
    start = 0
    while start < len(query):
        end = start
        while end < len(query) and opened[end]:
            end += 1
        if end > start:
            parts |= {(token,) for token in query[start:end]}
            parts |= {tuple(query[low:high]) for low in (start - 1, start) for high in (end, end + 1) if low >= 0}
        start = end + 1
    return {part for part in parts if len(part) <= MOST_WORDS and all(token.letters for token in part)}


def _count(word: _Word, key: str, rest: frozenset[str], titles: Sequence[tuple[str, int]], reader: Reader) -> None:
    word.keys.append(key)
    for title, n in titles:
        word.n_looks += n
        for meant in spans(reader.tokens(title), rest):
            word.titles[meant] += n


def _counted(engaged: EngagedTitles, reader: Reader, wanted: set[str]) -> tuple[Counter[str], int]:
    """Looks at titles with each of the wanted surfaces, of all queries; and looks at all."""
    of_title: Counter[str] = Counter()
    for titles in engaged.values():
        for title, n in titles:
            of_title[title] += n
    counted: Counter[str] = Counter()
    for title, n in of_title.items():
        for meant in reader.spans(title) & wanted:
            counted[meant] += n
    return counted, of_title.total()


def _best(typed: str, word: _Word, everywhere: Mapping[str, int], n_looks: int) -> tuple[str, float] | None:
    """What sounds like it, else the surface of the highest cover, as a whole."""
    good = [
        (sounds_alike(typed, meant), n, surprise, meant)
        for meant, n in word.titles.items()
        if n >= COVER * word.n_looks
        and (surprise := log_likelihood(n, word.n_looks, everywhere[meant], n_looks)) >= SURPRISE
    ]
    if not good:
        return None
    best = max(good)
    if not best[0]:
        wholes = [each for each in good if f" {best[3]} " in f" {each[3]} " and each[1] >= _WHOLE * best[1]]
        best = max(wholes, key=lambda each: (len(each[3]), each))
    return best[3], best[2]


def log_likelihood(both: int, first: int, second: int, total: int) -> float:
    """Dunning's G² of two events: seen together, each, and all looks; 0 when they meet no more often than by chance.

    The table is (both, first - both; second - both, the rest).
    """
    if both * total <= first * second:
        return 0.0
    table = (both, first - both, second - both, total - first - second + both)
    expected = (row * column / total for row in (first, total - first) for column in (second, total - second))
    return 2 * sum(seen * math.log(seen / chance) for seen, chance in zip(table, expected, strict=True) if seen > 0)
