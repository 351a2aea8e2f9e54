"""Static towers that learn from a teacher: where they start, and what they are shown beside their pairs.

Two parts, both free of the teacher's length, tokenizer and language, for only its cosines reach the student:

- the start: the teacher's vector of each token's text, turned into its main directions (PCA) and weighted
  by rarity, as model2vec makes its models (Tulkens and van Dongen 2024); half of the start stays random, so that
  tokens which the teacher does not tell apart (numbers, model names) still differ;
- the soft targets: per batch, the softmax of the student's cosines between a query and the batch's items is drawn to
  that of the teacher's (Hinton, Vinyals, Dean 2015, 'Distilling the knowledge in a neural network'; over cosines in a
  batch as in Fang et al. 2021, 'SEED: self-supervised distillation for visual representation').
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import UsageError
from semsearch.towers.encoder import normalised

if TYPE_CHECKING:
    from torch import Tensor

WEIGHT = 2.0
"""Of the soft targets beside the loss of the pairs."""
TEMPERATURE = 0.05
"""What the cosines of teacher and student are divided by."""
UNKNOWN = -1
"""In `SoftTargets.known`: the teacher was not asked for this query."""


@dataclass(frozen=True, slots=True)
class SoftTargets:
    """What a teacher makes of the texts of a training run; a `Guide` of the loop.

    Raises UsageError when its parts do not fit each other.
    """

    queries: NDArray[np.float32]
    """The teacher's rows of the queries that it was asked for, [n_known, any], of length 1 (or 0)."""
    known: NDArray[np.int64]
    """Row in `queries` of each query row of the pairs, `UNKNOWN` for none, [n_query_rows]."""
    items: NDArray[np.float32]
    """The teacher's rows of the items, [n_items, any], of length 1 (or 0)."""
    weight: float = WEIGHT
    temperature: float = TEMPERATURE

    def __post_init__(self) -> None:
        fits = self.queries.shape[1] == self.items.shape[1] and self.known.max(initial=UNKNOWN) < len(self.queries)
        if not fits:
            raise UsageError(
                "The teacher's vectors do not fit the pairs.", "Next: encode queries and items with one teacher"
            )

    def __call__(
        self, query_rows: NDArray[np.int64], item_rows: NDArray[np.int64], queries: Tensor, items: Tensor
    ) -> Tensor:
        """The loss that is added for one batch of B pairs: `weight` · Σ over known rows of H(teacher, student) / B.

        H is the cross-entropy of two softmaxes over the batch's items, Σ_j t_ij · (−log s_ij); what it cannot
        fall below is the teacher's own entropy. `queries` and `items` are the student's vectors, [B, dim], of length 1.
        """
        import torch

        places = self.known[query_rows]
        rows = np.flatnonzero(places != UNKNOWN)
        if not len(rows):
            return queries.new_zeros(())
        asked, held = torch.from_numpy(self.queries[places[rows]]), torch.from_numpy(self.items[item_rows])
        wanted = asked @ held.T / self.temperature  # in torch, whose threads the loop sets
        logits = queries[torch.from_numpy(rows)] @ items.T / self.temperature
        entropies = -(wanted.softmax(dim=1) * logits.log_softmax(dim=1)).sum(dim=1)
        loss: Tensor = self.weight * entropies.sum() / len(query_rows)
        return loss


def taught_directions(vectors: NDArray[np.float32], width: int, seed: int) -> NDArray[np.float32]:
    """Where the tokens of a student of `width` start, [vocabulary, width]; each row about √width long.

    `vectors` are the teacher's rows of the tokens' texts, [vocabulary, any]. Their mean is what all texts have in
    common, so it goes; of the rest the first `width` principal directions stay. A token whose text is nothing to
    the teacher (a row of zeros) starts random.
    """
    known = np.linalg.norm(vectors, axis=1) > 0
    directions = np.zeros((len(vectors), width), np.float32)
    if known.any():
        centred = vectors[known] - vectors[known].mean(axis=0)
        axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)[1][:, ::-1][:, :width]
        turned = normalised((centred @ axes).astype(np.float32))
        directions[np.flatnonzero(known)[:, None], np.arange(axes.shape[1])] = turned * np.float32(np.sqrt(width))
    random = np.random.default_rng(seed).standard_normal((len(vectors), width), np.float32)
    mixed = (directions + random) / np.float32(np.sqrt(2))
    return np.where(known[:, None], mixed, random).astype(np.float32)
