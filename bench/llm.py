"""The LLM room against a bare client: rate, processor time, kills, second run, cap.

    python -m bench.llm [--posts 5000] [--rounds 3]

A server in its own process answers after 300 ms give or take 60 ms, 32 calls at once, on simulated posts. *Ours* is
`Asker.ask` in a fresh workspace: guard, prompt, budget, cache in SQLite, answers checked. *Bare* is `create` of
`AsyncOpenAI` under a semaphore of 32, on messages that were prepared before the clock starts. Both alternate in one
process. What the server says is scripted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
from bench.llm_asking import killed
from bench.llm_ground import PRICES, SMALL, Served, counts, now, questions, served, settings
from scipy import stats

from semsearch.errors import BudgetReached
from semsearch.llm.answers import Question
from semsearch.llm.guard.guard import Guard
from semsearch.llm.messages import messages_of
from semsearch.spam.shapes import SpamVerdict
from semsearch.wiring.asking import open_asker
from semsearch.workspace import Workspace

AT_ONCE = 32
DELAY_MS, JITTER_MS = 300.0, 60.0
Asked = list[Question[SpamVerdict]]


@dataclass(frozen=True)
class Took:
    """One run."""

    calls_s: float
    cpu_ms: float
    """Processor time of this process for a call."""


def measured(n: int, start: tuple[float, float]) -> Took:
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    return Took(n / wall, cpu / n * 1e3)


def clock() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def ours(url: str, asked: Asked, folder: Path) -> Took:
    with open_asker(Workspace.create(folder), settings(url), clock=now, max_usd=1e6) as asker:
        start = clock()
        n_good = sum(answer.value is not None for answer in asker.ask(asked))
        took = measured(len(asked), start)
    assert n_good == len(asked)
    return took


def bodies(asked: Asked) -> list[Mapping[str, Any]]:
    """The same requests, ready to be sent."""
    from openai import pydantic_function_tool

    schema = pydantic_function_tool(SpamVerdict)["function"]["parameters"]
    named = {"name": SpamVerdict.__name__, "strict": True, "schema": schema}
    how = {"model": SMALL, "response_format": {"type": "json_schema", "json_schema": named}}
    packed = (messages_of(question, Guard(), token_hex(8)).messages for question in asked)
    return [{**asked[0].prompt.parameters, **how, "messages": messages} for messages in packed]


def bare(url: str, bodies: list[Mapping[str, Any]]) -> Took:
    from openai import AsyncOpenAI

    async def run() -> Took:
        turn = asyncio.Semaphore(AT_ONCE)
        async with AsyncOpenAI(api_key="none", base_url=url) as client:

            async def one(body: Mapping[str, Any]) -> None:
                async with turn:
                    await client.chat.completions.create(**body)

            start = clock()
            await asyncio.gather(*map(one, bodies))
            return measured(len(bodies), start)

    return asyncio.run(run())


def interval(values: list[float]) -> str:
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return f"{mean:.3f} (one round, no interval)"
    half = float(stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
    return f"{mean:.3f} (95 % interval {mean - half:.3f} to {mean + half:.3f}, n = {n} rounds)"


def rate(server: Served, asked: Asked, rounds: int, folder: Path) -> None:
    """Both, alternating; prints each round and the ratio."""
    prepared = bodies(asked)
    bare(server.url, prepared[: 4 * AT_ONCE])  # imports and first connections are nobody's
    took: dict[str, list[Took]] = {"ours": [], "bare": []}
    for number in range(rounds):
        for name in sorted(took, reverse=number % 2 == 1):
            served_s = server.cpu_s()
            path = folder / str(number)
            took[name].append(bare(server.url, prepared) if name == "bare" else ours(server.url, asked, path))
            last = took[name][-1]
            print(
                f"round {number + 1} {name}: {last.calls_s:6.1f} calls/s, client {last.cpu_ms:.2f} ms CPU a call, "
                f"server {(server.cpu_s() - served_s) / len(asked) * 1e3:.2f} ms, load {os.getloadavg()[0]:.2f}",
                flush=True,
            )
    pairs = list(zip(took["ours"], took["bare"], strict=True))
    print("calls/s, ours over bare:", interval([a.calls_s / b.calls_s for a, b in pairs]))
    print("client CPU above bare, ms a call:", interval([a.cpu_ms - b.cpu_ms for a, b in pairs]))
    at_once = counts(server.url)["max_in_flight"]
    print(f"the most that can be had: {AT_ONCE / DELAY_MS * 1e3:.1f} calls/s; the server saw {at_once} calls at once")


def second_run(server: Served, asked: Asked, folder: Path) -> None:
    before, start = counts(server.url)["n_calls"], time.perf_counter()
    with open_asker(Workspace.open(folder), settings(server.url), clock=now) as asker:
        n_cached = sum(answer.cached for answer in asker.ask(asked))
    n_calls = counts(server.url)["n_calls"] - before
    print(f"second run: {n_calls} calls, {n_cached:,} kept answers in {time.perf_counter() - start:.1f} s")


def kills(server: Served, n: int, folder: Path) -> None:
    """Three kills: early, in the middle, late."""
    for i, share in enumerate((0.1, 0.5, 0.9)):
        path = folder / f"killed-{i}"
        Workspace.create(path)
        came = killed(server.url, path, n, int(share * n), AT_ONCE)
        print(
            f"SIGKILL after {came.n_at_kill:,} of {n:,} calls: {came.n_repeated} repeated, {AT_ONCE} at once "
            f"({came.n_in_flight} with the server a moment before); third run {came.n_third} calls"
        )


def cap(server: Served, asked: Asked, folder: Path, max_usd: float) -> None:
    before = counts(server.url)
    stopped = "not reached"
    with open_asker(Workspace.create(folder), settings(server.url), clock=now, max_usd=max_usd) as asker:
        try:
            list(asker.ask(asked))
        except BudgetReached:
            stopped = "reached"
        spent = asker.spent_usd
        n_kept = asker.price(asked).n_cached
    after = counts(server.url)
    n_in, n_out = (after[name] - before[name] for name in ("billed_in", "billed_out"))
    billed = (n_in * PRICES[SMALL]["input"] + n_out * PRICES[SMALL]["output"]) / 1e6
    n_calls = after["n_calls"] - before["n_calls"]
    print(f"cap ${max_usd}: {stopped}; billed ${billed:.6f}, counted ${spent:.6f}; {n_calls} calls, {n_kept} kept")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asked = questions(given.posts)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with served(DELAY_MS, JITTER_MS) as server:
            timing = f"answers after {DELAY_MS:.0f} ± {JITTER_MS:.0f} ms"
            print(f"{given.posts:,} simulated posts, {AT_ONCE} calls at once, {timing}")
            rate(server, asked, given.rounds, folder)
            second_run(server, asked, folder / "0")
            kills(server, given.posts // 5, folder)
        with served(20, 10) as server:
            cap(server, asked, folder / "cap", 0.25)


if __name__ == "__main__":
    main()
