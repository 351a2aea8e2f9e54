"""The way of asking that `grade tune` chose last and `grade pairs` goes by: `tuning/choice.json` in the workspace.

The file is replaced as a whole, after the locked part was looked at, with the figure that was reported there.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from semsearch.relevance.asking.variants import WHOLE
from semsearch.stored import read_record
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    from semsearch.relevance.locked import Opening
    from semsearch.relevance.scores import Score

FOLDER, FILE = "tuning", "choice.json"
Figure = dict[str, float | None]
"""`weighted_kappa`, `low` and `high`, null where not defined; `n` pairs of `n_queries`; the number of the `opening`."""


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
    locked: dict[str, float | None] | None = None
    """A `Figure`: what was reported of it on the locked part; null: nothing was."""

    @property
    def name(self) -> str:
        """Prompt and variant in words."""
        return self.prompt if self.variant == WHOLE else f"{self.prompt} {self.variant}"

    @property
    def told(self) -> str:
        """Prompt, variant, the beginning of the hash, and the model."""
        return f"{self.name} ({self.prompt_hash[:12]}), {self.model}"

    def same_as(self, other: Choice) -> bool:
        """Whether both ask the same model in the same words."""
        return (self.prompt, self.prompt_hash, self.model) == (other.prompt, other.prompt_hash, other.model)


def figure_of(told: Score, opening: Opening) -> Figure:
    """What was reported on the locked part, to be kept with the choice."""
    kappa = told.weighted_kappa
    ends = {"weighted_kappa": kappa.value, "low": kappa.low, "high": kappa.high}
    known = {name: None if math.isnan(value) else value for name, value in ends.items()}
    return {**known, "n": told.n, "n_queries": told.n_queries, "opening": opening.n}


def choice(workspace: Workspace) -> Choice | None:
    """What was chosen; None before the first tuning. Raises UsageError for a damaged file."""
    path = workspace.path(FOLDER, FILE)
    return read_record(Choice, path) if path.is_file() else None


def keep_choice(workspace: Workspace, chosen: Choice) -> None:
    """Go by this from now on; raises Busy."""
    with workspace.writing(wait=True):
        workspace.write_json(workspace.path(FOLDER, FILE), asdict(chosen))
