"""`train`: catalogue and log to a saved two-tower model."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from semsearch.cli.options import HERE, JsonOption, PipelineOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.pages import check_page, write_page

if TYPE_CHECKING:
    from semsearch.wiring import Training
    from semsearch.workspace import Workspace


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
    wanted; its last parts are held out, and a candidate release shows what was gained. All settings: docs/reference.md.

    Example: semsearch train

    Example: semsearch train --positives both --html training.html

    Example: semsearch train --family transformer --base ./all-MiniLM-L6-v2
    """
    from semsearch import wiring
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    check_page(html, "train")
    flags = {"family": family, "base": base, "teacher": teacher, "positives": positives, "epochs": epochs}
    settings = wiring.load_settings(opened).override("train", **flags, dim=dim, seconds=seconds, seed=seed)
    _check_log(opened, positives)
    with steps() as progress:
        done = wiring.train(opened, settings, pipeline=pipeline, go_on=go_on, now=datetime.now(UTC), progress=progress)
    if html:
        from semsearch.report.training import training_page

        write_page(html, training_page(done.card, done.stages))
    if json:
        emit(done, as_json=True)
    else:
        emit(_summary(done))
        _table(done)
    talk(_next(done, pipeline, served=opened.state(pipeline).current is not None))


ENDS = {
    "steps": "all passes done",
    "seconds": "stopped by the time limit (train.seconds)",
    "stopped": "stopped, as later passes brought nothing (train.patience)",
}


def _check_log(workspace: Workspace, positives: str | None) -> None:
    """Who asks for a part of the log by a flag is told when there is no log."""
    from semsearch.errors import MissingPart
    from semsearch.ingest.catalogue import Catalogue

    if positives not in (None, "none") and not Catalogue(workspace).n_interactions:
        raise MissingPart(
            f"--positives {positives} is of a log, and none was imported.", "Next: semsearch import interactions FILE"
        )


def _summary(done: Training) -> dict[str, str]:
    """What was made and of what; the card in full is in `--json` and in the model's folder."""
    card, facts = done.card, done.card.metrics
    told = {"model": f"{card.model_id} ({card.dim} numbers a vector)"}
    if "continued_from" in facts:
        told["from"] = f"{facts['continued_from']}, which is served"
    if "n_pairs" in facts:
        end = "" if facts["ended_by"] == "steps" else f", {ENDS[facts['ended_by']]}"
        told["catalogue"] = f"{facts['n_pairs']:,} pairs of {facts['n_items']:,} items in {facts['train_s']:.0f} s{end}"
    if "log" in facts:
        told["log"] = _read(facts["log"])
        told["learned"] = _learned(facts["log"], facts.get("behaviour"), card.settings["positives"])
    return told


def _read(log: dict[str, Any]) -> str:
    """What was found in the log, and what of it cannot be learned from."""
    dropped = ", ".join(f"{n:,} {reason}" for reason, n in log["dropped"].items() if n)
    found = f"{log['n_examples']:,} positives of {log['n_actors']:,} actors on {log['n_items']:,} items"
    return f"{found}; left out: {dropped}" if dropped else found


def _learned(log: dict[str, Any], learned: dict[str, Any] | None, arm: str) -> str:
    """How the log's training went, also when there was none."""
    if learned is None:
        more = "" if arm == "both" else f" with --positives {arm}; --positives both counts every kind"
        return f"the catalogue alone: {log['n_train']:,} positives before the held-out parts are too few{more}"
    told = f"{learned['n_pairs']:,} pairs in {learned['train_s']:.0f} s"
    told += f", {learned['n_replayed']:,} of them seen before" if learned["n_replayed"] else ""
    told += f", taken up at step {learned['resumed_at']:,}" if learned["resumed_at"] else ""
    best = f"pass {learned['best_epoch']}" if learned["best_epoch"] else "the start"
    return f"{told}; {len(learned['curve']) - 1} passes, {ENDS[learned['ended_by']]}; kept: {best}"


def _table(done: Training) -> None:
    if done.stages is None:
        return
    from semsearch.report.training import stage_rows, told

    rows = stage_rows(done.stages)
    note = "\n".join(told(done.stages))
    emit(rows, rows=rows, title=f"{done.stages.n_questions:,} held-out questions", note=note)


def _next(done: Training, pipeline: str, *, served: bool) -> str:
    if done.stages is None:  # no candidate yet; where something is served, it has to pass the gate
        publish = "" if served else " --publish"
        return f"Next: semsearch index build{publish}" + ("" if pipeline == "default" else f" --pipeline {pipeline}")
    verb = "gate" if served else "publish"
    more = "" if served or pipeline == "default" else f" --pipeline {pipeline}"
    return f"Next: semsearch release {verb} {done.stages.release_id}{more}"
