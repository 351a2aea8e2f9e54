"""Calls at once, but never more than so many: each answer is kept before its slot is free."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from semsearch.llm.calling.chat import Call, Chat, Failed, Reply
from semsearch.llm.calling.keeping import Keeper
from semsearch.llm.calling.starts import Halt, Halted
from semsearch.store.answers import KeptAnswer

LOOK_S = 0.05
"""A call that leaves was looked up so shortly before, at most: another process may have asked the same."""
Arrived = Callable[["KeptAnswer | Known | Failed | Over", str], None]
"""Takes what came of a call, and its key."""


@dataclass(frozen=True, slots=True)
class Known:
    """An answer that another process has kept meanwhile: the call was not made."""

    kept: KeptAnswer


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing more will come: `error` ended the run, and what was in flight is in and kept."""

    error: Exception


class Slots:
    """The calls of one run. Lives in one event loop; `arrived` is called there.

    A slot is a task that takes one call after the other. A process that is killed loses the answers of at most `n`
    calls, as an answer is durable before its slot takes the next call.
    """

    def __init__(self, chat: Chat, keeper: Keeper, n: int, *, clock: Callable[[], datetime], arrived: Arrived) -> None:
        self._chat = chat
        self._keeper = keeper
        self._n = n
        self._clock = clock
        self._arrived = arrived
        self._halt = Halt()
        self._waiting: deque[Call] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._looked_s = 0.0
        self._known: dict[str, KeptAnswer] = {}

    def add(self, calls: Sequence[Call]) -> None:
        """Make these calls too, in this order; they were looked up just now."""
        if self._halt.called:
            return
        if not self._waiting:
            self._looked_s = _now_s()
        self._waiting.extend(calls)
        self._fill()

    async def close(self) -> None:
        """Give up what is in flight; answers that came before are in the store when this returns."""
        self._waiting.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._keeper.drain()
        self._arrived(Over(Halted()), "")

    def _fill(self) -> None:
        for _ in range(min(len(self._waiting), self._n - len(self._tasks))):
            task = asyncio.get_running_loop().create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def _work(self) -> None:
        try:
            while self._waiting and not self._halt.called:
                await self._one(self._waiting.popleft())
        except Halted:
            return
        except Exception as error:  # raised where the answers are read
            self._waiting.clear()
            self._halt.call(error)

    async def _one(self, call: Call) -> None:
        if kept := self._by_now(call):
            return self._arrived(Known(kept), call.key)
        came = await self._chat.call(call, self._halt)
        if isinstance(came, Failed):
            return self._arrived(came, call.key)
        kept = _kept(call, came, self._clock())
        await self._keeper.keep(kept)
        return self._arrived(kept, call.key)

    def _by_now(self, call: Call) -> KeptAnswer | None:
        """The answer to `call` that another process has kept; all that waits is looked up together."""
        if _now_s() - self._looked_s > LOOK_S:
            self._known = self._keeper.known([call.key, *(each.key for each in self._waiting)])
            self._looked_s = _now_s()
        return self._known.pop(call.key, None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._fill()  # a call that came after this task had looked for one
        if self._halt.error and not self._tasks:
            self._arrived(Over(self._halt.error), "")


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _kept(call: Call, reply: Reply, now: datetime) -> KeptAnswer:
    named = (call.prompt_id, call.prompt_hash, call.place.model)
    return KeptAnswer(call.key, now, *named, reply.content, reply.finish, reply.n_in, reply.n_out, reply.cost_nusd)
