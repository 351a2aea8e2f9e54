"""How a batch becomes vectors and how the weights follow its gradient: static towers by touched rows, others whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from semsearch.towers.features import TokenRows, joined

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
"""Adam's, as torch has them."""
_ADAM: dict[str, Any] = {"beta1": BETA_1, "beta2": BETA_2, "eps": EPSILON, "weight_decay": 0.0, "maximize": False}
WINDOW = 400
"""Steps after which an untouched row stands still: (0.9 / √0.999)^400 is 6e-19."""
CHUNK = 4096
MOST = 3
"""A batch that holds more than one in so many of the tokens has the whole table moved: that saves copies."""


class Learner(Protocol):
    """Trains one model with Adam (Kingma and Ba 2015)."""

    def embed(self, queries: TokenRows, items: TokenRows) -> tuple[Tensor, Tensor]:
        """Vectors of length 1 that the gradient flows through, [n_queries, dim] and [n_items, dim]."""
        ...

    def update(self, rate: float) -> None:
        """One step of Adam with the gradients of the last `embed`, which `backward` has filled."""
        ...

    def settle(self) -> None:
        """Bring the model's weights up to date: from here to the next `embed` they may be read."""
        ...

    def state(self) -> dict[str, Any]:
        """All that decides the steps to come, weights included; after `settle`."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        ...


def learner(model: SentenceTransformer) -> Learner:
    """The fastest that fits the model."""
    routes = model[0].sub_modules
    plain = all(len(routes[side]) == 1 and hasattr(routes[side][0], "embedding") for side in ("query", "document"))
    bare = [type(module).__name__ for module in list(model.children())[1:]] == ["Normalize"]
    return StaticLearner(model) if plain and bare else ModuleLearner(model)


class ModuleLearner:
    """Any modules, through their own forward and torch's Adam."""

    def __init__(self, model: SentenceTransformer) -> None:
        import torch

        self._model = model
        self._optimizer = torch.optim.Adam(model.parameters(), betas=(BETA_1, BETA_2), eps=EPSILON, fused=True)

    def embed(self, queries: TokenRows, items: TokenRows) -> tuple[Tensor, Tensor]:
        """Vectors of both sides."""
        return self._encode("query", queries), self._encode("document", items)

    def _encode(self, side: str, rows: TokenRows) -> Tensor:
        vectors: Tensor = self._model(features(self._model, side, rows), task=side)["sentence_embedding"]
        return vectors

    def update(self, rate: float) -> None:
        """One step."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad()

    def settle(self) -> None:
        """Nothing: every step moves every weight."""

    def state(self) -> dict[str, Any]:
        """Weights and moments."""
        return {"model": self._model.state_dict(), "optimizer": self._optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put them back."""
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])


def features(model: SentenceTransformer, side: str, rows: TokenRows) -> dict[str, Tensor]:
    """Rows in the form that the route's first module reads: flat with offsets, or padded with a mask."""
    import torch

    ids = torch.from_numpy(rows.ids.astype(np.int64))
    if hasattr(model[0].sub_modules[side][0], "embedding"):
        return {"input_ids": ids, "offsets": torch.from_numpy(rows.starts[:-1])}
    sequences = torch.split(ids, rows.lengths.tolist())
    ones = [torch.ones_like(sequence) for sequence in sequences]
    pad = torch.nn.utils.rnn.pad_sequence
    padding = int(getattr(model[0].sub_modules[side][0].tokenizer, "pad_token_id", None) or 0)
    return {
        "input_ids": pad(sequences, batch_first=True, padding_value=padding),
        "attention_mask": pad(ones, batch_first=True),
    }


class StaticLearner:
    """Static towers, tied or not: only the token vectors of a batch are read and moved.

    A dense step over 50,000 token vectors costs more than all the rest of the batch.
    """

    def __init__(self, model: SentenceTransformer) -> None:
        query, item = (model[0].sub_modules[side][0].embedding.weight for side in ("query", "document"))
        self._query = Table(query)
        self._item = self._query if item is query else Table(item)

    def embed(self, queries: TokenRows, items: TokenRows) -> tuple[Tensor, Tensor]:
        """Vectors of both sides."""
        if self._query is not self._item:
            return self._query.vectors(queries), self._item.vectors(items)
        both = self._query.vectors(joined(queries, items))
        return both[: len(queries)], both[len(queries) :]

    def update(self, rate: float) -> None:
        """One step."""
        for table in self._tables:
            table.update(rate)

    def settle(self) -> None:
        """Every row of every table."""
        for table in self._tables:
            table.settle()

    def state(self) -> dict[str, Any]:
        """Weights and moments."""
        return {"tables": [table.state() for table in self._tables]}

    def restore(self, state: dict[str, Any]) -> None:
        """Put them back."""
        for table, held in zip(self._tables, state["tables"], strict=True):
            table.restore(held)

    @property
    def _tables(self) -> list[Table]:
        return [self._query] if self._query is self._item else [self._query, self._item]


@dataclass(frozen=True, slots=True)
class _Batch:
    """What a table handed out, until its step is made."""

    tokens: NDArray[np.int64]
    """The distinct tokens, [n_tokens]."""
    places: NDArray[np.int64]
    """Which of them each token of the rows is, [n_ids]."""
    rows: TokenRows
    means: Tensor
    """[n_rows, dim]"""
    weights: Tensor
    """Of the tokens, as `m` and `v`, [n_tokens, dim]."""
    m: Tensor
    v: Tensor

    def gradient(self) -> Tensor:
        """Sum over each token's rows of their mean's gradient over their length, [n_tokens, dim].

        That, too, is a bag of vectors, with tokens and rows swapped: four times as fast as torch's backward of a bag.
        """
        import torch
        from torch.nn.functional import embedding_bag

        lengths = self.rows.lengths
        # NumPy sorts 16-bit numbers in one sweep.
        small = self.places.astype(np.uint16) if len(self.tokens) <= 1 << 16 else self.places
        order = np.argsort(small, kind="stable")
        starts = np.zeros(len(self.tokens), np.int64)
        np.cumsum(np.bincount(self.places, minlength=len(self.tokens))[:-1], out=starts[1:])
        each = np.repeat(np.arange(len(lengths)), lengths)[order]
        share = torch.from_numpy((1 / np.maximum(lengths, 1)).astype(np.float32))[:, None]
        swapped: Tensor = embedding_bag(
            torch.from_numpy(each), self.means.grad * share, torch.from_numpy(starts), mode="sum"
        )
        return swapped


class Table:
    """Token vectors under Adam, in which a row's steps without gradient are made when it is next needed.

    Dense Adam moves a row also while its gradient is 0, by its momentum: after step t, step s > t moves it by

        a_s · r^(s − t) · m_t / (√v_t + ε √(1 − β₂^t)),    a_s = rate_s √(1 − β₂^s) / (1 − β₁^s),    r = β₁ / √β₂

    with m and v as they were at t (ε is taken at t, too: it is small beside √v). So what a row is owed is a vector
    times a number that hangs on t alone, the sum of a_s · r^(s − t). The result is dense Adam's but for rounding,
    where gradients are not as small as ε.
    """

    def __init__(self, weight: Tensor) -> None:
        import torch

        self._weight = weight.detach()
        self._m, self._v = torch.zeros_like(self._weight), torch.zeros_like(self._weight)
        self._n_steps = 0
        self._last = np.zeros(len(weight), np.int64)
        """Step up to which each row is, [vocabulary]."""
        self._owed = np.zeros(1)
        """Sum of a_s · r^(s − t) over the steps since t, for t from 0 to now, [n_steps + 1]."""
        self._place = np.zeros(len(weight), np.int64)
        self._batch: _Batch | None = None

    def vectors(self, rows: TokenRows) -> Tensor:
        """Mean of each row's token vectors, of length 1, [n, dim]; 0 for a row without tokens."""
        import torch
        from torch.nn.functional import embedding_bag, normalize

        there = np.zeros(len(self._last), np.bool_)
        there[rows.ids] = True
        tokens = np.flatnonzero(there)
        if len(tokens) * MOST > len(there):
            tokens = np.arange(len(there))
        self._place[tokens] = np.arange(len(tokens))
        places = self._place[rows.ids]
        weights, m, v = self._caught_up(tokens)
        means = embedding_bag(torch.from_numpy(places), weights, torch.from_numpy(rows.starts[:-1]), mode="mean")
        means.requires_grad_()
        self._batch = _Batch(tokens, places, rows, means, weights, m, v)
        return normalize(means, dim=1)

    def update(self, rate: float) -> None:
        """One step of Adam on the rows of the last `vectors`."""
        import torch
        from torch.optim.adam import adam

        self._n_steps += 1
        n = self._n_steps
        batch, self._batch = self._batch, None
        if batch is not None and batch.means.grad is not None:
            gradient = batch.gradient()
            step = torch.tensor(float(n - 1))  # which the function below counts up
            moments = [batch.m], [batch.v]
            adam([batch.weights], [gradient], *moments, [], [step], fused=True, amsgrad=False, lr=rate, **_ADAM)
            self._put(batch.tokens, batch.weights, batch.m, batch.v)
        first = max(0, n - WINDOW)
        a = rate * math.sqrt(1 - BETA_2**n) / (1 - BETA_1**n)
        self._owed[first:] += a * (BETA_1 / math.sqrt(BETA_2)) ** (n - np.arange(first, n))
        self._owed = np.append(self._owed, 0.0)

    def settle(self) -> None:
        """Bring every row up to now."""
        behind = np.flatnonzero(self._last < self._n_steps)
        for start in range(0, len(behind), CHUNK):
            tokens = behind[start : start + CHUNK]
            self._put(tokens, *self._caught_up(tokens))

    def _caught_up(self, tokens: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """The rows' vectors, m and v as dense Adam has them now: copies, or the tables when all rows are asked for."""
        import torch

        tables, last = (self._weight, self._m, self._v), self._last[tokens]
        whole = len(tokens) == len(self._last)
        weights, m, v = tables if whole else (table[torch.from_numpy(tokens)] for table in tables)
        late = self._n_steps - last

        def column(values: NDArray[np.floating[Any]]) -> Tensor:
            return torch.from_numpy(values.astype(np.float32))[:, None]

        if late.any():
            scale = v.sqrt().add_(column(np.maximum(EPSILON * np.sqrt(1 - BETA_2**last), 1e-30)))
            weights.sub_((m / scale).mul_(column(self._owed[last])))
            m.mul_(column(BETA_1**late))
            v.mul_(column(BETA_2**late))
        if whole:
            self._last[:] = self._n_steps
        return weights, m, v

    def _put(self, tokens: NDArray[np.int64], weights: Tensor, m: Tensor, v: Tensor) -> None:
        import torch

        if weights is not self._weight:
            rows = torch.from_numpy(tokens)
            for table, part in ((self._weight, weights), (self._m, m), (self._v, v)):
                table.index_copy_(0, rows, part)
        self._last[tokens] = self._n_steps

    def state(self) -> dict[str, Any]:
        """Weights and moments."""
        return {"weight": self._weight, "m": self._m, "v": self._v, "n_steps": self._n_steps}

    def restore(self, state: dict[str, Any]) -> None:
        """Put them back."""
        for whole, name in ((self._weight, "weight"), (self._m, "m"), (self._v, "v")):
            whole.copy_(state[name])
        self._n_steps = int(state["n_steps"])
        self._last[:] = self._n_steps
        self._owed = np.zeros(self._n_steps + 1)
