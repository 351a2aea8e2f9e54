"""Answers on their way into the store: what comes in together goes into one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from semsearch.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Collection

    from semsearch.store.answers import KeptAnswer

WAITS = 20
"""Times that another writer is waited for, as long as the store waits each time: paid answers are worth minutes."""


class Cache(Protocol):
    """Where answers are kept; `store.answers.Answers`."""

    def get(self, keys: Collection[str]) -> dict[str, KeptAnswer]:
        """What is kept under these keys."""
        ...

    def keep(self, rows: Sequence[KeptAnswer], *, waits: bool = True) -> None:
        """Keep all of them or none, so that they outlive a kill; raises Busy, at once unless it `waits`."""
        ...


class Keeper:
    """The one writer of a run. Lives in one event loop.

    A transaction takes less time there than to wake a thread; only where another process writes, a thread waits.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._pool = ThreadPoolExecutor(1, "llm-keep")
        self._rows: list[tuple[KeptAnswer, asyncio.Future[None]]] = []
        self._flush: asyncio.Handle | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._hurries = False

    def known(self, keys: Collection[str]) -> dict[str, KeptAnswer]:
        """What is kept under these keys by now, also by another process."""
        return self._cache.get(keys)

    async def keep(self, row: KeptAnswer) -> None:
        """Return when `row` is kept; raises what the store raises. It is written also when the caller is cancelled.

        A database that another process writes to is waited for.
        """
        loop = asyncio.get_running_loop()
        kept = loop.create_future()
        self._rows.append((row, kept))
        if self._flush is None and self._waiting is None:
            self._flush = loop.call_soon(self._write)
        await kept

    async def drain(self) -> None:
        """Return when all that came is written, or another writer was waited for once more in vain."""
        self._hurries = True
        while self._rows or self._waiting:
            await (asyncio.wait([self._waiting]) if self._waiting else asyncio.sleep(0))
        self._hurries = False

    async def close(self) -> None:
        """Write what is still to be written, then end the thread."""
        await self.drain()
        self._pool.shutdown()

    def _write(self) -> None:
        self._flush = None
        batch, self._rows = self._rows, []
        try:
            self._cache.keep([row for row, _ in batch], waits=False)
        except Busy:
            self._rows = batch
            self._waiting = asyncio.get_running_loop().create_task(self._wait())
        except Exception as error:  # handed to those who wait
            _tell(batch, error)
        else:
            _tell(batch)

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        while self._rows:
            batch, self._rows = self._rows, []
            try:
                await loop.run_in_executor(self._pool, self._patiently, [row for row, _ in batch])
            except Exception as error:  # handed to those who wait
                _tell(batch, error)
            else:
                _tell(batch)
        self._waiting = None

    def _patiently(self, rows: Sequence[KeptAnswer]) -> None:
        for n_left in reversed(range(WAITS)):
            try:
                self._cache.keep(rows)
                break
            except Busy:
                if self._hurries or not n_left:
                    raise


def _tell(batch: Sequence[tuple[KeptAnswer, asyncio.Future[None]]], error: Exception | None = None) -> None:
    for _, kept in batch:
        if kept.done():  # its call was given up
            continue
        if error:
            kept.set_exception(error)
        else:
            kept.set_result(None)
