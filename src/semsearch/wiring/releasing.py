"""The gate and the door: what a pipeline serves changes here.

Heavy modules are imported inside the functions: opening a searcher must not load what training needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.errors import MissingPart
from semsearch.progress import Progress, silent
from semsearch.wiring.pipelines import items_of, pipeline_schema
from semsearch.wiring.serving import load_settings, open_searcher
from semsearch.workspace import DEFAULT_PIPELINE, Manifest, PipelineState, Workspace

if TYPE_CHECKING:
    from semsearch.evaluation.qrels import Qrels
    from semsearch.evaluation.queries import Queries
    from semsearch.evaluation.questions import Questions, Side
    from semsearch.settings import Settings
    from semsearch.training.gate.held_out import HeldOut
    from semsearch.training.gate.judging import GateResult

ROUTED = "routed"
"""Column of a gate's questions: whether the candidate was taught the query."""


def gate(
    workspace: Workspace,
    candidate: str,
    settings: Settings | None = None,
    *,
    target: str = "all",
    slices: Sequence[str] = (),
    judged: tuple[Qrels, Queries, str] | None = None,
    now: datetime,
    progress: Progress = silent,
) -> GateResult:
    """Judge `candidate` against the release that its pipeline serves, and keep the answer for `publish`.

    `judged` (judgements, their queries, and a name for them) takes the place of the held-out part of the log. Raises
    UsageError for a wrong metric, for a candidate that is unknown or served, and where there is nothing to ask,
    MissingPart when nothing is served yet or there is no log.
    """
    from semsearch.evaluation.metrics import parse_metric
    from semsearch.training.gate import judging as job

    chosen = settings or load_settings(workspace)
    parse_metric(chosen.gate.metric)  # a wrong one is told before any work
    manifest = workspace.manifest(candidate)
    pipeline = manifest.pipeline
    if workspace.state(pipeline).current is None:
        raise MissingPart(
            f"Pipeline '{pipeline}' serves nothing yet: its first release needs no gate.",
            f"Next: semsearch release publish {candidate}{_flag(pipeline)}",
        )
    current = workspace.current(pipeline)
    job.check_pair(candidate, pipeline, current.release_id, current.pipeline)
    served = open_searcher(workspace, chosen, release=current.release_id)
    waiting = open_searcher(workspace, chosen, release=candidate)
    held = held_out(workspace, chosen, (manifest, current), judged, side=job.shared_side(served, waiting))
    questions = _with_routed(workspace, candidate, held.questions)
    result = job.gate(
        served,
        waiting,
        questions,
        chosen.gate,
        target=target,
        slices=slices,
        source=held.source,
        now=now,
        progress=progress,
    )
    with workspace.writing(wait=True):
        record = workspace.gate_record(candidate)
        workspace.write_json(workspace.gate_path(candidate), record.with_result(job.document(result)).document())
    return result


def publish(
    workspace: Workspace,
    release_id: str,
    pipeline: str = DEFAULT_PIPELINE,
    *,
    now: datetime,
    by: str = "",
    reason: str = "",
    force: bool = False,
) -> PipelineState:
    """Make `release_id` what `pipeline` serves, if its gate is passed or it needs none (docs/gate.md).

    `force` with `by` and `reason` publishes it anyhow, and both are kept. Raises Refused without a passed gate,
    UsageError for an unknown release or one of another pipeline, Busy beside a writer.
    """
    from semsearch.longtail.kept import kept_taught

    with workspace.writing():
        taught = kept_taught(workspace, release_id)
        state = workspace.publish(release_id, pipeline, now=now, by=by, reason=reason, force=force)
        if taught and (model_id := workspace.manifest(release_id).model_id):
            workspace.choose_model(model_id, pipeline)  # else the next build would drop what it was taught
            state = workspace.state(pipeline)
        return state


def rollback(workspace: Workspace, pipeline: str = DEFAULT_PIPELINE, *, now: datetime) -> PipelineState:
    """Serve the release before the current one. Raises MissingPart without one, Busy beside a writer."""
    with workspace.writing():
        return workspace.rollback(pipeline, now=now)


def _with_routed(workspace: Workspace, candidate: str, questions: Questions) -> Questions:
    """With the column `routed` (yes, no) where the candidate comes from extra training (docs/longtail.md)."""
    from semsearch.longtail.kept import kept_taught
    from semsearch.text.views import search

    taught = kept_taught(workspace, candidate)
    if taught is None:
        return questions
    routed = set(taught.routed)
    texts = questions.queries.texts
    column = {query_id: "yes" if search(text) in routed else "no" for query_id, text in texts.items()}
    columns = dict(questions.queries.columns) | {ROUTED: column}
    return replace(questions, queries=replace(questions.queries, columns=columns))


def held_out(
    workspace: Workspace,
    settings: Settings,
    manifests: tuple[Manifest, Manifest],
    judged: tuple[Qrels, Queries, str] | None = None,
    *,
    side: Side,
) -> HeldOut:
    """Questions that neither model of two releases has seen, from the end of the log or from judgements.

    Raises MissingPart without a log, UsageError when no question is left.
    """
    from semsearch.evaluation.demand import n_searches
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.training.gate.held_out import from_judgements, from_log

    catalogue = Catalogue(workspace)
    if judged is not None:
        demand = n_searches(catalogue.interactions()) if catalogue.n_interactions else {}
        return from_judgements(judged[0], judged[1], demand, named=judged[2])
    if not catalogue.n_interactions:
        raise MissingPart(
            "There is no log to take questions from.",
            "Next: semsearch import interactions FILE, or --qrels FILE --queries FILE with your judgements",
        )
    models = {f"the model of {m.release_id}": _seen_until(workspace, m) for m in manifests}
    pipeline = manifests[0].pipeline
    items = items_of(pipeline_schema(workspace, pipeline), catalogue.items(), pipeline)  # as training does
    return from_log(catalogue.interactions(), items, settings.log, side=side, models=models)


def _seen_until(workspace: Workspace, manifest: Manifest) -> datetime | None:
    """Up to when the model of a release has seen the log; an API has seen none of it."""
    from semsearch.towers.card import ModelCard
    from semsearch.training.gate.held_out import seen_until

    if not manifest.model_id:
        return None
    return seen_until(ModelCard.read(workspace.model_path(manifest.model_id)).metrics)


def _flag(pipeline: str) -> str:
    return "" if pipeline == DEFAULT_PIPELINE else f" --pipeline {pipeline}"
