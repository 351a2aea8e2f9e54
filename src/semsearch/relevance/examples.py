"""Worked examples that are shown to a model with each question: near to the query, and unlike each other.

They come from the guideline and from people's labels, never from the pair's own query. One example a query and as many
kinds of answer as there is room for: a judge that sees only good matches finds only good matches. After diverse
demonstrations (Levy, Bogin and Berant 2023, arXiv:2212.06800), with the kind of answer for their program structure.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from semsearch.llm.guard.guard import clean
from semsearch.records import Facet, Label
from semsearch.relevance.guideline import worked_examples
from semsearch.relevance.rubric import grade
from semsearch.relevance.shapes import MET
from semsearch.relevance.splits import letters_of
from semsearch.text.views import search

OPEN = "open"
"""Kind of an answer with more than one grade."""
TITLE_CHARS, BODY_CHARS = 120, 300
"""Characters of an example's item that are shown."""
_QUERIES = 64
"""Queries whose examples are remembered: the pairs of a query stand together."""
_SAID = {met: word for word, met in MET.items()}


@dataclass(frozen=True)
class Example:
    """One pair whose facets are known."""

    query: str
    title: str
    body: str
    facets: tuple[Facet, ...]

    @cached_property
    def kind(self) -> str:
        """What comes of it: 0, 1, 2, open or ungradeable."""
        found = grade(self.facets)
        return OPEN if found.open else str(found)

    @cached_property
    def text(self) -> str:
        """As it is shown: JSON, in which no seller's words can pass for ours.

        The facets are not called so: who writes of "facets" in a post speaks to a model, and the guard tells on it.
        """
        item = {"title": self.title[:TITLE_CHARS], "body": self.body[:BODY_CHARS]}
        facets = [{"intent": each.intent, "asked": each.asked, "met": _SAID[each.met]} for each in self.facets]
        shown = {"query": self.query, "item": {name: text for name, text in item.items() if text}, "judged": facets}
        return json.dumps(shown, ensure_ascii=False)


class Examples:
    """Examples to choose from; those that try to instruct their reader are left out."""

    def __init__(self, given: Iterable[Example]) -> None:
        self._all = [example for example in given if not clean(example.text).instructed]
        self._own = [letters_of(example.query) for example in self._all]
        self.near = lru_cache(maxsize=_QUERIES)(self._near)
        self._queries = [search(example.query) for example in self._all]

    def __len__(self) -> int:
        return len(self._all)

    def _near(self, query: str, n: int) -> tuple[Example, ...]:
        """At most `n` examples for a query, never of the query itself, however it is spaced, ordered and
        punctuated.

        The nearest first; then always the nearest of the kinds that were shown least, of another query each.
        """
        likeness = _likeness(search(query), self._queries)
        used, kinds = {letters_of(query)}, Counter[str]()
        chosen: list[Example] = []
        for _ in range(n):
            left = [i for i in range(len(self._all)) if self._own[i] not in used]
            if not left:
                break
            best = min(left, key=lambda i: (kinds[self._all[i].kind], -likeness[i], i))
            chosen.append(self._all[best])
            used.add(self._own[best])
            kinds[self._all[best].kind] += 1
        return tuple(chosen)


def of_guideline() -> list[Example]:
    """The worked examples of the guideline; raises MissingPart when there is none."""
    return [Example(each.query, each.title, each.body, each.facets) for each in worked_examples()]


def of_labels(labels: Iterable[Label]) -> Iterator[Example]:
    """What people said facet by facet. Give only labels that a model may see: settled ones of the tuning part."""
    for label in labels:
        if label.source == "person" and label.origin == "facets" and label.item:
            yield Example(label.query, label.item.get("title", ""), label.item.get("body", ""), label.facets)


def _likeness(query: str, others: Sequence[str]) -> Sequence[float]:
    """How near other queries are in spelling, 0 to 100: those that share a word first, in any order of words."""
    from rapidfuzz import fuzz

    return [fuzz.token_set_ratio(query, other) for other in others]
