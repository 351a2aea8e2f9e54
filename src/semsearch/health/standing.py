"""`status`: the workspace at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.health.judgements import LabelStatus, SpamStatus, labelled, moderated
from semsearch.health.pipelines import (
    PipelineStatus,
    damage,
    differences,
    ingredients,
    next_command,
    pipeline_status,
)
from semsearch.workspace import DEFAULT_PIPELINE, Workspace

if TYPE_CHECKING:
    from semsearch.store.campaigns import Standing


@dataclass(frozen=True, slots=True)
class Status:
    """The workspace at a glance."""

    workspace: Path
    n_items: int
    n_interactions: int
    n_regions: int
    models: tuple[str, ...]
    pipelines: tuple[PipelineStatus, ...]
    damaged: tuple[str, ...]
    """Sentences: served releases with a file that is missing or of another size than it was built with."""
    stale: tuple[str, ...]
    """Sentences: what was made from something older than what is there."""
    scanned: tuple[Standing, ...]
    """What was scanned, by namespace; empty before the first scan."""
    spam: tuple[SpamStatus, ...]
    """Profiles and verdicts by namespace; empty before the first."""
    labels: tuple[LabelStatus, ...]
    """Of people and of machines; empty before the first."""
    next_command: str


def status(workspace: Workspace) -> Status:
    """What is there, what is stale, and the next command."""
    from semsearch.ingest.catalogue import Catalogue

    catalogue = Catalogue(workspace)
    names = workspace.pipelines() or [DEFAULT_PIPELINE]
    releases = workspace.releases()
    made_of = ingredients(workspace)
    pipelines = tuple(pipeline_status(workspace, name, releases, made_of) for name in names)
    models = tuple(sorted(p.parent.name for p in workspace.path("models").glob("*/semsearch.json")))
    told = {p.name: tuple(differences(workspace, p, made_of)) for p in pipelines}
    broken = {p.name: damage(workspace, p) for p in pipelines}
    found = moderated(workspace)
    listed = any(each.n_alerts for each in found.scanned) or any(each.n_flagged for each in found.spam)
    return Status(
        workspace=workspace.root.resolve(),
        n_items=catalogue.n_items,
        n_interactions=catalogue.n_interactions,
        n_regions=catalogue.n_regions,
        models=models,
        pipelines=pipelines,
        damaged=tuple(filter(None, broken.values())),
        stale=tuple(sentence for sentences in told.values() for sentence in sentences),
        scanned=found.scanned,
        spam=found.spam,
        labels=labelled(workspace),
        next_command=next_command(catalogue.n_items, pipelines, told, broken)
        if catalogue.n_items or not listed
        else "semsearch alerts list --status open",
    )
