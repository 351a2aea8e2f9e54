"""The last look at a training: its test questions through a candidate release, beside what costs nothing.

Three stages judge towers, each nearer to what people get: against the batch while they learn, against the whole pool
by exact search after every pass, and, here, through a release as it is served. What the last step costs is the
difference between exact search and the release's own dense leg.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.evaluation.compare import Difference, compare
from semsearch.evaluation.evaluate import Evaluation, Figure, evaluate
from semsearch.evaluation.runs import Run
from semsearch.progress import Progress, silent
from semsearch.retrieval.asked import answers, whole_contest
from semsearch.training.pool import Pool, by_popularity

if TYPE_CHECKING:
    import polars as pl

    from semsearch.evaluation.questions import Questions
    from semsearch.retrieval.search import Searcher

DEPTH = 100
METRICS = ("recall@100", "ndcg@10")
STRONG_METRICS = ("recall@20", "ndcg@20")
"""Of users and of items like an item: nobody looks at a hundred."""
START, TOWERS, DENSE, SERVED, LEXICAL, POPULAR = (
    "towers before the log", "towers, exact", "release, dense", "release, as served", "release, lexical", "popularity",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One way to answer the test questions."""

    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Stages:
    """The last stage: every way on the same questions, each asked of the items that were alive then."""

    release_id: str
    n_questions: int
    test_from: str
    """UTC; where the test part begins."""
    rows: tuple[Row, ...]
    gain: tuple[Difference, ...]
    """Trained towers minus the towers before the log, both by exact search; paired."""
    cost: tuple[Difference, ...]
    """Release's dense leg minus exact search: what the last step takes away; paired."""
    served: tuple[Difference, ...]
    """Release as served minus its dense leg: what the words add to the vectors, or cost them; paired, empty where the
    dense leg answers alone."""
    release_ms: float
    """A question through the release as served, on average."""


def last_stage(
    searcher: Searcher,
    questions: Questions,
    runs: dict[str, Run],
    wanted: pl.DataFrame,
    items: pl.DataFrame,
    *,
    test_from: datetime,
    now: datetime,
    progress: Progress = silent,
    clock: Callable[[], float] = time.perf_counter,
) -> Stages:
    """Put the questions to a release and to popularity, and set them beside `runs` (START and TOWERS, exact).

    `wanted` (item_id, weight) are the training examples: popularity is their weight an item.
    """
    side = searcher.side.of
    contest = whole_contest(searcher.release)
    modes = {SERVED: None, DENSE: "dense", LEXICAL: "lexical"} if side == "query" else {DENSE: "dense"}
    found, spent = dict(runs), {}
    for name, mode in modes.items():
        start = clock()
        found[name] = answers(searcher, questions, contest, DEPTH, now=now, name=name, mode=mode, progress=progress)
        spent[name] = clock() - start
    found[POPULAR] = _popular(questions, wanted, items)
    metrics = METRICS if side == "query" else STRONG_METRICS
    results = {name: evaluate(run, questions.qrels, metrics) for name, run in found.items()}
    order = (POPULAR, LEXICAL, START, TOWERS, DENSE, SERVED)
    return Stages(
        release_id=searcher.release.manifest.release_id,
        n_questions=len(questions),
        test_from=test_from.isoformat(),
        rows=tuple(Row(name, results[name].figures()) for name in order if name in results),
        gain=_difference(results[START], results[TOWERS]),
        cost=_difference(results[TOWERS], results[DENSE]),
        served=_difference(results[DENSE], results[SERVED]) if SERVED in results else (),
        release_ms=round(spent[next(iter(modes))] * 1000 / max(1, len(questions)), 3),
    )


def _difference(a: Evaluation, b: Evaluation) -> tuple[Difference, ...]:
    return compare(a, b).differences()


def _popular(questions: Questions, wanted: pl.DataFrame, items: pl.DataFrame) -> Run:
    import polars as pl

    counted = wanted.group_by("item_id").agg(pl.col("weight").sum())
    weights: Any = items.select("item_id").join(counted, on="item_id", how="left", maintain_order="left")["weight"]
    counts = np.asarray(weights.fill_null(0.0).to_numpy(), np.float64)
    return Pool.of(items).ranked(questions.asked_at, questions.seen, by_popularity(counts), DEPTH, POPULAR)
