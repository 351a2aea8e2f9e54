"""The one place where adapters are built from settings and handed to the jobs.

Heavy modules are imported inside the functions: opening a searcher must not load what training needs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.errors import MissingPart
from semsearch.workspace import DEFAULT_PIPELINE, Manifest, Workspace

if TYPE_CHECKING:
    from semsearch.index.segment import Segmenter
    from semsearch.retrieval.search import Ranker, Searcher
    from semsearch.settings import Settings
    from semsearch.towers.card import ModelCard
    from semsearch.towers.encoder import Encoder

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done and how many there are (0 when nobody knows)."""
OPENAI = "openai"


def silent(what: str, done: int, total: int) -> None:
    """The progress of a job that nobody watches."""


def open_workspace(path: Path) -> Workspace:
    """The workspace at `path`; raises MissingWorkspace."""
    return Workspace.open(path)


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
    return Searcher(opened, lambda: open_encoder(workspace, manifest.model_id, chosen), chosen.search, exact=once)


def train(
    workspace: Workspace,
    settings: Settings | None = None,
    *,
    pipeline: str = DEFAULT_PIPELINE,
    now: datetime,
    progress: Progress = silent,
) -> ModelCard:
    """Train towers on the catalogue, save them under models/ and make them the pipeline's next model.

    Raises MissingPart without items, UsageError when they are too few to learn from, MissingExtra without torch.
    """
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.training.fit import fit

    chosen = settings or load_settings(workspace)
    with workspace.writing():
        draft = workspace.path(".semsearch", "staging", "model")
        card = fit(Catalogue(workspace).items(), chosen.train, draft, now=now, progress=progress)
        with workspace.staged(workspace.model_path(card.model_id)) as target:
            draft.rename(target)
        workspace.choose_model(card.model_id, pipeline)
    return card


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

    Raises MissingPart without items or model.
    """
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.retrieval.build import Inputs, build_release
    from semsearch.text.analyser import Analyser
    from semsearch.text.lexicons import Lexicon
    from semsearch.towers.card import ModelCard
    from semsearch.towers.template import ItemTemplate

    asked = settings or load_settings(workspace)
    with workspace.writing():
        catalogue = Catalogue(workspace)
        items, regions = catalogue.items(), catalogue.snapshot("regions")
        chosen = "" if asked.index.encoder == OPENAI else model_id or _next_model(workspace, pipeline)
        inputs = Inputs(
            items,
            items_digest=catalogue.items_digest,
            regions=catalogue.regions() if regions else None,
            regions_digest=regions.digest if regions else "",
            model_id=chosen,
            encoder=open_encoder(workspace, chosen, asked),
            template=ModelCard.read(workspace.model_path(chosen)).template if chosen else ItemTemplate(),
            analyser=Analyser(Lexicon.load([workspace.path("lexicon")])),
            segment=_segmenter(workspace),
            settings=asked.index,
            pipeline=pipeline,
        )
        return build_release(workspace, inputs, now=now, progress=progress)


def _next_model(workspace: Workspace, pipeline: str) -> str:
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
) -> Ranker:
    """What `evaluate` asks: item ids and scores for a query, in one mode, among the items alive at `now`."""
    from semsearch.retrieval.search import Ranker

    return Ranker(open_searcher(workspace, pipeline=pipeline, release=release), mode=mode, now=now)
