"""Static towers at serving time: tokenizers, safetensors and NumPy; no torch.

Reads sentence-transformers folders whose towers are StaticEmbedding modules, behind a Router or alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import MissingPart, UsageError
from semsearch.towers.card import opened_id
from semsearch.towers.encoder import normalised

if TYPE_CHECKING:
    from tokenizers import Tokenizer

STATIC = "StaticEmbedding"
CHUNK = 4096


@dataclass(frozen=True, slots=True)
class _Tower:
    tokenizer: Tokenizer
    weights: NDArray[np.float32]
    """[vocabulary, dim]; a mean of token vectors points the same way as their sum."""

    def sums(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sums of token vectors, [n, dim]."""
        out = np.zeros((len(texts), self.weights.shape[1]), np.float32)
        for start in range(0, len(texts), CHUNK):
            encoded = self.tokenizer.encode_batch_fast(list(texts[start : start + CHUNK]), add_special_tokens=False)
            # A loop over rows beats one gather with reduceat 2 to 8 times: each row's vectors stay in cache.
            for row, encoding in enumerate(encoded, start):
                if ids := encoding.ids:
                    self.weights.take(ids, axis=0).sum(axis=0, out=out[row])
        return out


class StaticEncoder:
    """Meets `Encoder` for a folder of static towers."""

    def __init__(self, query: _Tower, item: _Tower, identity: str) -> None:
        self._query = query
        self._item = item
        self.encoder_id = identity

    @classmethod
    def open(cls, folder: Path) -> StaticEncoder:
        """Read a model folder, with our card or without.

        Raises MissingPart for a folder that is not there, UsageError for one whose towers are not static, MismatchError
        for another text view and for files that are not those of the card.
        """
        routes = _routes(folder)
        loaded = {path: _load(path) for path in dict.fromkeys(routes)}
        query, item = (loaded[path] for path in routes)
        if query.weights.shape[1] != item.weights.shape[1]:
            raise UsageError(f"The towers in {folder} have different lengths.", "Next: semsearch train")
        return cls(query, item, opened_id(folder))

    @property
    def dim(self) -> int:
        """Length of a row."""
        return int(self._query.weights.shape[1])

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of the query tower, [n, dim]."""
        return normalised(self._query.sums(texts))

    def encode_items(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of the item tower, [n, dim]."""
        return normalised(self._item.sums(texts))

    def item_sums(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sums of the item tower's token vectors, [n, dim]: rows before they are normalised."""
        return self._item.sums(texts)


def is_static(folder: Path) -> bool:
    """Whether `StaticEncoder` can open this sentence-transformers folder."""
    try:
        _routes(folder)
    except UsageError:
        return False
    return True


def _routes(folder: Path) -> tuple[Path, Path]:
    """Folders of the query and the item embedding; the same one twice when tied or without a Router."""
    modules = _json(folder / "modules.json")
    kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
    first = folder / modules[0]["path"] if modules else folder
    if kinds[:1] == [STATIC] and set(kinds[1:]) <= {"Normalize"}:
        return first, first
    if kinds[:1] == ["Router"] and set(kinds[1:]) <= {"Normalize"}:
        structure = _json(first / "router_config.json")["structure"]
        if all(len(structure.get(r, ())) == 1 and structure[r][0].endswith(STATIC) for r in ("query", "document")):
            return first / structure["query"][0], first / structure["document"][0]
    raise UsageError(f"The towers in {folder} are not static ({', '.join(kinds)}).", "Next: pip install '.[train]'")


def _json(path: Path) -> Any:
    if not path.is_file():
        raise MissingPart(f"{path.parent} holds no model ({path.name} is missing).", "Next: semsearch train")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path} is damaged: {error}", "Next: semsearch train") from error


def _load(folder: Path) -> _Tower:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        weights = load_file(folder / "model.safetensors")["embedding.weight"]
    except (OSError, KeyError, SafetensorError) as error:
        raise UsageError(f"The tower in {folder} is damaged: {error}", "Next: semsearch train") from error
    except Exception as error:  # tokenizers raises bare Exception
        raise UsageError(f"{folder / 'tokenizer.json'} is damaged: {error}", "Next: semsearch train") from error
    tokenizer.no_padding()
    return _Tower(tokenizer, np.ascontiguousarray(weights, np.float32))
