"""Markers around outside text, and the data mark inside: a reader always sees which words are somebody else's.

Data marking after Hines et al., Defending Against Indirect Prompt Injection Attacks With Spotlighting (2024,
arXiv:2403.14720), section 3.2. There the mark takes the place of white space; here it stands before each word and
inside long ones too, so that Korean written without spaces is marked and taking the marks out gives the text back.
"""

from __future__ import annotations

import re

MARK = "¦"
"""Broken bar: hardly anyone types it; `normalised` makes a plain bar of it."""
LONGEST = 12
"""Characters that stand together without a mark, at most."""
_STEP = 8
OURS = re.compile(r"\[[A-Z]+(?:[_ ][0-9]{1,7})?\]")
"""Words that we put into a text, such as [PHONE_1], [ENCODED] and [REPEATED 9]."""
_LONG = re.compile(rf"[^\s{MARK}]{{{LONGEST + 1},}}")
_PIECE = re.compile(rf"{OURS.pattern}|.{{1,{_STEP}}}?(?={OURS.pattern})|.{{1,{_STEP}}}")
_FIXED = '"""'


def data_marked(text: str) -> str:
    """The text with a mark before each word and in each run of more than 12 characters; placeholders stay whole."""
    marked = MARK + text.replace(" ", f" {MARK}").replace("\n", f"\n{MARK}")
    return _LONG.sub(_cut, marked)


def _cut(run: re.Match[str]) -> str:
    return MARK.join(_PIECE.findall(run[0]))


def unmarked(text: str) -> str:
    """What a model says of a marked text, such as a quote, in the words of the text: without marks.

    Placeholders stay: what they stand for is nowhere kept.
    """
    return text.replace(MARK, "")


def enclosed(text: str, nonce: str) -> str:
    """The text between its two markers; an empty nonce gives fixed ones, which anybody can guess."""
    if not nonce:
        return f"{_FIXED}\n{text}\n{_FIXED}"
    return f"<<TEXT:{nonce}>>\n{text}\n<<END:{nonce}>>"
