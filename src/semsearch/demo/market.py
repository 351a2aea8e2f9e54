"""The demo on a made market: from rows to measured answers, with the truth at hand. All figures are simulated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch import wiring
from semsearch.demo.job import Job, answers_table, priced, quality_chapter, release_chapter, train_chapter
from semsearch.ingest.importing import import_rows
from semsearch.report.story import Chapter, Figure, Table
from semsearch.simulate import market

if TYPE_CHECKING:
    from semsearch.retrieval.search import Searcher
    from semsearch.simulate import Market

N_ITEMS = 6_000
TRAIN_SECONDS = 15.0
PER_KIND = 40
DEPTH = 10
MODES = ("lexical", "dense", "hybrid")
LANGUAGES = {"ko": "Korean", "en": "English"}
SCORED = ("plain BM25", "hybrid")
Ranker = Callable[[str], list[str]]
"""Query text to at most DEPTH item ids, best first."""


def tell(root: Path, lang: str, *, progress: wiring.Progress, seed: int = 0) -> Iterator[Chapter]:
    """Yield one chapter after the other while the job is done in `root`; `lang` is ko or en."""
    made = market(N_ITEMS, seed=seed, lang=lang, per_kind=PER_KIND)
    job = Job.at(root, made.end, progress, seconds=TRAIN_SECONDS)
    yield _market_chapter(made)
    yield _import_chapter(job, made)
    yield quality_chapter(job)
    yield train_chapter(job)
    yield release_chapter(job)
    searcher = wiring.open_searcher(job.workspace, job.settings)
    yield _search_chapter(job, made, searcher)
    yield _evaluation_chapter(job, made, searcher)


def _market_chapter(made: Market) -> Chapter:
    shown = made.items.head(5).select("title", "category", "price", "currency", "status")
    rows = tuple((title, *path, priced(amount, unit), state) for title, *path, amount, unit, state in shown.iter_rows())
    told = (
        f"A {LANGUAGES[made.lang]} second-hand market of {made.items.height:,} listings is made from seed {made.seed}, "
        f"and {made.queries.height} queries whose answer is known.",
    )
    command = f"semsearch simulate market --items {made.items.height} --lang {made.lang} --seed {made.seed}"
    return Chapter(
        "A market is made", told, (Table(("title", "category", "price", "status"), rows),), commands=(command,)
    )


def _import_chapter(job: Job, made: Market) -> Chapter:
    folder = job.workspace.path("made")
    folder.mkdir(exist_ok=True)
    made.items.write_parquet(folder / "items.parquet")
    made.regions.write_ndjson(folder / "regions.jsonl")
    import_rows(job.workspace, "regions", [folder / "regions.jsonl"], now=job.now)
    summary = import_rows(job.workspace, "items", [folder / "items.parquet"], now=job.now, progress=job.progress)
    told = (f"{summary.read:,} rows read, {summary.new:,} new, {summary.rejected} rejected.",)
    figure = Figure("items", f"{summary.total:,}", f"simulated, {LANGUAGES[made.lang]}")
    return Chapter("Rows become a catalogue", told, figures=(figure,), commands=("semsearch import items FILE",))


def _search_chapter(job: Job, made: Market, searcher: Searcher) -> Chapter:
    firsts = made.queries.group_by("kind", maintain_order=True).first()
    queries = dict(firsts.select("query", "kind").iter_rows())
    table = answers_table(searcher, queries, job.now, hits=2)
    told = (
        "One query of each kind: misspelt, run together, in the other script, typed on the wrong layout.",
        "The steps say what was done to a query before it was searched.",
    )
    return Chapter("Queries are answered", told, (table,), commands=('semsearch search "에어팟 프로 2" --explain',))


def _evaluation_chapter(job: Job, made: Market, searcher: Searcher) -> Chapter:
    rankers = {"plain BM25": _plain_bm25(made)} | {mode: _ranker(searcher, mode, job) for mode in MODES}
    found = {name: _found(made, rank) for name, rank in rankers.items()}
    kinds = made.queries["kind"].unique(maintain_order=True).to_list()
    shares = {name: {kind: _mean(hits) for kind, hits in by_kind.items()} for name, by_kind in found.items()}
    overall = {name: _mean([hit for hits in by_kind.values() for hit in hits]) for name, by_kind in found.items()}
    kinds = made.queries["kind"].unique(maintain_order=True).to_list()
    rows = [(kind, *(f"{shares[name][kind]:.0%}" for name in rankers)) for kind in kinds]
    rows.append(("all kinds", *(f"{overall[name]:.0%}" for name in rankers)))
    note = f"Share of queries with the meant product in the first {DEPTH}; simulated, {PER_KIND} queries a kind."
    condition = f"simulated, {LANGUAGES[made.lang]}, {made.queries.height} queries"
    return Chapter(
        "Answers are measured",
        ("Plain BM25 reads words between spaces; then the two legs of the release, and both together.",),
        (Table(("kind of query", *rankers), tuple(rows), note),),
        bars=tuple(overall.items()),
        figures=tuple(
            Figure(f"found in the first {DEPTH}, {name}", f"{overall[name]:.0%}", condition) for name in SCORED
        ),
        commands=("semsearch evaluate run --qrels FILE --queries FILE",),
    )


def _ranker(searcher: Searcher, mode: str, job: Job) -> Ranker:
    def rank(query: str) -> list[str]:
        found = searcher.search(query, k=DEPTH, mode=mode, now=job.now, include_ended=True)
        return [hit.item_id for hit in found.hits]

    return rank


def _plain_bm25(made: Market) -> Ranker:
    import bm25s

    ids = made.items["item_id"].to_list()
    texts = (made.items["title"] + " " + made.items["body"]).str.to_lowercase().str.split(" ").to_list()
    index = bm25s.BM25()
    index.index(texts, show_progress=False)

    def rank(query: str) -> list[str]:
        rows, scores = index.retrieve([query.lower().split()], k=min(DEPTH, len(ids)), show_progress=False)
        return [ids[row] for row, score in zip(rows[0], scores[0], strict=True) if score > 0]

    return rank


def _found(made: Market, rank: Ranker) -> dict[str, list[bool]]:
    """Kind of query → for each query whether a fully relevant item is among the hits."""
    relevant: dict[str, set[str]] = {}
    for query_id, item_id, grade in made.qrels.select("query_id", "item_id", "grade").iter_rows():
        if grade >= 2:
            relevant.setdefault(query_id, set()).add(item_id)
    found: dict[str, list[bool]] = {}
    for query_id, query, kind in made.queries.select("query_id", "query", "kind").iter_rows():
        found.setdefault(kind, []).append(bool(relevant.get(query_id, set()) & set(rank(query))))
    return found


def _mean(values: list[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
