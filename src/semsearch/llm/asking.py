"""Questions in, answers out: in order, each paid for once, within the budget, and only where its texts may go.

Two processes that ask the same at the same time may both pay for what is in flight in both; what one has kept, the
other does not ask.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from datetime import datetime
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from semsearch.errors import UsageError
from semsearch.llm.answers import Answer, Estimate, Question
from semsearch.llm.budget import FREE, LIMITS, NUSD, Budget, Rate, most_tokens_in, most_tokens_out
from semsearch.llm.calling.chat import Call
from semsearch.llm.calling.line import Line
from semsearch.llm.calling.running import CHUNK, Prepared, Run
from semsearch.llm.calling.slots import Slots
from semsearch.llm.endpoint import Place, address
from semsearch.llm.messages import key_of, messages_of
from semsearch.settings import LlmSettings

if TYPE_CHECKING:
    import httpx2

    from semsearch.llm.calling.keeping import Cache
    from semsearch.llm.guard.guard import Guard
    from semsearch.llm.messages import Rendered

T = TypeVar("T", bound=BaseModel)
Leaving = Callable[[Question[Any], "Rendered", str, str], None]
"""Takes question, messages, model and key of an attempt that is about to be made, and writes down that it left."""


class Asker:
    """Asks the models of `settings`; `close` it, or use it as a context manager.

    Nothing is opened, and no key asked for, before the first question whose answer is not kept. `allowed` raises
    UsageError for a namespace whose texts may not go there. `transport` stands in for the network.
    """

    def __init__(
        self,
        settings: LlmSettings,
        cache: Cache,
        guard: Guard,
        *,
        clock: Callable[[], datetime],
        nonces: Callable[[], str],
        allowed: Callable[[str], None],
        leaving: Leaving,
        local: bool,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._guard = guard
        self._clock = clock
        self._nonces = nonces
        self._allowed = allowed
        self._leaving = leaving
        self._local = local
        self._transport = transport
        self._budget = Budget.of(settings.max_usd)
        self._line: Line | None = None
        self._runs: set[Run[Any]] = set()
        self._slots: dict[Run[Any], Slots] = {}
        self._n_calls = self._n_cached = 0
        self._rates: dict[str, Rate] = {}
        self._schemas: dict[type[BaseModel], dict[str, Any]] = {}
        self._called: set[str] = set()

    @property
    def spent_usd(self) -> float:
        """What was paid so far: counted by the endpoint, or as dear as can be where it could not tell.

        Calls of models without a price are not in it, see `cost_known`.
        """
        return self._budget.spent_nusd / NUSD

    @property
    def cost_known(self) -> bool:
        """Whether `spent_usd` is what was paid: every model that was called has a price, or is on this machine."""
        return all(map(self.priced, self._called))

    def priced(self, model: str) -> bool:
        """Whether it is known what a model costs: it has a price, or it is asked on this machine."""
        return self._local or self._settings.price(model) is not None

    @property
    def cap_usd(self) -> float | None:
        """What may be spent at most; None: no cap."""
        return None if self._budget.cap_nusd is None else self._budget.cap_nusd / NUSD

    @property
    def n_calls(self) -> int:
        """Answers that came over the line so far."""
        return self._n_calls + (self._line.chat.n_calls if self._line else 0)

    @property
    def n_in_flight(self) -> int:
        """Attempts that are under way."""
        return self._line.chat.n_in_flight if self._line else 0

    @property
    def n_cached(self) -> int:
        """Answers given that needed no call of their own."""
        return self._n_cached + sum(run.n_cached for run in self._runs)

    def ask(self, questions: Iterable[Question[T]]) -> Generator[Answer[T], None, None]:
        """As many answers in the order of the questions, which are pulled a little ahead of those being answered.

        An answer is in the store before it is given. Closing the generator gives up what is in flight. Raises, after
        all that came was kept: BudgetReached when the next call may pass the cap, or one was billed above its worst
        case; MissingService when the endpoint is not there, refuses the key or has no such model; UsageError when it
        refuses our requests, for texts that may not be sent there, for a model without a price below a cap, and for a
        full disk; and what `questions` raises.
        """
        run = Run(iter(questions), self._prepared, lambda calls: self._send(run, calls), self._settings.concurrency)
        self._runs.add(run)
        try:
            yield from run.answers()
        finally:
            self._end(run)

    def price(self, questions: Iterable[Question[Any]]) -> Estimate:
        """What asking would cost at most; nothing is sent. Raises UsageError as asking below a cap does."""
        waiting = iter(questions)
        seen: set[str] = set()
        n = n_cached = worst_nusd = 0
        while chunk := list(islice(waiting, CHUNK)):
            for prepared, call in self._prepared(chunk, priced=True):
                n += 1
                if call is None or prepared.key in seen:
                    n_cached += 1
                else:
                    worst_nusd += call.worst_nusd
                seen.add(prepared.key)
        return Estimate(n, n_cached, n - n_cached, worst_nusd / NUSD)

    def close(self) -> None:
        """End runs that are not finished, then the connections; closing twice is no error."""
        for run in list(self._runs):
            self._end(run)
        line, self._line = self._line, None
        if line:
            self._n_calls += line.chat.n_calls
            line.close()

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, run: Run[Any], calls: list[Call]) -> None:
        line = self._opened()
        if run not in self._slots:
            n = self._settings.concurrency
            self._slots[run] = Slots(line.chat, line.keeper, n, clock=self._clock, arrived=run.arrived)
        line.background.soon(self._slots[run].add, calls)

    def _end(self, run: Run[Any]) -> None:
        if run in self._runs:
            self._runs.discard(run)
            self._n_cached += run.n_cached
        slots = self._slots.pop(run, None)
        if slots and self._line:
            self._line.background.wait(slots.close())

    def _opened(self) -> Line:
        if self._line is None:
            self._line = Line(
                self._settings,
                self._cache,
                self._budget,
                clock=self._clock,
                jitter=Random(self._nonces()),
                transport=self._transport,
            )
        return self._line

    def _prepared(self, chunk: Sequence[Question[T]], *, priced: bool = False) -> list[tuple[Prepared[T], Call | None]]:
        models = [self._settings.large if each.prompt.role == "large" else self._settings.small for each in chunk]
        keys = [key_of(question, model, self._settings) for question, model in zip(chunk, models, strict=True)]
        kept = self._cache.get(keys)
        found = []
        for question, model, key in zip(chunk, models, keys, strict=True):
            rendered = messages_of(question, self._guard, self._nonces())
            call = None if key in kept else self._call(question, rendered, model, key, priced=priced)
            found.append((Prepared(question, key, model, rendered.instructed, kept.get(key), rendered.cut), call))
        return found

    def _call(self, question: Question[Any], rendered: Rendered, model: str, key: str, *, priced: bool) -> Call:
        self._allowed(question.namespace)
        prompt = question.prompt
        schema = self._schema(question.shape)
        body = {**prompt.parameters, "model": model, "messages": rendered.messages, **self._format(question.shape)}
        counted = priced or self._budget.cap_nusd is not None
        rate = self._rate(model, needed=counted)
        n_out = most_tokens_out(prompt.parameters)
        if n_out is None and counted and not rate.free:
            raise UsageError(
                f"Prompt '{prompt.id}' sets no max_tokens, so nobody can say what a call costs at most.",
                f"Next: add {LIMITS[1]} to [parameters] in prompts/{prompt.id}.md, or leave --max-usd out",
            )
        return Call(
            key=key,
            prompt_id=prompt.id,
            prompt_hash=prompt.prompt_hash,
            body=body,
            place=Place(address(self._settings), model, prompt.role),
            rate=rate,
            worst_nusd=rate.cost(most_tokens_in(rendered.messages, schema), n_out or 0),
            leaving=lambda: self._leave(question, rendered, model, key),
        )

    def _leave(self, question: Question[Any], rendered: Rendered, model: str, key: str) -> None:
        self._called.add(model)
        self._leaving(question, rendered, model, key)

    def _rate(self, model: str, *, needed: bool) -> Rate:
        if model not in self._rates and (price := self._settings.price(model)):
            self._rates[model] = Rate.of(price)
        if model in self._rates:
            return self._rates[model]
        if needed and not self.priced(model):
            raise UsageError(
                f"Nobody has said what '{model}' costs, so no cap can be kept.",
                f'Next: add [llm.prices."{model}"] to semsearch.toml: input and output, US dollars a million tokens',
            )
        return FREE

    def _format(self, shape: type[BaseModel]) -> dict[str, Any]:
        kind = self._settings.structured
        if kind == "none":
            return {}
        if kind == "json_object":
            return {"response_format": {"type": kind}}
        if kind == "json_object_schema":
            return {"response_format": {"type": "json_object", "schema": self._schema(shape)}}
        named = {"name": shape.__name__, "strict": True, "schema": self._schema(shape)}
        return {"response_format": {"type": kind, kind: named}}

    def _schema(self, shape: type[BaseModel]) -> dict[str, Any]:
        """The strict JSON schema of a shape, as the openai package makes it for tools; empty when none is asked for."""
        if not self._settings.structured.endswith("_schema"):
            return {}
        if shape not in self._schemas:
            from openai import pydantic_function_tool

            self._schemas[shape] = dict(pydantic_function_tool(shape)["function"]["parameters"])
        return self._schemas[shape]
