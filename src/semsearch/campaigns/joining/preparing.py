"""Preparing batches: in this process while there are few, in others beside it when a stream goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType
from typing import TypeVar

from semsearch.campaigns.joining.nets import Prepared
from semsearch.campaigns.joining.prepare import Encode, prepare
from semsearch.processes import pool
from semsearch.settings import CampaignSettings
from semsearch.store.journal import Stored

OpenEncode = Callable[[], Encode | None]
"""Opens the encoder; can be sent to another process."""
_AHEAD = 3
"""Batches that are prepared while an earlier one is gone through."""
_ALONE = 6
"""Batches after which other processes are worth their start."""

Submit = Callable[[Sequence[str]], "Future[Prepared]"]
"""Starts to prepare texts, here or elsewhere."""
Batch = TypeVar("Batch")


def texts_of(batch: Sequence[Stored]) -> list[str]:
    """What is prepared of a batch."""
    return [each.post.text for each in batch]


def ahead(batches: Iterable[Batch], start: Callable[[Batch], Future[Prepared]]) -> Iterator[tuple[Batch, Prepared]]:
    """Batches in their order with what was prepared of them; the next ones are prepared meanwhile."""
    begun: deque[tuple[Batch, Future[Prepared]]] = deque()
    for batch in batches:
        begun.append((batch, start(batch)))
        if len(begun) > _AHEAD:
            done, prepared = begun.popleft()
            yield done, prepared.result()
    for done, prepared in begun:
        yield done, prepared.result()


class Preparing:
    """Meets `Submit`. Closing it ends its processes."""

    def __init__(self, open_encode: OpenEncode, policy: CampaignSettings, processes: int) -> None:
        self._open_encode = open_encode
        self._policy = policy
        self._processes = processes
        self._encode: Encode | None = None
        self._opened = False
        self._n_batches = 0
        self._pool: ProcessPoolExecutor | None = None

    def __call__(self, texts: Sequence[str]) -> Future[Prepared]:
        """Prepare one batch."""
        self._n_batches += 1
        if self._processes and self._n_batches > _ALONE:
            return self._others().submit(_prepare, list(texts))
        done: Future[Prepared] = Future()
        done.set_result(prepare(texts, self._policy, self._opened_encode()))
        return done

    def close(self) -> None:
        """End the processes."""
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Preparing:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _opened_encode(self) -> Encode | None:
        if not self._opened:
            self._encode, self._opened = self._open_encode(), True
        return self._encode

    def _others(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = pool(self._processes, _begin, self._open_encode, self._policy)
        return self._pool


_mine: tuple[Encode | None, CampaignSettings] | None = None
"""What a process of the pool prepares with."""


def _begin(open_encode: OpenEncode, policy: CampaignSettings) -> None:
    global _mine  # noqa: PLW0603 - a process of a pool keeps its own
    _mine = open_encode(), policy


def _prepare(texts: list[str]) -> Prepared:
    if _mine is None:
        raise RuntimeError("a process of the pool was not begun")
    encode, policy = _mine
    return prepare(texts, policy, encode)
