"""A few rounds of bench/kills.py; the bench itself makes more than a hundred."""

from __future__ import annotations

import shutil
from copy import deepcopy
from pathlib import Path

import pytest
from bench.kills import Market, kill_rounds, prepare

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Market, dict[str, float]]:
    """Copied by each test: its commands take some 15 s."""
    return prepare(tmp_path_factory.mktemp("kills") / "market")


@pytest.fixture
def made(prepared: tuple[Market, dict[str, float]], tmp_path: Path) -> Market:
    copied = deepcopy(prepared[0])
    copied.root = Path(shutil.copytree(copied.root, tmp_path / "market"))
    return copied


def test_killed_commands_leave_the_last_release_serving(
    made: Market, prepared: tuple[Market, dict[str, float]]
) -> None:
    took = prepared[1]
    quick = {name: seconds for name, seconds in took.items() if name != "train"}
    rounds = kill_rounds(made, quick, n_kills=5, seed=1)
    assert sum(rounds.killed.values()) == 5
    assert rounds.failures == []


def test_the_check_sees_a_damaged_release(made: Market) -> None:
    assert made.check() == ""
    release = next((made.root / "releases").iterdir())
    (release / "rows.jsonl").write_bytes(b"")
    assert "rows.jsonl" in made.check()
