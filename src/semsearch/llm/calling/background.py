"""An event loop in a thread of its own, so that what uses it stays a plain function."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """Starts at once; `close` it. The thread does not keep the process alive."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="llm")
        self._thread.start()

    def soon(self, function: Callable[..., object], *given: object) -> None:
        """Call `function` in the loop, in the order of such calls, without waiting for it."""
        self._loop.call_soon_threadsafe(function, *given)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns or raises, run in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """End the loop and its thread; nothing may be running in it."""
        self.soon(self._loop.stop)
        self._thread.join()
        self._loop.close()
