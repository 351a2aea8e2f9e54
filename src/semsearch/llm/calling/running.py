"""One run over questions: pulled as there is room for them, answered out of order, given out in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from pydantic import BaseModel

from semsearch.llm.answers import FAILED, Answer, Question, read
from semsearch.llm.budget import NUSD
from semsearch.llm.calling.chat import Call, Failed
from semsearch.llm.calling.slots import Known, Over
from semsearch.store.answers import KeptAnswer

T = TypeVar("T", bound=BaseModel)
CHUNK = 16
"""Questions that are prepared and looked up together."""
WINDOW = 8_192
"""Questions that wait for the first of them at most: one slow answer does not stall the others."""


@dataclass(frozen=True, slots=True)
class Prepared(Generic[T]):
    """A question that was looked up."""

    question: Question[T]
    key: str
    model: str
    instructed: bool
    kept: KeptAnswer | None
    cut: bool = False


@dataclass(slots=True)
class _Place(Generic[T]):
    """Where an answer will stand in the order."""

    prepared: Prepared[T]
    came: KeptAnswer | Failed | None
    same: _Place[T] | None = None
    """The place before it that asks the same."""
    known: bool = False
    """Whether another process answered it while it waited."""

    def ready(self) -> bool:
        return (self.same or self).came is not None


class Run(Generic[T]):
    """The answers to `questions`, which are pulled and prepared in the thread that reads the answers."""

    def __init__(
        self,
        questions: Iterator[Question[T]],
        prepare: Callable[[Sequence[Question[T]]], list[tuple[Prepared[T], Call | None]]],
        send: Callable[[list[Call]], None],
        n_slots: int,
    ) -> None:
        self.n_cached = 0
        self._questions = questions
        self._prepare = prepare
        self._send = send
        self._most_open = 2 * n_slots + CHUNK
        self._n_open = 0
        self._order: deque[_Place[T]] = deque()
        self._by_key: dict[str, _Place[T]] = {}
        self._arrivals: SimpleQueue[tuple[KeptAnswer | Known | Failed | Over, str]] = SimpleQueue()
        self._pulling = True
        self._failure: Exception | None = None
        """What pulling questions raised; raised here after the answers before it."""
        self._over: Exception | None = None

    def arrived(self, came: KeptAnswer | Known | Failed | Over, key: str) -> None:
        """Take what came of the call for `key`; from any thread."""
        self._arrivals.put((came, key))

    def answers(self) -> Generator[Answer[T], None, None]:
        """In the order of the questions. Raises what ended the run, after every answer that is there up to the gap."""
        while True:
            self._take_in(wait=False)
            self._top_up()
            if self._order and self._order[0].ready():
                yield self._next()
            elif self._over:
                raise self._over
            elif self._n_open:
                self._take_in(wait=True)
            elif self._failure:
                raise self._failure
            elif not self._pulling:
                return

    def _take_in(self, *, wait: bool) -> None:
        """What has arrived; with `wait` at least one."""
        try:
            came, key = self._arrivals.get(block=wait)
            while True:
                self._put(came, key)
                came, key = self._arrivals.get(block=False)
        except Empty:
            return

    def _put(self, came: KeptAnswer | Known | Failed | Over, key: str) -> None:
        if isinstance(came, Over):
            self._over, self._pulling = came.error, False
            return
        self._n_open -= 1
        place = self._by_key[key]
        place.known = isinstance(came, Known)
        place.came = came.kept if isinstance(came, Known) else came

    def _top_up(self) -> None:
        """Pull questions while slots may run out of them; ahead of a reader who is slow, only a few."""
        while self._pulling and self._n_open <= self._most_open - CHUNK:
            ready = bool(self._order) and self._order[0].ready()
            if len(self._order) >= (self._most_open if ready else WINDOW):
                return
            self._pull()

    def _pull(self) -> None:
        calls = []
        for prepared, call in self._prepared():
            place = self._placed(prepared)
            if call and not place.same:
                calls.append(call)
        self._n_open += len(calls)
        if calls:
            self._send(calls)

    def _prepared(self) -> list[tuple[Prepared[T], Call | None]]:
        """The next questions; an error that pulling or preparing them raises waits until those before are answered."""
        chunk: list[Question[T]] = []
        try:
            for question in islice(self._questions, CHUNK):
                chunk.append(question)  # noqa: PERF402 - what came before an error counts
        except Exception as error:
            self._failure = error
        self._pulling = len(chunk) == CHUNK and self._failure is None
        try:
            return self._prepare(chunk)
        except Exception as error:
            self._pulling, self._failure = False, error
            return []

    def _placed(self, prepared: Prepared[T]) -> _Place[T]:
        place = _Place(prepared, prepared.kept, self._by_key.get(prepared.key))
        self._order.append(place)
        self._by_key.setdefault(prepared.key, place)
        return place

    def _next(self) -> Answer[T]:
        place = self._order.popleft()
        prepared = place.prepared
        if place.same is None:
            del self._by_key[prepared.key]
        came = (place.same or place).came
        cached = place.same is not None or prepared.kept is not None or place.known
        self.n_cached += cached
        assert came is not None, "only a place that is ready is given out"
        return _answer(prepared, came, cached=cached)


def _answer(prepared: Prepared[T], came: KeptAnswer | Failed, *, cached: bool) -> Answer[T]:
    if isinstance(came, Failed):
        value, cause, detail, tokens = None, FAILED, came.detail, (0, 0)
    else:
        value, cause, detail = read(prepared.question.shape, came.content, came.finish)
        tokens = (came.n_in, came.n_out)
    return Answer(
        value=value,
        cause=cause,
        detail=detail,
        key=prepared.key,
        prompt_hash=prepared.question.prompt.prompt_hash,
        model=prepared.model,
        n_in=tokens[0],
        n_out=tokens[1],
        cost_usd=came.cost_nusd / NUSD,
        cached=cached,
        instructed=prepared.instructed,
        cut=prepared.cut,
    )
