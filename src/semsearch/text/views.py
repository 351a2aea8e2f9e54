"""Views of one text: how it is shown, and how it is compared.

The search view is NFKC (Unicode Standard Annex 15) and case folding, with one repair: NFKC turns the
letters that people type alone (ㅋㅋㅋ, U+314B) into conjoining jamo (U+110F) that no keyboard makes, so
these compatibility jamo are kept, and stray conjoining jamo become the compatibility letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

VIEWS_VERSION = "1"

# Default_Ignorable_Code_Point (Hangul fillers among them), controls that are not white space, and lone surrogates.
INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff"
)
_REMOVED = re.compile(f"[{INVISIBLE}]")
# An emoji sequence needs its joiner and variation selector to look right.
_REMOVED_IN_DISPLAY = re.compile(f"(?![\u200d\ufe0f])[{INVISIBLE}]")
_KEPT_JAMO = re.compile("[\u3131-\u318e]+")
_HALF_WIDTH_JAMO = {
    code: chr(int(narrow.split()[1], 16))
    for code in range(0xFFA1, 0xFFDD)
    if (narrow := unicodedata.decomposition(chr(code)))
}
_STRAY_JAMO = {
    **{0x1100 + i: c for i, c in enumerate("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")},
    **{0x1161 + i: c for i, c in enumerate("ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ")},
    **{0x11A8 + i: c for i, c in enumerate("ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")},
}


def display(text: str) -> str:
    """The text as it is shown: composed (NFC), invisible characters out, white space collapsed; case kept."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return _settle(text, lambda t: " ".join(unicodedata.normalize("NFC", _REMOVED_IN_DISPLAY.sub("", t)).split()))


def search(text: str) -> str:
    """The text as it is compared: NFKC, case folded, invisible characters out, white space collapsed.

    `search(search(text)) == search(text)` for every string; the result encodes as UTF-8.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.casefold().split())
    return _settle(text, _fold_once)


def compatible(text: str) -> str:
    """NFKC; case and white space stay, letters typed alone too (ㅋㅋㅋ), stray conjoining ones become such."""
    return _compose(text.translate(_HALF_WIDTH_JAMO)).translate(_STRAY_JAMO)


def _fold_once(text: str) -> str:
    text = _REMOVED.sub("", text).translate(_HALF_WIDTH_JAMO)
    text = _compose(text).casefold()
    return " ".join(_compose(text).translate(_STRAY_JAMO).split())


def _compose(text: str) -> str:
    """NFKC around the runs of compatibility jamo, which stay."""
    start, parts = 0, []
    for run in _KEPT_JAMO.finditer(text):
        parts += [unicodedata.normalize("NFKC", text[start : run.start()]), run.group()]
        start = run.end()
    return "".join((*parts, unicodedata.normalize("NFKC", text[start:])))


def _settle(text: str, fold: Callable[[str], str]) -> str:
    """Fold until nothing changes: one folding can bring together what the next one composes."""
    while (folded := fold(text)) != text:
        text = folded
    return text
