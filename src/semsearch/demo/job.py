"""The steps that both demos share: a workspace from files, towers, a release, a searcher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch import wiring
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.quality import look
from semsearch.progress import Progress
from semsearch.report.story import Chapter, Figure, Table
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    from semsearch.retrieval.results import SearchResult
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import Settings


STEP_CHARS = 44


@dataclass(frozen=True, slots=True)
class Job:
    """One demo workspace and the moment at which its market is looked at."""

    workspace: Workspace
    settings: Settings
    now: datetime
    progress: Progress

    @classmethod
    def at(cls, root: Path, now: datetime, progress: Progress, *, seconds: float) -> Job:
        """A job in `root`; training ends after `seconds`."""
        workspace = Workspace.create(root)
        settings = wiring.load_settings(workspace).override("train", seconds=seconds)
        return cls(workspace, settings, now, progress)


def quality_chapter(job: Job) -> Chapter:
    """What looks wrong with the imported items."""
    items = Catalogue(job.workspace).items()
    findings = look(items, now=job.now)
    rows = tuple((f.what, f.n, f"{f.share:.1%}", ", ".join(f.examples), f.advice) for f in findings)
    told = f"{len(findings)} kinds of trouble in {items.height:,} items." if findings else "Nothing looks wrong."
    return Chapter(
        "What looks wrong with the data", (told,), (Table(("what", "items", "share", "for example", "advice"), rows),)
    )


def train_chapter(job: Job) -> Chapter:
    """Train static towers on the catalogue alone."""
    card = wiring.train(job.workspace, job.settings, now=job.now, progress=job.progress)
    seen, seconds = card.metrics["n_pairs_seen"], card.metrics["train_s"]
    first, last = card.metrics["loss_first"], card.metrics["loss_last"]
    told = (
        "The towers learn from the catalogue alone: titles, bodies, brands, words of a title, misspellings.",
        f"{seen:,} pairs in {seconds:.1f} s; the loss went from {first:.2f} to {last:.2f}.",
    )
    figure = Figure("training", f"{seconds:.0f} s", f"{card.metrics['n_items']:,} items, {card.dim} dimensions, CPU")
    return Chapter("Two towers are trained", told, figures=(figure,), commands=("semsearch train",))


def release_chapter(job: Job) -> Chapter:
    """Build a release and publish it."""
    manifest = wiring.build(job.workspace, job.settings, now=job.now, progress=job.progress)
    wiring.publish(job.workspace, manifest.release_id, now=job.now)
    told = (
        f"Release {manifest.release_id} pins {manifest.n_items:,} items, {manifest.n_vectors:,} distinct vectors "
        f"({manifest.dense_kind}), the lexical index and the model; it is published now.",
    )
    return Chapter("A release is built and published", told, commands=("semsearch index build --publish",))


def answers_table(searcher: Searcher, queries: Mapping[str, str], now: datetime, hits: int) -> Table:
    """The first hits of each query; `queries` is query → what to say of it."""
    rows = []
    for query, remark in queries.items():
        result = searcher.search(query, now=now, k=hits)
        found = result.hits or (None,)
        for place, hit in enumerate(found):
            head = (query, remark, steps_told(result)) if place == 0 else ("", "", "")
            rows.append((*head, *((hit.title, priced(hit.price, hit.currency)) if hit else ("no hit", ""))))
    return Table(("query", "kind", "steps taken", "hit", "price"), tuple(rows))


def priced(amount: float | None, currency: str | None) -> str:
    """A price to read: `15,000 KRW`, `0 USD`; empty for an unknown one."""
    return "" if amount is None else f"{amount:,.0f} {currency or ''}".strip()


def steps_told(result: SearchResult) -> str:
    """What was done to a query, in a few words."""
    told = (f"{step.kind}: {step.before} → {step.after}" for step in result.steps)
    return "; ".join(step if len(step) <= STEP_CHARS else f"{step[:STEP_CHARS]}…" for step in told)
