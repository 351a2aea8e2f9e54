from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from semsearch.towers.losses import Candidates, SampledSoftmax

QUERIES = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
SHARED = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, -1.0]])
# Cosines: row 0: 1, 0.6, 0; row 1: 0, 0.8, −1. Column 0 is row 0's own item, column 1 row 1's.


def soft(own: float, *others: float) -> float:
    return math.log(sum(map(math.exp, (own, *others)))) - own


def test_softmax_of_cosines_over_temperature() -> None:
    loss, n_right = SampledSoftmax(0.5)(QUERIES, Candidates(SHARED))
    assert loss.item() == pytest.approx((soft(2, 1.2, 0) + soft(1.6, 0, -2)) / 2, rel=1e-6)
    assert n_right == 2


def test_pair_weights_make_a_weighted_mean() -> None:
    loss, _ = SampledSoftmax(0.5)(QUERIES, Candidates(SHARED), torch.tensor([3.0, 1.0]))
    assert loss.item() == pytest.approx((3 * soft(2, 1.2, 0) + soft(1.6, 0, -2)) / 4, rel=1e-6)


def test_masked_columns_do_not_count() -> None:
    masked = (torch.tensor([0, 1]), torch.tensor([1, 2]))
    loss, _ = SampledSoftmax(0.5)(QUERIES, Candidates(SHARED, masked=masked))
    assert loss.item() == pytest.approx((soft(2, 0) + soft(1.6, 0)) / 2, rel=1e-6)


def test_log_q_is_subtracted_after_the_temperature_from_all_or_from_negatives_only() -> None:
    q = [0.5, 0.25, 0.125]
    a, b, c = (-math.log(p) for p in q)
    candidates = Candidates(SHARED, log_q=torch.tensor(q).log())
    both, _ = SampledSoftmax(0.5)(QUERIES, candidates)
    assert both.item() == pytest.approx((soft(2 + a, 1.2 + b, c) + soft(1.6 + b, a, c - 2)) / 2, rel=1e-6)
    negatives, _ = SampledSoftmax(0.5, correct_positive=False)(QUERIES, candidates)
    assert negatives.item() == pytest.approx((soft(2, 1.2 + b, c) + soft(1.6, a, c - 2)) / 2, rel=1e-6)


def test_hard_items_count_for_their_own_row_only() -> None:
    hard = torch.tensor([[0.8, 0.6], [-1.0, 0.0]])
    places = torch.tensor([[1, 0], [-1, 0]])
    plain, n_right = SampledSoftmax(0.5)(QUERIES, Candidates(SHARED, hard=hard, places=places))
    assert plain.item() == pytest.approx((soft(2, 1.2, 0, -2, 1.6) + soft(1.6, 0, -2, 1.2)) / 2, rel=1e-6)
    assert n_right == 2
    q, r = 0.25, 0.125
    corrected = Candidates(
        SHARED, log_q=torch.zeros(3), hard=hard, places=places, hard_log_q=torch.tensor([[r, q], [1.0, q]]).log()
    )
    loss, _ = SampledSoftmax(0.5)(QUERIES, corrected)
    a, b = -math.log(q), -math.log(r)
    assert loss.item() == pytest.approx((soft(2, 1.2, 0, b - 2, a + 1.6) + soft(1.6, 0, -2, a + 1.2)) / 2, rel=1e-6)


@pytest.mark.parametrize("correct_positive", [True, False])
def test_the_gradient_is_that_of_the_loss(correct_positive: bool) -> None:
    rng = np.random.default_rng(1)

    def made(*shape: int) -> torch.Tensor:
        return normalize(torch.tensor(rng.standard_normal(shape)), dim=1).requires_grad_()

    places = torch.tensor([[0, 3], [-1, 2], [1, -1], [-1, -1]])
    masked = (torch.tensor([0, 2]), torch.tensor([1, 5]))
    log_q, hard_log_q = torch.tensor(rng.random(6)).log(), torch.tensor(rng.random((4, 2))).log()
    loss = SampledSoftmax(0.3, correct_positive, lengths=(2, 1))
    weights = torch.tensor([1.0, 0.5, 2.0, 0.1], dtype=torch.float64)

    def of(queries: torch.Tensor, shared: torch.Tensor, hard: torch.Tensor) -> torch.Tensor:
        return loss(queries, Candidates(shared, masked, log_q, hard, places, hard_log_q), weights)[0]

    assert torch.autograd.gradcheck(of, (made(4, 3), made(6, 3), made(4, 3)))


def test_a_row_is_right_when_its_own_cosine_is_above_all_others() -> None:
    tie = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert SampledSoftmax(0.5)(QUERIES, Candidates(tie))[1] == 0
    masked = (torch.tensor([0]), torch.tensor([1]))
    assert SampledSoftmax(0.5)(QUERIES, Candidates(tie, masked=masked))[1] == 1


def test_shorter_lengths_are_normalised_again_and_count_as_much() -> None:
    loss, _ = SampledSoftmax(0.5, lengths=(1,))(QUERIES, Candidates(SHARED))
    whole = (soft(2, 1.2, 0) + soft(1.6, 0, -2)) / 2
    # first numbers alone: query 1, 0; items 1, 1, 0
    first = (soft(2, 2, 0) + soft(0, 0, 0)) / 2
    assert loss.item() == pytest.approx((whole + first) / 2, rel=1e-6)


def test_with_everything_off_it_is_multiple_negatives_ranking_loss() -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    rng = np.random.default_rng(0)
    sides = [torch.tensor(rng.standard_normal((8, 5)), requires_grad=True) for _ in range(2)]
    queries, items = (normalize(side, dim=1) for side in sides)
    theirs = MultipleNegativesRankingLoss(SentenceTransformer(modules=[torch.nn.Identity()], device="cpu"), scale=20.0)
    expected = theirs.compute_loss_from_embeddings([queries, items], labels=None)
    ours, _ = SampledSoftmax(0.05)(queries, Candidates(items))
    assert ours.item() == pytest.approx(expected.item(), rel=1e-12)
    for a, b in zip(
        torch.autograd.grad(ours, sides, retain_graph=True), torch.autograd.grad(expected, sides), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)
