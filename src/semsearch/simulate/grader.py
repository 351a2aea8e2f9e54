"""The scripted chat model's rule for relevance: the letters of each word of a query are looked for in the item.

The first of several words is taken for a brand, the second for the item, all others for attributes; a lone word is the
item. A word whose letters stand in the item's texts, however spaced, is met. A brand or an item that is not there is
not met; of an attribute nothing can be told then, unless it names a number. So it knows no synonym, no misspelling and
no other script: it is wrong in a way that is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

QUERY = ("The query:", "검색어:")
"""What stands before the query in the prompts of relevance."""
INTENTS = ("brand", "item", "attribute")
_DIGIT = re.compile(r"\d")


def facets(texts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The answer about (words before a text, text): the query is the last one behind `QUERY`, the item all after it."""
    place = max(i for i, (heading, _) in enumerate(texts) if heading.endswith(QUERY))
    words = list(dict.fromkeys(texts[place][1].split()))
    item = _letters(" ".join(text for _, text in texts[place + 1 :]))
    intents = ["item"] if len(words) == 1 else [INTENTS[min(i, 2)] for i in range(len(words))]
    found = [
        {"intent": intent, "asked": word, "met": _met(intent, word, item)}
        for intent, word in zip(intents, words, strict=True)
    ]
    n = sum(each["met"] == "met" for each in found)
    return {"reasoning": f"Scripted: of {len(found)} words {n} stand in the item.", "facets": found}


def _met(intent: str, word: str, item: str) -> str:
    if _letters(word) in item:
        return "met"
    return "cannot tell" if intent == "attribute" and not _DIGIT.search(word) else "not met"


def _letters(text: str) -> str:
    return "".join(text.casefold().split())
