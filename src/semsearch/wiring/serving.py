"""What answers: encoders, searchers and histories from a workspace and its settings.

Heavy modules are imported inside the functions: opening a searcher must not load what training needs.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.errors import MissingPart
from semsearch.workspace import DEFAULT_PIPELINE, Manifest, Workspace

if TYPE_CHECKING:
    from semsearch.retrieval.evaluate import ReleaseRetriever
    from semsearch.retrieval.query_side import History, QuerySide
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import Settings
    from semsearch.towers.encoder import Encoder


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
    from semsearch.records import ENGAGEMENTS
    from semsearch.retrieval.query_side import History

    engaged = pl.col("kind").is_in(ENGAGEMENTS) & pl.col("item_id").is_not_null()
    log = Catalogue(workspace).interactions().filter(engaged).select("ts", "actor_id", "item_id", "kind")
    return History(log, once=once)
