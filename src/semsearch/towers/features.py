"""Pre-tokenised texts as rows: what the training loop reads, whatever made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer


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
        lengths = self.lengths[rows]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        # Position j of the result lies j - starts[its row] behind the start of its source row.
        source = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return TokenRows(self.ids[source], starts)

    def where(self, keep: NDArray[np.bool_]) -> TokenRows:
        """The same rows with only the tokens that `keep` ([n_tokens]) marks."""
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep)])[self.starts]
        return TokenRows(self.ids[keep], starts)


def tokenise(tokenizer: Tokenizer, texts: Sequence[str]) -> TokenRows:
    """Token ids of `texts` without special tokens."""
    encoded = [e.ids for e in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    starts = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(ids) for ids in encoded], out=starts[1:])
    ids = np.fromiter((i for row in encoded for i in row), np.int32, count=int(starts[-1]))
    return TokenRows(ids, starts)
