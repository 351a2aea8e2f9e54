"""Pre-tokenised texts as rows: what the training loop reads, whatever made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class TokenRows:
    """Token ids of n texts, end to end: row i is `ids[starts[i]:starts[i + 1]]`."""

    ids: NDArray[np.int32]
    """[n_tokens]"""
    starts: NDArray[np.int64]
    """[n + 1], rising from 0 to n_tokens."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per row, [n]."""
        return np.diff(self.starts)

    def take(self, rows: NDArray[np.int64]) -> TokenRows:
        """The given rows, in the given order; a row may repeat."""
        source, starts = _taken(self.starts, rows)
        return TokenRows(self.ids[source], starts)

    def where(self, keep: NDArray[np.bool_]) -> TokenRows:
        """The same rows with only the tokens that `keep` ([n_tokens]) marks."""
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep)])[self.starts]
        return TokenRows(self.ids[keep], starts)


@dataclass(frozen=True, slots=True)
class Ragged:
    """n lists of whole numbers, end to end: list i is `values[starts[i]:starts[i + 1]]`."""

    values: NDArray[np.int64]
    """[n_values]"""
    starts: NDArray[np.int64]
    """[n + 1], rising from 0 to n_values."""

    @classmethod
    def of(cls, keys: NDArray[np.int64], values: NDArray[np.int64], n: int) -> Ragged:
        """`n` lists from entries in any order: `values[i]` goes to list `keys[i]`; a list keeps their order."""
        starts = np.zeros(n + 1, np.int64)
        np.cumsum(np.bincount(keys, minlength=n), out=starts[1:])
        return cls(values[np.argsort(keys, kind="stable")], starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Values per list, [n]."""
        return np.diff(self.starts)

    @property
    def keys(self) -> NDArray[np.int64]:
        """The list that each value stands in, [n_values]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, rows: NDArray[np.int64]) -> Ragged:
        """The given lists, in the given order; a list may repeat."""
        source, starts = _taken(self.starts, rows)
        return Ragged(self.values[source], starts)


def joined(first: TokenRows, second: TokenRows) -> TokenRows:
    """The rows of both, in this order."""
    starts = np.concatenate([first.starts, first.starts[-1] + second.starts[1:]])
    return TokenRows(np.concatenate([first.ids, second.ids]), starts)


def _taken(starts: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the given rows' values, and where each row starts among them."""
    lengths = starts[rows + 1] - starts[rows]
    new = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(lengths, out=new[1:])
    # Position j of the result lies j - new[its row] behind the start of its source row.
    return np.arange(new[-1]) + np.repeat(starts[rows] - new[:-1], lengths), new


def tokenise(tokenizer: Tokenizer, texts: Sequence[str]) -> TokenRows:
    """Token ids of `texts` without special tokens."""
    encoded: list[list[int]] = []
    for start in range(0, len(texts), CHUNK):  # an encoding is a hundred times as large as its ids
        part = list(texts[start : start + CHUNK])
        encoded += [e.ids for e in tokenizer.encode_batch_fast(part, add_special_tokens=False)]
    starts = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(ids) for ids in encoded], out=starts[1:])
    ids = np.fromiter((i for row in encoded for i in row), np.int32, count=int(starts[-1]))
    return TokenRows(ids, starts)
