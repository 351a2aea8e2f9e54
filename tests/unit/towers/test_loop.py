from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from semsearch.errors import UsageError
from semsearch.towers import loop
from semsearch.towers.batches import Pairs
from semsearch.towers.checkpoint import Checkpoint
from semsearch.towers.features import Ragged, TokenRows
from semsearch.towers.learners import ModuleLearner
from semsearch.towers.loop import Plan, Trained
from semsearch.towers.model import static_towers, tied
from semsearch.towers.negatives import Hard, Negatives

N = 40
PLAN = Plan(steps=20, batch=8, learning_rate=0.05, temperature=0.1, threads=1, log_q=True)
"""40 pairs in batches of 8: 5 steps a pass, 4 passes."""


def towers(seed: int = 0):
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    tokenizer = Tokenizer(WordLevel({str(i): i for i in range(2 * N)}, unk_token="0"))
    return static_towers(tokenizer, 16, np.ones(2 * N, np.int64), seed)


def made() -> tuple[Pairs, Negatives]:
    """Query i is the token i, item i the tokens N + i and one that four items share."""
    queries = TokenRows(np.arange(N, dtype=np.int32), np.arange(N + 1))
    ids = np.stack([N + np.arange(N), np.arange(N) // 4], axis=1).astype(np.int32)
    items = TokenRows(ids.ravel(), np.arange(0, 2 * N + 1, 2))
    each = np.arange(N)
    known = Ragged(each, np.arange(N + 1))
    hard = Ragged(np.repeat(each, 2).reshape(N, 2)[:, ::-1].ravel() ^ np.tile([1, 2], N), np.arange(0, 2 * N + 1, 2))
    pairs = Pairs(queries, items, each, each, np.linspace(0.5, 1, N, dtype=np.float32), each, known)
    return pairs, Negatives(each, 6, (Hard(hard, 1),))


def run(model, plan: Plan = PLAN, **options: object) -> Trained:
    pairs, negatives = made()
    given = {"clock": lambda: 0.0, "progress": lambda *_: None} | options
    return loop.train(model, pairs, negatives, plan, **given)


def weights(model) -> torch.Tensor:
    return model[0].sub_modules["query"][0].embedding.weight.detach().clone()


def ticking() -> Callable[[], float]:
    ticks = iter(range(1_000_000))
    return lambda: float(next(ticks))


def test_it_learns_and_says_how_far_it_is() -> None:
    seen: list[tuple[int, int]] = []
    done = run(towers(), replace(PLAN, steps=60), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 60) for i in range(1, 61)]
    assert (done.n_steps, done.n_pairs, done.ended_by) == (60, 12 * N, "steps")
    assert [facts.epoch for facts in done.epochs] == list(range(1, 13))
    assert done.epochs[-1].loss < done.epochs[0].loss
    assert done.epochs[-1].accuracy > 0.9
    assert done.epochs[1].loss == pytest.approx(np.mean(done.losses[5:10]))


@pytest.mark.parametrize("steps", [20, 18])
def test_a_killed_run_that_is_resumed_equals_an_unbroken_one(steps: int, tmp_path: Path) -> None:
    plan = replace(PLAN, steps=steps, warmup=3, hide=0.3, matryoshka=(4,))
    whole, broken, resumed = towers(), towers(), towers()
    unbroken = run(whole, plan)

    def killed(epoch: int, *_: object) -> bool:
        kept.memory["epoch"] = epoch
        if epoch == 3:
            raise KeyboardInterrupt
        return False

    kept = Checkpoint(tmp_path, "k", every_s=0)
    with pytest.raises(KeyboardInterrupt):
        run(broken, plan, on_epoch=killed, checkpoint=kept)
    again, epochs = Checkpoint(tmp_path, "k", every_s=0), []
    done = run(resumed, plan, on_epoch=lambda e, *_: epochs.append((e, again.memory["epoch"])), checkpoint=again)
    assert torch.equal(weights(resumed), weights(whole))
    assert done.losses == unbroken.losses
    assert done.epochs == unbroken.epochs
    assert (done.resumed_at, done.not_resumed, epochs) == (10, "", [(3, 2), (4, 2)])


def test_checkpoints_come_at_most_once_a_minute_and_only_those_of_this_run_count(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path, "k", every_s=11)
    run(towers(), checkpoint=kept, clock=ticking())  # a pass is 5 steps of a second: one is written after the third
    state = kept.read()[0]
    assert state is not None
    assert state["run"]["epoch"] == 3
    done = run(towers(), checkpoint=Checkpoint(tmp_path, "other"))
    assert (done.resumed_at, done.not_resumed) == (0, "another run")


def test_seconds_end_a_training_within_a_pass_and_the_callback_hears_of_it() -> None:
    heard = []
    plan = replace(PLAN, seconds=6.5)
    done = run(towers(), plan, clock=ticking(), on_epoch=lambda epoch, _, facts: heard.append((epoch, facts.n_steps)))
    assert done.ended_by == "seconds"
    assert heard == [(1, 5), (2, done.n_steps)]
    assert 5 < done.n_steps < 10


def test_the_callback_ends_a_training_and_sees_towers_that_stand() -> None:
    model, seen = towers(), []

    def stop(epoch: int, held, _: object) -> bool:
        assert not held.training
        seen.append(weights(held))
        return epoch == 2

    done = run(model, on_epoch=stop)
    assert (done.ended_by, done.n_steps, len(seen)) == ("stopped", 10, 2)
    assert torch.equal(seen[-1], weights(model))


def test_static_towers_end_where_dense_adam_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    touched, dense = towers(), towers()
    first = run(touched)
    monkeypatch.setattr(loop, "learner", ModuleLearner)
    second = run(dense)
    np.testing.assert_allclose(first.losses, second.losses, rtol=1e-3)
    torch.testing.assert_close(weights(touched), weights(dense), rtol=1e-2, atol=1e-3)


def test_same_seed_same_towers() -> None:
    first, second, third = towers(), towers(), towers()
    run(first)
    run(second)
    run(third, replace(PLAN, seed=1))
    assert torch.equal(weights(first), weights(second))
    assert not torch.equal(weights(first), weights(third))


def test_a_transformer_goes_through_the_same_loop() -> None:
    from sentence_transformers.sentence_transformer.modules import Pooling

    torch.manual_seed(0)
    model = tied([Words(2 * N), Pooling(16)])
    done = run(model, replace(PLAN, steps=60, learning_rate=0.02, hide=0.3))
    assert np.mean(done.losses[-5:]) < np.mean(done.losses[:5])


class Words(torch.nn.Module):
    """As a transformer to the loop: padded ids and a mask in, one vector a token out."""

    tokenizer = None

    def __init__(self, n: int) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(n, 16)

    def forward(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return features | {"token_embeddings": self.words(features["input_ids"])}


def test_pairs_that_cannot_be_learned_from() -> None:
    pairs, negatives = made()
    none = np.zeros(0, np.int64)
    empty = replace(pairs, query_rows=none, item_rows=none, weights=none.astype(np.float32))
    options = {"clock": lambda: 0.0, "progress": lambda *_: None}
    with pytest.raises(UsageError, match="no pair"):
        loop.train(towers(), empty, negatives, PLAN, **options)
    with pytest.raises(UsageError, match="Matryoshka"):
        run(towers(), replace(PLAN, matryoshka=(16,)))
    one = replace(pairs, query_rows=pairs.query_rows[:1], item_rows=pairs.item_rows[:1], weights=pairs.weights[:1])
    alone, model = weights(towers()), towers()
    done = loop.train(model, one, Negatives(), replace(PLAN, steps=3), **options)
    assert done.losses == (0.0, 0.0, 0.0)
    assert torch.equal(weights(model), alone)


def test_threads_and_products_are_as_before() -> None:
    before = torch.get_num_threads(), torch.backends.mkldnn.matmul.fp32_precision
    run(towers(), replace(PLAN, steps=1))
    assert (torch.get_num_threads(), torch.backends.mkldnn.matmul.fp32_precision) == before
