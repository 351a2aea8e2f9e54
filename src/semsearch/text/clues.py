"""What the words of a text make possible, before anything slower looks at the whole of it.

Every pattern that reaches over a space has a clue here that one of its words gives; posts repeat their words, so a
clean post costs little more than splitting it. A clue says what may be, its absence what is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from semsearch.text.letters import alphabets, is_odd
from semsearch.text.numerals import NUMERAL_CLUE
from semsearch.text.remembered import Remembered
from semsearch.text.scattered import scattered, stitched

FOLDS, NUMERALS, APART, DIGITS, MAIL, LINK, MESSENGER = (1 << place for place in range(7))
ALL = (1 << 7) - 1

# Most words: Hangul alone, and none of what the patterns below begin with.
_HANGUL = re.compile("[가-힣]+[.,!?~]*")
_KEY = re.compile("[공영령닷쩜톡앳]|골뱅이|점[컴넷]|[텔라위왓스인디페카](?:레|그|인|챗|츠|카이|스타|스코|코|메|카오)")
_PATTERNS = (
    (NUMERALS, NUMERAL_CLUE),
    (APART, re.compile("^[ㄱ-ㅣ]$")),
    (DIGITS, re.compile(r"\d(?:(?:(?:[^\w|]|[_ㅡ]){0,5}|다시|국?에)$|(?:\D*\d){6})")),
    (MAIL, re.compile(r"@|골뱅이|(?:^|[(\[{<])(?:at|앳)(?:$|[\])}>])")),
    (LINK, re.compile(r"[a-z0-9가-힣]\.[a-z컴넷]|://|[닷쩜]|점[컴넷]|^\.$|[(\[{<](?:$|\.|dot|점|콤마)|^dot$")),
    (
        MESSENGER,
        re.compile(
            "@|톡|[텔라위왓스ㅋ인디페카ktlwsidy](?:레|그|인|챗|츠|카이|ㅌ|ㅋㅇㅌ|스타|스코|코|메|카오"
            "|akao|alk|ele|ine|e(?:$|chat)|hats|kyp|nsta|isco)"
        ),
    ),
)


def clues(words: Iterable[str]) -> int:
    """All that words of a text (in lower case, without white space) make possible, as one set of bits."""
    found = 0
    for clue in set(map(_CLUES.__getitem__, words)):
        found |= clue
    return found


def _clue(word: str) -> int:
    if _HANGUL.fullmatch(word) and not _KEY.search(word):
        return 0
    found = FOLDS if is_odd(word) or alphabets(word) or stitched(word) or scattered(word) else 0
    for clue, pattern in _PATTERNS:
        if pattern.search(word):
            found |= clue
    return found


_CLUES = Remembered(_clue)
