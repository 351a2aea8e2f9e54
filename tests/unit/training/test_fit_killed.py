"""Trainings that are killed, run out of disk, or find what another one left; then run again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_log import WHOLE, evidence, trained

from semsearch.errors import SemsearchError
from semsearch.towers.schema.reading import parse_schema
from semsearch.training.fit import Fitted, Source

pytest.importorskip("torch")

LEARNING = "learning from the log"
SIMILAR = {
    "query": {"of": "item", "features": {"title": {"type": "text"}}},
    "item": {"features": {"listing": {"type": "text", "transform": "listing"}}},
}


class Killed(Exception):
    pass


def killer(what: str, at: int) -> Callable[[str, int, int], None]:
    """Progress that ends the run at one step of one part."""

    def progress(name: str, done: int, _total: int) -> None:
        if name == what and done == at:
            raise Killed

    return progress


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fitted, Path]:
    folder = tmp_path_factory.mktemp("unbroken") / "model"
    return trained(folder), folder


def curve(fitted: Fitted) -> list[tuple]:
    return [(e["epoch"], e["recall"], e.get("loss")) for e in fitted.card.metrics["behaviour"]["curve"]]


@pytest.mark.parametrize(("what", "at"), [("training", 50), (LEARNING, 3), (LEARNING, 40), (LEARNING, 80)])
def test_a_killed_run_that_is_taken_up_equals_an_unbroken_one(
    what: str, at: int, unbroken: tuple[Fitted, Path], tmp_path: Path
) -> None:
    source = Source(evidence=WHOLE, unfinished=tmp_path / "unfinished")
    with pytest.raises(Killed):
        trained(tmp_path / "m", source, killer(what, at))
    told: list[str] = []
    fitted = trained(tmp_path / "m", source, lambda name, *_: told.append(name))
    assert fitted.card.encoder_id == unbroken[0].card.encoder_id
    assert curve(fitted) == curve(unbroken[0])
    assert "started_anew" not in fitted.card.metrics
    assert ("training" in told) == (what == "training")  # what the catalogue taught is not learned twice
    n_passed = unbroken[0].card.metrics["behaviour"]["n_steps"] // 3
    resumed = fitted.card.metrics["behaviour"]["resumed_at"]
    assert resumed == ((at - 1) // n_passed * n_passed if what == LEARNING else 0)


def test_another_run_starts_anew_and_says_so(unbroken: tuple[Fitted, Path], tmp_path: Path) -> None:
    source = Source(evidence=WHOLE, unfinished=tmp_path / "unfinished")
    with pytest.raises(Killed):
        trained(tmp_path / "m", source, killer(LEARNING, 80), seed=1)
    told: list[str] = []
    fitted = trained(tmp_path / "m", source, lambda name, *_: told.append(name))
    assert fitted.card.encoder_id == unbroken[0].card.encoder_id
    assert fitted.card.metrics["started_anew"] is True
    assert fitted.card.metrics["behaviour"]["resumed_at"] == 0
    assert any("dropped" in name for name in told)


def test_a_checkpoint_of_another_schema_is_not_used(tmp_path: Path) -> None:
    kept = tmp_path / "unfinished"
    with pytest.raises(Killed):
        trained(tmp_path / "m", Source(evidence=WHOLE, unfinished=kept), killer(LEARNING, 80))
    other = Source(parse_schema(SIMILAR), evidence(side="item"), unfinished=kept)
    assert trained(tmp_path / "m", other).card.metrics["started_anew"] is True


def test_a_full_disk_leaves_the_run_to_be_taken_up(
    unbroken: tuple[Fitted, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    save, n = torch.save, 0

    def full(*arguments: Any) -> None:
        nonlocal n
        n += 1
        if n == 2:
            raise OSError(28, "No space left on device")
        save(*arguments)

    source = Source(evidence=WHOLE, unfinished=tmp_path / "unfinished")
    monkeypatch.setattr("torch.save", full)
    with pytest.raises(SemsearchError, match="No space left") as caught:
        trained(tmp_path / "m", source)
    assert "free some disk space" in caught.value.next_step
    fitted = trained(tmp_path / "m", source)
    assert fitted.card.encoder_id == unbroken[0].card.encoder_id
    assert fitted.card.metrics["behaviour"]["resumed_at"] > 0
