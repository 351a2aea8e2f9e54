"""The loss of all towers: a softmax over sampled candidates, corrected for how they were sampled.

For row i with query q_i, own item d_i, weight w_i and candidates j (shared columns, and hard items of its own):

    s_ij = cos(q_i, d_j) / temperature − log Q_j
    loss = Σ_i w_i · (log Σ_j exp s_ij − s_ii) / Σ_i w_i

- the sampled softmax and its correction: Bengio and Senécal 2008, 'Adaptive importance sampling to accelerate training
  of a neural probabilistic language model'; Yi et al. 2019, 'Sampling-bias-corrected neural modeling for large corpus
  item recommendations' (there also pair weights, as rewards);
- Q of a mixture of in-batch and uniform negatives: Yang et al. 2020, 'Mixed negative sampling';
- the mean over prefixes of the vectors: Kusupati et al. 2022, 'Matryoshka representation learning'.

With everything off this is sentence-transformers' MultipleNegativesRankingLoss, which has no logQ, masks or weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Candidates:
    """What B queries are scored against. Column i of the shared ones is row i's own item."""

    shared: Tensor
    """[C, dim], C ≥ B, of length 1."""
    masked: tuple[Tensor, Tensor] | None = None
    """Rows and columns of [B, C] that do not count."""
    log_q: Tensor | None = None
    """log Q of the shared columns, [C]; none: no correction."""
    hard: Tensor | None = None
    """Vectors of hard items, [n_hard, dim], of length 1."""
    places: Tensor | None = None
    """Which of `hard` each row has, [B, h]; −1 for none."""
    hard_log_q: Tensor | None = None
    """log Q of `hard`, [n_hard]."""


@dataclass(frozen=True, slots=True)
class SampledSoftmax:
    """The loss above."""

    temperature: float
    correct_positive: bool = True
    """False: the row's own logit keeps its log Q, only the negatives lose theirs."""
    lengths: tuple[int, ...] = ()
    """Shorter lengths of the vectors that count as much as the whole length does, each re-normalised."""

    def __call__(self, queries: Tensor, candidates: Candidates, weights: Tensor | None = None) -> tuple[Tensor, int]:
        """The loss, and in how many rows the own item has the highest cosine (masked ones left out).

        `queries` [B, dim], of length 1; `weights` [B], above 0.
        """
        losses, n_right = self._losses(queries, candidates)
        for length in self.lengths:
            losses = losses + self._losses(_prefix(queries, length), _shorter(candidates, length))[0]
        losses = losses / (1 + len(self.lengths))
        if weights is None:
            return losses.mean(), n_right
        return (losses * weights).sum() / weights.sum(), n_right

    def _losses(self, queries: Tensor, candidates: Candidates) -> tuple[Tensor, int]:
        """Loss of each row, [B], and the number of rows whose own cosine is above all others."""
        scores, log_q = _scores(queries, candidates)
        own = scores.diagonal()
        n_right = int(((scores.detach() >= own.detach()[:, None]).sum(dim=1) == 1).sum())
        logits = scores / self.temperature
        if log_q is not None:
            logits = logits - log_q
            if not self.correct_positive:
                raw = logits.diagonal() + log_q.diagonal()
                logits = logits.diagonal_scatter(raw)
        return logits.logsumexp(dim=1) - logits.diagonal(), n_right


def _scores(queries: Tensor, candidates: Candidates) -> tuple[Tensor, Tensor | None]:
    """Cosines with all candidates, −inf where one does not count, [B, C + h]; and their log Q, which broadcasts."""
    import torch

    scores = queries @ candidates.shared.T
    if candidates.masked is not None:
        scores = scores.index_put(candidates.masked, scores.new_tensor(-torch.inf))
    log_q = None if candidates.log_q is None else candidates.log_q.expand_as(scores)
    if candidates.hard is None or candidates.places is None:
        return scores, log_q
    places = candidates.places.clamp(min=0)
    hard = torch.einsum("bd,bhd->bh", queries, candidates.hard[places])
    hard = hard.masked_fill(candidates.places < 0, -torch.inf)
    if log_q is not None and candidates.hard_log_q is not None:
        log_q = torch.cat([log_q, candidates.hard_log_q[places]], dim=1)
    return torch.cat([scores, hard], dim=1), log_q


def _shorter(candidates: Candidates, length: int) -> Candidates:
    hard = None if candidates.hard is None else _prefix(candidates.hard, length)
    return replace(candidates, shared=_prefix(candidates.shared, length), hard=hard)


def _prefix(vectors: Tensor, length: int) -> Tensor:
    from torch.nn.functional import normalize

    return normalize(vectors[:, :length], dim=1)
