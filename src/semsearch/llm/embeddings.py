"""Vectors from any endpoint that speaks the OpenAI embeddings protocol; meets the encoder port structurally."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import MissingService
from semsearch.llm.endpoint import CHECK, TRIPS, Place, address, in_our_words, open_client
from semsearch.llm.guard.providers import check_allowed
from semsearch.settings import LlmSettings

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import CreateEmbeddingResponse

BATCH = 128
NAMESPACE = "listing"
"""Of items and searches; posts of other kinds are never embedded by an endpoint."""
CANARIES = ("usb hub 4 port", "아이폰 14 프로 256gb 자급제", "wooden dining table with chairs", "나이키 운동화 270")
CANARY_STEP = 0.05
"""Cosines are rounded to this step: far above the noise of a served model, below what another model changes."""


class OpenAIEncoder:
    """Meets `towers.encoder.Encoder` with an embeddings endpoint; one model encodes both sides.

    Nothing is sent before the first vector or identity is asked for. A blank text is a zero row and is not sent. All
    others are sent as they are: no guard, no log, no cap.
    """

    def __init__(self, client: OpenAI, model: str, dim: int = 0) -> None:
        self._client = client
        self._model = model
        self._asked_dim = dim

    @classmethod
    def open(cls, settings: LlmSettings) -> OpenAIEncoder:
        """An encoder from the `[llm]` settings; the key comes from OPENAI_API_KEY.

        A server at `base_url` may need no key. Raises MissingService without one for the client's default endpoint,
        UsageError where `[llm.allow]` keeps texts of listings from it.
        """
        check_allowed(NAMESPACE, address(settings), settings.allowed(NAMESPACE))
        return cls(open_client(settings), settings.embedding_model, settings.embedding_dim)

    @property
    def encoder_id(self) -> str:
        """Hash of model name, dim and cosines between canary vectors: a model swapped behind its name shows.

        Raises MissingService as encoding does.
        """
        cosines = self._canaries @ self._canaries.T
        steps = np.rint(cosines[np.triu_indices(len(CANARIES), 1)] / CANARY_STEP).astype(int).tolist()
        named = json.dumps({"openai": self._model, "dim": self.dim, "canaries": steps}, sort_keys=True)
        return hashlib.sha256(named.encode()).hexdigest()[:16]

    @property
    def dim(self) -> int:
        """Length of a row, as the endpoint returns it."""
        return int(self._canaries.shape[1])

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of `texts`, [n, dim]; MissingService when the endpoint does not answer, UsageError when it refuses."""
        return self._encode(texts)

    def encode_items(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of `texts`, [n, dim]; errors as for queries."""
        return self._encode(texts)

    @cached_property
    def _canaries(self) -> NDArray[np.float32]:
        return self._ask(list(CANARIES))

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        out = np.zeros((len(texts), self.dim), np.float32)
        known = [i for i, text in enumerate(texts) if text.strip()]
        for start in range(0, len(known), BATCH):
            chosen = known[start : start + BATCH]
            rows = self._ask([texts[i] for i in chosen])
            if rows.shape[1] != self.dim:
                raise MissingService(f"The endpoint changed its vector length to {rows.shape[1]}.", CHECK)
            out[chosen] = rows
        return out

    def _ask(self, texts: list[str]) -> NDArray[np.float32]:
        from openai import OpenAIError

        place = Place(str(self._client.base_url), self._model, "embedding_model", "embeddings")
        try:
            response = self._request(texts)
        except (OpenAIError, *TRIPS) as error:
            raise in_our_words(error, place) from error
        return _rows(response, len(texts), str(place))

    def _request(self, texts: list[str]) -> CreateEmbeddingResponse:
        if self._asked_dim:
            return self._client.embeddings.create(model=self._model, input=texts, dimensions=self._asked_dim)
        return self._client.embeddings.create(model=self._model, input=texts)


def _rows(response: CreateEmbeddingResponse, n: int, where: str) -> NDArray[np.float32]:
    """Normalised rows in the order of the request, [n, dim]; the endpoint may answer in another order."""
    data = sorted(getattr(response, "data", None) or [], key=lambda e: e.index)
    if [e.index for e in data] != list(range(n)) or len({len(e.embedding) for e in data}) != 1:
        raise MissingService(f"{where} does not answer with {n} vectors of one length.", CHECK)
    rows = np.array([e.embedding for e in data], np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(rows).all() or not (lengths > 0).all():
        raise MissingService(f"{where} answers with vectors that are zero or not finite.", CHECK)
    scaled: NDArray[np.float32] = rows / lengths
    return scaled
