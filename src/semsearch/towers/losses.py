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
from functools import cache
from typing import TYPE_CHECKING, Any

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
    """log Q of each row's own hard items, [B, h]: of being drawn from its list, not from batch or pool."""


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
        if weights is None:
            weights = queries.new_ones(len(queries))
        shares = weights / weights.sum()
        loss, n_right = self._loss(queries, candidates, shares)
        for length in self.lengths:
            loss = loss + self._loss(_prefix(queries, length), _shorter(candidates, length), shares)[0]
        return loss / (1 + len(self.lengths)), int(n_right)

    def _loss(self, queries: Tensor, candidates: Candidates, shares: Tensor) -> tuple[Tensor, Tensor]:
        hard = _hard_scores(queries, candidates)
        found: tuple[Tensor, Tensor] = _softmax().apply(queries, candidates.shared, hard, candidates, shares, self)
        return found


@cache
def _softmax() -> Any:
    """The loss of one length as a function of autograd; made when first needed, for torch is imported late.

    Written out because autograd would walk the [B, C] matrix twenty times; here it is one matrix, changed in place, and
    what is left of it is its own gradient: d loss / d cos_ij = share_i · (softmax_ij − [i = j]) / temperature.
    """
    import torch

    class Softmax(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(  # noqa: PLR0917
            ctx: Any,
            queries: Tensor,
            shared: Tensor,
            hard: Tensor | None,
            given: Candidates,
            shares: Tensor,
            loss: SampledSoftmax,
        ) -> tuple[Tensor, Tensor]:
            scores = queries @ shared.T
            if given.masked is not None:
                rows, columns = given.masked
                scores.view(-1).index_fill_(0, rows * len(shared) + columns, -torch.inf)
            if hard is not None:
                scores = torch.cat([scores, hard], dim=1)
            n_right = _n_right(scores)
            _correct(scores.div_(loss.temperature), given, loss.correct_positive)
            own, top = scores.diagonal().clone(), scores.amax(dim=1, keepdim=True)
            sums = scores.sub_(top).exp_().sum(dim=1)
            losses = top[:, 0] + sums.log() - own
            each = shares / loss.temperature
            scores.mul_((each / sums)[:, None]).diagonal().sub_(each)
            ctx.save_for_backward(queries, shared, scores)
            ctx.mark_non_differentiable(n_right)
            return losses @ shares, n_right

        @staticmethod
        def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
            queries, shared, gradient = ctx.saved_tensors
            of_shared = gradient[:, : len(shared)]
            of_hard = outer[0] * gradient[:, len(shared) :] if ctx.needs_input_grad[2] else None
            return outer[0] * (of_shared @ shared), outer[0] * (of_shared.T @ queries), of_hard, None, None, None

    return Softmax


def _n_right(scores: Tensor) -> Tensor:
    """Rows whose own score is above all others; `scores` is as before when it returns."""
    own = scores.diagonal().clone()
    scores.diagonal().fill_(float("-inf"))
    n_right = (own > scores.amax(dim=1)).sum()
    scores.diagonal().copy_(own)
    return n_right


def _correct(logits: Tensor, given: Candidates, correct_positive: bool) -> None:
    """Subtract log Q in place."""
    if given.log_q is None:
        return
    n_shared = len(given.shared)
    logits[:, :n_shared].sub_(given.log_q)
    if given.hard_log_q is not None:
        logits[:, n_shared:].sub_(given.hard_log_q)
    if not correct_positive:
        logits.diagonal().add_(given.log_q[: len(logits)])


def _hard_scores(queries: Tensor, candidates: Candidates) -> Tensor | None:
    """Cosines with the row's own hard items, −inf for none, [B, h]."""
    import torch

    if candidates.hard is None or candidates.places is None:
        return None
    chosen = candidates.hard[candidates.places.clamp(min=0)]
    return torch.einsum("bd,bhd->bh", queries, chosen).masked_fill(candidates.places < 0, -torch.inf)


def _shorter(candidates: Candidates, length: int) -> Candidates:
    hard = None if candidates.hard is None else _prefix(candidates.hard, length)
    return replace(candidates, shared=_prefix(candidates.shared, length), hard=hard)


def _prefix(vectors: Tensor, length: int) -> Tensor:
    from torch.nn.functional import normalize

    return normalize(vectors[:, :length], dim=1)
