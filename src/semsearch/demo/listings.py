"""The demo on the user's own listings: one file, a minute, ten likely queries with hits, and what looks wrong."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from semsearch import wiring
from semsearch.demo.job import Job, answers_table, quality_chapter, release_chapter, train_chapter
from semsearch.errors import UsageError
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.importing import import_rows
from semsearch.ingest.sources import Source, expand
from semsearch.ingest.tables import batches
from semsearch.progress import Progress
from semsearch.report.story import Chapter, Figure
from semsearch.text.views import search

MAX_ROWS = 20_000
TRAIN_SECONDS = 20.0
N_QUERIES = 10
COMMON_SHARE = 0.2
"""A word in more titles than this says nothing of one of them."""


def home(out: Path, file: str) -> Path:
    """The workspace of one file under `out`: another file gets another one. Raises UsageError for no readable file."""
    digest = hashlib.sha256()
    for block in _source(file).blocks():
        digest.update(block)
    return out / f"listings-{digest.hexdigest()[:8]}"


def tell(root: Path, file: str, *, now: datetime, progress: Progress) -> Iterator[Chapter]:
    """Yield one chapter after the other while the job is done in `root`.

    Raises UsageError for a file that cannot be imported or has more than MAX_ROWS rows; nothing is made then.
    """
    _check_size(file)
    job = Job.at(root, now, progress, seconds=TRAIN_SECONDS)
    yield _import_chapter(job, file)
    yield quality_chapter(job)
    yield train_chapter(job)
    yield release_chapter(job)
    yield _search_chapter(job)


def _source(file: str) -> Source:
    sources = expand([file])
    if len(sources) != 1 or sources[0].path is None:
        raise UsageError(f"The demo takes one file, not '{file}'.", "Next: semsearch demo --on YOUR_LISTINGS.csv")
    return sources[0]


def _check_size(file: str) -> None:
    n_rows = 0
    for batch in batches(_source(file), None, lambda *_: None):
        n_rows += len(batch.numbers)
        if n_rows > MAX_ROWS:
            raise UsageError(
                f"The demo takes up to {MAX_ROWS:,} listings; {file} has more.",
                f"Next: head -n {MAX_ROWS} of it, or semsearch init and semsearch import items {file}",
            )


def _import_chapter(job: Job, file: str) -> Chapter:
    summary = import_rows(
        job.workspace, "items", [file], now=job.now, settings=job.settings.imports, progress=job.progress
    )
    mapped = ", ".join(f"{field} from {source}" for field, source in summary.mapping.items())
    told = [
        f"{summary.read:,} rows read, {summary.new:,} new items, {summary.rejected:,} rejected.",
        f"Columns: {mapped}.",
    ]
    if summary.unused:
        told.append(f"Not used: {', '.join(summary.unused)}. Name them with --map attributes.NAME=COLUMN to keep them.")
    if summary.quarantine:
        told.append(f"The rejected rows are in {summary.quarantine}.")
    figure = Figure("items", f"{summary.total:,}", "imported")
    return Chapter(
        "Your rows become a catalogue", tuple(told), figures=(figure,), commands=(f"semsearch import items {file}",)
    )


def _search_chapter(job: Job) -> Chapter:
    queries = likely_queries(Catalogue(job.workspace).items()["title"].to_list(), N_QUERIES)
    searcher = wiring.open_searcher(job.workspace, job.settings)
    table = answers_table(searcher, {query: f"in {n:,} titles" for query, n in queries}, job.now, hits=3)
    return Chapter("Likely queries, answered", ("Queries are guessed from words that titles share.",), (table,))


def likely_queries(titles: Iterable[str], n: int) -> list[tuple[str, int]]:
    """Up to `n` short queries that people may type, each with the number of titles that hold it.

    Pairs of neighbouring words first, then words; no word twice, none that a fifth of the titles has.
    """
    words = [[w for w in search(title).split() if len(w) > 1 and any(c.isalpha() for c in w)] for title in titles]
    singles = Counter(word for title in words for word in set(title))
    pairs = Counter(" ".join(pair) for title in words for pair in set(pairwise(title)))
    common = {word for word, count in singles.items() if count > max(3, COMMON_SHARE * len(words))}
    taken: set[str] = set()
    chosen: list[tuple[str, int]] = []
    for query, count in [*pairs.most_common(50 * n), *singles.most_common(20 * n)]:
        parts = set(query.split())
        if len(chosen) < n and count > 1 and not parts & (taken | common):
            chosen.append((query, count))
            taken |= parts
    return chosen or [(word, count) for word, count in singles.most_common(n)]
