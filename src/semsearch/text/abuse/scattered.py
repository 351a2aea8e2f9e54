"""Hangul that was taken apart, or written with characters that only look like its letters: ㅎㅖ어져서 팝니ㄷr."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from semsearch.text.abuse.letters import UNUSUAL
from semsearch.text.abuse.lookalikes import CONSONANTS, TYPED_CONSONANTS, TYPED_VOWELS, VOWELS, WRITTEN_CONSONANTS
from semsearch.text.abuse.spans import Edit
from semsearch.text.hangul import compose

_CLUSTERS = "ㄱㅅ|ㄴㅈ|ㄴㅎ|ㄹㄱ|ㄹㅁ|ㄹㅂ|ㄹㅅ|ㄹㅌ|ㄹㅍ|ㄹㅎ|ㅂㅅ"
_EMOTIVE = frozenset("ㅠㅜㅡㅗ")
"""Vowels that people cry, sigh and gesture with."""
_LAUGHTER = frozenset("ㅋㅎ")
_FACES = frozenset("ㅋㅎㅇㅅㅁㅍ")
"""Consonants that laugh, or are the mouth or eyes of a face."""
_CONSONANT_OF = TYPED_CONSONANTS | CONSONANTS
_composed = lru_cache(4096)(compose)
_LETTER = re.compile("[ㄱ-ㅣ]")
# Quick looks: laughter and tears are common, and the patterns below them slow.


def _keys(chars: dict[str, str]) -> str:
    return "".join(map(re.escape, chars))


_CONSONANT, _VOWEL = f"[ㄱ-ㅎ{_keys(CONSONANTS)}]", f"[ㅏ-ㅣ{_keys(VOWELS)}]"
_ALONE = "(?![a-z0-9])"
_TYPED_VOWEL = f"[{_keys(TYPED_VOWELS)}]{_ALONE}"
_OPEN = (
    f"(?P<first>{_CONSONANT})(?P<second>ㅗ[ㅏㅐㅣ]|ㅜ[ㅓㅔㅣ]|ㅡㅣ|[ㅏㅑㅓㅕ](?:ㅣ|[|li]{_ALONE})|{_VOWEL})"
    f"|(?P<before_key>[ㄱ-ㅎ{WRITTEN_CONSONANTS}])(?P<vowel_key>r[l|]{_ALONE}|{_TYPED_VOWEL})"
    f"|(?<![a-z0-9])(?P<consonant_key>[{_keys(TYPED_CONSONANTS)}])(?P<after_key>{_VOWEL})"
    "|(?<![a-z0-9])(?P<ring>[ol])(?P<bar>[li|])(?=[가-힣])"
)
_LAST = f"(?P<last>(?:{_CLUSTERS}|[ㄱ-ㄷㄹ-ㅂㅄ-ㅈㅊ-ㅎ])(?!{_VOWEL}|{_TYPED_VOWEL}))?"
# The look ahead is for speed: most characters begin nothing.
_BEGINS = f"(?=[ㄱ-ㅎol{_keys(CONSONANTS | TYPED_CONSONANTS)}]|[가-힣][ㄱ-ㅎ])"
_SYLLABLE = re.compile(
    f"{_BEGINS}(?:(?:{_OPEN}){_LAST}|(?P<open>[가-힣])(?:(?P<final>{_CLUSTERS}|[ㄱㄴㄹㅁㅂㅅㅆㅇㄵㄶㄺㄻㄼㅀ])(?=[가-힣]|[ㄱ-ㅎ][ㅏ-ㅣ])"
    "|(?P<end>[ㄴㄹㅁ])(?![\\wㄱ-ㅣ])))"
)
_SUSPECT = re.compile(
    f"[ㄱ-ㅣ](?:(?<=[ㄱ-ㅎ])(?:{_VOWEL}|[{_keys(TYPED_VOWELS)}])|(?<=[ㄱㄴㄹㅁㅂㅅㅆㅇㄵㄶㄺㄻㄼㅀ])(?:[가-힣]|[ㄱ-ㅎ][ㅏ-ㅣ])|(?<=[가-힣][ㄴㄹㅁ])(?!\\w)"
    f"|(?<=[{_keys(TYPED_CONSONANTS)}{_keys(CONSONANTS)}][ㅏ-ㅣ]))"
)
_DRAWN = re.compile(
    f"[{_keys(CONSONANTS)}]{_VOWEL}|[{WRITTEN_CONSONANTS}][{_keys(TYPED_VOWELS)}]|[0-9a-z^][{_keys(VOWELS)}]"
)
_APART = re.compile(r"(?<![가-힣ㄱ-ㅣ])[ㄱ-ㅣ](?P<gap>[ .,·*~_/\-])[ㄱ-ㅣ](?:(?P=gap)[ㄱ-ㅣ가-힣])+(?![ㄱ-ㅣ])")
_RING = re.compile("[ol][li|][가-힣]")
_GAPPED = re.compile(r"[ㄱ-ㅣ][ .,·*~_/\-][ㄱ-ㅣ]")
_MEANT = re.compile("[ㄱ-ㅊㅌㅍ].[ㅏ-ㅖㅛㅣ]|[ㅋㅎ].[ㅏ-ㅖㅛㅣ].[가-힣ㄱ-ㅎ]")
_STRUNG = re.compile(r"(?P<gap>[^\w\s])(?<=[가-힣].)[가-힣](?P=gap)[가-힣]")
# A first look for beads that no category of characters slows down.
_MAYBE_STRUNG = re.compile("[^a-z0-9 가-힣ㄱ-ㅣ](?<=[가-힣].)[가-힣](?=[^a-z0-9 가-힣ㄱ-ㅣ][가-힣])")
_BEADS = re.compile(r"(?<![^\W_])[가-힣](?P<gap>[^\w\s])[가-힣](?:(?P=gap)[가-힣])+(?![^\W_])")
_EMPHASIS = frozenset(".,~!?·-")


def scattered(text: str) -> list[Edit]:
    """Letters that only make sense as syllables, as those: ㅎㅏㄴ글 → 한글, 니ㄷr → 니다, 口ㅓ → 머.

    Laughter, tears and faces stay (ㅋㅋㅋ, ㅠㅠ, ㅡㅅㅡ), and so does a Latin letter or digit without a Hangul
    letter beside it.
    """
    letters = _LETTER.search(text) and _SUSPECT.search(text)
    if not letters and not _RING.search(text) and not (UNUSUAL.search(text) and _DRAWN.search(text)):
        return []
    return [edit for found in _SYLLABLE.finditer(text) if (edit := _put_together(found))]


def _put_together(found: re.Match[str]) -> Edit | None:
    if found["open"]:
        return _closed(found)
    first = found["first"] or found["before_key"] or found["consonant_key"] or found["ring"]
    second = found["second"] or found["vowel_key"] or found["after_key"] or found["bar"]
    consonant, vowel = _CONSONANT_OF.get(first, first), _vowel(second)
    if _is_mood(found, consonant, vowel):
        return None
    last = found["last"] or ""
    kept = last if last and _ends(found, last) else ""
    syllable = _composed(consonant + vowel + kept)
    if not syllable or len(syllable) != 1:
        return None
    return Edit(found.start(), found.end() - len(last) + len(kept), syllable, True)


@lru_cache(1024)
def _vowel(written: str) -> str:
    return "".join(VOWELS.get(char) or TYPED_VOWELS.get(char, char) for char in written)


def _is_mood(found: re.Match[str], consonant: str, vowel: str) -> bool:
    """Whether letters are laughter, tears or a face, not a syllable taken apart."""
    text, start, end = found.string, found.start(), found.end() - len(found["last"] or "")
    before, after = text[start - 1 : start], text[end : end + 1]
    typed = not (found["first"] and "ㄱ" <= text[start] <= "ㅎ" and "ㅏ" <= text[start + 1] <= "ㅣ")
    if before == consonant and not found["consonant_key"]:
        return True
    if vowel in _EMOTIVE:
        closed = "ㄱ" <= after <= "ㅎ" and after not in _LAUGHTER and not (after == consonant and consonant in _FACES)
        alone = vowel != "ㅠ" and consonant not in _FACES and not "ㅏ" <= after <= "ㅣ"
        return "ㄱ" <= before <= "ㅣ" or not ("가" <= after <= "힣" or (not typed and (closed or alone)))
    if typed:
        return _is_no_disguise(found, consonant, before, after)
    return consonant in _LAUGHTER and text[end : end + 2] == consonant * 2


def _is_no_disguise(found: re.Match[str], consonant: str, before: str, after: str) -> bool:
    """Whether a key or a drawing stands for itself: without Hangul around, in ㅋ!, in il and ll."""
    after_syllable, before_syllable = "가" <= before <= "힣", "가" <= after <= "힣"
    if found["vowel_key"] == "!":
        return not before_syllable or consonant in _LAUGHTER
    if found["ring"]:
        return found["ring"] == "l" and (found["bar"] == "l" or not after_syllable)
    if found["consonant_key"] or (found["before_key"] or found["first"]) in CONSONANTS:
        return not (before_syllable or after_syllable or "ㄱ" <= after <= "ㅎ")
    return False


def _ends(found: re.Match[str], last: str) -> bool:
    """Whether a letter after a vowel closes its syllable: not the laughter that follows, nor ㄷㄷ."""
    text, end = found.string, found.end()
    after = text[end : end + 1]
    if last in _LAUGHTER:
        return "가" <= after <= "힣" or ("ㄱ" <= after <= "ㅎ" and "ㅏ" <= text[end + 1 : end + 2] <= "ㅣ")
    return after != last


def _closed(found: re.Match[str]) -> Edit | None:
    """A letter between two syllables, as the end of the first: 파ㅂ니다 → 팝니다. A letter typed twice is none."""
    code, after = ord(found["open"]) - 0xAC00, found.string[found.end() : found.end() + 1]
    letters = found["final"] or found["end"]
    final = _composed("ㅇㅏ" + letters)
    if code % 28 or not final or len(final) != 1 or _composed(letters[-1] + "ㅏ") == _with_a(after):
        return None
    return Edit(found.start(), found.end(), chr(0xAC00 + code + ord(final) - ord("아")), True)


def _with_a(char: str) -> str:
    """The syllable with ㅏ that begins as this one: 고 → 가."""
    return chr(0xAC00 + (ord(char) - 0xAC00) // 588 * 588) if char and "가" <= char <= "힣" else ""


def stitched(text: str) -> list[Edit]:
    """Three or more letters or syllables strung on one symbol, as one word: 카*카*오*톡 → 카카오톡, ㅎ ㅏ ㄴ → ㅎㅏㄴ.

    Full stops between syllables are how people shout (최.고.다); they go too, but are no evasion.
    """
    edits: list[Edit] = []
    if _MAYBE_STRUNG.search(text) and _STRUNG.search(text):
        for found in _BEADS.finditer(text):
            if len(set(found.group())) > 2:
                edits += _without_gaps(found, found["gap"] not in _EMPHASIS)
    if _LETTER.search(text) and _GAPPED.search(text):
        for found in _APART.finditer(text):
            if _MEANT.search(found.group()):
                edits += _without_gaps(found, True)
    return sorted(edits)


def _without_gaps(found: re.Match[str], evasive: bool) -> Iterator[Edit]:
    for place in range(found.start() + 1, found.end(), 2):
        yield Edit(place, place + 1, "", evasive)
