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
from functools import cached_property
from typing import NamedTuple

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
MOST = 2_000
"""Examples of people's labels to choose from: choosing among 2,000 takes 1.4 ms a query, among 25,000 a hundred."""
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
    def instructs(self) -> bool:
        """Whether it tries to instruct its reader."""
        return clean(self.text).instructed

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
    """Examples to choose from; those that try to instruct their reader are never chosen.

    Nothing is read before the first is asked for. Of each query and kind the first one is kept; all that are `given`,
    and of `more` the last MOST.
    """

    def __init__(self, given: Iterable[Example], more: Iterable[Example] = ()) -> None:
        self._given, self._more = given, more
        self._last: tuple[tuple[str, int] | None, tuple[Example, ...]] = None, ()

    @cached_property
    def _kept(self) -> list[_Kept]:
        found: dict[tuple[str, str], _Kept] = {}
        _add(found, self._given)
        n_given = len(found)
        _add(found, self._more)
        kept = list(found.values())
        return kept[:n_given] + kept[n_given:][-MOST:]

    def near(self, query: str, n: int) -> tuple[Example, ...]:
        """At most `n` examples for a query, never of the query itself, however it is spaced, ordered and punctuated.

        The nearest first; then always the nearest of the kinds that were shown least, of another query each. Those of
        the last query are remembered: the pairs of a query stand together.
        """
        asked, chosen = self._last
        if asked != (query, n):
            chosen = self._chosen(query, n)
            self._last = (query, n), chosen
        return chosen

    def _chosen(self, query: str, n: int) -> tuple[Example, ...]:
        ranked = _nearest(search(query), self._kept) if n else []
        used, kinds = {letters_of(query)}, Counter[str]()
        chosen: list[Example] = []
        while len(chosen) < n:
            free = (
                each
                for shown in range(len(chosen) + 1)
                for each in ranked
                if kinds[each.example.kind] == shown and each.own not in used and not each.example.instructs
            )
            if (best := next(free, None)) is None:
                break
            chosen.append(best.example)
            used.add(best.own)
            kinds[best.example.kind] += 1
        return tuple(chosen)


class _Kept(NamedTuple):
    """An example, the letters of its query and the query as it is compared."""

    example: Example
    own: str
    query: str


def _add(found: dict[tuple[str, str], _Kept], examples: Iterable[Example]) -> None:
    for example in examples:
        own = letters_of(example.query)
        if (own, example.kind) not in found:
            found[own, example.kind] = _Kept(example, own, search(example.query))


def of_guideline() -> list[Example]:
    """The worked examples of the guideline; raises MissingPart when there is none."""
    return [Example(each.query, each.title, each.body, each.facets) for each in worked_examples()]


def of_labels(labels: Iterable[Label]) -> Iterator[Example]:
    """What people said facet by facet. Give only labels that a model may see: settled ones of the tuning part."""
    for label in labels:
        if label.source == "person" and label.origin == "facets" and label.item:
            yield Example(label.query, label.item.get("title", ""), label.item.get("body", ""), label.facets)


def _nearest(query: str, kept: Sequence[_Kept]) -> list[_Kept]:
    """Those nearest in spelling first: that share a word, in any order of words; of equal ones as they were given."""
    import numpy as np
    from rapidfuzz import fuzz, process

    [likeness] = process.cdist([query], [each.query for each in kept], scorer=fuzz.token_set_ratio) if kept else [[]]
    return [kept[place] for place in np.argsort(-np.asarray(likeness), kind="stable")]
