"""Feature tokens for a model that exists: its tokenizer and its embeddings grow, the rest stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from semsearch.towers.tokenizer import add_tokens, added_tokens

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor


def with_tokens(model: SentenceTransformer, tokens: Sequence[str]) -> SentenceTransformer:
    """`model` in place, with the feature tokens (`[category:운동화]`) in the vocabulary of both routes.

    A new token starts as the mean of the pieces that its text was read as before, so that it starts near what it
    says. Static towers that were trained from nothing need none of this: `train_tokenizer` takes the tokens.
    """
    routes = model[0].sub_modules
    modules = {id(route[0]): route[0] for route in (routes["query"], routes["document"])}  # tied ones once
    pieces = {key: _pieces(module, tokens) for key, module in modules.items()}
    for key, module in modules.items():
        extend = _extend_static if hasattr(module, "embedding") else _extend_transformer
        extend(module, tokens, pieces[key])
    return model


def _pieces(module: Any, tokens: Sequence[str]) -> list[list[int]]:
    """What the text of each token is read as today."""
    if hasattr(module, "embedding"):
        return [found.ids for found in module.tokenizer.encode_batch(list(tokens), add_special_tokens=False)]
    read: list[list[int]] = module.tokenizer(list(tokens), add_special_tokens=False)["input_ids"] if tokens else []
    return read


def _extend_static(module: Any, tokens: Sequence[str], pieces: list[list[int]]) -> None:
    from torch import nn

    add_tokens(module.tokenizer, tokens)
    numbers = [module.tokenizer.token_to_id(token) for token in tokens]
    rows = _grown(module.embedding.weight.detach(), numbers, pieces)
    module.embedding = nn.EmbeddingBag.from_pretrained(rows, freeze=False)
    module.num_embeddings = len(rows)


def _extend_transformer(module: Any, tokens: Sequence[str], pieces: list[list[int]]) -> None:
    module.tokenizer.add_tokens(added_tokens(tokens))
    numbers = module.tokenizer.convert_tokens_to_ids(list(tokens))
    rows = _grown(module.auto_model.get_input_embeddings().weight.detach(), numbers, pieces)
    module.auto_model.resize_token_embeddings(len(rows), mean_resizing=False)
    module.auto_model.get_input_embeddings().weight.data.copy_(rows)


def _grown(old: Tensor, numbers: Sequence[int], pieces: list[list[int]]) -> Tensor:
    """`old` [n, dim], then a row for each token number past it: the mean of its pieces, of all where it has none."""
    size = max([len(old), *(number + 1 for number in numbers)])
    new = old.mean(dim=0).repeat(size, 1)
    new[: len(old)] = old
    for number, held in zip(numbers, pieces, strict=True):
        if number >= len(old) and held:
            new[number] = old[held].mean(dim=0)
    return new
