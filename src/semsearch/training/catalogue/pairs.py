"""Training pairs made from the catalogue itself, before there are logs.

Each item yields queries that a person might type for it: the end of a phrase of the title, neighbouring words or
words from anywhere in it, a phrase of the body, the brand, an attribute or the category with a word of the title; some
of them misspelt. In-batch softmax over such pairs estimates pointwise mutual information between words and items
(Levy and Goldberg 2014), so that words that keep the same company come to lie together.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semsearch.records import CATEGORY_SEPARATOR
from semsearch.text.views import search
from semsearch.towers.template import ItemTemplate, attributes, cut, rows, speaks
from semsearch.training.catalogue.spelling import slip

if TYPE_CHECKING:
    import polars as pl

BODY = 0.4
"""Share of queries from the body."""
PHRASE = 0.05
"""Share from the brand, an attribute or the category."""
HEADS = 0.5
"""Of the rest, and within a body: share that ends where a phrase ends, with the thing itself."""
SPANS = 0.25
"""Share of neighbouring words; what is left are words from anywhere."""
SLIPS = 0.1
"""Share of queries with a slip of the finger."""
_WORD = re.compile(r"[^\W_]+")
_BREAK = re.compile(r"[^\w\s'’®™]+|_|\S*\d\S*|\b(?:for|with|w|by|of|in|from|to)\b")
_TITLE_LENGTHS = (1, 1, 2, 2, 3, 4)
_BODY_LENGTHS = (2, 3, 5, 8)
_MIN_ITEMS = 3


@dataclass(frozen=True, slots=True)
class TextPairs:
    """Queries and the items that they are for; the form in which any source of pairs reaches `fit`."""

    queries: list[str]
    """Search view, one a pair."""
    item_rows: NDArray[np.int64]
    """Row of the item in the catalogue frame, [n_pairs]."""


@dataclass(frozen=True, slots=True)
class _Parts:
    title: list[str]
    title_segments: list[list[str]]
    body: list[str]
    body_segments: list[list[str]]
    phrases: list[str]


def catalogue_pairs(items: pl.DataFrame, template: ItemTemplate, per_item: int, seed: int) -> TextPairs:
    """`per_item` made-up queries for each item of a frame with `schema(Item)`.

    Items without a word yield none. Same items, template and seed: same pairs.
    """
    parts = [_parts(row, template) for row in rows(items)]
    known = Counter(word for p in parts for word in {*p.title, *p.body})
    rng = random.Random(seed)
    queries: list[str] = []
    item_rows: list[int] = []
    for number, part in enumerate(parts):
        for _ in range(per_item):
            if words := _query(part, known, rng):
                queries.append(" ".join(words))
                item_rows.append(number)
    return TextPairs(queries, np.array(item_rows, np.int64))


def _parts(row: dict[str, Any], template: ItemTemplate) -> _Parts:
    title = cut(search(row.get("title") or ""), template.title_chars)
    body = cut(search(row.get("body") or ""), template.body_chars)
    values = [
        search(v) for v in (*attributes(row).values(), *(row.get("category") or "").split(CATEGORY_SEPARATOR)[-2:])
    ]
    phrases = [v for v in values if len(v) <= template.attribute_chars and speaks(v)]
    return _Parts(_WORD.findall(title), _segments(title), _WORD.findall(body), _segments(body), phrases)


def _segments(text: str) -> list[list[str]]:
    """Runs of words between numbers, punctuation and words that tell what an item goes with."""
    found = (_WORD.findall(part) for part in _BREAK.split(text))
    return [words for words in found if words]


def _query(part: _Parts, known: Counter[str], rng: random.Random) -> list[str]:
    kind = rng.random()
    if kind < BODY and part.body:
        words = _phrase(part.body, part.body_segments, rng.choice(_BODY_LENGTHS), known, rng)
    elif kind < BODY + PHRASE and part.phrases:
        words = [*rng.choice(part.phrases).split(), *_span(part.title, rng.choice((0, 1)), known, rng)]
    else:
        words = _phrase(part.title, part.title_segments, rng.choice(_TITLE_LENGTHS), known, rng)
    return _misspelt(words, rng) if rng.random() < SLIPS else words


def _phrase(
    words: Sequence[str], segments: list[list[str]], n: int, known: Counter[str], rng: random.Random
) -> list[str]:
    """At most `n` words: the end of a segment, neighbours, or a sample."""
    kind = rng.random()
    if kind < HEADS and segments:
        usable = _usable(rng.choice(segments), known)
        return usable[-n:]
    if kind < HEADS + SPANS:
        return _span(words, n, known, rng)
    return _sample(words, n, known, rng)


def _span(words: Sequence[str], n: int, known: Counter[str], rng: random.Random) -> list[str]:
    """`n` neighbouring words among those that are worth asking for."""
    usable = _usable(words, known)
    start = rng.randrange(max(1, len(usable) - n + 1))
    return usable[start : start + n]


def _sample(words: Sequence[str], n: int, known: Counter[str], rng: random.Random) -> list[str]:
    usable = _usable(words, known)
    return rng.sample(usable, min(n, len(usable)))


def _usable(words: Iterable[str], known: Counter[str]) -> list[str]:
    """Words that several items share and that are no number; all words where there is none."""
    every = list(words)
    return [w for w in every if len(w) > 1 and not w.isdigit() and known[w] >= _MIN_ITEMS] or every


def _misspelt(words: list[str], rng: random.Random) -> list[str]:
    if not words:
        return words
    at = rng.randrange(len(words))
    return [*words[:at], slip(words[at], rng), *words[at + 1 :]]
