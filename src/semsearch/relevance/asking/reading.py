"""Answers to grades: the facets that a model named, or why there are none.

A facet asks for words of the query. One that asks for anything else was made up, perhaps by the item's own text, and a
part of the query that is said to be two things was not judged: either spoils the whole answer, because leaving one
facet out would give another grade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from semsearch.llm.answers import Answer
from semsearch.llm.guard.guard import clean
from semsearch.llm.guard.marking import unmarked
from semsearch.records import Facet
from semsearch.relevance.rubric import Grade, grade
from semsearch.relevance.shapes import MET, Answered, Facets
from semsearch.text.views import search

INVENTED = "invented"
"""Why a good answer is an abstention: a facet asks for what the query does not say."""
CONTRADICTORY = "contradictory"
"""Why a good answer is an abstention: the same words of the query have two intents, or two answers."""

_REMEMBERED = 256
"""Queries and words of which the folded form is remembered: the pairs of a query stand together."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says of a pair; an abstention when `grade` is None."""

    facets: tuple[Facet, ...]
    grade: Grade | None
    cause: str = ""
    """Of an abstention."""
    reasoning: str = ""
    """In the model's words; of an abstention what is known of its cause."""


def read(query: str, answer: Answer[Answered]) -> Said:
    """What a model's answer about a pair of this query says."""
    if answer.value is None:
        return Said((), None, answer.cause, answer.detail)
    reasoning = unmarked(answer.value.reasoning) if isinstance(answer.value, Facets) else ""
    facets = _facets(answer.value)
    strange = next((each.asked for each in facets if not stands(each.asked, query)), None)
    if strange is not None:
        return Said((), None, INVENTED, f"'{strange}' is not in the query")
    if torn := _contradiction(facets):
        return Said((), None, CONTRADICTORY, f"'{torn}' has two answers")
    return Said(facets, grade(facets), reasoning=reasoning)


def _facets(said: Answered) -> tuple[Facet, ...]:
    """Each facet once."""
    found = (Facet(each.intent, unmarked(each.asked).strip(), MET[each.met]) for each in said.facets)
    return tuple(dict.fromkeys(found))


def stands(asked: str, query: str) -> bool:
    """Whether all words of a facet stand in the query, as typed or as it was sent; however spaced and capitalised."""
    words = search(asked).split()
    return bool(words) and (_hold(_closed(query), words) or _hold(_closed(clean(query).text), words))


def _hold(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def _contradiction(facets: Sequence[Facet]) -> str:
    """Words that stand in two facets; empty when there are none."""
    asked = [_closed(each.asked) for each in facets]
    return next((each.asked for each, words in zip(facets, asked, strict=True) if asked.count(words) > 1), "")


@lru_cache(maxsize=_REMEMBERED)
def _closed(text: str) -> str:
    return search(text).replace(" ", "")
