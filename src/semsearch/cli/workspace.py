"""`init`, `status`, `doctor`: the workspace as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semsearch.cli.options import HERE, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, talk
from semsearch.plain import plain

if TYPE_CHECKING:
    from semsearch.health import LabelStatus, PipelineStatus, SpamStatus
    from semsearch.store.campaigns import Standing


def init(workspace: WorkspaceOption = HERE) -> None:
    """Make a workspace; one that is there already is kept as it is.

    Example: semsearch init -w market
    """
    from semsearch.workspace import Workspace

    made = Workspace.create(workspace)
    talk(f"Workspace ready in {made.root}.")
    talk("Next: semsearch import items FILE, or semsearch scan posts FILE")


def status(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Show what is there, what is stale and the next command.

    Also profiles, verdicts and labels, and what keeps posts from being judged.

    Example: semsearch status --json
    """
    from semsearch import health
    from semsearch.workspace import DEFAULT_PIPELINE, Workspace

    opened = Workspace.open(workspace)
    found = health.status(opened)
    if json:
        emit(found, as_json=True)
        return
    counts = {"workspace": found.workspace, "items": found.n_items, "interactions": found.n_interactions}
    emit(counts | {"regions": found.n_regions, "models": ", ".join(found.models) or "none"})
    emit(found.pipelines, rows=[_pipeline_row(p) for p in found.pipelines])
    if found.scanned:
        emit(found.scanned, rows=[_scanned_row(each) for each in found.scanned])
    if found.spam:
        emit(found.spam, rows=[_spam_row(each) for each in found.spam])
    if found.labels:
        emit(found.labels, rows=[_label_row(each) for each in found.labels])
    for sentence in found.damaged:
        talk(sentence)
    for spam in found.spam:
        if spam.blocked:
            talk(f"Posts of {spam.namespace} cannot be judged: {spam.blocked} {spam.next_step}")
    for pipeline in found.pipelines:
        if last := pipeline.rolled_back_from:
            flag = "" if pipeline.name == DEFAULT_PIPELINE else f" --pipeline {pipeline.name}"
            verb = f"publish {last}{flag} undoes" if opened.door(last, pipeline.name).open else f"show {last} tells of"
            talk(f"Rolled back from {last} to {pipeline.release_id}; semsearch release {verb} it.")
    for sentence in found.stale:
        talk(f"Stale: {sentence}")
    talk(f"Next: {found.next_command}")


def doctor(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Check the installation and, file by file, the releases of the workspace; exit code 3 when something is broken.

    Also what language models need: prompts, profiles, address, key, allow-list, prices. No model is called.

    Example: semsearch doctor
    """
    from semsearch import health
    from semsearch.errors import Refused

    checks = health.doctor(workspace)
    emit(checks, as_json=json, rows=[plain(c) | {"ok": "ok" if c.ok else "not ok"} for c in checks])
    if not all(check.ok for check in checks):
        raise Refused("Something needs attention; see the rows that are not ok.")


def _pipeline_row(pipeline: PipelineStatus) -> dict[str, Any]:
    """What one pipeline serves, for people; an empty model id is the embeddings endpoint."""
    serves, comes = (
        "endpoint" if model == "" else model or "none" for model in (pipeline.model_id, pipeline.next_model_id)
    )
    return {
        "pipeline": pipeline.name,
        "release": pipeline.release_id or "none",
        "items": pipeline.n_items,
        "model": serves,
        "model of the next build": comes,
        "candidates": ", ".join(pipeline.candidates) or "none",
    }


def _scanned_row(standing: Standing) -> dict[str, Any]:
    return {
        "namespace": standing.namespace,
        "posts": standing.n_posts,
        "left by a stopped scan": standing.n_left,
        "alerts": standing.n_alerts,
    }


def _spam_row(spam: SpamStatus) -> dict[str, Any]:
    return {
        "namespace": spam.namespace,
        "active profiles": ", ".join(f"{name} ({profile_id})" for name, profile_id in spam.active.items()) or "none",
        "drafts": ", ".join(spam.drafts) or "none",
        "verdicts": spam.n_verdicts,
        "flagged": spam.n_flagged,
        "abstained": spam.n_abstained,
    }


def _label_row(labels: LabelStatus) -> dict[str, Any]:
    by = "people" if labels.source == "person" else "machines"
    return {"labels by": by, "annotators": labels.n_annotators, "labels": labels.n_labels}
