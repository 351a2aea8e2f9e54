"""The catalogue as the towers read it: texts, exact duplicates, tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.text.signatures import exact_key
from semsearch.towers.features import TokenRows, tokenise

if TYPE_CHECKING:
    import polars as pl
    from sentence_transformers import SentenceTransformer

    from semsearch.settings import TrainSettings
    from semsearch.towers.schema.tokens import Features

MAX_TOKENS = 256
TIMES = ("created_at", "ended_at")


@dataclass(frozen=True, eq=False)
class Subject:
    """What all steps of one training read."""

    items: pl.DataFrame
    """`schema(Item)`."""
    features: Features
    corpus: Corpus
    settings: TrainSettings

    @classmethod
    def of(cls, items: pl.DataFrame, features: Features, settings: TrainSettings) -> Subject:
        """Raises UsageError when fewer than two items have different texts."""
        return cls(items, features, Corpus.of(features.texts(items)), settings)

    @cached_property
    def digest(self) -> str:
        """Of all of the items that a training reads: texts as they are, and when each item was there; 16 hex digits."""
        times = [self.items[name].dt.timestamp("us").to_list() for name in TIMES if name in self.items.columns]
        rows = zip(self.corpus.texts, *times, strict=True)
        return hashlib.sha256("\n".join(map(repr, rows)).encode()).hexdigest()[:16]

    @property
    def static(self) -> bool:
        """Whether the towers are tables of token vectors."""
        return self.settings.family == "static"


@dataclass(frozen=True, slots=True)
class Corpus:
    """All items of one training."""

    texts: list[str]
    """Item side, one an item."""
    groups: NDArray[np.int64]
    """Number of the group of exact duplicates that each item is in, [n]."""
    digest: str
    """Of the texts, 16 hex digits."""

    @classmethod
    def of(cls, texts: list[str]) -> Corpus:
        """Raises UsageError when fewer than two texts differ."""
        keys = [exact_key(text) for text in texts]
        _, groups = np.unique(keys, return_inverse=True)
        distinct = {key for key, text in zip(keys, texts, strict=True) if any(c.isalnum() for c in text)}
        if len(distinct) < 2:
            raise UsageError(
                f"Training needs at least two items with different texts; {len(texts)} items have {len(distinct)}.",
                "Next: semsearch import items FILE",
            )
        digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
        return cls(texts, groups.astype(np.int64), digest)

    @property
    def n_distinct(self) -> int:
        """Number of different texts."""
        return int(self.groups.max()) + 1


def tokens_of(model: SentenceTransformer, side: str, texts: Sequence[str]) -> TokenRows:
    """The token ids that the tower of one side (query or document) reads."""
    module = model[0].sub_modules[side][0]
    if hasattr(module, "embedding"):
        return tokenise(module.tokenizer, texts)
    if not texts:
        return TokenRows(np.zeros(0, np.int32), np.zeros(1, np.int64))
    limit = min(module.max_seq_length or MAX_TOKENS, MAX_TOKENS)
    held = module.tokenizer(list(texts), truncation=True, max_length=limit)
    starts = np.cumsum([0, *map(len, held["input_ids"])]).astype(np.int64)
    return TokenRows(np.concatenate(held["input_ids"]).astype(np.int32), starts)
