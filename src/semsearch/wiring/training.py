"""A training with everything that it reads, and what is kept of it.

Heavy modules are imported inside the functions: opening a searcher must not load what training needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.errors import MismatchError, UsageError
from semsearch.files import replace
from semsearch.progress import Progress, silent
from semsearch.wiring.building import build
from semsearch.wiring.pipelines import items_of, pipeline_schema
from semsearch.wiring.serving import load_settings, open_searcher
from semsearch.workspace import DEFAULT_PIPELINE, Workspace, checked_name

if TYPE_CHECKING:
    import polars as pl

    from semsearch.ingest.catalogue import Catalogue
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import Settings
    from semsearch.towers.card import ModelCard
    from semsearch.towers.schema.definition import Schema
    from semsearch.training.fit import Fitted, Source
    from semsearch.training.stages import Stages
    from semsearch.training.start import Parent


@dataclass(frozen=True)
class Training:
    """What a training left."""

    card: ModelCard
    """Of the model, which is the pipeline's next."""
    stages: Stages | None
    """The test questions through a candidate release; None when there was no log to learn from."""


def train(
    workspace: Workspace,
    settings: Settings | None = None,
    *,
    pipeline: str = DEFAULT_PIPELINE,
    go_on: bool = False,
    now: datetime,
    progress: Progress = silent,
) -> Training:
    """Train towers on the catalogue and, where there is one, on the log; make them the pipeline's next model.

    What a log taught is shown by a candidate release, which is built here. `go_on` continues from the model that the
    pipeline serves. Other writers may work meanwhile; only saving waits for them; a second training of the same
    pipeline raises Busy. A killed run is taken up where it was by the same call. Raises MissingPart without items,
    UsageError when they are too few to learn from, MissingExtra without torch.
    """
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.towers.card import is_whole
    from semsearch.training.fit import fit

    chosen = settings or load_settings(workspace)
    check_pipeline(workspace, pipeline)
    catalogue, schema = Catalogue(workspace), pipeline_schema(workspace, pipeline)
    items = items_of(schema, catalogue.items(), pipeline)
    with workspace.drafting() as folder, workspace.training(pipeline) as unfinished:
        source = _source(workspace, chosen, catalogue, items, schema, pipeline=pipeline, go_on=go_on, kept=unfinished)
        fitted = fit(items, chosen.train, folder / "model", source=source, now=now, progress=progress)
        card = fitted.card
        with workspace.writing(wait=True):
            if not is_whole(workspace.model_path(card.model_id)):  # an equal model may be serving: it stays
                replace(folder / "model", workspace.model_path(card.model_id))
            workspace.choose_model(card.model_id, pipeline)
        stages = _last_stage(workspace, chosen, fitted, source, items, pipeline=pipeline, now=now, progress=progress)
    return Training(card, stages)


def check_pipeline(workspace: Workspace, pipeline: str) -> None:
    """Refuse a name that nothing stands for: a typo would train and serve a pipeline of its own."""
    known = {DEFAULT_PIPELINE, *workspace.pipelines(), *workspace.schemas()}
    if checked_name(pipeline) not in known:
        raise UsageError(
            f"There is no pipeline '{pipeline}'; there are: {', '.join(sorted(known))}.",
            f"Next: write pipelines/{pipeline}/schema.toml (docs/schema.md), or name another --pipeline",
        )


def _source(
    workspace: Workspace,
    settings: Settings,
    catalogue: Catalogue,
    items: pl.DataFrame,
    schema: Schema,
    *,
    pipeline: str,
    go_on: bool,
    kept: Path,
) -> Source:
    """All that a pipeline learns from beside its items."""
    from semsearch.training.fit import Source
    from semsearch.training.log.evidence import Evidence

    parent = parent_of(workspace, pipeline, schema) if go_on else None
    if parent and (settings.train.base or settings.train.teacher):
        raise UsageError(
            "--continue starts from the model that is served, not from a base or a teacher.",
            "Next: semsearch train --continue without --base and --teacher, or without --continue",
        )
    evidence, arm = None, settings.train.positives
    if arm != "none" and catalogue.n_interactions:
        evidence = Evidence.of(catalogue.interactions(), items, schema.of, arm, settings.log)

    def current() -> Searcher | None:
        served = workspace.state(pipeline).current
        return open_searcher(workspace, settings, pipeline) if served else None

    return Source(schema, evidence, parent, current, kept)


def parent_of(workspace: Workspace, pipeline: str, schema: Schema) -> Parent:
    """The model that a pipeline serves, to go on with.

    Raises MissingPart without one, UsageError for vectors of an endpoint, MismatchError for one of another schema.
    """
    from semsearch.towers.card import ModelCard
    from semsearch.training.gate.held_out import seen_until
    from semsearch.training.start import Parent

    model_id = workspace.current(pipeline).model_id
    if not model_id:
        raise UsageError(f"Pipeline '{pipeline}' serves vectors of an endpoint.", "Next: semsearch train")
    folder = workspace.model_path(model_id)
    card = ModelCard.read(folder)
    trained = {"trained_until": card.metrics.get("trained_until")}
    if card.features.schema.digest != schema.digest:
        raise MismatchError(
            f"Model {model_id} was trained for another schema than that of pipeline '{pipeline}'.",
            "Next: semsearch train without --continue, or restore the schema",
        )
    return Parent(model_id, folder, card.family, card.features, seen_until(trained))


def _last_stage(
    workspace: Workspace,
    settings: Settings,
    fitted: Fitted,
    source: Source,
    items: pl.DataFrame,
    *,
    pipeline: str,
    now: datetime,
    progress: Progress,
) -> Stages | None:
    """The test questions through a candidate release, kept beside the model."""
    from semsearch.plain import plain
    from semsearch.training.stages import START, TOWERS, last_stage

    if not (fitted.questions and source.evidence and fitted.start and fitted.towers and len(fitted.questions)):
        return None
    manifest = build(workspace, settings, pipeline=pipeline, model_id=fitted.card.model_id, now=now, progress=progress)
    searcher = open_searcher(workspace, settings, pipeline, manifest.release_id)
    cut = source.evidence.split
    runs = {START: fitted.start, TOWERS: fitted.towers}
    stages = last_stage(
        searcher, fitted.questions, runs, cut.train, items, test_from=cut.at[1], now=now, progress=progress
    )
    with workspace.writing(wait=True):
        workspace.write_json(workspace.path("trainings", f"{fitted.card.model_id}.json"), plain(stages))
    return stages
