"""Who answers where a chapter asks models: a scripted one, unless an endpoint is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semsearch.simulate import judge

if TYPE_CHECKING:
    import httpx2

    from semsearch.settings import Settings

CAP_USD = 0.5
"""Of a real endpoint and one chapter, unless [llm] max_usd says otherwise."""
NO_QUALITY = "scripted judge, simulated: no figure of a model's quality"


@dataclass(frozen=True, slots=True)
class Models:
    """Who answers."""

    settings: Settings
    transport: httpx2.AsyncBaseTransport | None
    """In the place of the network; null for a real endpoint."""

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str]) -> Models:
        """A real endpoint where settings or environment name one or hold a key, with a cap; else the scripted one."""
        if settings.llm.base_url or environment.get("OPENAI_BASE_URL") or environment.get("OPENAI_API_KEY"):
            return cls(settings.override("llm", max_usd=settings.llm.max_usd or CAP_USD), None)
        scripted = {"base_url": judge.BASE_URL, "small": judge.JUDGE, "large": judge.WRITER}
        return cls(settings.override("llm", **scripted), judge.transport())

    @property
    def condition(self) -> str:
        """What stands beside every figure."""
        return NO_QUALITY if self.transport else f"{self.settings.llm.small}, simulated posts"

    @property
    def told(self) -> str:
        """Who answers, in a sentence."""
        llm = self.settings.llm
        if self.transport is None:
            return (
                f"{llm.large} and {llm.small} answer, for at most ${llm.max_usd:.2f}; nothing that they read is real."
            )
        return (
            "The answers here are scripted: plain rules stand in for the models, and nothing leaves this machine. "
            f"With OPENAI_API_KEY or SEMSEARCH_LLM__BASE_URL set, models answer, for at most ${CAP_USD:.2f}."
        )
