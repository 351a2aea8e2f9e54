"""Any sentence-transformers model as an encoder; needs torch, so it is never imported by serving with static towers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.towers.card import opened_id
from semsearch.towers.encoder import normalised
from semsearch.towers.model import need_torch

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 64


class SentenceTransformerEncoder:
    """Meets `Encoder` for every folder that `SentenceTransformer(folder)` loads, with routes or without."""

    def __init__(self, model: SentenceTransformer, identity: str) -> None:
        self._model = model
        self.encoder_id = identity

    @classmethod
    def open(cls, folder: Path) -> SentenceTransformerEncoder:
        """Load a model folder, with our card or without.

        Raises MissingExtra without torch, UsageError for a folder that is no model, MismatchError for another text view
        and for files that are not those of the card.
        """
        need_torch("This model")
        from sentence_transformers import SentenceTransformer

        if not (folder / "modules.json").is_file():
            raise UsageError(f"{folder} is not a sentence-transformers folder.", "Next: semsearch train")
        try:
            model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except Exception as error:  # the libraries below raise their own kinds for a damaged file
            raise UsageError(f"The model in {folder} is damaged: {error}", "Next: semsearch train") from error
        return cls(model, opened_id(folder))

    @property
    def dim(self) -> int:
        """Length of a row."""
        return int(self._model.get_embedding_dimension() or 0)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of the query route, [n, dim]."""
        return self._encode(texts, "query")

    def encode_items(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of the document route, [n, dim]."""
        return self._encode(texts, "document")

    def _encode(self, texts: Sequence[str], side: str) -> NDArray[np.float32]:
        # A transformer gives the empty text a direction (that of its special tokens), which means nothing.
        known = [i for i, text in enumerate(texts) if text.strip()]
        out = np.zeros((len(texts), self.dim), np.float32)
        if known:
            encode = self._model.encode_query if side == "query" else self._model.encode_document
            chosen = [texts[i] for i in known]
            out[known] = encode(chosen, batch_size=BATCH, convert_to_numpy=True, show_progress_bar=False)
        return normalised(out)
