"""The one place where adapters are built from settings and handed to the jobs.

Heavy modules are imported inside the functions: opening a searcher must not load what training needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.errors import MismatchError, MissingPart, Refused, UsageError
from semsearch.files import replace
from semsearch.progress import Progress, silent
from semsearch.workspace import DEFAULT_PIPELINE, Manifest, PipelineState, Workspace, checked_name

if TYPE_CHECKING:
    import polars as pl

    from semsearch.evaluation.qrels import Qrels
    from semsearch.evaluation.queries import Queries
    from semsearch.evaluation.questions import Side
    from semsearch.index.segment import Segmenter
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.retrieval.evaluate import ReleaseRetriever
    from semsearch.retrieval.query_side import History, QuerySide
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import Settings
    from semsearch.text.analyser import Analyser
    from semsearch.towers.card import ModelCard
    from semsearch.towers.encoder import Encoder
    from semsearch.towers.schema import Schema
    from semsearch.training.fit import Fitted, Source
    from semsearch.training.gate import GateResult
    from semsearch.training.held_out import HeldOut
    from semsearch.training.stages import Stages
    from semsearch.training.start import Parent

OPENAI = "openai"


def load_settings(workspace: Workspace) -> Settings:
    """The settings of `workspace`, environment included."""
    from semsearch.settings import Settings

    return Settings.load(workspace.root)


def open_encoder(workspace: Workspace, model_id: str, settings: Settings) -> Encoder:
    """The encoder of one trained model, or the embeddings endpoint of `[llm]` for an empty id.

    Raises MissingPart when the model's folder is gone.
    """
    if not model_id:
        from semsearch.llm.embeddings import OpenAIEncoder

        return OpenAIEncoder.open(settings.llm)
    folder = workspace.model_path(model_id)
    if not folder.is_dir():
        raise MissingPart(f"Model {model_id} is not in {workspace.path('models')}.", "Next: semsearch train")
    from semsearch.towers.static import StaticEncoder, is_static

    if is_static(folder):
        return StaticEncoder.open(folder)
    from semsearch.towers.transformer import SentenceTransformerEncoder

    return SentenceTransformerEncoder.open(folder)


def open_searcher(
    workspace: Workspace,
    settings: Settings | None = None,
    pipeline: str = DEFAULT_PIPELINE,
    release: str | None = None,
    *,
    once: bool = False,
) -> Searcher:
    """A searcher over `release`, or over what `pipeline` serves.

    `once` suits a single query: it scans the vectors instead of loading a graph. Raises MissingPart without a
    published release, UsageError for an unknown one.
    """
    from semsearch.index.release import Release
    from semsearch.retrieval.search import Searcher

    chosen = settings or load_settings(workspace)
    manifest = workspace.manifest(release) if release else workspace.current(pipeline)
    opened = Release.open(manifest, workspace.release_path(manifest.release_id))
    return Searcher(
        opened,
        lambda: open_encoder(workspace, manifest.model_id, chosen),
        chosen.search,
        exact=once,
        open_side=lambda: query_side(workspace, manifest, once=once),
    )


def query_side(workspace: Workspace, manifest: Manifest, *, once: bool = False) -> QuerySide:
    """What the query tower of a release is asked with: its model's card says it. No card: typed text."""
    from semsearch.retrieval.query_side import QuerySide
    from semsearch.towers.card import CARD, ModelCard

    folder = workspace.model_path(manifest.model_id) if manifest.model_id else None
    if folder is None or not (folder / CARD).is_file():
        return QuerySide(pipeline=manifest.pipeline)
    features = ModelCard.read(folder).features
    return QuerySide(
        None if features.is_plain else features, lambda: open_history(workspace, once=once), manifest.pipeline
    )


def open_history(workspace: Workspace, *, once: bool = False) -> History:
    """What each actor of the imported log engaged; `once` suits a single one. Raises MissingPart without a log."""
    import polars as pl

    from semsearch.ingest.catalogue import Catalogue
    from semsearch.retrieval.query_side import History
    from semsearch.towers.groups import ENGAGED

    engaged = pl.col("kind").is_in(ENGAGED) & pl.col("item_id").is_not_null()
    log = Catalogue(workspace).interactions().filter(engaged).select("ts", "actor_id", "item_id", "kind")
    return History(log, once=once)


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
    catalogue, schema = Catalogue(workspace), read_schema(workspace, pipeline)
    items = _items_of(schema, catalogue.items(), pipeline)
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
    from semsearch.training.evidence import Evidence
    from semsearch.training.fit import Source

    parent = _parent(workspace, pipeline) if go_on else None
    if parent and parent.features.schema.digest != schema.digest:
        raise MismatchError(
            f"Model {parent.model_id} was trained for another schema than that of pipeline '{pipeline}'.",
            "Next: semsearch train without --continue, or restore the schema",
        )
    evidence, arm = None, settings.train.positives
    if arm != "none" and catalogue.n_interactions:
        evidence = Evidence.of(catalogue.interactions(), items, schema.of, arm, settings.log)

    def current() -> Searcher | None:
        served = workspace.state(pipeline).current
        return open_searcher(workspace, settings, pipeline) if served else None

    return Source(schema, evidence, parent, current, kept)


def read_schema(workspace: Workspace, pipeline: str = DEFAULT_PIPELINE) -> Schema:
    """What the towers of `pipeline` read; the default schema where it has no schema.toml. Raises UsageError."""
    from semsearch.towers.schema import SCHEMA, Schema

    path = workspace.path("pipelines", checked_name(pipeline), SCHEMA)
    return Schema.read(path) if path.is_file() else Schema.default()


def _items_of(schema: Schema, items: pl.DataFrame, pipeline: str) -> pl.DataFrame:
    """The items that a pipeline is about; raises FilterError for a bad `where`, MissingPart when it leaves none."""
    if not schema.where:
        return items
    from semsearch.index.masks import passes
    from semsearch.index.where import parse_where

    kept = items.filter(passes(parse_where(schema.where)))
    if not kept.height:
        raise MissingPart(
            f"No item passes `where` in the schema of pipeline '{pipeline}': {schema.where}",
            "Next: semsearch import items FILE, or correct it (docs/schema.md)",
        )
    return kept


def _parent(workspace: Workspace, pipeline: str) -> Parent:
    from semsearch.towers.card import ModelCard
    from semsearch.training.held_out import seen_until
    from semsearch.training.start import Parent

    model_id = workspace.current(pipeline).model_id
    if not model_id:
        raise UsageError(f"Pipeline '{pipeline}' serves vectors of an endpoint.", "Next: semsearch train")
    folder = workspace.model_path(model_id)
    card = ModelCard.read(folder)
    trained = {"trained_until": card.metrics.get("trained_until")}
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


def build(
    workspace: Workspace,
    settings: Settings | None = None,
    *,
    pipeline: str = DEFAULT_PIPELINE,
    model_id: str | None = None,
    now: datetime,
    progress: Progress = silent,
) -> Manifest:
    """Make a candidate release of the catalogue with `model_id`, or with the pipeline's next model.

    Other writers may work meanwhile; only placing the finished release waits for them. Raises MissingPart without items
    or model.
    """
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.retrieval.build import Inputs, build_release
    from semsearch.towers.card import ModelCard
    from semsearch.towers.template import ItemTemplate
    from semsearch.towers.tokens import Features

    asked = settings or load_settings(workspace)
    catalogue = Catalogue(workspace)
    items, items_digest = _unchanged(catalogue, "items", catalogue.items)
    regions, regions_digest = _unchanged(catalogue, "regions", catalogue.regions) if catalogue.n_regions else (None, "")
    chosen = model_id or next_model(workspace, asked, pipeline)
    encoder = open_encoder(workspace, chosen, asked)
    template = ModelCard.read(workspace.model_path(chosen)).template if chosen else ItemTemplate()
    if isinstance(template, Features):
        items = _items_of(template.schema, items, pipeline)
    inputs = Inputs(
        items,
        items_digest=items_digest,
        regions=regions,
        regions_digest=regions_digest,
        model_id=chosen,
        encoder=encoder,
        template=template,
        analyser=_analyser(workspace),
        segment=_segmenter(workspace),
        settings=asked.index,
        pipeline=pipeline,
    )
    return build_release(workspace, inputs, now=now, progress=progress)


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
    UsageError for a candidate that is unknown or served, and where there is nothing to ask, MissingPart when nothing
    is served yet or there is no log.
    """
    from semsearch.gates import GateRecord
    from semsearch.training import gate as job

    chosen = settings or load_settings(workspace)
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
    held = _held_out(workspace, chosen, (manifest, current), judged, side=job.shared_side(served, waiting))
    result = job.gate(
        served,
        waiting,
        held.questions,
        chosen.gate,
        target=target,
        slices=slices,
        source=held.source,
        now=now,
        progress=progress,
    )
    with workspace.writing(wait=True):
        try:
            record = GateRecord.read(workspace.gate_path(candidate))
        except Refused:  # damaged: judged anew, it is whole again
            record = GateRecord(candidate)
        workspace.write_json(workspace.gate_path(candidate), record.with_result(job.document(result)).document())
    return result


def _held_out(
    workspace: Workspace,
    settings: Settings,
    manifests: tuple[Manifest, Manifest],
    judged: tuple[Qrels, Queries, str] | None,
    *,
    side: Side,
) -> HeldOut:
    from semsearch.evaluation.demand import n_searches
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.training.held_out import from_judgements, from_log

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
    return from_log(catalogue.interactions(), catalogue.items(), settings.log, side=side, models=models)


def _seen_until(workspace: Workspace, manifest: Manifest) -> datetime | None:
    """Up to when the model of a release has seen the log; an API has seen none of it."""
    from semsearch.towers.card import ModelCard
    from semsearch.training.held_out import seen_until

    if not manifest.model_id:
        return None
    return seen_until(ModelCard.read(workspace.model_path(manifest.model_id)).metrics)


def _flag(pipeline: str) -> str:
    return "" if pipeline == DEFAULT_PIPELINE else f" --pipeline {pipeline}"


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
    with workspace.writing():
        return workspace.publish(release_id, pipeline, now=now, by=by, reason=reason, force=force)


def rollback(workspace: Workspace, pipeline: str = DEFAULT_PIPELINE, *, now: datetime) -> PipelineState:
    """Serve the release before the current one. Raises MissingPart without one, Busy beside a writer."""
    with workspace.writing():
        return workspace.rollback(pipeline, now=now)


def _unchanged(catalogue: Catalogue, kind: str, read: Callable[[], pl.DataFrame]) -> tuple[pl.DataFrame, str]:
    """Rows and their digest, both of one import, whatever is imported meanwhile."""
    before = catalogue.snapshot(kind)
    rows = read()
    if before is not None and catalogue.snapshot(kind) == before:
        return rows, before.digest
    return _unchanged(catalogue, kind, read)


def next_lexical_id(workspace: Workspace) -> str:
    """The lexical id that a release built now would have; raises UsageError for a lexicon that cannot be read."""
    from semsearch.index.lexical import lexical_id

    return lexical_id(_analyser(workspace), _segmenter(workspace))


def _analyser(workspace: Workspace) -> Analyser:
    from semsearch.text.analyser import Analyser
    from semsearch.text.lexicons import Lexicon

    return Analyser(Lexicon.load([workspace.path("lexicon")]))


def next_model(workspace: Workspace, settings: Settings, pipeline: str = DEFAULT_PIPELINE) -> str:
    """The model that `index build` takes when none is named; '' for the embeddings endpoint. Raises MissingPart."""
    if settings.index.encoder == OPENAI:
        return ""
    chosen = workspace.state(pipeline).model_id
    if chosen is None:
        raise MissingPart(f"Pipeline '{pipeline}' has no trained model.", "Next: semsearch train")
    return chosen


def _segmenter(workspace: Workspace) -> Segmenter | None:
    """Kiwi where the korean extra is installed."""
    from importlib.util import find_spec

    if find_spec("kiwipiepy") is None:
        return None
    from semsearch.index.segment import KiwiSegmenter

    return KiwiSegmenter(workspace)


def open_retriever(
    workspace: Workspace,
    pipeline: str = DEFAULT_PIPELINE,
    release: str | None = None,
    mode: str | None = None,
    *,
    now: datetime,
) -> ReleaseRetriever:
    """What `retrieve` asks: item ids and scores for a query as a release serves them, ended items included.

    None takes the mode of the settings. Raises as `open_searcher` does.
    """
    from semsearch.retrieval.evaluate import ReleaseRetriever

    return ReleaseRetriever(open_searcher(workspace, pipeline=pipeline, release=release), mode, now)
