"""The way of asking that `grade tune` chose last and `grade pairs` goes by: `tuning/choice.json` in the workspace."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from semsearch.relevance.variants import WHOLE
from semsearch.stored import read_record
from semsearch.workspace import Workspace

FOLDER, FILE = "tuning", "choice.json"


@dataclass(frozen=True, slots=True)
class Choice:
    """A prompt, and what of it is switched off."""

    prompt: str
    """Its id."""
    prompt_hash: str
    """With the name of the variant, as labels have it."""
    model: str
    """That it was chosen with."""
    at: str
    """UTC, ISO 8601."""
    variant: str = WHOLE

    @property
    def name(self) -> str:
        """Prompt and variant in words."""
        return self.prompt if self.variant == WHOLE else f"{self.prompt} {self.variant}"


def choice(workspace: Workspace) -> Choice | None:
    """What was chosen; None before the first tuning. Raises UsageError for a damaged file."""
    path = workspace.path(FOLDER, FILE)
    return read_record(Choice, path) if path.is_file() else None


def keep_choice(workspace: Workspace, chosen: Choice) -> None:
    """Go by this from now on; raises Busy."""
    with workspace.writing(wait=True):
        workspace.write_json(workspace.path(FOLDER, FILE), asdict(chosen))
