"""What the steps of the spam commands work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from semsearch.records import NAMESPACES
from semsearch.spam.verdicts.detecting import PROMPT

if TYPE_CHECKING:
    from semsearch.llm.asking import Asker
    from semsearch.llm.prompts import Prompt, Prompts
    from semsearch.settings import Settings
    from semsearch.store.database import Store
    from semsearch.workspace import Workspace

LEARN = "Next: semsearch spam learn --normal FILE --sellers FILE"
SEED = 0
"""Of bootstraps."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every step works with."""

    workspace: Workspace
    settings: Settings
    store: Store
    prompts: Prompts
    asker: Asker
    clock: Callable[[], datetime]

    @property
    def namespaces(self) -> tuple[str, ...]:
        """All that are known."""
        return tuple(dict.fromkeys((*NAMESPACES, *self.settings.campaigns.namespaces)))

    def prompt(self, prompt_id: str = PROMPT) -> Prompt:
        """A prompt, by default the one that posts are judged with; raises UsageError for an unknown one."""
        return self.prompts.get(prompt_id)

    @property
    def judge(self) -> dict[str, Any]:
        """Who judges posts: all that a verdict depends on beside profile and post."""
        llm, prompt = self.settings.llm, self.prompt()
        model = llm.large if prompt.role == "large" else llm.small
        told = {"structured": llm.structured, "max_chars": llm.max_chars}
        return {"prompt": prompt.prompt_hash, "model": model, **told}
