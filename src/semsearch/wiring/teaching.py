"""Extra training of what a scan has routed, the candidate that it makes, and what that gives.

Heavy modules are imported inside the functions: opening a searcher must not load what training needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.errors import MismatchError, MissingPart, UsageError
from semsearch.files import replace
from semsearch.progress import Progress, silent
from semsearch.wiring.building import build
from semsearch.wiring.pipelines import items_of, pipeline_schema
from semsearch.wiring.releasing import ROUTED, gate, held_out, publish
from semsearch.wiring.repairing import read_log
from semsearch.wiring.serving import load_settings, open_searcher
from semsearch.wiring.training import parent_of
from semsearch.workspace import DEFAULT_PIPELINE, Workspace

if TYPE_CHECKING:
    from semsearch.longtail.kept import Scan
    from semsearch.longtail.teaching.lift import Fate, Lift
    from semsearch.settings import Settings
    from semsearch.towers.card import ModelCard
    from semsearch.training.gate.judging import GateResult


@dataclass(frozen=True)
class Taught:
    """What one extra training left."""

    scan_id: str
    base: str
    """The release that was served, and scanned."""
    candidate: str
    """The release that was made."""
    card: ModelCard
    gate: GateResult
    published: bool


def longtail_train(
    workspace: Workspace,
    settings: Settings | None = None,
    *,
    pipeline: str = DEFAULT_PIPELINE,
    scan_id: str | None = None,
    publishing: bool = False,
    now: datetime,
    progress: Progress = silent,
) -> Taught:
    """Teach the served model the queries that a scan (the pipeline's last one) routes, and gate the candidate.

    `publishing` serves it when it passes. The model becomes the pipeline's next one only if it passes. Raises
    MissingPart without a scan, MismatchError for a scan of another release than the served one, UsageError when nothing
    is routed or too few clicks are left, Busy beside another training of the pipeline.
    """
    from semsearch.longtail.kept import Lesson, keep_lesson, kept
    from semsearch.longtail.teaching.routing import route
    from semsearch.towers.card import is_whole

    chosen = settings or load_settings(workspace)
    scan = kept(workspace, scan_id, pipeline)
    before = _check(workspace, scan, pipeline)
    with workspace.drafting() as folder, workspace.training(pipeline) as unfinished:
        card = _taught(
            workspace, chosen, scan, before, folder / "model", unfinished=unfinished, now=now, progress=progress
        )
        with workspace.writing(wait=True):
            if not is_whole(workspace.model_path(card.model_id)):
                replace(folder / "model", workspace.model_path(card.model_id))
    made = build(workspace, chosen, pipeline=pipeline, model_id=card.model_id, now=now, progress=progress)
    with workspace.writing(wait=True):
        routed = tuple(route(scan.queries, chosen.longtail.bound))
        at = now.isoformat(timespec="seconds")
        lesson = Lesson(made.release_id, scan.release_id, scan.scan_id, card.model_id, routed, at)
        keep_lesson(workspace, lesson)
    result = gate(workspace, made.release_id, chosen, target=f"{ROUTED}=yes", now=now, progress=progress)
    if result.passed:
        with workspace.writing(wait=True):
            workspace.choose_model(card.model_id, pipeline)
        if publishing:
            publish(workspace, made.release_id, pipeline, now=now)
    return Taught(scan.scan_id, scan.release_id, made.release_id, card, result, result.passed and publishing)


def _check(workspace: Workspace, scan: Scan, pipeline: str) -> datetime:
    """Where the held-out part of the scanned log begins; raises for a scan that nothing can be taught from."""
    if scan.pipeline != pipeline:
        raise UsageError(
            f"Scan {scan.scan_id} is of pipeline '{scan.pipeline}', not of '{pipeline}'.",
            f"Next: semsearch longtail train --pipeline {scan.pipeline}",
        )
    served = workspace.current(pipeline).release_id
    if scan.release_id != served:
        raise MismatchError(
            f"Scan {scan.scan_id} is of release {scan.release_id}, but {served} is served: its model may fail others.",
            "Next: semsearch longtail scan",
        )
    if scan.before is None:
        raise MissingPart(
            f"Scan {scan.scan_id} had no log, so there are no clicks to learn from.",
            "Next: semsearch import interactions FILE, then semsearch longtail scan",
        )
    return datetime.fromisoformat(scan.before)


def _taught(
    workspace: Workspace,
    settings: Settings,
    scan: Scan,
    before: datetime,
    folder: Path,
    *,
    unfinished: Path,
    now: datetime,
    progress: Progress,
) -> ModelCard:
    """The parent's towers, gone on with what the scan routes, saved in `folder`."""
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.longtail.teaching.extra import extra, teach
    from semsearch.longtail.teaching.routing import route
    from semsearch.training.log.evidence import Evidence

    pipeline = scan.pipeline
    routed = route(scan.queries, settings.longtail.bound)
    parent = parent_of(workspace, pipeline)
    catalogue, schema = Catalogue(workspace), pipeline_schema(workspace, pipeline)
    items = items_of(schema, catalogue.items(), pipeline)
    arm = "chats" if settings.train.positives == "none" else settings.train.positives
    progress("reading the log", 0, 0)
    evidence = Evidence.of(catalogue.interactions(), items, schema.of, arm, settings.log)
    lesson = extra(evidence, items, routed, settings, before=before, parent=parent)
    done = teach(
        lesson,
        items,
        parent,
        settings,
        folder,
        told={"scan_id": scan.scan_id, "bound": settings.longtail.bound},
        current=lambda: open_searcher(workspace, settings, pipeline),
        unfinished=unfinished,
        now=now,
        progress=progress,
    )
    return done.card


def longtail_lift(
    workspace: Workspace,
    settings: Settings | None = None,
    *,
    pipeline: str = DEFAULT_PIPELINE,
    candidate: str | None = None,
    now: datetime,
    progress: Progress = silent,
) -> Lift:
    """Before and after of a candidate that extra training made (the pipeline's last one), on later searches.

    Raises MissingPart without one or without a log, UsageError for a release that no extra training made, and when no
    question is left that neither model has seen.
    """
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.longtail.kept import kept_lesson, last_lesson
    from semsearch.longtail.teaching.lift import lift

    chosen = settings or load_settings(workspace)
    lesson = kept_lesson(workspace, candidate) if candidate else last_lesson(workspace, pipeline)
    if lesson is None:
        workspace.manifest(candidate or "")  # an unknown id is told as such
        raise UsageError(
            f"Release {candidate} does not come from extra training.", "Next: semsearch longtail lift without an id"
        )
    before, after = (workspace.manifest(each) for each in (lesson.base, lesson.release_id))
    held = held_out(workspace, chosen, (after, before), side="query")
    current = open_searcher(workspace, chosen, before.pipeline, before.release_id)
    return lift(
        current,
        open_searcher(workspace, chosen, after.pipeline, after.release_id),
        held.questions,
        read_log(Catalogue(workspace), current, chosen).demand.queries,
        lesson.routed,
        fate=_fate(workspace, lesson.base, lesson.release_id),
        source=held.source,
        now=now,
        progress=progress,
    )


def _fate(workspace: Workspace, base: str, candidate: str) -> Fate:
    """What became of the candidate: what its gate said, and whether it was published."""
    from semsearch.gates import GateRecord
    from semsearch.longtail.teaching.lift import Fate

    record = GateRecord.read(workspace.gate_path(candidate))
    pipeline = workspace.manifest(candidate).pipeline
    forced = record.forced[-1] if record.forced else None
    return Fate.of(record.against(base), published=workspace.state(pipeline).current == candidate, forced=forced)
