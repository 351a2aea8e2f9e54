"""The writer of answers: what comes together goes together, nobody goes on before, a busy store is waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from semsearch.errors import Busy, UsageError
from semsearch.llm.calling import keeping
from semsearch.llm.calling.keeping import Keeper
from semsearch.store.answers import KeptAnswer


def row(name: str) -> KeptAnswer:
    return KeptAnswer(name, datetime(2026, 3, 1, tzinfo=UTC), "p", "h", "m", "{}", "stop", 1, 1, 1)


class Cache:
    """Raises its errors first; while it is `busy`, whoever waits is let in by `let`."""

    def __init__(self, *errors: Exception, busy: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.threads: set[str] = set()
        self.errors = list(errors)
        self.busy = busy
        self.let = threading.Semaphore(0)

    def get(self, keys):
        return {}

    def keep(self, rows, *, waits: bool = True) -> None:
        if self.busy:
            if not waits:
                raise Busy("at once")
            self.let.acquire()
        if self.errors:
            raise self.errors.pop(0)
        self.threads.add(threading.current_thread().name)
        self.batches.append([each.key for each in rows])


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 5))


def test_what_comes_together_is_written_together() -> None:
    async def work() -> None:
        keeper = Keeper(cache)
        await asyncio.gather(*(keeper.keep(row(name)) for name in "abc"))
        await keeper.keep(row("d"))
        await keeper.close()

    cache = Cache()
    run(work())
    assert cache.batches == [["a", "b", "c"], ["d"]]
    assert cache.threads == {threading.current_thread().name}


def test_a_busy_store_is_waited_for_in_a_thread_and_what_comes_meanwhile_goes_next() -> None:
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
        cache.busy = False
        await keeper.keep(row("e"))
        await keeper.close()
        return told

    cache = Cache(busy=True)
    assert run(work()) == [False] * 3
    assert cache.batches == [["a"], ["b", "c", "d"], ["e"]]
    assert len(cache.threads) == 2


@pytest.mark.parametrize("busy", [False, True])
def test_an_answer_whose_call_is_given_up_is_written_all_the_same(busy: bool) -> None:
    async def work() -> None:
        keeper = Keeper(cache)
        tasks = [asyncio.create_task(keeper.keep(row(name))) for name in "ab"]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        cache.let.release(2)
        await keeper.close()
        assert all(task.cancelled() for task in tasks)

    cache = Cache(busy=busy)
    run(work())
    assert cache.batches == [["a", "b"]]


def test_another_writer_is_waited_for_again_and_again() -> None:
    async def work() -> None:
        keeper = Keeper(cache)
        cache.let.release(4)
        await keeper.keep(row("a"))
        await keeper.close()

    cache = Cache(Busy("1"), Busy("2"), Busy("3"), busy=True)
    run(work())
    assert cache.batches == [["a"]]


def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        keeper = Keeper(cache)
        cache.let.release(3)
        with pytest.raises(Busy):
            await keeper.keep(row("a"))
        await keeper.close()

    monkeypatch.setattr(keeping, "WAITS", 3)
    cache = Cache(*(Busy(str(i)) for i in range(5)), busy=True)
    run(work())
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

    cache = Cache(*(Busy(str(i)) for i in range(5)), busy=True)
    run(work())
    assert len(cache.errors) == 4


@pytest.mark.parametrize("busy", [False, True])
def test_a_full_disk_is_told_to_all_who_wait_and_the_next_are_tried(busy: bool) -> None:
    async def work() -> None:
        keeper = Keeper(cache)
        cache.let.release(2)
        told = await asyncio.gather(*(keeper.keep(row(name)) for name in "ab"), return_exceptions=True)
        assert [type(each) for each in told] == [UsageError, UsageError]
        await keeper.keep(row("c"))
        await keeper.close()

    cache = Cache(UsageError("full"), busy=busy)
    run(work())
    assert cache.batches == [["c"]]
