"""Which pass is kept and when a training ends; the judge's recalls stand in the tests."""

from __future__ import annotations

import math
from typing import Any

import pytest

from semsearch.towers.loop import EpochFacts
from semsearch.training.judge import Watch

torch = pytest.importorskip("torch")


class Told:
    """A judge that says what it was told to say; NaN: it has too few questions."""

    def __init__(self, *recalls: float) -> None:
        self._recalls = iter(recalls)
        self.able = not math.isnan(recalls[0])

    def recall(self, _model: Any) -> float:
        return next(self._recalls)


def model() -> Any:
    """One weight, which each pass of `watched` sets to its number."""
    return torch.nn.Linear(1, 1, bias=False)


def watched(recalls: list[float], patience: int) -> tuple[Watch, Any, int]:
    """Watch one pass after the other until it says stop; the passes that there were."""
    towers, n = model(), 0
    torch.nn.init.constant_(towers.weight, 0.0)
    watch = Watch(Told(*recalls), patience, {})  # type: ignore[arg-type]
    watch.begin(towers)
    for n in range(1, len(recalls)):
        torch.nn.init.constant_(towers.weight, float(n))
        if watch(n, towers, EpochFacts(n, 10 * n, 1 / n, 0.5, float(n))):
            break
    watch.restore(towers)
    return watch, towers, n


def test_the_best_pass_is_kept_and_patience_ends_the_training() -> None:
    watch, towers, n_passes = watched([0.1, 0.3, 0.5, 0.4, 0.5, 0.9], patience=2)
    assert (n_passes, watch.best_epoch, towers.weight.item()) == (4, 2, 2.0)  # an equal pass is no gain
    assert [entry["recall"] for entry in watch.curve] == [0.1, 0.3, 0.5, 0.4, 0.5]
    assert watch.curve[0] == {"epoch": 0, "recall": 0.1}
    assert watch.curve[1] == {"epoch": 1, "loss": 1.0, "accuracy": 0.5, "seconds": 1.0, "recall": 0.3}


def test_the_start_is_kept_when_no_pass_gains() -> None:
    watch, towers, n_passes = watched([0.5, 0.4, 0.4, 0.4, 0.4], patience=3)
    assert (n_passes, watch.best_epoch, towers.weight.item()) == (3, 0, 0.0)


def test_without_questions_enough_the_last_pass_is_kept() -> None:
    watch, towers, n_passes = watched([math.nan] * 5, patience=1)
    assert (n_passes, watch.best_epoch, towers.weight.item()) == (4, 4, 4.0)


def test_what_it_remembers_can_be_put_away_and_taken_up() -> None:
    recalls = [0.1, 0.5, 0.3, 0.2]
    whole, _, _ = watched(recalls, patience=2)
    memory: dict[str, Any] = {}
    towers = model()
    torch.nn.init.constant_(towers.weight, 0.0)
    first = Watch(Told(0.1, 0.5), 2, memory)  # type: ignore[arg-type]
    first.begin(towers)
    torch.nn.init.constant_(towers.weight, 1.0)
    assert not first(1, towers, EpochFacts(1, 10, 1.0, 0.5, 1.0))
    kept = dict(memory)
    again: dict[str, Any] = {}
    second = Watch(Told(0.7, 0.3, 0.2), 2, again)  # type: ignore[arg-type]
    second.begin(model())  # a resumed run begins anew, and only then reads what was kept
    again.clear()
    again.update(kept)
    assert not second(2, towers, EpochFacts(2, 20, 0.5, 0.5, 2.0))
    assert second(3, towers, EpochFacts(3, 30, 1 / 3, 0.5, 3.0))
    second.restore(towers)
    assert (second.curve, second.best_epoch) == (whole.curve, whole.best_epoch)
    assert towers.weight.item() == 1.0
