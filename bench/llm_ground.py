"""What the bench of the LLM room stands on: a chat server in a process of its own, simulated posts as questions."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from semsearch.llm.answers import Question
from semsearch.llm.prompts import Prompts
from semsearch.settings import LlmSettings, Settings
from semsearch.spam.shapes import SpamVerdict

SMALL, LARGE = "scripted-small", "scripted-large"
PRICES = {SMALL: {"input": 0.4, "output": 1.6}, LARGE: {"input": 2.0, "output": 8.0}}
"""US dollars a million tokens: what gpt-4.1-mini and gpt-4.1 cost in 2025."""
PROFILE = """Professional sellers speak to many readers at once, as a shop does: terms, stock and delivery come before
the thing itself. They tell nothing of their own use of it, of why they part with it or of its flaws.
Ordinary people tell how they came by the thing, what is wrong with it and when they can meet.
Professional sellers press the reader to move to another channel at once; ordinary people leave that to be agreed."""


@dataclass(frozen=True)
class Served:
    """A server in its own process; what it says is scripted."""

    url: str
    process: subprocess.Popen[str]

    def cpu_s(self) -> float:
        """Processor time of the server so far."""
        ticks = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(ticks[11]) + int(ticks[12])) / 100


def counts(url: str) -> dict[str, int]:
    """What a server has counted so far."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/scripted", timeout=10) as told:
        found: dict[str, int] = json.load(told)
    return found


@contextmanager
def served(delay_ms: float, jitter_ms: float) -> Iterator[Served]:
    """Answers after `delay_ms` give or take up to `jitter_ms`."""
    command = [sys.executable, "-m", "tests.contract.chat_server", "--port", "0"]
    timing = ["--delay-ms", str(delay_ms), "--jitter-ms", str(jitter_ms)]
    with subprocess.Popen([*command, *timing], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Served(process.stdout.readline().strip(), process)
        finally:
            process.kill()


def settings(url: str, concurrency: int = 32) -> Settings:
    llm = LlmSettings(base_url=url, small=SMALL, large=LARGE, concurrency=concurrency, prices=PRICES)  # type: ignore[arg-type]
    return Settings().model_copy(update={"llm": llm})


def questions(n: int, seed: int = 6) -> list[Question[SpamVerdict]]:
    """As many different posts of the simulated stream, each asked with a profile."""
    from semsearch.simulate.abuse import abuse_stream

    prompt = Prompts.open(None).get("spam-verdict")
    texts = list(dict.fromkeys(abuse_stream(max(500, n + n // 10), seed).posts["text"]))[:n]
    assert len(texts) == n
    return [
        Question(prompt, SpamVerdict, "listing", {"namespace": "listing"}, {"post": text}, {"profile": PROFILE})
        for text in texts
    ]


def now() -> datetime:
    return datetime.now(UTC)
