"""A few rounds of bench/kills.py; the bench itself makes more than a hundred."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.kills import kill_rounds, prepare

pytest.importorskip("torch")


def test_killed_commands_leave_the_last_release_serving(tmp_path: Path) -> None:
    made, took = prepare(tmp_path / "market")
    quick = {name: seconds for name, seconds in took.items() if name != "train"}
    rounds = kill_rounds(made, quick, n_kills=5, seed=1)
    assert sum(rounds.killed.values()) == 5
    assert rounds.failures == []


def test_the_check_sees_a_damaged_release(tmp_path: Path) -> None:
    made, _ = prepare(tmp_path / "market")
    assert made.check() == ""
    release = next((tmp_path / "market" / "releases").iterdir())
    (release / "rows.jsonl").write_bytes(b"")
    assert "rows.jsonl" in made.check()
