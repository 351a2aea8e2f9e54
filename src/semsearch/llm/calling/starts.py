"""When calls leave: the first ones by and by, none while the endpoint asks to wait, none when the run is over."""

from __future__ import annotations

import asyncio
from random import Random

STEP_S = 0.005
"""Between two of the first calls, on average."""


class Halted(Exception):
    """The run is over: nothing more is to leave."""


class Halt:
    """Says that a run is over, and why; what is in flight then still comes in. Lives in one event loop."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._event = asyncio.Event()

    @property
    def called(self) -> bool:
        """Whether the run is over."""
        return self._event.is_set()

    def call(self, error: Exception) -> None:
        """End the run; the first error stays."""
        self.error = self.error or error
        self._event.set()

    async def rest(self, seconds: float) -> None:
        """Wait; raises Halted as soon as the run is over."""
        try:
            await asyncio.wait_for(self._event.wait(), max(0.0, seconds))
        except TimeoutError:
            return
        raise Halted


class Starts:
    """Turns of calls, of which at most `n` are made at once. Lives in one event loop."""

    def __init__(self, n: int, jitter: Random) -> None:
        self._n = n
        self._jitter = jitter
        self._to_spread = n
        self._next_s = 0.0
        self._until_s = 0.0

    @property
    def spread_s(self) -> float:
        """Seconds after a pause by which all that waited have left."""
        return 1.5 * STEP_S * self._n

    async def turn(self, halt: Halt) -> None:
        """Return when a call may leave; raises Halted."""
        at_s = self._slot()
        while at_s < self._until_s or at_s > _now_s():
            if at_s < self._until_s:
                at_s = self._slot()
            else:
                await halt.rest(at_s - _now_s())

    def pause(self, seconds: float) -> None:
        """Let nothing leave for so long; then start by and by again."""
        until_s = _now_s() + seconds
        if until_s > self._until_s:
            self._until_s = self._next_s = until_s
            self._to_spread = self._n

    def _slot(self) -> float:
        at_s = max(_now_s(), self._until_s)
        if self._to_spread:
            self._to_spread -= 1
            at_s = max(at_s, self._next_s)
            self._next_s = at_s + STEP_S * self._jitter.uniform(0.5, 1.5)
        return at_s


def _now_s() -> float:
    return asyncio.get_running_loop().time()
