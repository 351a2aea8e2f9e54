"""The writer of answers: what came meanwhile goes together, nobody goes on before, a busy store is waited for."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

import pytest

from semsearch.errors import Busy, UsageError
from semsearch.llm import keeping
from semsearch.llm.keeping import Keeper
from semsearch.store.answers import KeptAnswer


def row(name: str) -> KeptAnswer:
    return KeptAnswer(name, datetime(2026, 3, 1, tzinfo=UTC), "p", "h", "m", "{}", "stop", 1, 1, 1)


class Slow:
    """Keeps a batch when it is let; raises what it is given first."""

    def __init__(self, *errors: Exception) -> None:
        self.batches: list[list[str]] = []
        self.errors = list(errors)
        self.let = threading.Semaphore(0)

    def get(self, keys):
        return {}

    def keep(self, rows) -> None:
        self.let.acquire()
        if self.errors:
            raise self.errors.pop(0)
        self.batches.append([each.key for each in rows])


def test_what_comes_while_one_is_written_is_written_together() -> None:
    async def work() -> list[bool]:
        keeper = Keeper(cache)
        first = asyncio.create_task(keeper.keep(row("a")))
        await asyncio.sleep(0.01)
        others = [asyncio.create_task(keeper.keep(row(name))) for name in "bcd"]
        await asyncio.sleep(0.01)
        cache.let.release()
        await first
        told = [task.done() for task in others]
        cache.let.release()
        await asyncio.gather(*others)
        await keeper.close()
        return told

    cache = Slow()
    assert asyncio.run(work()) == [False] * 3
    assert cache.batches == [["a"], ["b", "c", "d"]]


def test_an_answer_whose_call_is_given_up_is_written_all_the_same() -> None:
    async def work() -> None:
        keeper = Keeper(cache)
        tasks = [asyncio.create_task(keeper.keep(row(name))) for name in "ab"]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        cache.let.release(2)
        await keeper.close()
        assert all(task.cancelled() for task in tasks)

    cache = Slow()
    asyncio.run(work())
    assert sorted(name for batch in cache.batches for name in batch) == ["a", "b"]


def test_a_busy_store_is_waited_for() -> None:
    async def work() -> None:
        keeper = Keeper(cache)
        cache.let.release(4)
        await keeper.keep(row("a"))
        await keeper.close()

    cache = Slow(Busy("1"), Busy("2"), Busy("3"))
    asyncio.run(work())
    assert cache.batches == [["a"]]


def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        keeper = Keeper(cache)
        cache.let.release(3)
        with pytest.raises(Busy):
            await keeper.keep(row("a"))
        await keeper.close()

    monkeypatch.setattr(keeping, "WAITS", 3)
    cache = Slow(*(Busy(str(i)) for i in range(5)))
    asyncio.run(work())
    assert len(cache.errors) == 2


def test_whoever_leaves_waits_once_more() -> None:
    async def work() -> None:
        keeper = Keeper(cache)
        task = asyncio.create_task(keeper.keep(row("a")))
        await asyncio.sleep(0.01)
        leaving = asyncio.create_task(keeper.drain())
        await asyncio.sleep(0.01)
        cache.let.release()
        await leaving
        with pytest.raises(Busy):
            await task
        await keeper.close()

    cache = Slow(*(Busy(str(i)) for i in range(5)))
    asyncio.run(work())
    assert len(cache.errors) == 4


def test_a_full_disk_is_told_to_all_who_wait_and_the_next_are_tried() -> None:
    async def work() -> None:
        keeper = Keeper(cache)
        cache.let.release(2)
        with pytest.raises(UsageError):
            await keeper.keep(row("a"))
        await keeper.keep(row("b"))
        await keeper.close()

    cache = Slow(UsageError("full"))
    asyncio.run(work())
    assert cache.batches == [["b"]]
