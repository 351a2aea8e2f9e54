"""An outage, Ctrl-C and a kill in the middle of `grade pairs`: nothing that was paid for is lost or paid twice."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.contract.chat_replies import Asked, Reply, broken
from tests.contract.chat_server import Server
from tests.contract.scripted_judge import judge
from tests.e2e.program import ENVIRONMENT, PROGRAM, run

N = 400
AT_ONCE = 8
NAMES = re.compile(r"thing(\d+)")


@dataclass
class Paid:
    """Answers, slowly enough to be interrupted, and counts by pair what it answers; down after `most` of them."""

    most: int | None = None
    calls: Counter[str] = field(default_factory=Counter)

    def __call__(self, asked: Asked) -> Reply:
        if self.most is not None and self.calls.total() >= self.most:
            return broken(503)
        self.calls[NAMES.findall(asked.user.replace("¦", ""))[-1]] += 1
        return replace(judge(asked), delay_s=0.02)

    @property
    def twice(self) -> int:
        return sum(n - 1 for n in self.calls.values())


@dataclass(frozen=True)
class Market:
    root: Path
    file: Path
    paid: Paid

    def begin(self) -> subprocess.Popen[str]:
        command = [*PROGRAM, "grade", "pairs", str(self.file), "-w", str(self.root), "--json"]
        return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)

    def grade(self, during: Callable[[subprocess.Popen[str]], object] = lambda _: None) -> tuple[int, str, str]:
        process = self.begin()
        during(process)
        out, err = process.communicate(timeout=100)
        return process.returncode, out, err

    def once(self, n_paid: int, how: signal.Signals) -> Callable[[subprocess.Popen[str]], None]:
        """Sends a signal when so many calls were paid."""

        def wait(process: subprocess.Popen[str]) -> None:
            end = time.monotonic() + 60
            while self.paid.calls.total() < n_paid and process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            process.send_signal(how)

        return wait

    def labelled(self) -> Counter[str]:
        lines = [line for path in self.root.glob("labels/*/*/*.jsonl") for line in path.read_text().splitlines(True)]
        return Counter(json.loads(line)["item_id"] for line in lines if line.endswith("\n"))


@pytest.fixture
def market(tmp_path: Path):
    paid = Paid()
    rows = [{"query": f"red chair {n // 30}", "item_id": f"i{n}", "title": f"red thing{n}"} for n in range(N)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with Server(paid) as server:
        assert run("init", "-w", tmp_path / "w").code == 0
        (tmp_path / "w" / "semsearch.toml").write_text(
            f'[llm]\nbase_url = "{server.url}"\nsmall = "scripted-small"\nconcurrency = {AT_ONCE}\nretries = 0\n'
        )
        yield Market(tmp_path / "w", tmp_path / "pairs.jsonl", paid)


def test_what_stops_grading_in_the_middle_loses_nothing_and_pays_nothing_twice(market: Market):
    paid = market.paid
    paid.most = 120
    code, out, err = market.grade()
    told = json.loads(out)
    assert code == 4 and "Next: " in err
    assert paid.calls.total() == 120 and paid.twice == 0
    assert 120 - 2 * AT_ONCE < market.labelled().total() <= 120
    assert (told["left"], told["n_calls"]) == (N - market.labelled().total(), 120)

    paid.most = None
    code, out, err = market.grade(market.once(220, signal.SIGINT))
    assert code == 130 and "run the same command again to go on" in err
    assert json.loads(out)["pairs"] <= market.labelled().total() >= 220 - 2 * AT_ONCE
    assert paid.twice == 0, "what was paid for before the outage was asked again"

    code, _, _ = market.grade(market.once(320, signal.SIGKILL))
    assert code == -signal.SIGKILL
    assert paid.twice <= AT_ONCE, "more than was in flight at Ctrl-C"
    assert max(market.labelled().values()) == 1

    code, out, _ = market.grade()
    assert code == 0 and json.loads(out)["left"] == 0
    assert len(paid.calls) == N and paid.twice <= 2 * AT_ONCE, "more than was in flight at Ctrl-C and the kill"
    assert market.labelled() == Counter({f"i{n}": 1 for n in range(N)})

    before = paid.calls.total()
    code, out, _ = market.grade()
    assert (code, json.loads(out)["n_calls"], paid.calls.total()) == (0, 0, before)
    assert market.labelled().total() == N
