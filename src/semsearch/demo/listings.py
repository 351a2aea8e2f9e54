"""The demo on the user's own listings: one file, a minute, ten likely queries with hits, and what looks wrong."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from shlex import quote

from semsearch import wiring
from semsearch.demo.job import Heading, Job, answers_table, quality_chapter, release_chapter, train_chapter
from semsearch.errors import UsageError
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.importing import import_rows
from semsearch.ingest.rejects import TooManyBad, told_reasons
from semsearch.ingest.sources import Source, expand
from semsearch.ingest.tables import batches
from semsearch.progress import Progress
from semsearch.report.story import Chapter, Figure
from semsearch.text.views import search
from semsearch.workspace import Workspace

MAX_ROWS = 20_000
TRAIN_SECONDS = 20.0
N_QUERIES = 10
MAX_BAD = 0.2
"""Share of bad rows that a first look puts up with; `import` is stricter."""
COMMON_SHARE = 0.2
"""A word in more titles than this says nothing of one of them."""


def home(out: Path, file: str, maps: Mapping[str, str] | None = None) -> Path:
    """The workspace of one file under `out`: another file, or another mapping of it, gets another one.

    Raises UsageError for no readable file.
    """
    digest = hashlib.sha256(json.dumps(maps, sort_keys=True).encode() if maps else b"")
    for block in _source(file).blocks():
        digest.update(block)
    return out / f"listings-{digest.hexdigest()[:8]}"


def tell(
    root: Path,
    file: str,
    *,
    now: datetime,
    progress: Progress,
    begin: Heading,
    maps: Mapping[str, str] | None = None,
    tz: str | None = None,
) -> Iterator[Chapter]:
    """Yield one chapter after the other while the job is done in `root`; `maps` and `tz` are those of `import`.

    Raises UsageError for a file that cannot be imported or has more than MAX_ROWS rows; nothing is made then.
    """
    _check_size(file)
    job = Job.at(root, now, progress, begin, seconds=TRAIN_SECONDS)
    yield _import_chapter(job, file, maps, tz)
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


def _import_chapter(job: Job, file: str, maps: Mapping[str, str] | None, tz: str | None) -> Chapter:
    title = "Your rows become a catalogue"
    job.begin(title)
    settings = job.settings.override("imports", max_rejects=MAX_BAD, tz=tz).imports
    try:
        summary = import_rows(
            job.workspace, "items", [file], now=job.now, maps=maps, settings=settings, progress=job.progress
        )
    except TooManyBad as error:
        again = f"semsearch demo --on {quote(file)} --map title=COLUMN"
        raise UsageError(error.message, f"Next: correct the file, or say which column is which: {again}") from error
    mapped = ", ".join(f"{field} from {source}" for field, source in summary.mapping.items())
    told = [f"{summary.read:,} rows read, {summary.new:,} new items, {summary.rejected:,} bad ones set aside."]
    told += told_reasons(summary.reasons, summary.examples)
    if summary.quarantine:
        told.append(
            f"The bad rows are in {summary.quarantine}. A look puts up with {MAX_BAD:.0%} of them, an import with "
            f"{job.settings.imports.max_rejects:.0%} unless you say --max-rejects."
        )
    told.append(f"Columns: {mapped}.")
    if summary.unused:
        told.append(
            f"Not used: {', '.join(summary.unused)}. --map FIELD={summary.unused[0]} fills price, region_id or "
            f"another field with one, --map attributes.{summary.unused[0]}={summary.unused[0]} keeps it as it is."
        )
    figure = Figure("items", f"{summary.total:,}", "imported")
    return Chapter(title, tuple(told), figures=(figure,), commands=(f"semsearch import items {quote(file)}",))


def example(root: Path) -> str:
    """A query that finds something in the workspace of a demo."""
    titles = Catalogue(Workspace.open(root)).items()["title"].to_list()
    return likely_queries(titles, 1)[0][0]


def _search_chapter(job: Job) -> Chapter:
    title = "Likely queries, answered"
    job.begin(title)
    queries = likely_queries(Catalogue(job.workspace).items()["title"].to_list(), N_QUERIES)
    searcher = wiring.open_searcher(job.workspace, job.settings)
    table = answers_table(searcher, {query: f"in {n:,} titles" for query, n in queries}, job.now, hits=3)
    return Chapter(title, ("Queries are guessed from words that titles share.",), (table,))


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
