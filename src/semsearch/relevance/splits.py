"""Which labels a prompt is tuned on, chosen by and reported on: three parts, cut by query.

A query's part is a hash of its words and nothing else: not of when it was labelled nor of what stands beside it, so
that labels that come later leave every query where it is, and no query is in two parts however it is spaced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Literal

from semsearch.records import Label
from semsearch.store.labels import query_key

Part = Literal["tuning", "selection", "locked"]
SHARES: dict[Part, float] = {"tuning": 0.5, "selection": 0.25, "locked": 0.25}
"""Of all queries, in the order in which the parts are used."""
SEED = 0
"""Of the cut. Another one would let a model be tuned on what was locked before."""


def part_of(query: str, seed: int = SEED) -> Part:
    """The part of a query."""
    said = f"{seed}\n{query_key(query).replace(' ', '')}"
    digest = hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    place = int.from_bytes(digest) / 2**64
    return next(part for part, end in zip(SHARES, accumulate(SHARES.values()), strict=True) if place < end)


def for_models(labels: Iterable[Label], seed: int = SEED) -> Iterator[Label]:
    """The labels that a model may be shown: those of the tuning part."""
    return (label for label in labels if part_of(label.query, seed) == "tuning")
