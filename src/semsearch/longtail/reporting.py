"""A scan as an engineer acts on it: the worst queries, their demand, their hits, why, and what they would be taught."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.longtail.failing import FailingModel
from semsearch.longtail.predictors import PREDICTORS

if TYPE_CHECKING:
    from semsearch.longtail.kept import Scan

NO_HIT = "no dense hit at all"
CAUSES = 3
"""Parts that are named for each query."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One dense hit of a query."""

    rank: int
    item_id: str
    title: str
    score: float
    """Cosine."""
    fits: bool
    why: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair that extra training would learn from."""

    item_id: str
    title: str | None
    """Null for an item that the release does not hold."""
    weight: float
    """Of its clicks, each corrected for its position."""
    n_actors: int


@dataclass(frozen=True, slots=True)
class WorstQuery:
    """One query that the model likely fails."""

    query: str
    band: str | None
    """Null for a query that the log does not have."""
    n_searches: int | None
    n_engaged: int | None
    """Asks after which something was engaged."""
    chance: float
    """That what was meant is not among the first 100 dense hits."""
    mismatch: float | None
    """The plain ratio; null when nothing was asked."""
    routed: bool
    causes: tuple[str, ...]
    """What raised the chance most, in words."""
    hits: tuple[Hit, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan found, in short."""

    scan_id: str
    pipeline: str
    release_id: str
    scanned_at: str
    before: str | None
    k: int
    bound: float
    bands: tuple[str, ...]
    n_queries: Mapping[str, int]
    """Of the log, by band."""
    n_scanned: int
    n_routed: int
    n_taught: int
    """Routed queries with clicks enough to teach."""
    n_pairs: int
    """Pairs that they would be taught."""
    mean_mismatch: float | None
    position_bias: str
    """How clicks were corrected for their position, in words; '' without a log."""
    worst: tuple[WorstQuery, ...]
    calibration: tuple[Mapping[str, Any], ...]
    worth: tuple[Mapping[str, Any], ...]


def report(scan: Scan, model: FailingModel, n_worst: int = 20) -> ScanReport:
    """The scan with its `n_worst` queries: those that likely fail and are asked most, by chance times searches."""
    queries = scan.queries
    mean = queries["mismatch"].mean() if queries.height else None
    return ScanReport(
        scan_id=scan.scan_id,
        pipeline=scan.pipeline,
        release_id=scan.release_id,
        scanned_at=scan.scanned_at,
        before=scan.before,
        k=scan.k,
        bound=scan.bound,
        bands=scan.bands,
        n_queries=scan.n_queries,
        n_scanned=queries.height,
        n_routed=int(queries["routed"].sum()),
        n_taught=scan.pairs["key"].n_unique(),
        n_pairs=scan.pairs.height,
        mean_mismatch=float(mean) if isinstance(mean, float) else None,
        position_bias=scan.position_bias,
        worst=tuple(_worst(scan, model, n_worst)),
        calibration=scan.calibration,
        worth=scan.worth,
    )


def _worst(scan: Scan, model: FailingModel, n: int) -> list[WorstQuery]:
    import polars as pl

    demand = pl.col("n_searches").fill_null(1)
    order = ["routed", "harm", "chance", "key"]
    rows = scan.queries.with_columns((pl.col("chance") * demand).alias("harm"))
    chosen = rows.sort(order, descending=[True, True, True, False], nulls_last=True).head(n)
    keys = chosen["key"].implode()
    hits = _grouped(scan.hits.filter(pl.col("key").is_in(keys)), Hit)
    pairs = _grouped(scan.pairs.filter(pl.col("key").is_in(keys)), Pair)
    return [
        _one(row, model, hits.get(row["key"], ()), pairs.get(row["key"], ())) for row in chosen.iter_rows(named=True)
    ]


def _grouped(frame: Any, kind: type[Any]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for row in frame.iter_rows(named=True):
        key = row.pop("key")
        found[key] = (*found.get(key, ()), kind(**row))
    return found


def _one(row: Mapping[str, Any], model: FailingModel, hits: tuple[Hit, ...], pairs: tuple[Pair, ...]) -> WorstQuery:
    return WorstQuery(
        query=row["key"],
        band=row["band"],
        n_searches=row["n_searches"],
        n_engaged=row["n_engaged"],
        chance=row["chance"],
        mismatch=row["mismatch"],
        routed=row["routed"],
        causes=causes(row, model) if hits else (NO_HIT,),
        hits=hits,
        pairs=pairs,
    )


_WHAT = {predictor.name: predictor.what for predictor in PREDICTORS}


def causes(row: Mapping[str, Any], model: FailingModel) -> tuple[str, ...]:
    """What raises one query's chance most, in words; at most CAUSES."""
    weights = model.engaged if row["engaged"] else model.alone
    values = {name: np.array([math.nan if row[name] is None else row[name]]) for name in weights.names}
    parts = weights.parts(values)[0]
    order = np.argsort(-parts)[:CAUSES]
    return tuple(_WHAT[weights.names[at]] for at in order.tolist() if parts[at] > 0)
