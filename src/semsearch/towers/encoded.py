"""Pre-tokenised rows as vectors, while a model is in training: evaluation needs no text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.towers.features import TokenRows
from semsearch.towers.learners import features

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

STATIC_CHUNK, OTHER_CHUNK = 4096, 64


def encoded(model: SentenceTransformer, side: str, rows: TokenRows) -> NDArray[np.float32]:
    """Vectors of the tower of one side (query or document), [n, dim]; a row without tokens is zero."""
    import torch

    static = hasattr(model[0].sub_modules[side][0], "embedding")
    chunk = STATIC_CHUNK if static else OTHER_CHUNK
    out = np.zeros((len(rows), int(model.get_embedding_dimension() or 0)), np.float32)
    known = np.flatnonzero(rows.lengths > 0)
    # Rows of like length stand together, so that padding costs little.
    known = known if static else known[np.argsort(rows.lengths[known], kind="stable")]
    with torch.no_grad():
        for start in range(0, len(known), chunk):
            some = known[start : start + chunk]
            vectors = model(features(model, side, rows.take(some)), task=side)["sentence_embedding"]
            out[some] = vectors.numpy()
    return out
