"""`train`: catalogue (and later logs) to a saved two-tower model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from semsearch.cli.options import HERE, JsonOption, PipelineOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk

if TYPE_CHECKING:
    from semsearch.towers.card import ModelCard


def train(
    family: Annotated[Literal["static", "transformer"] | None, typer.Option(help="Kind of towers.")] = None,
    base: Annotated[str | None, typer.Option(help="Model id or folder to start from.")] = None,
    dim: Annotated[int | None, typer.Option(help="Length of a vector (static towers).")] = None,
    seconds: Annotated[float | None, typer.Option(help="Upper bound of the training time.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of every random choice.")] = None,
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Train two towers on the catalogue and save them as a model.

    Without logs the catalogue teaches itself: titles and bodies, brands and attributes, words of a title, misspellings.

    Example: semsearch train --seconds 60

    Example: semsearch train --family transformer --base ./all-MiniLM-L6-v2
    """
    from semsearch import wiring
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = wiring.load_settings(opened).override(
        "train", family=family, base=base, dim=dim, seconds=seconds, seed=seed
    )
    with steps() as progress:
        card = wiring.train(opened, settings, pipeline=pipeline, now=datetime.now(UTC), progress=progress)
    emit(card if json else _summary(card), as_json=json)
    talk("Next: semsearch index build --publish")


def _summary(card: ModelCard) -> dict[str, str]:
    """What was made and of what; the card in full is in `--json` and in the model's folder."""
    facts = card.metrics
    learned = f"{facts['n_pairs']:,} pairs of {facts['n_items']:,} items in {facts['train_s']:.0f} s"
    stopped = "all steps done" if facts["ended_by"] == "steps" else "stopped by the time limit (train.seconds)"
    return {"model": f"{card.model_id} ({card.dim} numbers a vector)", "learned": f"{learned}, {stopped}"}
