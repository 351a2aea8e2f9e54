"""Characters of the abuse view: what is drawn, not how it is encoded. One character or cluster at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from semsearch.text.abuse.lookalikes import CYRILLIC_TWINS, GREEK_TWINS, LATIN_TWINS, STYLED, digit, without_marks
from semsearch.text.abuse.remembered import Remembered
from semsearch.text.abuse.spans import Edit
from semsearch.text.views import INVISIBLE, search

# What folding leaves alone once it is lower case; a test goes through every one of them.
_PLAIN = (
    "\t-\r\x1c- !-~\x85\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    "\u0400-\u045f\u2010\u2012-\u2016\u2018-\u2023\u2027\u2030-\u2032\u203b\u20a9\u20ac\u2190-\u2211\u2500-\u25ff"
    "\u2600-\u2775\u2794-\u27bf\u3001-\u3005\u3008-\u3012\u3041-\u3096\u30a1-\u30fe\u3131-\u3163\u3165-\u318e"
    "\u4e00-\u9fff가-힣\U0001f300-\U0001f64f\U0001f680-\U0001f6ff\U0001f900-\U0001f9ff"
)
_MARK = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f]"
UNUSUAL = re.compile("[^ -~가-힣ㄱ-ㅣ]")
"""Most text has none of these, and needs no second look."""
_ODD = re.compile(f"[^{_PLAIN}]")
# Clusters are short even where the text is not: sorting thousands of marks (as normalisation does) is quadratic.
_CLUSTER = re.compile(
    f"[{INVISIBLE}]+|(?s:.){_MARK}{{1,8}}|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?"
    f"|[가-힣][\u11a8-\u11c2]|[^{_PLAIN}]"
)
# The same where there are neither marks nor conjoining finals: half of the time goes into looking for those.
_COMBINING = re.compile(f"[\u11a8-\u11c2{_MARK[1:]}")
_SINGLE = re.compile(f"[^{_PLAIN}](?:(?<=[{INVISIBLE}])[{INVISIBLE}]+|(?<=[\u1100-\u1112])[\u1161-\u1175]|)")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
# Soft hyphens, and the controls that a misread Windows text is full of.
_HARMLESS = re.compile("[\x00-\x9f\u00ad]")
_JOINED_BY_NOTHING = re.compile("[0-9a-z\u0370-\u04ff\u3131-\u318e가-힣]")
_STYLED = re.compile("[\u24b6-\u24e9\U0001d400-\U0001d7cd\U0001f110-\U0001f189]")
_FRAMED = re.compile("[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\U0001d7ce-\U0001d7ff\U0001f100-\U0001f10c]")
_OTHER_ALPHABET = re.compile("[\u0370-\u04ff]")
_TWO_ALPHABETS = re.compile(
    "[a-z][0-9]*[\u0370-\u04ff]|[\u0370-\u03ff][0-9]*[a-z\u0400-\u04ff]|[\u0400-\u04ff][0-9]*[a-z\u0370-\u03ff]"
)
_WORD = re.compile("[a-z0-9\u0370-\u04ff]+")
_CYRILLIC = LATIN_TWINS | {greek: LATIN_TWINS.get(latin, latin) for greek, latin in GREEK_TWINS.items()}
_LATIN = CYRILLIC_TWINS | GREEK_TWINS
_ONLY_LATIN = frozenset("dfgjlqsvwz")
_ONLY_CYRILLIC = frozenset("бджйлфцчшщъыэюяёєїґў")


def letters(text: str) -> list[Edit]:
    """Characters in their plain form: NFKC, case folded, invisible ones out, strokes and styles off, digits ASCII.

    Letters typed alone (ㅋㅋㅋ) stay, as in the search view. `text` is in lower case.
    """
    return list(_odd(text)) if UNUSUAL.search(text) and _ODD.search(text) else []


def _odd(text: str) -> Iterator[Edit]:
    clusters = _CLUSTER if _COMBINING.search(text) else _SINGLE
    for found in clusters.finditer(text):
        if drawn := _DRAWN[found.group()]:
            (start, end), (new, evasive, around) = found.span(), drawn
            yield Edit(start, end, new, evasive or (around is not None and around(text, start, end)))


def _in_number(text: str, place: int, _: int) -> bool:
    """Whether a framed digit stands beside another digit, as in ①②; ① alone marks a list."""
    return any(char.isdigit() for char in text[max(0, place - 1) : place] + text[place + 1 : place + 2])


def _inside_word(text: str, start: int, end: int) -> bool:
    around = text[start - 1 : start], text[end : end + 1]
    return all(char and _JOINED_BY_NOTHING.match(char) for char in around)


class _Drawn(NamedTuple):
    """What a cluster becomes; whether it was dressed up, at all or depending on what stands around it."""

    new: str
    evasive: bool
    around: Callable[[str, int, int], bool] | None


def _drawn(cluster: str) -> _Drawn | None:
    """A cluster as it is read; None when it stays."""
    if _INVISIBLE.match(cluster):
        return _Drawn("", False, None if _HARMLESS.match(cluster) else _inside_word)
    new, evasive = _read(cluster)
    return None if new == cluster else _Drawn(new, evasive, _in_number if _FRAMED.match(cluster) else None)


def _read(cluster: str) -> tuple[str, bool]:
    if cluster in STYLED:
        return STYLED[cluster], True
    if cluster[0].isspace():
        return " ", False
    if len(cluster) == 1 and (value := digit(cluster)):
        return value, False
    whole = search(cluster)
    plain = without_marks(whole)
    return plain, (len(cluster) > 1 and plain != whole and cluster[0].isalnum()) or bool(_STYLED.match(cluster))


_DRAWN = Remembered(_drawn)


def alphabets(text: str) -> list[Edit]:
    """Words of two alphabets in the one they are meant in: кpuптa → крипта, frее → free. Real mixtures stay."""
    if not _OTHER_ALPHABET.search(text) or not _TWO_ALPHABETS.search(text):
        return []
    return [edit for word in _WORD.finditer(text) for edit in _one_alphabet(word)]


def _one_alphabet(word: re.Match[str]) -> Iterator[Edit]:
    held = word.group()
    if not _TWO_ALPHABETS.search(held):
        return
    latin, cyrillic = not _ONLY_LATIN.isdisjoint(held), not _ONLY_CYRILLIC.isdisjoint(held)
    if latin and cyrillic:
        return
    n_cyrillic = sum(char >= "\u0400" for char in held)
    n_latin = sum("a" <= char <= "z" for char in held)
    if cyrillic and n_cyrillic * 3 < n_latin:
        return
    twins = _CYRILLIC if cyrillic or (not latin and n_cyrillic and n_cyrillic >= n_latin) else _LATIN
    for place, char in enumerate(held, word.start()):
        if char in twins:
            yield Edit(place, place + 1, twins[char], True)
