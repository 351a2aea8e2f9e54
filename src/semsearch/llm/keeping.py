"""Answers on their way into the store: whatever came in while one transaction ran goes into the next one together."""

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

    def keep(self, rows: Sequence[KeptAnswer]) -> None:
        """Keep all of them or none; durable on return."""
        ...


class Keeper:
    """The one writer of a run. Lives in one event loop; the store is written to in a thread beside it."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._pool = ThreadPoolExecutor(1, "llm-keep")
        self._rows: list[tuple[KeptAnswer, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._hurries = False

    async def keep(self, row: KeptAnswer) -> None:
        """Return when `row` is durable; raises what the store raises. It is written also when the caller is cancelled.

        A database that another process writes to is waited for.
        """
        kept = asyncio.get_running_loop().create_future()
        self._rows.append((row, kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await kept

    async def drain(self) -> None:
        """Return when all that came is written, or another writer was waited for once more in vain."""
        self._hurries = True
        while self._writing is not None:
            await asyncio.wait([self._writing])
        self._hurries = False

    async def close(self) -> None:
        """Write what is still to be written, then end the thread."""
        await self.drain()
        self._pool.shutdown()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._rows:
            batch, self._rows = self._rows, []
            try:
                await loop.run_in_executor(self._pool, self._patiently, [row for row, _ in batch])
            except Exception as error:  # handed to those who wait
                failed = [kept for _, kept in batch if not kept.done()]
                for kept in failed:
                    kept.set_exception(error)
            for _, kept in batch:
                if not kept.done():
                    kept.set_result(None)
        self._writing = None

    def _patiently(self, rows: Sequence[KeptAnswer]) -> None:
        for n_left in reversed(range(WAITS)):
            try:
                self._cache.keep(rows)
                break
            except Busy:
                if self._hurries or not n_left:
                    raise
