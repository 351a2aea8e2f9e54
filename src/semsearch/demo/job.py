"""The steps that both demos share: a workspace from files, towers, a release, a searcher."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from semsearch import wiring
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.quality import look
from semsearch.progress import Progress
from semsearch.report.story import Chapter, Figure, Table
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    from semsearch.retrieval.results import SearchHit, SearchResult
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import Settings


LOOKED_AT = 5
"""Hits that are searched for each one that is shown."""
STEP_CHARS = 28
"""Of what a query became by one kind of step."""
Heading = Callable[[str], None]
"""Called with the title of a chapter before its work is done."""


@dataclass(frozen=True, slots=True)
class Job:
    """One demo workspace and the moment at which its market is looked at."""

    workspace: Workspace
    settings: Settings
    now: datetime
    progress: Progress
    begin: Heading

    @classmethod
    def at(cls, root: Path, now: datetime, progress: Progress, begin: Heading, *, seconds: float) -> Job:
        """A job in `root`; training ends after `seconds`."""
        workspace = Workspace.create(root)
        settings = wiring.load_settings(workspace).override("train", seconds=seconds)
        return cls(workspace, settings, now, progress, begin)


def quality_chapter(job: Job) -> Chapter:
    """What looks wrong with the imported items."""
    title = "What looks wrong with the data"
    job.begin(title)
    items = Catalogue(job.workspace).items()
    findings = look(items, now=job.now)
    rows = tuple((f.what, f.n, f"{f.share:.1%}", ", ".join(f.examples), f.advice) for f in findings)
    told = f"{len(findings)} kinds of trouble in {items.height:,} items." if findings else "Nothing looks wrong."
    table = Table(("what", "items", "share", "for example", "advice"), rows, "Findings in the items")
    return Chapter(title, (told,), (table,) if rows else ())


def train_chapter(job: Job) -> Chapter:
    """Train static towers on the catalogue alone."""
    title = "Two towers are trained"
    job.begin(title)
    card = wiring.train(job.workspace, job.settings, now=job.now, progress=job.progress).card
    seen, seconds = card.metrics["n_pairs_seen"], card.metrics["train_s"]
    first, last = card.metrics["loss_first"], card.metrics["loss_last"]
    told = (
        "The towers learn from the catalogue alone: titles, bodies, brands, words of a title, misspellings.",
        f"{seen:,} pairs in {seconds:.1f} s; the loss went from {first:.2f} to {last:.2f}.",
    )
    figure = Figure("training", f"{seconds:.0f} s", f"{card.metrics['n_items']:,} items, {card.dim} dimensions, CPU")
    return Chapter(title, told, figures=(figure,), commands=("semsearch train",))


def release_chapter(job: Job) -> Chapter:
    """Build a release and publish it."""
    title = "A release is built and published"
    job.begin(title)
    manifest = wiring.build(job.workspace, job.settings, now=job.now, progress=job.progress)
    wiring.publish(job.workspace, manifest.release_id, now=job.now)
    told = (
        f"Release {manifest.release_id} pins {manifest.n_items:,} items, {manifest.n_vectors:,} distinct vectors "
        f"({manifest.dense_kind}), the lexical index and the model; it is published now.",
    )
    return Chapter(title, told, commands=("semsearch index build --publish",))


def answers_table(searcher: Searcher, queries: Mapping[str, str], now: datetime, hits: int) -> Table:
    """The first hits of each query, like ones once; `queries` is query → what to say of it."""
    rows = []
    for query, remark in queries.items():
        result = searcher.search(query, now=now, k=LOOKED_AT * hits)
        found = different(result, hits) or [("no hit", "")]
        for place, hit in enumerate(found):
            head = (query, remark, steps_told(result)) if place == 0 else ("", "", "")
            rows.append((*head, *hit))
    return Table(("query", "kind", "steps taken", "hit", "price"), tuple(rows), f"The first {hits} different hits")


def different(result: SearchResult, n: int) -> list[tuple[str, str]]:
    """The first `n` titles among the hits, with their prices; `(×3)` says how many of the hits have the title."""
    alike: dict[str, list[SearchHit]] = {}
    for hit in result.hits:
        alike.setdefault(hit.title, []).append(hit)
    shown = list(alike.items())[:n]
    return [(f"{title} (×{len(hits)})" if len(hits) > 1 else title, _prices(hits)) for title, hits in shown]


def _prices(hits: list[SearchHit]) -> str:
    """The price of the first of them, and that others differ."""
    told = [priced(hit.price, hit.currency) for hit in hits]
    return told[0] if len(set(told)) == 1 else f"{told[0]} and others".strip()


def priced(amount: float | None, currency: str | None) -> str:
    """A price to read, never wrapped: `15,000 KRW`, `109.95`, `free`; empty for an unknown one."""
    if amount is None:
        return ""
    if amount == 0:
        return "free"
    return f"{amount:,.{0 if amount == int(amount) else 2}f}\u00a0{currency or ''}".strip()


def steps_told(result: SearchResult) -> str:
    """What a query became by each kind of step, in a few words."""
    became: dict[str, list[str]] = {}
    for step in result.steps:
        became.setdefault(step.kind, []).append(step.after)
    return "; ".join(
        f"{kind}: {shorten(', '.join(after), STEP_CHARS, placeholder='…')}" for kind, after in became.items()
    )
