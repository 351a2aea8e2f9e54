"""A judge that follows a plain rule: *scripted*, so that nothing which it says is a figure of quality.

A post is spam when at least two of a few signs stand in it. The profile is a canned list. What is asked for is told by
the names of the fields: those of the schema, or the ones that the prompt speaks of.
"""

from __future__ import annotations

import re
from typing import Any

from tests.contract.chat_replies import Asked, Reply, says

SIGNS = {
    "contact": re.compile(
        r"\[?\b(?:phone|url|messenger|contact|email)[_ ]?\d*\]|<(?:phone|url|messenger)|카톡|텔레그램", re.I
    ),
    "shouting": re.compile(r"[!！]\s*[!！]"),
    "wholesale": re.compile(r"대량|도매|wholesale|bulk", re.I),
    "stock": re.compile(r"재입고|무료배송|당일발송|restock|free\W*shipping|in\W*stock", re.I),
    "brand": re.compile(r"정품|최저가|cheapest|best\W*price|authentic", re.I),
}
FEATURES = (
    "The text addresses many readers at once, as a shop does, instead of one buyer.",
    "It speaks of supply that does not run out rather than of one thing that its owner no longer needs.",
    "It presses the reader to act at once and to move to another channel.",
)


def signs(text: str) -> list[str]:
    """Names of the signs that stand in a text."""
    return [name for name, sign in SIGNS.items() if sign.search(text)]


def judge(asked: Asked) -> Reply:
    """The scripted answer to a prompt of ours."""
    fields = set((asked.schema or {}).get("properties", {}))
    told = asked.system + asked.user
    if "is_spam" in fields or (not fields and "is_spam" in told):
        return says(verdict(asked.user))
    if "features" in fields or (not fields and "features" in told):
        return says({"reasoning": "Scripted.", "features": list(FEATURES)})
    return says(feature(asked.user))


def verdict(user: str) -> dict[str, Any]:
    found = signs(user)
    matches = [SIGNS[name].search(user) for name in found]
    quotes = [match.group() for match in matches if match]
    return {"reasoning": f"Scripted: {', '.join(found) or 'no sign'}.", "quotes": quotes, "is_spam": len(found) >= 2}


def feature(user: str) -> dict[str, Any]:
    return {"reasoning": "Scripted.", "present": len(signs(user)) >= 2}
