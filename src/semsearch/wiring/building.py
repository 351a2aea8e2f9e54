"""Candidates from the catalogue: the parts of a release that settings decide.

Heavy modules are imported inside the functions: opening a searcher must not load what training needs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.errors import MissingPart
from semsearch.progress import Progress, silent
from semsearch.wiring import serving
from semsearch.wiring.pipelines import items_of
from semsearch.wiring.serving import load_settings
from semsearch.workspace import DEFAULT_PIPELINE, Manifest, Workspace

if TYPE_CHECKING:
    import polars as pl

    from semsearch.index.segment import Segmenter
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.settings import Settings
    from semsearch.text.analyser import Analyser

OPENAI = "openai"


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
    from semsearch.towers.schema.tokens import Features
    from semsearch.towers.template import ItemTemplate

    asked = settings or load_settings(workspace)
    catalogue = Catalogue(workspace)
    items, items_digest = _unchanged(catalogue, "items", catalogue.items)
    regions, regions_digest = _unchanged(catalogue, "regions", catalogue.regions) if catalogue.n_regions else (None, "")
    chosen = model_id or next_model(workspace, asked, pipeline)
    encoder = serving.open_encoder(workspace, chosen, asked)
    template = ModelCard.read(workspace.model_path(chosen)).template if chosen else ItemTemplate()
    if isinstance(template, Features):
        items = items_of(template.schema, items, pipeline)
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


def next_model(workspace: Workspace, settings: Settings, pipeline: str = DEFAULT_PIPELINE) -> str:
    """The model that `index build` takes when none is named; '' for the embeddings endpoint. Raises MissingPart."""
    if settings.index.encoder == OPENAI:
        return ""
    chosen = workspace.state(pipeline).model_id
    if chosen is None:
        raise MissingPart(f"Pipeline '{pipeline}' has no trained model.", "Next: semsearch train")
    return chosen


def next_lexical_id(workspace: Workspace) -> str:
    """The lexical id that a release built now would have; raises UsageError for a lexicon that cannot be read."""
    from semsearch.index.lexical import lexical_id

    return lexical_id(_analyser(workspace), _segmenter(workspace))


def _unchanged(catalogue: Catalogue, kind: str, read: Callable[[], pl.DataFrame]) -> tuple[pl.DataFrame, str]:
    """Rows and their digest, both of one import, whatever is imported meanwhile."""
    before = catalogue.snapshot(kind)
    rows = read()
    if before is not None and catalogue.snapshot(kind) == before:
        return rows, before.digest
    return _unchanged(catalogue, kind, read)


def _analyser(workspace: Workspace) -> Analyser:
    from semsearch.text.analyser import Analyser
    from semsearch.text.lexicons import Lexicon

    return Analyser(Lexicon.load([workspace.path("lexicon")]))


def _segmenter(workspace: Workspace) -> Segmenter | None:
    """Kiwi where the korean extra is installed."""
    from importlib.util import find_spec

    if find_spec("kiwipiepy") is None:
        return None
    from semsearch.index.segment import KiwiSegmenter

    return KiwiSegmenter(workspace)
