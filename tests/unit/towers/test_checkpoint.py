from __future__ import annotations

from pathlib import Path

import pytest
import torch

from semsearch.errors import SemsearchError
from semsearch.towers.checkpoint import Checkpoint


def test_state_and_memory_come_back(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "run", "a", memory={"best": 0.5})
    kept.write({"weights": torch.arange(3.0), "losses": [1.0, 0.5]})
    fresh = Checkpoint(tmp_path / "run", "a", memory={"other": 1})
    state, why = fresh.read()
    assert state is not None
    assert (state["losses"], why, fresh.memory) == ([1.0, 0.5], "", {"best": 0.5})
    torch.testing.assert_close(state["weights"], torch.arange(3.0))
    assert Checkpoint(tmp_path / "other", "a").read() == (None, "no checkpoint")


def test_a_checkpoint_of_another_run_or_a_cut_one_is_not_used(tmp_path: Path) -> None:
    Checkpoint(tmp_path, "a", memory={"best": 1}).write({})
    other = Checkpoint(tmp_path, "b")
    assert other.read() == (None, "another run")
    assert other.memory == {}
    path = other.path
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"hello", whole[:-200] + bytes(200)):
        path.write_bytes(damaged)
        assert Checkpoint(tmp_path, "a").read() == (None, "damaged")


@pytest.mark.parametrize("place", ["while it is written", "when it is flushed"])
def test_a_full_disk_leaves_the_earlier_checkpoint(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Checkpoint(tmp_path, "a")
    kept.write({"n": 1})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save" if place == "while it is written" else "semsearch.files.flush_tree", full)
    with pytest.raises(SemsearchError, match="No space left") as caught:
        kept.write({"n": 2})
    assert "free some disk space" in caught.value.next_step
    monkeypatch.undo()
    assert kept.read()[0] == {"n": 1}
    assert [p.name for p in tmp_path.iterdir()] == [kept.path.name]
