"""`train`: catalogue and log to a saved two-tower model."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from semsearch.cli.options import HERE, JsonOption, PipelineOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk

if TYPE_CHECKING:
    from semsearch.wiring import Training


def train(
    family: Annotated[Literal["static", "transformer"] | None, typer.Option(help="Kind of towers.")] = None,
    base: Annotated[str | None, typer.Option(help="Model id or folder to start from.")] = None,
    teacher: Annotated[str | None, typer.Option(help="Model id or folder to learn vectors from first.")] = None,
    go_on: Annotated[bool, typer.Option("--continue", help="Continue from the model that is served.")] = False,
    positives: Annotated[
        Literal["chats", "clicks", "both", "none"] | None, typer.Option(help="What of the log counts as wanted.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the log's pairs, at most.")] = None,
    dim: Annotated[int | None, typer.Option(help="Length of a vector (static towers).")] = None,
    seconds: Annotated[float | None, typer.Option(help="Upper bound of each part of the training.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of every random choice.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a report page to this file.")] = None,
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Train two towers on the catalogue and, where there is one, on the log, and save them as a model.

    The catalogue teaches itself: titles and bodies, brands and attributes, misspellings. A log teaches what people
    wanted; its last parts are held out, and a candidate release shows what was gained. All settings: [train] and [log].

    Example: semsearch train

    Example: semsearch train --positives both --html training.html

    Example: semsearch train --family transformer --base ./all-MiniLM-L6-v2
    """
    from semsearch import wiring
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    flags = {"family": family, "base": base, "teacher": teacher, "positives": positives, "epochs": epochs}
    settings = wiring.load_settings(opened).override("train", **flags, dim=dim, seconds=seconds, seed=seed)
    with steps() as progress:
        done = wiring.train(opened, settings, pipeline=pipeline, go_on=go_on, now=datetime.now(UTC), progress=progress)
    if html:
        _write_page(html, done)
    if json:
        emit(done, as_json=True)
    else:
        emit(_summary(done))
        _table(done)
    talk(_next(done, pipeline, served=opened.state(pipeline).current is not None))


def _summary(done: Training) -> dict[str, str]:
    """What was made and of what; the card in full is in `--json` and in the model's folder."""
    card, facts = done.card, done.card.metrics
    told = {"model": f"{card.model_id} ({card.dim} numbers a vector)"}
    if "n_pairs" in facts:
        stopped = "all steps done" if facts["ended_by"] == "steps" else "stopped by the time limit (train.seconds)"
        told["catalogue"] = (
            f"{facts['n_pairs']:,} pairs of {facts['n_items']:,} items in {facts['train_s']:.0f} s, {stopped}"
        )
    if "log" in facts:
        told["log"] = _log(facts)
    return told


def _log(facts: dict[str, Any]) -> str:
    """What the log gave, also when it was too little."""
    read, learned = facts["log"], facts.get("behaviour")
    held = f"{read['n_examples']:,} positives of {read['n_actors']:,} actors"
    if learned is None:
        return f"{held}: too few to learn from; the catalogue alone was"
    passes = len(learned["curve"]) - 1
    return (
        f"{held}; {learned['n_pairs']:,} pairs in {learned['train_s']:.0f} s, "
        f"{passes} passes, the best was {learned['best_epoch'] or 'the start'}"
    )


def _table(done: Training) -> None:
    if done.stages is None:
        return
    from semsearch.report.training import stage_rows, told

    rows = stage_rows(done.stages)
    note = "\n".join(told(done.stages))
    emit(rows, rows=rows, title=f"{done.stages.n_questions:,} held-out questions", note=note)


def _write_page(path: Path, done: Training) -> None:
    from semsearch.files import atomic
    from semsearch.report.training import training_page

    with atomic(path) as draft:
        draft.write_text(training_page(done.card, done.stages), encoding="utf-8")
    talk(f"Report: {path}")


def _next(done: Training, pipeline: str, *, served: bool) -> str:
    if done.stages is None:
        return "Next: semsearch index build --publish" + ("" if pipeline == "default" else f" --pipeline {pipeline}")
    verb = "gate" if served else "publish"
    more = "" if served or pipeline == "default" else f" --pipeline {pipeline}"
    return f"Next: semsearch release {verb} {done.stages.release_id}{more}"
