from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import embedding_bag, normalize

from semsearch.towers.features import TokenRows
from semsearch.towers.learners import Table


def rows(*lists: list[int]) -> TokenRows:
    return TokenRows(np.array([i for some in lists for i in some], np.int32), np.cumsum([0, *map(len, lists)]))


def train_both(batches: list[TokenRows], n_tokens: int, rate: float) -> tuple[torch.Tensor, torch.Tensor, Table]:
    """The same batches, gradients and rates through a table and through torch's dense Adam."""
    start = torch.tensor(np.random.default_rng(0).standard_normal((n_tokens, 4), np.float32))
    held, dense = start.clone(), torch.nn.Parameter(start.clone())
    table, adam = Table(held), torch.optim.Adam([dense])
    for number, batch in enumerate(batches):
        pull = torch.tensor(np.random.default_rng(number).standard_normal((len(batch), 4), np.float32))
        adam.param_groups[0]["lr"] = falling = rate * (1 - number / len(batches))
        (table.vectors(batch) * pull).sum().backward()
        table.update(falling)
        adam.zero_grad(set_to_none=False)
        bags = embedding_bag(
            torch.from_numpy(batch.ids).long(), dense, torch.from_numpy(batch.starts[:-1]), mode="mean"
        )
        (normalize(bags, dim=1) * pull).sum().backward()
        adam.step()
    table.settle()
    return held, dense.detach(), table


def test_rows_that_rest_end_where_dense_adam_has_them() -> None:
    rng = np.random.default_rng(0)
    often = 1 / np.arange(1, 31) ** 1.5
    batches = [rows(*(rng.choice(30, (3, 2), p=often / often.sum()).tolist())) for _ in range(500)]
    ours, theirs, _ = train_both(batches, 30, 0.02)
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.lists(st.integers(0, 4), max_size=3), min_size=1, max_size=3), min_size=1, max_size=12))
def test_any_batches_end_where_dense_adam_has_them(lists: list[list[list[int]]]) -> None:
    ours, theirs, _ = train_both([rows(*batch) for batch in lists], 5, 0.01)
    # a gradient as small as Adam's epsilon is where the two differ; twelve steps go up to 0.1
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=3e-3)


def test_a_token_that_no_batch_held_does_not_move() -> None:
    ours, theirs, _ = train_both([rows([0, 1], [1])] * 9, 3, 0.1)
    assert torch.equal(ours[2], theirs[2])
    assert not torch.allclose(ours[1], torch.tensor(np.random.default_rng(0).standard_normal((3, 4), np.float32))[1])


def test_a_row_without_tokens_is_zero() -> None:
    vectors = Table(torch.ones(2, 4)).vectors(rows([], [1]))
    assert vectors.tolist() == [[0.0] * 4, [0.5] * 4]


def test_a_table_goes_on_from_its_state() -> None:
    rng = np.random.default_rng(1)
    batches = [rows(rng.integers(0, 6, 3).tolist()) for _ in range(8)]
    _, _, table = train_both(batches, 6, 0.05)
    state = {name: value.clone() if hasattr(value, "clone") else value for name, value in table.state().items()}
    other = Table(torch.zeros(6, 4))
    other.restore(state)
    for one in (table, other):
        one.vectors(batches[0]).sum().backward()
        one.update(0.01)
        one.settle()
    assert torch.equal(table.state()["weight"], other.state()["weight"])
    assert table.state()["n_steps"] == 9


@pytest.mark.parametrize("n_idle", [1, 500])
def test_steps_without_a_gradient_are_caught_up_however_many_they_are(n_idle: int) -> None:
    ours, theirs, _ = train_both([rows([0])] * 3 + [rows([1])] * n_idle, 2, 0.05)
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-3, atol=1e-4)
