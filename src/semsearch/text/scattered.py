"""Hangul that was taken apart, or written with characters that only look like its letters: ㅎㅖ어져서 팝니ㄷr."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semsearch.text.hangul import compose
from semsearch.text.lookalikes import CONSONANTS, TYPED_CONSONANTS, TYPED_VOWELS, VOWELS
from semsearch.text.spans import Edit

_FINALS = "ㄱㄲㄴㄷㄹㅁㅂㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_CLUSTERS = "ㄱㅅ|ㄴㅈ|ㄴㅎ|ㄹㄱ|ㄹㅁ|ㄹㅂ|ㄹㅅ|ㄹㅌ|ㄹㅍ|ㄹㅎ|ㅂㅅ"
_EMOTIVE = frozenset("ㅠㅜㅡㅗ")
"""Vowels that people cry, sigh and gesture with."""
_LAUGHTER = frozenset("ㅋㅎ")
_LETTER = re.compile("[ㄱ-ㅣ]")


def _keys(chars: dict[str, str]) -> str:
    return "".join(map(re.escape, chars))


_C, _V = "[ㄱ-ㅎ]", "[ㅏ-ㅣ]"
_DRAWN_C, _DRAWN_V = f"[{_keys(CONSONANTS)}]", f"[{_keys(VOWELS)}]"
_TYPED_C, _TYPED_V = f"[{_keys(TYPED_CONSONANTS)}]", f"[{_keys(TYPED_VOWELS)}]"
_ANY_V = f"[ㅏ-ㅣ{_keys(VOWELS)}]"
_BOTH = (
    f"(?P<c>{_C}|{_DRAWN_C})(?P<v>ㅗ[ㅏㅐㅣ]|ㅜ[ㅓㅔㅣ]|ㅡㅣ|[ㅏㅑㅓㅕ][ㅣ|li](?![a-z0-9])|{_ANY_V})"
    f"|(?P<jc>{_C})(?P<tv>r[l|](?![a-z0-9])|{_TYPED_V}(?![a-z0-9]))"
    f"|(?<![a-z0-9])(?P<tc>{_TYPED_C})(?P<jv>{_V})"
)
_LAST = f"(?P<last>(?:{_CLUSTERS}|[{_FINALS}])(?!{_ANY_V}|{_TYPED_V}(?![a-z0-9])))?"
_SYLLABLE = re.compile(f"(?:{_BOTH}){_LAST}|(?P<open>[가-힣])(?P<final>{_CLUSTERS}|[ㄱ-ㅊㅌㅍ])(?=[가-힣]|{_C}{_V})")
_DRAWN = re.compile(f"{_DRAWN_C}(?:{_V}|{_DRAWN_V})")
_APART = re.compile(r"(?<![가-힣ㄱ-ㅣ])[ㄱ-ㅣ](?P<gap>[ .,·*~_/\-])[ㄱ-ㅣ](?:(?P=gap)[ㄱ-ㅣ가-힣])+(?![ㄱ-ㅣ])")
_MEANT = re.compile(f"[ㄱ-ㅊㅌㅍ].[ㅏ-ㅖㅛㅣ]|[ㅋㅎ].[ㅏ-ㅖㅛㅣ].[가-힣ㄱ-ㅎ]")
_STITCHED = re.compile(r"(?<=[가-힣])(?P<gap>[^\w\s])(?=[가-힣](?P=gap)[가-힣])")
_SEWN = re.compile(r"(?<![^\W_])[가-힣](?P<gap>[^\w\s])[가-힣](?:(?P=gap)[가-힣])+(?![^\W_])")


def scattered(text: str) -> list[Edit]:
    """Letters that only make sense as syllables, as those: ㅎㅏㄴ글 → 한글, 니ㄷr → 니다, 口ㅓ → 머.

    Laughter, tears and faces stay (ㅋㅋㅋ, ㅠㅠ, ㅡㅅㅡ), so does a Latin letter or digit without a Hangul letter beside.
    """
    if not _LETTER.search(text) and not _DRAWN.search(text):
        return []
    return [edit for found in _SYLLABLE.finditer(text) if (edit := _put_together(found))]


def _put_together(found: re.Match[str]) -> Edit | None:
    if found["open"]:
        return _closed(found)
    parts = found.groupdict()
    first = parts["c"] or parts["jc"] or parts["tc"]
    second = parts["v"] or parts["tv"] or parts["jv"]
    consonant = CONSONANTS.get(first) or TYPED_CONSONANTS.get(first, first)
    vowel = "".join(VOWELS.get(char) or TYPED_VOWELS.get(char, char) for char in second)
    if _is_mood(found, consonant, vowel, second):
        return None
    last = parts["last"] or ""
    if last and not _ends(found, last):
        last = ""
    syllable = compose(consonant + vowel + last)
    if not syllable or len(syllable) != 1:
        return None
    return Edit(found.start(), found.end() - len(parts["last"] or "") + len(last), syllable, True)


def _is_mood(found: re.Match[str], consonant: str, vowel: str, written: str) -> bool:
    """Whether letters are laughter, tears or a face, not a syllable taken apart."""
    text = found.string
    before, after = text[found.start() - 1 : found.start()], text[found.start() + 1 + len(written) :][:1]
    followed = "가" <= after <= "힣" or ("ㄱ" <= after <= "ㅎ" and after not in _LAUGHTER)
    typed = not (found["c"] and "ㄱ" <= found["c"] <= "ㅎ" and "ㅏ" <= written[0] <= "ㅣ")
    if before == consonant and not found["tc"]:
        return True
    if vowel in _EMOTIVE:
        return not followed or after == consonant or "ㄱ" <= before <= "ㅣ" or (typed and not "가" <= after <= "힣")
    if consonant in _LAUGHTER:
        return after == consonant and text[found.start() + 2 + len(written) :][:1] == consonant
    if found["tc"] or (found["c"] in CONSONANTS and written in VOWELS):
        return not (followed or "가" <= before <= "힣")
    return False


def _ends(found: re.Match[str], last: str) -> bool:
    """Whether a letter after a vowel closes its syllable: not the laughter that follows, nor ㄷㄷ."""
    after = found.string[found.end() : found.end() + 1]
    if last in _LAUGHTER:
        return "가" <= after <= "힣"
    return after != last


def _closed(found: re.Match[str]) -> Edit | None:
    """A letter between two syllables, as the end of the first: 파ㅂ니다 → 팝니다."""
    code = ord(found["open"]) - 0xAC00
    if code % 28:
        return None
    final = compose("ㅇㅏ" + found["final"])
    if not final or len(final) != 1:
        return None
    return Edit(found.start(), found.end(), chr(ord(found["open"]) + (ord(final) - ord("아"))), True)


def stitched(text: str) -> list[Edit]:
    """Single letters or syllables strung with one symbol, as one word: 팝.니.다 → 팝니다, ㅎ ㅏ ㄴ → ㅎㅏㄴ."""
    edits = []
    if _STITCHED.search(text):
        edits += [edit for found in _SEWN.finditer(text) for edit in _without_gaps(found)]
    if _LETTER.search(text):
        apart = (found for found in _APART.finditer(text) if _MEANT.search(found.group()))
        edits += [edit for found in apart for edit in _without_gaps(found)]
    return sorted(edits)


def _without_gaps(found: re.Match[str]) -> Iterator[Edit]:
    for place in range(found.start() + 1, found.end(), 2):
        yield Edit(place, place + 1, "", True)
