"""The port that every encoder meets: texts in, L2-normalised rows out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Encoder(Protocol):
    """Both towers of one model. Texts are in the search view (`text.views.search`).

    A text that holds nothing to encode (empty, blank, only emoji for static towers) is a zero row: the dense index
    skips it. Every other row has length 1. How texts are cut into calls does not change a row by more than 1e-5.
    """

    @property
    def encoder_id(self) -> str:
        """Names all that decides a vector; vectors of different ids are never compared."""
        ...

    @property
    def dim(self) -> int:
        """Length of a row."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of the query tower, [n, dim]."""
        ...

    def encode_items(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of the item tower, [n, dim]."""
        ...


def normalised(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows divided by their length, [n, dim]; a zero row stays zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)
