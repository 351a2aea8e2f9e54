"""What the tests of grading ask over HTTP: the shipped prompts, pairs, answers that go by words of the title."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.contract.asking import opened
from tests.contract.chat_replies import Asked, Reply, cut_by_length, filtered, not_json, refuses, says, wrong_shape
from tests.contract.chat_server import Server

from semsearch.evaluation.queries import query_id_of
from semsearch.llm.prompts import Prompts
from semsearch.relevance.asking.examples import Example, Examples
from semsearch.relevance.asking.judging import Judging
from semsearch.relevance.asking.variants import Variant
from semsearch.relevance.grading import Graded, Keep, grade_pairs
from semsearch.store.labels.pools import Pair

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROMPTS = Prompts.open(None)
QUERY = "nike shoes red"
FAULTS = {"refuse": refuses, "filter": filtered, "prose": not_json, "shape": wrong_shape}


def pair(title: str, query: str = QUERY, body: str = "", item_id: str = "", **item: str) -> Pair:
    shown = {name: text for name, text in {"title": title, "body": body, **item}.items() if text}
    return Pair(query, item_id or f"i-{title}", query_id_of(query), shown)


def facet(intent: str, asked: str, met: str) -> dict[str, str]:
    return {"intent": intent, "asked": asked, "met": met}


def said(*facets: dict[str, str], reasoning: str | None = "because", fits: bool = True) -> Reply:
    return says({**({} if reasoning is None else {"reasoning": reasoning}), "facets": list(facets)}, fits=fits)


def texts(asked: Asked) -> list[str]:
    """All texts from outside as they were sent, without marks: examples, query, title, then body and details."""
    return re.findall(r"<<TEXT:\w+>>\n(.*?)\n<<END:\w+>>", asked.user.replace("¦", ""), re.S)


def part(asked: Asked, heading: str) -> str:
    """The text below one of the prompt's lines."""
    after = asked.user.replace("¦", "").partition(heading)[2]
    found = re.match(r"\s*<<TEXT:\w+>>\n(.*?)\n<<END:\w+>>", after, re.S)
    return found[1] if found else ""


def by_words(asked: Asked) -> Reply:
    """Each word of the query is met when the title has it, unknown when it has `maybe-` before it, else not met.

    Its intent goes by the word. A fault that the title names comes instead.
    """
    query, title = part(asked, "The query:"), part(asked, "Its title:")
    for fault, reply in FAULTS.items():
        if fault in title:
            return reply()
    intents = {"nike": "brand", "shoes": "item", "airpods": "product"}
    answers = [facet(intents.get(word, "attribute"), word, _met(word, title)) for word in query.split()]
    reasoning = f"a {title}" if asked.schema is None or "reasoning" in asked.schema["properties"] else None
    reply = said(*answers, reasoning=reasoning)
    return cut_by_length(reply) if "long" in title else reply


def _met(word: str, title: str) -> str:
    if f"maybe-{word}" in title:
        return "cannot tell"
    return "met" if word in title else "not met"


def judging(variant: str = "whole", examples: Iterable[Example] = (), n: int = 4, **more: Any) -> Judging:
    chosen = Variant.named(variant)
    return Judging(PROMPTS.get(chosen.prompt_id), Examples(examples), n, chosen, **more)


def graded(
    server: Server,
    folder: Path,
    pairs: Iterable[Pair],
    how: Judging | None = None,
    keep: Keep | None = None,
    **changed: Any,
) -> list[Graded]:
    """One run of `grade_pairs` at a server, whose answers are kept in `folder`."""
    with opened(server, folder, **changed) as asker:
        return list(grade_pairs(pairs, how or judging(), asker, batch="b1", clock=lambda: NOW, keep=keep))
