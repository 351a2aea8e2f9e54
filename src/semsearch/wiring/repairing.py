"""The long-tail loop, put together: what a scan reads, who examines its queries, and where it is kept.

Heavy modules are imported inside the functions: opening a searcher must not load what training needs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.errors import MissingPart, UsageError
from semsearch.progress import Progress, silent
from semsearch.wiring.pipelines import items_of, pipeline_schema
from semsearch.wiring.serving import load_settings, open_searcher
from semsearch.wiring.training import check_pipeline
from semsearch.workspace import DEFAULT_PIPELINE, Workspace

if TYPE_CHECKING:
    import polars as pl

    from semsearch.evaluation.queries import Queries
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.longtail.examine import Examined, Examiner, QueryInLog
    from semsearch.longtail.kept import Scan
    from semsearch.longtail.mismatch.calibration import Calibration
    from semsearch.longtail.predictors import Support
    from semsearch.longtail.reading import LogBefore
    from semsearch.longtail.scan import Submit
    from semsearch.retrieval.search import Searcher
    from semsearch.settings import Settings
    from semsearch.towers.schema.definition import Schema

Examining = tuple["Calibration", "Support | None", int, datetime]
"""What an examiner takes beside a searcher: thresholds, support, k, and the moment at which items are alive."""
PROCESSES = 2
"""Processes that examine queries, at most; no more than there are processors."""
ALONE = 4_000
"""Queries up to which other processes are not worth their start."""


def longtail_scan(
    workspace: Workspace,
    settings: Settings | None = None,
    *,
    pipeline: str = DEFAULT_PIPELINE,
    release: str | None = None,
    queries: Queries | None = None,
    now: datetime,
    progress: Progress = silent,
) -> Scan:
    """Scan the queries of the log's `longtail.bands`, or `queries` of a file, against what is served; keep the scan.

    The last part of the log (`log.test`) is not read: it is left for the lift and the gate. Raises MissingPart without
    a release, and without a log unless `queries` are given; UsageError for a log that names no item of the release, or
    in which nobody searched, and for a pipeline that is not asked with typed text.
    """
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.longtail.kept import keep
    from semsearch.longtail.mismatch.calibration import Calibration
    from semsearch.longtail.scan import examined
    from semsearch.text.views import search

    chosen = settings or load_settings(workspace)
    check_pipeline(workspace, pipeline)
    searcher = open_searcher(workspace, chosen, pipeline, release)
    searcher.side.must_be("query")
    catalogue = Catalogue(workspace)
    items = log_items(catalogue, pipeline_schema(workspace, pipeline), pipeline)
    log = _log(catalogue, items, searcher, chosen, needed=queries is None, progress=progress)
    if queries is not None:
        keys = list(dict.fromkeys(filter(None, map(search, queries.texts.values()))))
    else:
        keys = _of_bands(log, chosen.longtail.bands)
    progress("learning which words tie", 0, 0)
    calibration = Calibration.of(searcher.release.lexical.vocabulary.words(), seed=chosen.train.seed)
    examining = (calibration, log.support if log else None, chosen.longtail.k, now)
    with _submitting(workspace, chosen, searcher, examining, len(keys)) as submit:
        found = examined(_asked(log, sorted(keys), searcher), submit, progress)  # neighbours share hits
    scan = _scan(searcher, log, items, found, chosen, calibration=calibration, of_file=queries is not None, now=now)
    with workspace.writing(wait=True):
        keep(workspace, scan)
    return scan


def _scan(
    searcher: Searcher,
    log: LogBefore | None,
    items: pl.DataFrame,
    found: Examined,
    settings: Settings,
    *,
    calibration: Calibration,
    of_file: bool,
    now: datetime,
) -> Scan:
    from semsearch.longtail.failing import shipped
    from semsearch.longtail.kept import Scan
    from semsearch.longtail.scan import judged, named
    from semsearch.longtail.worth import worth

    manifest, told = searcher.release.manifest, settings.longtail
    table = judged(found, log.demand.queries if log else _no_demand(), shipped(), told.bound)
    pairs, bias = _pairs(log, table, items, settings)
    return Scan(
        scan_id=named(manifest.release_id, table, found.hits, pairs),
        pipeline=manifest.pipeline,
        release_id=manifest.release_id,
        scanned_at=now.isoformat(timespec="seconds"),
        before=log.before.isoformat() if log else None,
        k=told.k,
        bound=told.bound,
        bands=() if of_file else told.bands,
        n_queries=_by_band(log),
        calibration=tuple(calibration.rows()),
        worth=worth(table),
        position_bias=bias,
        queries=table,
        hits=found.hits,
        pairs=pairs,
    )


def log_items(catalogue: Catalogue, schema: Schema, pipeline: str) -> pl.DataFrame:
    """Of the items that a pipeline is about, what a log is read with: item_id, title, created_at, ended_at."""
    return items_of(schema, catalogue.items(), pipeline).select("item_id", "title", "created_at", "ended_at")


# --- what is read ----------------------------------------------------------------------------


def _log(
    catalogue: Catalogue,
    items: pl.DataFrame,
    searcher: Searcher,
    settings: Settings,
    *,
    needed: bool,
    progress: Progress,
) -> LogBefore | None:
    """The log before its held-out part; None without one, unless it is needed."""
    from semsearch.longtail.reading import LogBefore

    if not catalogue.n_interactions:
        if needed:
            raise MissingPart(
                "There is no log to take queries from.",
                "Next: semsearch import interactions FILE, or semsearch longtail scan --queries FILE",
            )
        return None
    progress("reading the log", 0, 0)
    found = LogBefore.of(catalogue.interactions(), items, settings)
    if not needed:
        return found
    if not found.demand.queries.height:
        raise UsageError(
            "Nobody searched in the log: it has no row of kind search with a query.",
            "Next: semsearch import interactions FILE with its searches, or semsearch longtail scan --queries FILE",
        )
    _check_items(found.demand.engaged["item_id"], searcher)
    return found


def _check_items(item_ids: pl.Series, searcher: Searcher) -> None:
    """Refuse a log that belongs to other items."""
    ids = item_ids.unique()
    known = ids.is_in(searcher.release.items.select("item_id").collect()["item_id"].implode()).sum()
    if len(ids) and not known:
        raise UsageError(
            f"None of the {len(ids):,} items that were engaged in the log is in release "
            f"{searcher.release.manifest.release_id}: log and release are of two markets.",
            "Next: semsearch import items FILE and semsearch index build, or semsearch longtail scan --release ID",
        )


def _of_bands(log: LogBefore | None, bands: Sequence[str]) -> list[str]:
    import polars as pl

    if log is None:
        return []
    return log.demand.queries.filter(pl.col("band").is_in(bands))["key"].to_list()


def _by_band(log: LogBefore | None) -> dict[str, int]:
    from semsearch.evaluation.demand import BANDS

    if log is None:
        return {}
    counts = dict(log.demand.queries["band"].value_counts().iter_rows())
    return {band: counts[band] for band in BANDS if band in counts}


def _asked(log: LogBefore | None, keys: Sequence[str], searcher: Searcher) -> list[QueryInLog]:
    from semsearch.longtail.examine import QueryInLog
    from semsearch.longtail.scan import asked_of

    if log is None:
        return [QueryInLog(key) for key in keys]
    return asked_of(log.demand, keys, searcher.release.items.select("item_id").collect()["item_id"])


def _pairs(
    log: LogBefore | None, queries: pl.DataFrame, items: pl.DataFrame, settings: Settings
) -> tuple[pl.DataFrame, str]:
    """What the routed queries would be taught, and how their clicks were corrected."""
    import polars as pl

    from semsearch.longtail.teaching.clicks import clicked
    from semsearch.longtail.teaching.propensity import propensities

    columns = ("key", "item_id", "title", "weight", "n_actors")
    if log is None:
        kinds = (pl.String(), pl.String(), pl.String(), pl.Float32(), pl.Int64())
        return pl.DataFrame(schema=dict(zip(columns, kinds, strict=True))), ""
    routed = queries.filter("routed")["key"].to_list()
    looks = propensities(log.evidence.log, before=log.before)
    found = clicked(log.evidence, items, routed, looks, settings, before=log.before)
    titled = found.pairs.join(items.select("item_id", "title"), on="item_id", how="left", maintain_order="left")
    return titled.select(columns).sort(["key", "weight", "item_id"], descending=[False, True, False]), looks.sentence


def _no_demand() -> pl.DataFrame:
    import polars as pl

    from semsearch.longtail.scan import COUNTS

    texts = {"key": pl.String(), "band": pl.String()}
    counts = dict.fromkeys((*COUNTS, "n_actors"), pl.Int64())
    return pl.DataFrame(schema={**texts, **counts, "last_asked_at": pl.Datetime("us", "UTC")})


# --- who examines ----------------------------------------------------------------------------


@contextmanager
def _submitting(
    workspace: Workspace, settings: Settings, searcher: Searcher, examining: Examining, n_queries: int
) -> Iterator[Submit]:
    """Examines here while there are few queries, else in processes of their own."""
    from semsearch.processes import pool

    n = min(PROCESSES, os.cpu_count() or 1)
    if n_queries <= ALONE or n < 2:
        examiner = _examiner(searcher, *examining)

        def here(asked: Sequence[QueryInLog]) -> Future[Examined]:
            done: Future[Examined] = Future()
            done.set_result(examiner(asked))
            return done

        yield here
        return
    manifest = searcher.release.manifest
    others = pool(n, _begin, workspace.root, settings, manifest.pipeline, manifest.release_id, examining)
    try:
        yield lambda asked: others.submit(_examine, list(asked))
    finally:
        others.shutdown(wait=True, cancel_futures=True)


_mine: Examiner | None = None
"""What a process of the pool examines with."""


def _begin(root: Path, settings: Settings, pipeline: str, release_id: str, examining: Examining) -> None:
    global _mine  # noqa: PLW0603 - a process of a pool keeps its own
    _mine = _examiner(open_searcher(Workspace.open(root), settings, pipeline, release_id), *examining)


def _examiner(searcher: Searcher, calibration: Calibration, support: Support | None, k: int, now: datetime) -> Examiner:
    from semsearch.longtail.examine import Examiner

    return Examiner(searcher, calibration, support, k=k, now=now)


def _examine(asked: list[QueryInLog]) -> Examined:
    if _mine is None:
        raise RuntimeError("a process of the pool was not begun")
    return _mine(asked)
