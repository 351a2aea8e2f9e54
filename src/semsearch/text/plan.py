"""What a query was understood as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Term:
    """One weighted term of a query."""

    text: str
    """A token of the vocabulary; `tokens.shown` makes it readable."""
    weight: float
    """Multiplies the term's score; above 0."""
    origin: str
    """Where it comes from: word, join, segment, bigram, lexicon, spelling."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change on the way from the query as typed to its terms."""

    kind: str
    """One of keyboard, lexicon, spelling, segment."""
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """One query, ready for both legs of retrieval."""

    search: str
    """In the search view, after keyboard recovery."""
    terms: tuple[Term, ...]
    """Distinct terms that the vocabulary holds, in the order of the query; empty when it holds none."""
    dense_text: str
    """What the query tower gets: the search view, or '' when it has no letter and no digit."""
    steps: tuple[Step, ...]
    n_ignored: int = 0
    """Words beyond the length that a query is read to."""


class Vocabulary(Protocol):
    """The tokens of an index."""

    n_docs: int

    def count(self, token: str) -> int:
        """How many documents hold `token`; 0 when unknown."""

    def near(self, word: str, distance: int) -> list[tuple[str, int]]:
        """Known words within `distance` key presses of `word` (jamo; optimal string alignment):
        (word, distance), nearest first, then the more frequent, then by text.
        """
