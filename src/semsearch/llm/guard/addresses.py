"""Street addresses with a number: Korean ones by road or by lot, flats of an apartment house, English streets.

Not a parser of addresses: an area, a road and a number in that order, and none of the words that count things after
the number (서울시 최고로 2위, 친구 서로 2개).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_COUNTERS = (
    "개|분|시간|원|만|천|번(?!지|길)|명|장|일|월|년|회|위|대|세트|살|벌|켤레|박스|호선|인치|퍼|%|kg|g(?![a-z])|[cmk]?m(?![a-z])|x|"
    "평|잔|병|권|차|등|급|도(?![가-힣])|점|배|시(?![가-힣])|종|가지|곳|줄|칸|쌍|켜|매|편|단|인|주|박|학년|정거장|코스"
)
_COUNTED = rf"(?!\d|,\d|-\d| ?(?:{_COUNTERS}))"
_NO_AREA = (
    "(?!(?:다시|역시|혹시|접시|즉시|잠시|택시|친구|가구|도구|야구|축구|농구|배구|탁구|당구|문구|지구|가면|라면|하면|오면|보면|"
    "되면|사면|으면|정도|아직도|그래도|제도|장군) )"
)
_GAP, _APART = r"[\s.,·/_~ㅡ–—-]{0,3}", r"[\s.,·/_~ㅡ–—-]{1,3}"
"""Between the parts of an address."""
_AREA = f"(?:(?<![가-힣]){_NO_AREA}[가-힣]{{1,8}}(?:특별시|광역시|특별자치[시도]|시|도|군|구|읍|면){_APART})"
_DOOR = r"(?:,? ?(?:\([^()\n]{1,20}\) ?)?(?:[가-힣A-Za-z0-9]{1,15} )?(?:\d{1,4}동 ?)?\d{1,4}호(?!선)|,? ?\d{1,3}층)"
_NUMBER = rf"\d{{1,5}}(?:-\d{{1,4}})?(?:번지)?{_COUNTED}"
_ROAD = rf"(?:대로|로|길){_GAP}(?:\d{{1,4}}[가-힣]?번?길{_GAP})?"
_LOT = rf"\d?(?:동|리|가){_GAP}(?:산{_GAP})?"
_KOREAN = re.compile(
    rf"{_AREA}{{1,4}}(?:[가-힣0-9·]{{1,12}}{_ROAD}|[가-힣]{{1,6}}{_LOT}){_NUMBER}{_DOOR}?"
    rf"|(?<![가-힣])[가-힣]{{1,6}}{_LOT}\d{{1,5}}(?:-\d{{1,4}})?번지"
    rf"|(?<![가-힣])[가-힣]{{2,6}}{_ROAD}\d{{1,5}}(?:-\d{{1,4}})?{_DOOR}"
    rf"|(?<!\d)\d{{1,4}}동{_GAP}\d{{1,4}}호(?!선)"
)
_KOREAN_LIKELY = re.compile(rf"(?<![프으])로{_GAP}\d|[길동리가]{_GAP}(?:산{_GAP})?\d")
_STREETS = (
    "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Lane|Ln|Court|Ct|Place|Pl|Terrace|Parkway|Pkwy|Highway|Hwy"
)
_SMALL_STREETS = "street|avenue|ave|blvd|boulevard"
_NO_STREET = "".join(f"(?<!{word} )" for word in ("Hard", "Disk", "Flash", "Test", "USB", "Tape", "State", "Optical"))
"""Drives that are no streets."""
_FLAT = r"(?:,? (?:[Aa]pt|Apartment|[Uu]nit|Suite|Ste|#)\.? ?\w{1,6})?"
_HOUSE = r"(?<![\w.,$€£₩-])\d{1,5}[A-Za-z]? (?:[NSEWnsew]\.? |North |South |East |West )?"
_ENGLISH = re.compile(
    rf"{_HOUSE}(?:[A-Z][A-Za-z']+|\d{{1,3}}(?:st|nd|rd|th))(?: [A-Z][a-z']+){{0,2}}"
    rf" {_NO_STREET}(?:{_STREETS})\b\.?{_FLAT}"
    rf"|{_HOUSE}[a-z']+ (?:{_SMALL_STREETS})\b{_FLAT}"
)
_ENGLISH_LIKELY = re.compile(rf" (?:{_STREETS}|{_SMALL_STREETS})\b")


def addresses(text: str) -> Iterator[tuple[str, int, int]]:
    """(the address in one spelling, start, end), in order for each of both languages."""
    if _KOREAN_LIKELY.search(text):
        for found in _KOREAN.finditer(text):
            yield "".join(found[0].split()), *found.span()
    if _ENGLISH_LIKELY.search(text):
        for found in _ENGLISH.finditer(text):
            yield found[0].casefold(), *found.span()
