"""Lexicon entries from a workspace's log: what search knows already, the log before its held-out part, what is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.errors import MissingPart
from semsearch.progress import Progress, silent
from semsearch.wiring.serving import load_settings
from semsearch.workspace import DEFAULT_PIPELINE, Workspace

if TYPE_CHECKING:
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.longtail.lexicon.proposals import Proposal
    from semsearch.settings import Settings
    from semsearch.text.lexicons import Lexicon

IMPORT_LOG = "Next: semsearch import interactions FILE"


@dataclass(frozen=True)
class Proposed:
    """What a propose found."""

    proposals: tuple[Proposal, ...]
    """Best first; neither accepted nor rejected before."""
    before: datetime | None
    """Where the held-out part of the log begins, which was not read."""
    n_rejected: int
    """Pairs that people rejected; they are not proposed again."""


def propose_lexicon(workspace: Workspace, settings: Settings | None = None, *, progress: Progress = silent) -> Proposed:
    """Mine the log for lexicon entries and keep them as the workspace's proposals, in place of those before.

    Raises MissingPart without items or a log that says what people mean, UsageError for a lexicon file or a file of
    decisions that cannot be read.
    """
    from semsearch.evaluation.attribution import attribute
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.longtail.lexicon.deciding import keep, standing
    from semsearch.longtail.lexicon.proposals import propose
    from semsearch.training.log.held_out import held_out

    chosen = (settings or load_settings(workspace)).log
    catalogue, decided = Catalogue(workspace), standing(workspace)
    known = lexicon_of(workspace, catalogue)
    log, items = catalogue.interactions(), catalogue.items()
    if not catalogue.n_interactions:
        raise MissingPart("The log is empty: it says nothing of what people mean.", IMPORT_LOG)
    progress("attributing engagements", 0, 0)
    engagements = attribute(log, chosen.window_s).engagements
    _, before = held_out(engagements, items, chosen)
    titles = items.select("item_id", "title")
    found = propose(log, engagements, titles, known, before=before, known=decided, progress=progress)
    with workspace.writing(wait=True):
        keep(workspace, found)
    n_rejected = sum(decision.verdict == "reject" for decision in decided.values())
    return Proposed(tuple(found), before, n_rejected)


def lexicon_of(workspace: Workspace, catalogue: Catalogue) -> Lexicon:
    """What search knows: the starter files, the workspace's, and what the default pipeline's release mined.

    Without a release the brands of the catalogue stand for that. Raises UsageError for a file that cannot be read.
    """
    from semsearch.index.release import Release
    from semsearch.text.lexicons import Lexicon
    from semsearch.text.views import display

    own = Lexicon.load([workspace.path("lexicon")])
    current = workspace.state(DEFAULT_PIPELINE).current
    if current:
        release = Release.open(workspace.manifest(current), workspace.release_path(current))
        return own.with_groups(release.lexical.analyser.lexicon.groups)
    import polars as pl

    brands = catalogue.scan_items().select(pl.col("attributes").str.json_path_match("$.brand")).drop_nulls().collect()
    counts = Counter(display(name) for name in brands["attributes"].to_list())
    return own.with_brands(name for name, n in counts.items() if n > 1)
