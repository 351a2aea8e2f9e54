"""Two towers in sentence-transformers: a Router with a query and a document route, tied at the start.

Torch and sentence-transformers are imported inside functions only: serving never needs them.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

    from semsearch.towers.features import TokenRows

SIF_A = 1e-3
CHUNK = 4096
HUB_SECONDS = 5.0


def need_torch(what: str = "Training") -> None:
    """Raise MissingExtra when sentence-transformers or torch is not installed; silence the bars that loading draws."""
    try:
        import sentence_transformers  # noqa: F401
        import torch  # noqa: F401
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise MissingExtra("train", what) from error
    disable_progress_bar()


def static_towers(tokenizer: Tokenizer, dim: int, counts: NDArray[np.int64], seed: int) -> SentenceTransformer:
    """Untrained static towers: random token directions, shorter for frequent tokens.

    `counts` is how often each token stands in the corpus, [vocabulary]. Random directions are nearly orthogonal,
    so that the start already ranks by shared tokens; the length a / (a + p), p the token's share of the
    corpus, is the SIF weight (Arora, Liang, Ma 2017). Training moves both.
    """
    vectors = np.random.default_rng(seed).standard_normal((tokenizer.get_vocab_size(), dim), np.float32)
    return weighted_towers(tokenizer, vectors, counts)


def weighted_towers(
    tokenizer: Tokenizer, directions: NDArray[np.float32], counts: NDArray[np.int64]
) -> SentenceTransformer:
    """Static towers of the given token directions, [vocabulary, dim], shorter for frequent tokens as above."""
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    share = counts / max(int(counts.sum()), 1)
    vectors = directions * (SIF_A / (SIF_A + share)).astype(np.float32)[:, None]
    return tied([StaticEmbedding(tokenizer, embedding_weights=vectors)])


def narrowed(model: SentenceTransformer, rows: TokenRows, dim: int) -> SentenceTransformer:
    """Tied static towers turned into the `dim` directions that hold most of the items' vectors.

    Training is kinder to wide vectors, because random directions disturb each other less; search wants short ones. The
    towers are linear before normalisation, so that a projection on the first eigenvectors of the items' second
    moments (PCA without centring) folds into the token vectors.
    """
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    module = model[0].sub_modules["document"][0]
    weights = module.embedding.weight.detach().numpy()
    moments = np.zeros((weights.shape[1],) * 2)
    for start in range(0, len(rows), CHUNK):
        part = rows.take(np.arange(start, min(start + CHUNK, len(rows))))
        sums = np.stack([weights[row].sum(axis=0) for row in np.split(part.ids, part.starts[1:-1])])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        vectors = sums / np.where(lengths > 0, lengths, 1)
        moments += vectors.T.astype(np.float64) @ vectors
    best = np.linalg.eigh(moments)[1][:, ::-1][:, :dim]
    return tied([StaticEmbedding(module.tokenizer, embedding_weights=(weights @ best).astype(np.float32))])


def tied(route: list[Any]) -> SentenceTransformer:
    """Both routes through the same modules, then L2 normalisation."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Router

    return SentenceTransformer(modules=[Router.for_query_document(route, route), Normalize()], device="cpu")


def towers_from(base: str, family: str) -> SentenceTransformer:
    """Towers that start from a model id or folder: sentence-transformers or, for static ones, model2vec.

    A model without routes gets two, tied; one that has them keeps them. Raises UsageError when `base` cannot
    be loaded or is of the other family.
    """
    modules = _load(base)
    if type(modules[0]).__name__ == "Router":
        route = list(modules[0].sub_modules["query"])
        model = _with_normalise(modules)
    else:
        route = [m for m in modules if type(m).__name__ != "Normalize"]
        model = tied(route)
    found = "static" if type(route[0]).__name__ == "StaticEmbedding" else "transformer"
    if found != family:
        raise UsageError(f"'{base}' is a {found} model.", f"Next: semsearch train --family {found} --base {base}")
    return model


def _with_normalise(modules: list[Any]) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize

    tail = [m for m in modules[1:] if type(m).__name__ != "Normalize"]
    return SentenceTransformer(modules=[modules[0], *tail, Normalize()], device="cpu")


def _load(base: str) -> list[Any]:
    return list(opened(base).children())


def opened(base: str, option: str = "--base") -> SentenceTransformer:
    """A model id or folder as it is published, with its prompts; `option` is what named it.

    Raises UsageError when it cannot be loaded.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    folder = Path(base)
    try:
        if (folder / "tokenizer.json").is_file() and not (folder / "modules.json").is_file() and _is_model2vec(folder):
            return SentenceTransformer(modules=[StaticEmbedding.load(base)], device="cpu")
        _check_folder(base)
        _check_hub(base, option)
        return SentenceTransformer(base, device="cpu")
    except UsageError:
        raise
    except Exception as error:  # every library below raises its own kinds for a bad id or file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(
            f"The model '{base}' cannot be loaded: {reason}", "Next: name a sentence-transformers folder or model id"
        ) from error


def check_model(name: str, option: str) -> None:
    """Raise UsageError for a base or a teacher that is not there, before minutes of work need it."""
    if not (Path(name) / "tokenizer.json").is_file():
        _check_folder(name)
        _check_hub(name, option)


def _check_folder(base: str) -> None:
    """Refuse a path without a model before anyone asks the network for an id of that name."""
    folder = Path(base)
    is_path = folder.exists() or folder.is_absolute() or base.startswith((".", "~")) or base.count("/") > 1
    if is_path and not any((folder / name).is_file() for name in ("modules.json", "config.json")):
        raise UsageError(f"'{base}' is not a folder with a model.", "Next: name a sentence-transformers folder")


def _check_hub(base: str, option: str) -> None:
    """Ask the hub once and briefly for what is neither a folder nor in its cache: loading would ask it for minutes."""
    from huggingface_hub import HfApi, try_to_load_from_cache

    names = [base] if "/" in base else [f"sentence-transformers/{base}", base]
    kept = (try_to_load_from_cache(name, file) for name in names for file in ("modules.json", "config.json"))
    if Path(base).is_dir() or any(isinstance(path, str) for path in kept):
        return
    for name in names:
        with suppress(Exception):  # not there, no network, no valid name: all mean that it cannot be loaded
            HfApi().model_info(name, timeout=HUB_SECONDS)
            return
    raise UsageError(
        f"'{base}' is not a folder, and the model hub does not answer or has no model of that name.",
        f"Next: semsearch train {option} FOLDER",
    )


def _is_model2vec(folder: Path) -> bool:
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", framework="np") as held:
        return bool({"embeddings", "embedding.weight"} & set(held.keys()))
