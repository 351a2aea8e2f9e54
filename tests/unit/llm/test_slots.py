"""Slots, with a model that is a function: how many at once, what is kept before what, and how a run ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from semsearch.llm.calling import slots
from semsearch.llm.calling.chat import Failed, Reply
from semsearch.llm.calling.slots import Known, Over, Slots
from semsearch.llm.calling.starts import Halt
from semsearch.store.answers import KeptAnswer

GOOD = Reply("{}", "stop", 1, 1, 1)


class Bench:
    """Notes `ask`, `keep` and `told` of each call in their order."""

    def __init__(self, n: int, answer: Callable[[str, Halt], Awaitable[Any]], told=lambda key: None) -> None:
        self.events: list[str] = []
        self.over: list[Exception] = []
        self.elsewhere = ""
        """What another process has kept by now."""
        self.looked: list[str] = []
        self.answer = answer
        self.told = told
        self.n_asking = self.most_asking = 0
        self.slots = Slots(self, self, n, clock=lambda: datetime(2026, 3, 1, tzinfo=UTC), arrived=self.arrived)

    async def call(self, call: Any, halt: Halt) -> Any:
        self.events.append(f"ask {call.key}")
        self.n_asking += 1
        self.most_asking = max(self.most_asking, self.n_asking)
        try:
            return await self.answer(call.key, halt)
        finally:
            self.n_asking -= 1

    async def keep(self, row: Any) -> None:
        await asyncio.sleep(0)
        self.events.append(f"keep {row.key}")

    def known(self, keys: list[str]) -> dict[str, KeptAnswer]:
        self.looked.append("".join(keys))
        return {key: kept(key) for key in keys if key in self.elsewhere}

    async def drain(self) -> None:
        self.events.append("drain")

    def arrived(self, came: Any, key: str) -> None:
        if isinstance(came, Over):
            self.over.append(came.error)
        else:
            self.events.append(f"told {key}" + (" known" if isinstance(came, Known) else ""))
            self.told(key)

    async def until_told(self, n: int) -> None:
        async with asyncio.timeout(2):
            while sum(event.startswith("told") for event in self.events) < n:
                await asyncio.sleep(0)


def kept(key: str) -> KeptAnswer:
    return KeptAnswer(key, datetime(2026, 3, 1, tzinfo=UTC), "p", "h", "m", "{}", "stop", 1, 1, 1)


def calls(names: str) -> list[Any]:
    place = SimpleNamespace(model="m")
    return [SimpleNamespace(key=name, prompt_id="p", prompt_hash="h", place=place) for name in names]


async def at_once(key: str, halt: Halt) -> Reply:
    return GOOD


async def soon(key: str, halt: Halt) -> Reply:
    for _ in range(ord(key) % 5):
        await asyncio.sleep(0)
    return GOOD


def test_an_answer_is_kept_before_it_is_told_and_before_its_slot_is_free() -> None:
    async def run() -> list[str]:
        bench = Bench(1, at_once)
        bench.slots.add(calls("ab"))
        await bench.until_told(2)
        return bench.events

    assert asyncio.run(run()) == ["ask a", "keep a", "told a", "ask b", "keep b", "told b"]


@pytest.mark.parametrize("n", [1, 3, 8])
def test_so_many_at_once_and_never_more(n: int) -> None:
    async def run() -> int:
        bench = Bench(n, soon)
        for name in "abcdefghijklmnop":
            bench.slots.add(calls(name))
        await bench.until_told(16)
        return bench.most_asking

    assert asyncio.run(run()) == n


def test_a_call_that_comes_just_as_the_last_slot_ends_is_made() -> None:
    async def run() -> list[str]:
        def told(key: str) -> None:
            if key == "a":  # the slot finds nothing more to do, and has not told so yet
                asyncio.get_running_loop().call_soon(bench.slots.add, calls("b"))

        bench = Bench(1, at_once, told)
        bench.slots.add(calls("a"))
        await bench.until_told(2)
        return bench.events

    assert asyncio.run(run())[-1] == "told b"


def test_what_another_process_has_kept_meanwhile_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(slots, "_now_s", lambda: now_s)

    async def run() -> Bench:
        async def answer(key: str, halt: Halt) -> Reply:
            nonlocal now_s
            now_s += 2 * slots.LOOK_S if key in "ad" else 0.0
            bench.elsewhere = "bce"
            return GOOD

        bench = Bench(1, answer)
        bench.slots.add(calls("abcde"))
        await bench.until_told(5)
        return bench

    bench = asyncio.run(run())
    assert bench.events == ["ask a", "keep a", "told a", "told b known", "told c known", "ask d", "keep d", "told d",
                            "told e known"]  # fmt: skip
    assert bench.looked == ["bcde", "e"]  # together, and not again within LOOK_S


def test_a_failed_call_is_told_and_not_kept() -> None:
    async def failing(key: str, halt: Halt) -> Failed:
        return Failed("gone", 0)

    async def run() -> list[str]:
        bench = Bench(1, failing)
        bench.slots.add(calls("a"))
        await bench.until_told(1)
        return bench.events

    assert asyncio.run(run()) == ["ask a", "told a"]


def test_an_error_lets_what_is_in_flight_come_in_and_starts_nothing_more() -> None:
    async def answer(key: str, halt: Halt) -> Reply:
        if key == "b":
            raise ZeroDivisionError
        await asyncio.sleep(0.01)
        assert halt.called
        return GOOD

    async def run() -> Bench:
        bench = Bench(2, answer)
        bench.slots.add(calls("abcdef"))
        await bench.until_told(1)
        bench.slots.add(calls("g"))
        await asyncio.sleep(0.01)
        return bench

    bench = asyncio.run(run())
    assert bench.events == ["ask a", "ask b", "keep a", "told a"]
    assert [type(error) for error in bench.over] == [ZeroDivisionError]


def test_closing_gives_up_what_is_in_flight_and_waits_for_what_came() -> None:
    async def never(key: str, halt: Halt) -> Reply:
        await asyncio.sleep(60)
        return GOOD

    async def run() -> Bench:
        bench = Bench(2, never)
        bench.slots.add(calls("abc"))
        await asyncio.sleep(0.01)
        await asyncio.wait_for(bench.slots.close(), 1)
        return bench

    bench = asyncio.run(run())
    assert bench.events == ["ask a", "ask b", "drain"]
    assert bench.n_asking == 0
    assert len(bench.over) == 1
