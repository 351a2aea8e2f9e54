"""Labels by people, and a judge of known error: what the tests of tuning and auditing hold against each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contract.chat_replies import Asked, Reply, not_json
from tests.unit.relevance.asked import facet, said, texts

from semsearch.records import Label
from semsearch.relevance.rubric import RUBRIC
from semsearch.relevance.splits import Part, part_of
from semsearch.store.labels.snapshots import item_digest

AT = datetime(2026, 3, 1, tzinfo=UTC)
WORDS = ("nike", "shoes", "red")


def query(n: int) -> str:
    """A query of its own that asks for a brand, an item and an attribute."""
    return f"nike{n} shoes{n} red{n}"


def title(n: int, grade: int | None) -> str:
    """The title of an item that query n's facets give this grade; None: its brand cannot be told."""
    words = {2: WORDS, 1: ("nike", "shoes", "blue"), 0: ("puma", "shoes", "red"), None: ("maybe-nike", "shoes", "red")}
    return " ".join(f"{word}{n}" for word in words[grade])


def label(n: int, name: str, grade: int | None, **changed: Any) -> Label:
    """A person's label of one item of query n; `truly` is what the item is, else the grade."""
    truly = changed.pop("truly", grade)
    shown = {"title": title(n, truly), "body": changed.pop("body", name)}
    given: dict[str, Any] = {
        "query": query(n),
        "item_id": f"i{n}-{name}",
        "source": "person",
        "by": "minji",
        "origin": "direct",
        "grade_low": grade,
        "grade_high": grade,
        "rubric": RUBRIC,
        "at": AT,
        "item": shown,
        "item_digest": item_digest(shown),
        "batch": "b",
    }
    return Label(**{**given, **changed})


def by_model(of: Label, low: int | None, high: int | None = None, **changed: Any) -> Label:
    """What a machine says of the pair of a person's label; closed unless `high` is given."""
    given: dict[str, Any] = {
        name: getattr(of, name) for name in ("query", "item_id", "item", "item_digest", "rubric", "batch")
    }
    given |= {"source": "model", "by": "scripted-small", "origin": "facets", "prompt_hash": "p1"}
    given |= {"grade_low": low, "grade_high": low if high is None else high, "at": AT + timedelta(days=1)}
    return Label(**{**given, **changed})


def numbers(of: Part, n: int) -> list[int]:
    """Numbers of the first n queries of a part."""
    return [number for number in range(400) if part_of(query(number)) == of][:n]


def graded_queries(numbers: Sequence[int], grades: Sequence[int] = (2, 1, 0)) -> list[Label]:
    """A label of each of these grades for each query."""
    return [label(n, f"{place}", grade) for n in numbers for place, grade in enumerate(grades)]


def judge(asked: Asked, *, wrong: bool = False) -> Reply:
    """Facets by the words of the title, as `people` grade by them; when `wrong`, the attribute is always met."""
    query, title, body = shown_to(asked)
    words, shown = query.split(), title.split()
    if "silent" in body:
        return not_json()
    answers = [facet(intent, word, _met(word, shown)) for intent, word in zip(("brand", "item"), words, strict=False)]
    answers.append(facet("attribute", words[2], "met" if wrong else _met(words[2], shown)))
    return said(*answers, reasoning="so" if reasons(asked) else None)


def shown_to(asked: Asked) -> tuple[str, str, str]:
    """Query, title and body of a request without details of the item, in whatever language it is asked."""
    query, title, *body = (text for text in texts(asked) if not text.startswith("{"))  # examples are JSON
    return query, title, "".join(body)


def reasons(asked: Asked) -> bool:
    return asked.schema is None or "reasoning" in asked.schema["properties"]


def _met(word: str, shown: Sequence[str]) -> str:
    if f"maybe-{word}" in shown:
        return "cannot tell"
    return "met" if word in shown else "not met"
