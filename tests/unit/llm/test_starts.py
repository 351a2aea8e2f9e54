"""When calls leave, on the clock of an event loop that stands still but for the waits."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest

from semsearch.llm.calling.starts import STEP_S, Halt, Halted, Starts


class Still(asyncio.SelectorEventLoop):
    """Its time is that of the next timer: no test waits."""

    now_s = 1_000.0

    def time(self) -> float:
        return self.now_s

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now_s = max(self.now_s, self._scheduled[0].when())
        super()._run_once()


def run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    with asyncio.Runner(loop_factory=Still) as runner:
        return runner.run(work())


async def left_at(starts: Starts, halt: Halt) -> float:
    await starts.turn(halt)
    return asyncio.get_running_loop().time()


def test_the_first_calls_leave_by_and_by_and_later_ones_at_once() -> None:
    async def work() -> tuple[list[float], float, float]:
        starts, halt = Starts(8, Random(1)), Halt()
        first = await asyncio.gather(*(left_at(starts, halt) for _ in range(8)))
        now = asyncio.get_running_loop().time()
        return first, now, await left_at(starts, halt)

    first, now, later = run(work)
    gaps = [b - a for a, b in itertools.pairwise(first)]
    assert all(0.5 * STEP_S <= gap <= 1.5 * STEP_S + 1e-9 for gap in gaps)
    assert later == now


def test_a_pause_holds_for_every_call_and_then_they_start_by_and_by() -> None:
    async def work() -> list[float]:
        starts, halt = Starts(4, Random(1)), Halt()
        await asyncio.gather(*(left_at(starts, halt) for _ in range(4)))
        begin = asyncio.get_running_loop().time()
        starts.pause(2.0)
        starts.pause(1.0)  # the longer one counts
        return [at - begin for at in await asyncio.gather(*(left_at(starts, halt) for _ in range(4)))]

    waited = run(work)
    assert waited[0] == pytest.approx(2.0)
    assert all(b - a >= 0.5 * STEP_S - 1e-9 for a, b in itertools.pairwise(waited))
    assert waited[-1] < 2.0 + 4 * 1.5 * STEP_S


def test_a_pause_that_comes_while_a_call_waits_holds_for_it_too() -> None:
    async def work() -> float:
        starts, halt = Starts(2, Random(1)), Halt()
        await left_at(starts, halt)
        begin = asyncio.get_running_loop().time()
        second = asyncio.create_task(left_at(starts, halt))
        await asyncio.sleep(0)
        starts.pause(3.0)
        return await second - begin

    assert run(work) == pytest.approx(3.0)


def test_the_end_of_the_run_wakes_whoever_waits() -> None:
    async def work() -> float:
        starts, halt = Starts(2, Random(1)), Halt()
        starts.pause(60.0)
        begin = asyncio.get_running_loop().time()
        waiting = asyncio.create_task(left_at(starts, halt))
        await asyncio.sleep(1.0)
        halt.call(ValueError("first"))
        halt.call(ValueError("second"))
        with pytest.raises(Halted):
            await waiting
        assert str(halt.error) == "first"
        return asyncio.get_running_loop().time() - begin

    assert run(work) == pytest.approx(1.0)
