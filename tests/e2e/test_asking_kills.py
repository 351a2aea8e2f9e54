"""A process that asks is killed in the middle: what was in flight is asked again, nothing else."""

from __future__ import annotations

from pathlib import Path

from bench.llm_asking import killed
from tests.contract.chat_server import Server, delayed
from tests.contract.scripted_judge import judge

from semsearch.workspace import Workspace


def test_a_kill_repeats_at_most_the_calls_in_flight(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "w")
    with Server(delayed(judge, delay_s=0.05, jitter_s=0.02)) as server:
        came = killed(server.url, tmp_path / "w", n=200, kill_after=90, at_once=16)
    assert 90 <= came.n_at_kill < 200
    assert 0 <= came.n_repeated <= 16
    assert came.n_third == 0
