from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.towers.distil import UNKNOWN, SoftTargets, taught_directions

EYE = np.eye(2, dtype=np.float32)
ROWS = np.array([0, 1])


def targets(known: list[int], **settings: float) -> SoftTargets:
    return SoftTargets(EYE, np.array(known), EYE, **{"weight": 1.0, "temperature": 1.0} | settings)


def test_the_loss_is_the_cross_entropy_of_two_softmaxes() -> None:
    flat = torch.full((2, 2), math.sqrt(0.5))  # the student sees no difference: ½ and ½
    assert targets([0, 1])(ROWS, ROWS, flat, flat).item() == pytest.approx(math.log(2))
    # A student that agrees with the teacher's cosines (1 and 0) is left with the teacher's own entropy.
    t = math.e / (math.e + 1)
    entropy = -t * math.log(t) - (1 - t) * math.log(1 - t)
    agreed = torch.eye(2)
    assert targets([0, 1])(ROWS, ROWS, agreed, agreed).item() == pytest.approx(entropy)
    assert targets([0, 1], weight=3.0)(ROWS, ROWS, agreed, agreed).item() == pytest.approx(3 * entropy)


def test_a_query_that_the_teacher_never_read_adds_nothing() -> None:
    flat = torch.full((2, 2), math.sqrt(0.5))
    assert targets([0, UNKNOWN])(ROWS, ROWS, flat, flat).item() == pytest.approx(math.log(2) / 2)
    nothing = targets([UNKNOWN, UNKNOWN])(ROWS, ROWS, flat.requires_grad_(), flat)
    assert nothing.item() == 0


def test_the_rows_of_a_batch_find_their_vectors() -> None:
    """Query rows 1, 0 are the teacher's 0, 1; items 1, 0: the teacher pairs the first query with the second item."""
    agreed = torch.eye(2)
    crossed = targets([1, 0])(np.array([1, 0]), np.array([1, 0]), agreed, agreed.flip(0))
    straight = targets([0, 1])(ROWS, ROWS, agreed, agreed)
    assert crossed.item() == pytest.approx(straight.item())


def test_the_gradient_pulls_the_student_to_the_teacher() -> None:
    angles = torch.tensor([0.7, 0.8, 0.9, 0.6], requires_grad=True)
    learn = targets([0, 1], temperature=0.2)
    for _ in range(300):
        vectors = torch.stack([angles.cos(), angles.sin()], dim=1)
        loss = learn(ROWS, ROWS, vectors[:2], vectors[2:])
        (gradient,) = torch.autograd.grad(loss, angles)
        angles = (angles - 0.1 * gradient).detach().requires_grad_()
    cosines = (vectors[:2] @ vectors[2:].T).detach()
    gaps = cosines.diagonal() - torch.stack([cosines[0, 1], cosines[1, 0]])
    assert gaps.numpy() == pytest.approx([1, 1], abs=0.05)  # the teacher's gap between its two items


def test_vectors_of_two_teachers_are_refused() -> None:
    with pytest.raises(UsageError, match="do not fit"):
        SoftTargets(EYE, np.array([0]), np.ones((3, 5), np.float32))
    with pytest.raises(UsageError, match="do not fit"):
        targets([0, 2])


@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 3))
def test_any_teacher_starts_a_student_of_any_width(dim: int, width: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((20, dim)).astype(np.float32)
    vectors[3] = 0
    start = taught_directions(vectors, width, seed)
    assert start.shape == (20, width)
    assert start.dtype == np.float32
    assert np.isfinite(start).all()
    np.testing.assert_array_equal(start, taught_directions(vectors, width, seed))


def test_tokens_start_alike_when_the_teacher_says_so() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((100, 8)).astype(np.float32)
    vectors[1] = vectors[0]
    vectors[2] = 0
    start = taught_directions(vectors, 2048, 0)
    start /= np.linalg.norm(start, axis=1, keepdims=True)
    assert start[0] @ start[1] == pytest.approx(0.5, abs=0.06)  # one half of the start is the teacher's
    assert abs(start[2] @ start[0]) < 0.1


def test_nothing_known_starts_random() -> None:
    start = taught_directions(np.zeros((30, 4), np.float32), 16, 0)
    assert start.std() == pytest.approx(1, abs=0.1)
