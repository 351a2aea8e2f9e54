"""The chapter in which rare queries are looked at: which the towers fail, what they are taught, what that gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch import wiring
from semsearch.demo.job import Job
from semsearch.errors import UsageError
from semsearch.evaluation.queries import Queries
from semsearch.ingest.catalogue import Catalogue
from semsearch.longtail.failing import shipped
from semsearch.longtail.reporting import ScanReport, WorstQuery, report
from semsearch.report.longtail import lift_rows, lift_told
from semsearch.report.story import Chapter, Figure, Table

if TYPE_CHECKING:
    from semsearch.longtail.teaching.lift import Lift
    from semsearch.wiring import Taught

N_QUERIES = 1_000
"""Rare queries that are looked at, at most; `longtail scan` looks at all of them."""
SHOWN = 6
BOUND, MIN_ACTORS = 0.2, 1
"""A small log has few failures, and few people behind each: a real one is left at the defaults."""


def longtail_chapter(job: Job) -> Chapter:
    """Scan rare queries, teach those that fail, and ask both releases later questions."""
    title = "Rare queries that the towers do not understand"
    job.begin(title)
    settings = job.settings.override("longtail", bound=BOUND, min_actors=MIN_ACTORS)
    scan = wiring.longtail_scan(job.workspace, settings, queries=_rare(job), now=job.now, progress=job.progress)
    told = report(scan, shipped(), SHOWN)
    sentences = [
        f"Of {told.n_scanned:,} rare queries {told.n_routed:,} have a chance of {BOUND:.0%} or more that what was "
        f"meant is not among their first 100 dense hits. {told.n_taught:,} of these have clicks to learn from.",
    ]
    tables = [Table(*_worst(told), "Those that harm most; simulated")]
    figures = [Figure("rare queries that may fail", f"{told.n_routed:,}", f"simulated, of {told.n_scanned:,} scanned")]
    try:
        done = wiring.longtail_train(job.workspace, settings, scan_id=scan.scan_id, now=job.now, progress=job.progress)
    except UsageError as error:
        sentences.append(f"Nothing is taught: {error.message}")
    else:
        gained = wiring.longtail_lift(job.workspace, settings, candidate=done.candidate, now=job.now)
        sentences += [_taught(done), *lift_told(gained)]
        tables.append(_lift(gained))
    commands = ("semsearch longtail scan", "semsearch longtail train", "semsearch longtail lift")
    return Chapter(title, tuple(sentences), tuple(tables), figures=tuple(figures), commands=commands)


def _rare(job: Job) -> Queries:
    """Of the queries that are asked less often than the mean, those that are asked most."""
    import polars as pl

    typed = Catalogue(job.workspace).interactions().filter(pl.col("kind") == "search").group_by("query").len()
    rare = typed.drop_nulls().filter(pl.col("len") <= pl.col("len").mean()).collect()
    chosen = rare.sort(["len", "query"], descending=[True, False])["query"].head(N_QUERIES)
    return Queries({f"rare{i}": text for i, text in enumerate(chosen.to_list())})


def _worst(told: ScanReport) -> tuple[tuple[str, ...], tuple[tuple[object, ...], ...]]:
    columns = ("query", "searches", "chance of failure", "plain mismatch", "first hit", "why")
    return columns, tuple(_row(each) for each in told.worst)


def _row(each: WorstQuery) -> tuple[object, ...]:
    first = each.hits[0] if each.hits else None
    hit = (first.title, first.why) if first else ("no hit", "")
    mismatch = "" if each.mismatch is None else f"{each.mismatch:.0%}"
    return (each.query, each.n_searches or 0, f"{each.chance:.0%}", mismatch, *hit)


def _taught(done: Taught) -> str:
    clicks = done.card.metrics["longtail"]["clicks"]
    return (
        f"{clicks['n_pairs']:,} pairs of their clicks, corrected for position, are taught beside old ones. "
        f"The gate's answer: {done.gate.outcome}."
    )


def _lift(gained: Lift) -> Table:
    rows = lift_rows(gained)
    columns = tuple(rows[0]) if rows else ()
    return Table(columns, tuple(tuple(row.values()) for row in rows), "Before and after, on later searches; simulated")
