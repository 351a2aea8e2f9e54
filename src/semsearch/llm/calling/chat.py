"""One call of a chat model with its attempts: each is paid for from the budget, and a wait asked for holds for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from semsearch.errors import BudgetReached, MissingService
from semsearch.llm.answers import FILTER, REFUSAL
from semsearch.llm.budget import NUSD, Budget, Rate, Spent
from semsearch.llm.calling.starts import Halt, Halted, Starts
from semsearch.llm.endpoint import CHECK, TRIPS, Place, Trouble, trouble_of
from semsearch.settings import LlmSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 20.0
IN_A_ROW = 8
"""Calls that fail one after another before the endpoint counts as gone; more where more are made at once."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent for one question."""

    key: str
    prompt_id: str
    prompt_hash: str
    body: Mapping[str, Any]
    """Arguments of the openai package's `chat.completions.create`."""
    place: Place
    rate: Rate
    worst_nusd: int
    """What one attempt costs at most."""
    leaving: Callable[[], None]
    """Called before each attempt leaves."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came. Why it ends: as the protocol says, or `refusal`, whose words are then the content."""

    content: str
    finish: str
    n_in: int
    n_out: int
    cost_nusd: int
    """With attempts before it that may be billed."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer after all attempts."""

    detail: str
    cost_nusd: int
    """Of attempts that may be billed."""


class Chat:
    """Calls to one endpoint. Lives in one event loop; `n_calls` and `n_in_flight` may be read from anywhere."""

    def __init__(
        self,
        client: AsyncOpenAI,
        settings: LlmSettings,
        budget: Budget,
        *,
        clock: Callable[[], datetime],
        jitter: Random,
    ) -> None:
        self.n_calls = 0
        """Answers that came."""
        self.n_in_flight = 0
        self._client = client
        self._timeout_s = settings.timeout_s
        self._retries = settings.retries
        self._budget = budget
        self._clock = clock
        self._jitter = jitter
        self._starts = Starts(settings.concurrency, jitter)
        self._most_in_a_row = max(IN_A_ROW, settings.concurrency)
        self._in_a_row = 0
        self._beyond: BudgetReached | None = None
        """Raised before the next attempt, when an answer was billed above the worst case that the cap counts with."""

    async def call(self, call: Call, halt: Halt) -> Reply | Failed:
        """The answer to `call`, or Failed when its attempts are used up.

        Raises BudgetReached when an attempt might pass the cap, or nobody knows whether it would, MissingService or
        UsageError when no call would do better, Halted when the run is over. A 429 after which others were answered is
        no sign that this call never will be: its attempts are counted anew.
        """
        cost_nusd = n_tries = 0
        n_heard = None
        while True:
            await self._starts.turn(halt)
            await self._reserve(call, halt)
            came, paid_nusd = await self._attempt(call)
            cost_nusd += paid_nusd
            if isinstance(came, Trouble) and came.filtered:
                came = Reply("", FILTER, 0, 0, 0)
            if isinstance(came, Reply):
                self.n_calls += 1
                self._in_a_row = 0
                return replace(came, cost_nusd=cost_nusd)
            if came.stop:
                raise came.stop
            if came.all_wait and n_heard is not None and self.n_calls > n_heard:
                n_tries = 0
            n_tries += 1
            n_heard = self.n_calls
            if not came.again or n_tries > self._retries:
                return self._failed(came, call.place, cost_nusd)
            await self._wait(came, n_tries, halt)

    async def _reserve(self, call: Call, halt: Halt) -> None:
        try:
            await self._budget.reserve(call.worst_nusd)
        except Spent:
            raise self._beyond or self._reached() from None
        if self._beyond or halt.called:
            self._budget.settle(call.worst_nusd, 0)
            raise self._beyond or Halted

    async def _attempt(self, call: Call) -> tuple[Reply | Trouble, int]:
        """What one attempt came to, and what it cost; one that is cancelled counts as dear as can be."""
        from openai import OpenAIError

        cost_nusd = 0
        self.n_in_flight += 1
        try:
            call.leaving()
            cost_nusd = call.worst_nusd
            async with asyncio.timeout(self._timeout_s):
                completion = await self._client.chat.completions.create(**call.body)
            reply = _read(completion, call)
            cost_nusd = reply.cost_nusd
            return reply, cost_nusd
        except _Unfinished as error:
            cost_nusd = error.cost_nusd
            return Trouble(str(error)), cost_nusd
        except (OpenAIError, TimeoutError, *TRIPS) as error:
            trouble = trouble_of(error, call.place, heard=self.n_calls > 0, now=self._clock())
            cost_nusd = call.worst_nusd if trouble.billed else 0
            return trouble, cost_nusd
        finally:
            self.n_in_flight -= 1
            self._budget.settle(call.worst_nusd, cost_nusd)
            if cost_nusd > call.worst_nusd and self._budget.cap_nusd is not None:
                self._beyond = self._beyond or self._over_billed(call, cost_nusd)

    async def _wait(self, trouble: Trouble, n_tries: int, halt: Halt) -> None:
        """As long as the endpoint asks, else a back-off that doubles; whoever all wait for leaves after the others."""
        backoff_s = min(FIRST_BACKOFF_S * 2 ** max(0, n_tries - 1), LONGEST_BACKOFF_S) * self._jitter.uniform(0.5, 1)
        wait_s = backoff_s if trouble.wait_s is None else trouble.wait_s
        if trouble.all_wait:
            self._starts.pause(wait_s)
            wait_s += self._starts.spread_s
        await halt.rest(wait_s)

    def _failed(self, trouble: Trouble, place: Place, cost_nusd: int) -> Failed:
        self._in_a_row += not trouble.of_question
        if self._in_a_row >= self._most_in_a_row:
            said = (
                f"{place} does not answer: {self._in_a_row} calls in a row failed, the last one with {trouble.detail}"
            )
            raise MissingService(f"{said.rstrip('.')}.", f"{CHECK}; then the same command goes on where this one ended")
        return Failed(trouble.detail, cost_nusd)

    def _reached(self) -> BudgetReached:
        spent, cap = (nusd / NUSD for nusd in (self._budget.spent_nusd, self._budget.cap_nusd or 0))
        return BudgetReached(
            f"The next call may pass the cap of ${cap:g}: ${spent:.6f} is spent, {self.n_calls:,} answers are kept.",
            "Next: the same command with a higher --max-usd; it goes on where this one ended",
        )

    def _over_billed(self, call: Call, cost_nusd: int) -> BudgetReached:
        cost, worst, cap = (nusd / NUSD for nusd in (cost_nusd, call.worst_nusd, self._budget.cap_nusd or 0))
        return BudgetReached(
            f"{call.place} billed ${cost:.6f} for a call of {call.place.model} that costs ${worst:.6f} at most: a "
            f"token a byte, and max_tokens. So nobody can keep the cap of ${cap:g}. What was paid is kept.",
            "Next: look at that model's bill and [llm.prices]; the same command without --max-usd goes on from here",
        )


class _Unfinished(Exception):
    """A body that is no answer, though it has the form of one."""

    def __init__(self, cost_nusd: int) -> None:
        super().__init__("an answer without a choice")
        self.cost_nusd = cost_nusd


def _read(completion: Any, call: Call) -> Reply:
    """The reply in a body; raises _Unfinished without a choice, TypeError for what is no completion at all."""
    if not hasattr(completion, "choices"):
        raise TypeError("it is a page or another document")
    n_in, n_out = (getattr(completion.usage, name, None) for name in ("prompt_tokens", "completion_tokens"))
    if isinstance(n_in, int) and isinstance(n_out, int) and min(n_in, n_out) >= 0:
        cost_nusd = call.rate.cost(n_in, n_out)
    else:
        n_in, n_out, cost_nusd = 0, 0, call.worst_nusd
    if not completion.choices:
        raise _Unfinished(cost_nusd)
    choice = completion.choices[0]
    refusal = getattr(choice.message, "refusal", None)
    content, finish = (refusal, REFUSAL) if refusal else (choice.message.content or "", choice.finish_reason or "stop")
    storable = str(content).encode(errors="replace").decode()  # half a character is none
    return Reply(storable, str(finish), n_in, n_out, cost_nusd)
