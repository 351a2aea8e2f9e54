"""Extra training of what a scan has routed, the candidate that it makes, and what that gives.

Heavy modules are imported inside the functions: opening a searcher must not load what training needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.errors import MismatchError, MissingPart, UsageError
from semsearch.files import replace
from semsearch.progress import Progress, silent
from semsearch.wiring.building import build
from semsearch.wiring.pipelines import items_of, pipeline_schema
from semsearch.wiring.releasing import ROUTED, gate, held_out
from semsearch.wiring.repairing import log_items
from semsearch.wiring.serving import load_settings, open_searcher
from semsearch.wiring.training import check_pipeline, parent_of
from semsearch.workspace import DEFAULT_PIPELINE, Workspace

if TYPE_CHECKING:
    import polars as pl

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
    bound: float | None = None,
    publishing: bool = False,
    now: datetime,
    progress: Progress = silent,
) -> Taught:
    """Teach the served model the queries that a scan (the pipeline's last one) routes, and gate the candidate.

    `bound` routes otherwise than the scan did. `publishing` serves the candidate when it passes. The model becomes the
    pipeline's next one only if it passes. Raises MissingPart without a scan, MismatchError for a scan of a release that
    is not served and for a changed schema, UsageError when nothing is routed or too few clicks are left, Busy beside
    another training of the pipeline.
    """
    from semsearch.longtail.kept import TaughtRecord, keep_taught, kept
    from semsearch.longtail.teaching.routing import route

    chosen = settings or load_settings(workspace)
    check_pipeline(workspace, pipeline)
    scan = kept(workspace, scan_id, pipeline)
    before = _check(workspace, scan, pipeline)
    routed = route(scan.queries, scan.bound if bound is None else bound)
    with workspace.training(pipeline) as unfinished:
        card = _taught(workspace, chosen, scan, routed, before, unfinished=unfinished, now=now, progress=progress)
        made = build(workspace, chosen, pipeline=pipeline, model_id=card.model_id, now=now, progress=progress)
        at = now.isoformat(timespec="seconds")
        with workspace.writing(wait=True):
            keep_taught(workspace, TaughtRecord(made.release_id, scan.release_id, scan.scan_id, tuple(routed), at))
        result = gate(workspace, made.release_id, chosen, target=f"{ROUTED}=yes", now=now, progress=progress)
        if result.passed:
            with workspace.writing(wait=True):
                workspace.choose_model(card.model_id, pipeline)
                if publishing:
                    workspace.publish(made.release_id, pipeline, now=now)
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
    routed: Sequence[str],
    before: datetime,
    *,
    unfinished: Path,
    now: datetime,
    progress: Progress,
) -> ModelCard:
    """The parent's towers, gone on with what the `routed` queries teach, as a model of the workspace."""
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.longtail.teaching.extra import extra, teach
    from semsearch.towers.card import is_whole
    from semsearch.training.log.evidence import Evidence

    catalogue, schema = Catalogue(workspace), pipeline_schema(workspace, scan.pipeline)
    parent = parent_of(workspace, scan.pipeline, schema)
    items = items_of(schema, catalogue.items(), scan.pipeline)
    arm = "chats" if settings.train.positives == "none" else settings.train.positives
    progress("reading the log", 0, 0)
    evidence = Evidence.of(catalogue.interactions(), items, schema.of, arm, settings.log)
    lesson = extra(evidence, items, routed, settings, before=before, parent=parent)
    with workspace.drafting() as folder:
        card = teach(
            lesson,
            items,
            parent,
            settings,
            folder / "model",
            told={"scan_id": scan.scan_id},
            current=lambda: open_searcher(workspace, settings, scan.pipeline),
            unfinished=unfinished,
            now=now,
            progress=progress,
        ).card
        with workspace.writing(wait=True):
            if not is_whole(workspace.model_path(card.model_id)):
                replace(folder / "model", workspace.model_path(card.model_id))
    return card


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
    from semsearch.longtail.kept import kept_taught, last_taught
    from semsearch.longtail.teaching.lift import lift

    chosen = settings or load_settings(workspace)
    taught = kept_taught(workspace, candidate) if candidate else last_taught(workspace, pipeline)
    if taught is None:
        workspace.manifest(candidate or "")  # an unknown id is told as such
        raise UsageError(
            f"Release {candidate} does not come from extra training.", "Next: semsearch longtail lift without an id"
        )
    before, after = (workspace.manifest(each) for each in (taught.base, taught.release_id))
    held = held_out(workspace, chosen, (after, before), side="query")
    current = open_searcher(workspace, chosen, before.pipeline, before.release_id)
    return lift(
        current,
        open_searcher(workspace, chosen, after.pipeline, after.release_id),
        held.questions,
        _demand(workspace, chosen, before.pipeline),
        taught.routed,
        fate=_fate(workspace, taught.base, taught.release_id),
        source=held.source,
        now=now,
        progress=progress,
    )


def _demand(workspace: Workspace, settings: Settings, pipeline: str) -> pl.DataFrame:
    """How often each query was asked before the held-out part of the log."""
    from semsearch.evaluation.attribution import attribute
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.longtail.demand import demand
    from semsearch.training.log.held_out import held_out

    catalogue = Catalogue(workspace)
    items = log_items(catalogue, pipeline_schema(workspace, pipeline), pipeline)
    log = catalogue.interactions()
    engagements = attribute(log, settings.log.window_s).engagements
    cut = held_out(engagements, items, settings.log)[1]
    return demand(log, engagements, settings.log, before=cut).queries


def _fate(workspace: Workspace, base: str, candidate: str) -> Fate:
    """What became of the candidate: what its gate said, and whether it was published."""
    from semsearch.gates import GateRecord
    from semsearch.longtail.teaching.lift import Fate

    record = GateRecord.read(workspace.gate_path(candidate))
    pipeline = workspace.manifest(candidate).pipeline
    forced = record.forced[-1] if record.forced else None
    return Fate.of(record.against(base), published=workspace.state(pipeline).current == candidate, forced=forced)
