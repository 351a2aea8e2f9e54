"""Outside text as a model may see it: no hidden characters, no encodings, nothing that looks like our own signs.

What shows how somebody writes stays: emoji, repeated signs, line breaks, ㅋㅋㅋ, capitals, ①②③.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

from semsearch.llm.guard.encodings import ENCODED, without_encoded
from semsearch.llm.guard.marking import MARK
from semsearch.llm.guard.stuffing import without_repeats
from semsearch.text.views import INVISIBLE, compatible

_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_USUAL = re.compile(
    "[ -%'-~가-힣ㄱ-ㅣ\n·×※₩€°–—‘’“”←-⇿─-◿★☆♥♡☎☏✔✨"
    "\u3001-\u3003\u3008-\u3011ぁ-ゖァ-ヺ一-鿋\U0001f300-\U0001f64f\U0001f900-\U0001f9ff]*"
)
"""Characters that stay as they are: a text of these alone needs no look at each of them. & may begin an entity."""
_PICTURE = "\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_BEFORE_SELECTOR = f"{_PICTURE}0-9#*©®‼⁉™ℹ←-⇿⌀-◿〰〽㊗㊙"
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_HIDDEN = re.compile(
    f"(?:(?![\u200d\ufe0f])[{INVISIBLE}]|(?<![{_PICTURE}\ufe0f])\u200d|\u200d(?![{_PICTURE}])"
    f"|(?<![{_BEFORE_SELECTOR}])\ufe0f)+"
)
_TOLD = re.compile(
    "[\U000e0020-\U000e007e]{4}|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4}|[\u200b-\u200d\u2060-\u2064]{16}"
)
"""Hidden characters in such numbers are words to a model."""
_BREAK = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACE = re.compile("[\t\x1f\xa0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]")
_STACKED = re.compile(f"([{_MARKS}]{{2}})[{_MARKS}]+")
_LISTED = re.compile("[\u2460-\u2473\u24ea]+")
"""Digits in circles: the style of a list, and redaction reads them as they are."""
_ENTITY = re.compile("&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")
_ROUNDS = 4
_LINES = re.compile(r"\n[ \n]{3,}")
_BLANKS = re.compile("   +")
_HTML_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_BETWEEN = f"[\\s{_MARKS}]*"
_ROLES = ("inst", "system_prompt", "available_tools", "tool_calls")
_TURNS = ("start_of_turn", "end_of_turn", "s", "system", "assistant", "user", "human")


def _spread(words: Iterable[str]) -> str:
    """A pattern of any of these words, also with spaces, line breaks and strokes in it."""
    return "|".join(_BETWEEN.join(map(re.escape, word)) + _BETWEEN for word in words)


_TEMPLATE = re.compile(
    rf"<{_BETWEEN}\|(?:[^<>|\n]{{1,40}}\|>)?|\|{_BETWEEN}>|\[{_BETWEEN}/?{_BETWEEN}(?:{_spread(_ROLES)})\]"
    rf"|<{_BETWEEN}<{_BETWEEN}/?{_BETWEEN}(?:{_spread(['sys'])})>{_BETWEEN}>"
    rf"|<{_BETWEEN}/?{_BETWEEN}(?:{_spread(_TURNS)})>",
    re.IGNORECASE,
)
_MARKER = re.compile(r"<<\s*(?:text|end)\b[^<>\n]{0,80}>{0,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Normal:
    """A text in plain characters."""

    text: str
    hidden: bool
    """Something was written so that people do not see it or do not read it: hidden words, encodings, chat templates."""


def normalised(text: str) -> Normal:
    """The text without what people cannot see or read, and without signs that a prompt is built of."""
    seen = visible(text)
    read = defused(seen.text)
    return Normal(read.text, seen.hidden or read.hidden)


def visible(text: str) -> Normal:
    """First half of `normalised`: plain characters, nothing hidden, no data mark."""
    hidden = False
    if not _USUAL.fullmatch(text):
        hidden = bool(_INVISIBLE.search(text) and _TOLD.search(text))
        text = _settled(text)
    if "<" in text:
        text = _HTML_BREAK.sub("\n", text)
    return Normal(text.replace(MARK, "|"), hidden)


def unpadded(text: str) -> str:
    """The text without what takes room and is not seen: hidden characters, and marks stacked on marks; fast."""
    return _STACKED.sub(r"\1", _INVISIBLE.sub("", text))


def defused(text: str) -> Normal:
    """Second half: encodings, chat templates, markers and stuffing as words of what they are.

    Links should be taken out before: their paths look like encodings.
    """
    text, encoded = without_encoded(text)
    text, built = _without_templates(text)
    if "   " in text or "\n\n" in text or "\n " in text:
        text = _BLANKS.sub("  ", _LINES.sub("\n\n\n", text))
    return Normal(without_repeats(text).strip(" \n"), encoded or built)


def _settled(text: str) -> str:
    """Plain characters: entities read, hidden ones out, NFKC, until one brings out no other."""
    for _ in range(_ROUNDS):
        before = text
        if "&" in text:
            text = _ENTITY.sub(_character, text)
        if _INVISIBLE.search(text):
            text = _HIDDEN.sub("", text)
        text = _SPACE.sub(" ", _BREAK.sub("\n", _composed(_STACKED.sub(r"\1", text))))
        if text == before:
            return text
    return _ENTITY.sub(ENCODED, text)


def _character(entity: re.Match[str]) -> str:
    return html.unescape(entity[0])


def _composed(text: str) -> str:
    if not _LISTED.search(text):
        return compatible(text)
    parts: list[str] = []
    at = 0
    for run in _LISTED.finditer(text):
        parts += (compatible(text[at : run.start()]), run[0])
        at = run.end()
    return "".join((*parts, compatible(text[at:])))


def _without_templates(text: str) -> tuple[str, bool]:
    """Tokens of chat templates and the like of our markers, as words of what they are."""
    if "<" not in text and "[" not in text:
        return text, False
    text, n_templates = _TEMPLATE.subn("[TEMPLATE]", text)
    text, n_markers = _MARKER.subn("[MARKER]", text)
    return text, n_templates + n_markers > 0
