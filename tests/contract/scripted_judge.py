"""A judge that follows a plain rule: *scripted*, so that nothing which it says is a figure of quality.

A post is spam when at least two of a few signs stand in it: in the last text between markers, without data marks. The
profile is a canned list. What is asked for is told by the names of the fields: those of the schema, or the ones that
the prompt speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.contract.chat_replies import Asked, Reply, says

SIGNS = {
    "contact": re.compile(r"\[[A-Z]+_\d+\]|카톡|텔레그램|telegram|whatsapp", re.I),
    "shouting": re.compile(r"[!！]{2}"),
    "wholesale": re.compile(r"대량|도매|wholesale|bulk", re.I),
    "stock": re.compile(r"재입고|무료배송|당일발송|restock|freeshipping|instock", re.I),
    "brand": re.compile(r"정품|최저가|cheapest|bestprice|authentic", re.I),
}
FEATURES = (
    ("A shop speaks", "They address many readers at once.", "They address one buyer."),
    ("Endless supply", "They speak of supply that does not run out.", "They part with one thing and say why."),
    ("Pressure to act", "They press the reader to act at once, elsewhere.", "They leave time and place to be agreed."),
)


BLOCK = re.compile(r"<<TEXT:(\w+)>>\n(.*?)\n<<END:\1>>", re.S)
MARK = "¦"


def post(user: str) -> str:
    """The last text between markers, as it was written; all of a message without markers."""
    blocks = [text for _, text in BLOCK.findall(user)]
    return (blocks[-1] if blocks else user).replace(MARK, "")


def signs(text: str) -> dict[str, str]:
    """Names of the signs that stand in a text, with the words that show them."""
    found = {name: sign.search(text) for name, sign in SIGNS.items()}
    return {name: match.group() for name, match in found.items() if match}


def facets(user: str) -> list[dict[str, str]]:
    """Of a query and an item: the last word is the item, each other one an attribute; met when the item has the word.

    A word with a question mark cannot be told.
    """
    korean = "검색어:" in user
    _, asked = user.rsplit("검색어:" if korean else "The query:", 1)
    query, item = asked.split("판단할 상품입니다." if korean else "The item to judge.", 1)
    text = " ".join(said for _, said in BLOCK.findall(item)).replace(MARK, "").casefold()
    words = post(query).split()
    kinds = ["attribute"] * (len(words) - 1) + ["item"]
    return [
        {"intent": kind, "asked": word, "met": _met(word.casefold(), text)}
        for kind, word in zip(kinds, words, strict=True)
    ]


def _met(word: str, text: str) -> str:
    return "cannot tell" if word.endswith("?") else "met" if word in text else "not met"


def judge(asked: Asked) -> Reply:
    """The scripted answer to a prompt of ours."""
    fields = (asked.schema or {}).get("properties", {})
    value = _answer(asked, lambda name: name in fields or (not fields and f'"{name}"' in asked.system))
    return says({name: part for name, part in value.items() if not fields or name in fields})


def _answer(asked: Asked, wanted: Callable[[str], bool]) -> dict[str, Any]:
    if wanted("features"):
        return {"features": [dict(zip(("title", "sellers", "ordinary"), row, strict=True)) for row in FEATURES]}
    if wanted("facets"):
        return {"reasoning": "Scripted: words of the query in the item.", "facets": facets(asked.user)}
    found = signs(post(asked.user))
    said = {"reasoning": f"Scripted: {', '.join(found) or 'no sign'}."}
    if wanted("is_spam"):
        return {**said, "quotes": list(found.values())[:3], "is_spam": len(found) >= 2}
    return {**said, "present": len(found) >= 2}
