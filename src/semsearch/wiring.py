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
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import Settings
    from semsearch.towers.card import ModelCard
    from semsearch.towers.encoder import Encoder

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done and how many there are (0 when nobody knows)."""
OPENAI = "openai"


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
    workspace: Workspace, settings: Settings, *, pipeline: str = DEFAULT_PIPELINE, now: datetime, progress: Progress
) -> ModelCard:
    """Train towers on the catalogue, save them under models/ and make them the pipeline's next model."""
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.training.fit import fit

    items = Catalogue(workspace).items()
    with workspace.writing():
        draft = workspace.path(".semsearch", "staging", "model")
        card = fit(items, settings.train, draft, now=now, progress=progress)
        with workspace.staged(workspace.model_path(card.model_id)) as target:
            draft.rename(target)
        workspace.choose_model(card.model_id, pipeline)
    return card
