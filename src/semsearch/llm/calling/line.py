"""What is open while calls are made: a loop in a thread, a client, and the writer of answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

from semsearch.llm.budget import Budget
from semsearch.llm.calling.background import Background
from semsearch.llm.calling.chat import Chat
from semsearch.llm.calling.keeping import Cache, Keeper
from semsearch.llm.endpoint import open_async_client
from semsearch.settings import LlmSettings

if TYPE_CHECKING:
    import httpx2


class Line:
    """Open from the start; `close` it. Raises MissingService without a key where one is needed."""

    def __init__(
        self,
        settings: LlmSettings,
        cache: Cache,
        budget: Budget,
        *,
        clock: Callable[[], datetime],
        jitter: Random,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        self._client = open_async_client(settings, transport)
        self.chat = Chat(self._client, settings, budget, clock=clock, jitter=jitter)
        self.keeper = Keeper(cache)
        self.background = Background()

    def close(self) -> None:
        """Write what came, hang up, end the thread."""
        try:
            self.background.wait(self._ended())
        finally:
            self.background.close()

    async def _ended(self) -> None:
        await self.keeper.close()
        await self._client.close()
        await asyncio.get_running_loop().shutdown_default_executor()
