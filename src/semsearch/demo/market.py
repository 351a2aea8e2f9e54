"""The demo on a made market: from rows to measured answers, with the truth at hand. All figures are simulated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from semsearch import wiring
from semsearch.demo.behaviour import gate_chapter, log_chapter
from semsearch.demo.job import Heading, Job, answers_table, priced, quality_chapter, release_chapter, train_chapter
from semsearch.demo.longtail import longtail_chapter
from semsearch.demo.moderation import moderation_chapter
from semsearch.demo.relevance import relevance_chapter
from semsearch.demo.spam import spam_chapter
from semsearch.evaluation.evaluate import Evaluation, evaluate
from semsearch.evaluation.intervals import wilson
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.runs import Run
from semsearch.ingest.importing import import_rows
from semsearch.progress import Progress
from semsearch.records import Judgement
from semsearch.report.story import Chapter, Figure, Table
from semsearch.retrieval.evaluate import ReleaseRetriever, retrieve
from semsearch.simulate import market

if TYPE_CHECKING:
    from semsearch.retrieval.search import Searcher
    from semsearch.simulate import Market

N_ITEMS = 6_000
N_SEARCHES = 40_000
TRAIN_SECONDS = 15.0
PER_KIND = 40
DEPTH = 10
MODES = ("lexical", "dense", "hybrid")
POOLED = ("lexical", "hybrid")
"""Modes whose hits are graded."""
MADE = "A market is made"
LANGUAGES = {"ko": "Korean", "en": "English"}
EXAMPLES = {"ko": "에어팟 프로 2", "en": "airpods pro 2"}
"""A query that is in each market."""
SCORED = ("plain BM25", "hybrid")
METRIC = f"mrr@{DEPTH}"
RANKS = {1: "at the very top", DEPTH: f"in the first {DEPTH}"}
"""Last place that counts as found."""
INVENTED, KNOWN = "invented brands", "known brands"
MEANT = 2.0
"""Grade of an item that is what was meant."""


def tell(root: Path, lang: str, *, progress: Progress, begin: Heading, seed: int = 0) -> Iterator[Chapter]:
    """Yield one chapter after the other while the job is done in `root`; `lang` is ko or en."""
    begin(MADE)
    made = market(N_ITEMS, seed=seed, lang=lang, per_kind=PER_KIND, n_searches=N_SEARCHES)
    yield _market_chapter(made)
    job = Job.at(root, made.end, progress, begin, seconds=TRAIN_SECONDS)
    yield _import_chapter(job, made)
    yield quality_chapter(job)
    yield train_chapter(job)
    yield release_chapter(job)
    chapter, candidate = log_chapter(job, made)
    yield chapter
    yield gate_chapter(job, candidate)
    searcher = wiring.open_searcher(job.workspace, job.settings)
    yield _search_chapter(job, made, searcher)
    yield _evaluation_chapter(job, made, searcher)
    yield relevance_chapter(job, made, {mode: ReleaseRetriever(searcher, mode, job.now) for mode in POOLED})
    yield longtail_chapter(job)
    chapter, scanned = moderation_chapter(job, lang, seed)
    yield chapter
    yield spam_chapter(job, scanned)


def _market_chapter(made: Market) -> Chapter:
    shown = made.items.head(5).select("title", "category", "price", "currency", "status")
    rows = tuple((title, *path, priced(amount, unit), state) for title, *path, amount, unit, state in shown.iter_rows())
    told = (
        f"{made.items.height:,} second-hand listings in {LANGUAGES[made.lang]} are made from seed {made.seed}, "
        f"and {made.queries.height} queries whose answer is known.",
    )
    command = (
        f"semsearch simulate market --items {made.items.height} --searches {N_SEARCHES} --lang {made.lang} "
        f"--seed {made.seed}"
    )
    return Chapter(
        MADE, told, (Table(("title", "category", "price", "status"), rows, "Five of them"),), commands=(command,)
    )


def _import_chapter(job: Job, made: Market) -> Chapter:
    title = "Rows become a catalogue"
    job.begin(title)
    folder = job.workspace.path("made")
    folder.mkdir(exist_ok=True)
    made.items.write_parquet(folder / "items.parquet")
    made.regions.write_ndjson(folder / "regions.jsonl")
    import_rows(job.workspace, "regions", [folder / "regions.jsonl"], now=job.now)
    summary = import_rows(job.workspace, "items", [folder / "items.parquet"], now=job.now, progress=job.progress)
    told = (f"{summary.read:,} rows read, {summary.new:,} new, {summary.rejected} rejected.",)
    command = f"semsearch import items {folder / 'items.parquet'}"
    figure = Figure("items", f"{summary.total:,}", f"simulated, {LANGUAGES[made.lang]}")
    return Chapter(title, told, figures=(figure,), commands=(command,))


def _search_chapter(job: Job, made: Market, searcher: Searcher) -> Chapter:
    title = "Queries are answered"
    job.begin(title)
    firsts = made.queries.group_by("kind", maintain_order=True).first()
    queries = dict(firsts.select("query", "kind").iter_rows())
    table = answers_table(searcher, queries, job.now, hits=2)
    told = (
        "One query of each kind: misspelt, run together, in the other script, typed on the wrong layout.",
        "The steps say what was done to a query before it was searched.",
    )
    return Chapter(title, told, (table,), commands=(f'semsearch search "{EXAMPLES[made.lang]}" --explain',))


def _evaluation_chapter(job: Job, made: Market, searcher: Searcher) -> Chapter:
    title = "Answers are measured"
    job.begin(title)
    queries, qrels = _test(made)
    runs = {"plain BM25": _plain_bm25(made, queries)}
    runs |= {m: retrieve(ReleaseRetriever(searcher, m, job.now), queries, DEPTH, m) for m in MODES}
    results = {name: evaluate(run, qrels, [METRIC], positive=MEANT) for name, run in runs.items()}
    condition = f"simulated, {LANGUAGES[made.lang]}, {len(queries)} queries, 95 % interval"
    return Chapter(
        title,
        (
            "Plain BM25 reads words between spaces; then the two legs of the release, and both together.",
            f"Each has a share of queries whose meant product is {RANKS[1]}, and one with it {RANKS[DEPTH]}.",
        ),
        tuple(_shares_table(results, queries, rank) for rank in RANKS),
        bars=tuple((f"{name}, {RANKS[1]}", share(result, 1).mean) for name, result in results.items()),
        figures=tuple(
            Figure(f"found {RANKS[rank]}, {name}", f"{told.mean:.0%}", condition, told.interval)
            for rank in RANKS
            for name in SCORED
            for told in (share(results[name], rank),)
        ),
        commands=("semsearch evaluate run --qrels FILE --queries FILE",),
    )


def _shares_table(results: dict[str, Evaluation], queries: Queries, rank: int) -> Table:
    """Shares by kind of query; each query has one kind, and some name a brand that no shipped lexicon can know."""
    rows = []
    for name in ("kind", "brand"):
        labels = queries.labels(name)
        slices = {run: result.slices(labels) for run, result in results.items()}
        kept = dict.fromkeys(label for label in labels.values() if label != KNOWN)
        rows += [(label, *(str(share(slices[run][label], rank)) for run in results)) for label in kept]
    rows.append(("all queries", *(str(share(result, rank)) for result in results.values())))
    note = (
        f"Share of queries with the meant product {RANKS[rank]} and its 95 % interval (Wilson); simulated, "
        f"{PER_KIND} queries a kind. Invented brands exist in no shipped lexicon."
    )
    return Table(("kind of query", *results), tuple(rows), note)


class Share(NamedTuple):
    """A share of queries with its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def interval(self) -> str:
        """The interval as people read it."""
        return f"{self.low:.0%}–{self.high:.0%}"

    def __str__(self) -> str:
        return f"{self.mean:.0%} ({self.interval})"


def share(result: Evaluation, rank: int) -> Share:
    """Share of the queries with a positive that have one in the first `rank` places, with Wilson's interval."""
    values = result.values[METRIC]
    counted = values[~np.isnan(values)]
    n_found = int(np.count_nonzero(counted > 1 / (rank + 1)))
    interval = wilson(n_found, len(counted))
    return Share(n_found / max(1, len(counted)), interval.low, interval.high)


def _test(made: Market) -> tuple[Queries, Qrels]:
    rows = made.queries.select("query_id", "query", "kind", "invented").rows()
    kinds = {row[0]: row[2] for row in rows}
    brands = {row[0]: INVENTED if row[3] else KNOWN for row in rows}
    queries = Queries({row[0]: row[1] for row in rows}, {"kind": kinds, "brand": brands})
    judged = made.qrels.select("query_id", "item_id", "grade").iter_rows()
    return queries, Qrels.of(Judgement(*row) for row in judged)


def _plain_bm25(made: Market, queries: Queries) -> Run:
    import bm25s

    ids = made.items["item_id"].to_list()
    texts = (made.items["title"] + " " + made.items["body"]).str.to_lowercase().str.split(" ").to_list()
    index = bm25s.BM25()
    index.index(texts, show_progress=False)
    asked = [text.lower().split() for text in queries.texts.values()]
    rows, scores = index.retrieve(asked, k=min(DEPTH, len(ids)), show_progress=False)
    hits = ([(ids[r], float(s)) for r, s in zip(*row, strict=True) if s > 0] for row in zip(rows, scores, strict=True))
    return Run.of(dict(zip(queries.texts, hits, strict=True)), "plain BM25")
