"""Which labels a prompt is tuned on, chosen by and reported on: three parts, cut by query.

A query's part is a hash of its letters and nothing else: not of when it was labelled nor of what stands beside it, so
that labels that come later leave every query where it is, and no query is in two parts, whatever the order of its words
and however it is spaced and punctuated.
"""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache
from itertools import accumulate
from typing import Literal

from semsearch.text.views import search

Part = Literal["tuning", "selection", "locked"]
SHARES: dict[Part, float] = {"tuning": 0.5, "selection": 0.25, "locked": 0.25}
"""Of all queries, in the order in which the parts are used."""
SEED = 0
"""Of the cut. Another one would let a model be tuned on what was locked before."""
_REMEMBERED = 1 << 16
"""Queries whose letters are remembered: each has many labels."""


def part_of(query: str, seed: int = SEED) -> Part:
    """The part of a query."""
    said = f"{seed}\n{letters_of(query)}"
    digest = hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    place = int.from_bytes(digest) / 2**64
    return next(part for part, end in zip(SHARES, accumulate(SHARES.values()), strict=True) if place < end)


@lru_cache(maxsize=_REMEMBERED)
def letters_of(query: str) -> str:
    """The same for queries that differ in spaces, signs, capitals and the order of words alone: sorted letters.

    Anagrams are taken for one query, which costs an example at most. A query of signs alone keeps them.
    """
    text = search(query).replace(" ", "")
    return "".join(sorted(char for char in text if unicodedata.category(char)[0] not in "PSZ")) or text
