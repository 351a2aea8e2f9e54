"""What calls cost: known at the most before each attempt, counted in billionths of a US dollar, held below the cap.

A tokenizer that works on bytes makes at most one token of each, so a call costs at most its bytes at the price of
input and `max_tokens` at the price of output. So much is set aside before an attempt leaves; then what it did cost
takes its place. The cap holds as far as the endpoint bills so: one that takes more tokens, or bills what it thought
beside `max_tokens`, passes the worst case. Then nothing more leaves, but what is in flight is billed alike.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from semsearch.settings import PriceSettings

NUSD = 1_000_000_000
"""Billionths in a US dollar."""
NUSD_A_TOKEN = 1_000
"""Of a price of one US dollar a million tokens."""
TOKENS_AROUND = 16
"""That an endpoint's template puts around a message, or around the whole, at most."""
LIMITS = ("max_completion_tokens", "max_tokens")


@dataclass(frozen=True, slots=True)
class Rate:
    """What one token costs, in billionths of a US dollar, exactly."""

    input: Fraction
    output: Fraction

    @classmethod
    def of(cls, price: PriceSettings) -> Rate:
        """From US dollars a million tokens, as they are written."""
        return cls(Fraction(str(price.input)) * NUSD_A_TOKEN, Fraction(str(price.output)) * NUSD_A_TOKEN)

    def cost(self, n_in: int, n_out: int) -> int:
        """Of so many tokens, rounded up to a whole billionth."""
        return math.ceil(self.input * n_in + self.output * n_out)

    @property
    def free(self) -> bool:
        """Whether nothing is charged."""
        return not self.input and not self.output


FREE = Rate(Fraction(0), Fraction(0))


def most_tokens_in(messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any] | None) -> int:
    """Input tokens of a call at the most: its bytes, with what a template puts around them."""
    parts = [message["role"] + message["content"] for message in messages]
    parts += [json.dumps(schema)] if schema else []
    return sum(len(part.encode()) + TOKENS_AROUND for part in parts) + TOKENS_AROUND


def most_tokens_out(parameters: Mapping[str, Any]) -> int | None:
    """Output tokens of a call at the most; None when its parameters set no limit."""
    return max((parameters[name] for name in LIMITS if name in parameters), default=None)


class Spent(Exception):
    """The cap may be passed by the next attempt, and nothing is in flight that could cost less than set aside."""


class Budget:
    """One command's money. All of it runs in one event loop."""

    def __init__(self, cap_nusd: int | None) -> None:
        self.cap_nusd = cap_nusd
        self.spent_nusd = 0
        self._reserved_nusd = 0
        self._settled = asyncio.Event()

    @classmethod
    def of(cls, max_usd: float) -> Budget:
        """With a cap in US dollars; 0 is none, and so is infinity."""
        return cls(math.floor(Fraction(str(max_usd)) * NUSD) if max_usd and math.isfinite(max_usd) else None)

    async def reserve(self, worst_nusd: int) -> None:
        """Set aside what an attempt costs at most; waits for those in flight when that would pass the cap.

        Raises Spent when nothing is in flight any more and it would pass it still.
        """
        while self.cap_nusd is not None and self.spent_nusd + self._reserved_nusd + worst_nusd > self.cap_nusd:
            if not self._reserved_nusd:
                raise Spent
            await self._settled.wait()
        self._reserved_nusd += worst_nusd

    def settle(self, worst_nusd: int, cost_nusd: int) -> None:
        """Put what an attempt did cost in the place of what was set aside for it."""
        self._reserved_nusd -= worst_nusd
        self.spent_nusd += cost_nusd
        self._settled.set()
        self._settled = asyncio.Event()
