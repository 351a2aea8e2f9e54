"""The job behind `evaluate`: queries → run → figures, and one run against another. Runs are saved in `runs/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import numpy as np

from semsearch.errors import UsageError
from semsearch.evaluation.compare import compare, judged_hits
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.grades import JUDGED_ONLY_DEPTH
from semsearch.evaluation.intervals import RESAMPLES
from semsearch.evaluation.metrics import parse_metrics
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.runs import Run
from semsearch.progress import Progress
from semsearch.retrieval.reports import (
    ComparisonReport,
    EvaluationReport,
    QueryValue,
    Regression,
    SliceDifferences,
    SliceFigures,
)

if TYPE_CHECKING:
    from semsearch.index.release import Release
    from semsearch.retrieval.search import Searcher


class Retriever(Protocol):
    """Anything that ranks items for a query."""

    def ranked(self, query: str, k: int) -> list[tuple[str, float]]:
        """At most k (item_id, score), best first; scores are finite, higher is better."""
        ...


@dataclass(frozen=True)
class ReleaseRetriever:
    """One release as it is served, in one mode; None takes the setting.

    Items that have ended are included by default: judgements do not know when an item ends.
    """

    searcher: Searcher
    mode: str | None
    now: datetime
    fusion: str | None = None
    include_ended: bool = True

    def ranked(self, query: str, k: int) -> list[tuple[str, float]]:
        """At most k (item_id, score), best first, as `Searcher.search` shows them."""
        found = self.searcher.ranked(
            query, now=self.now, k=k, mode=self.mode, fusion=self.fusion, include_ended=self.include_ended
        )
        rows = self.searcher.release.rows
        ids = (rows[row]["item_id"] for row in found.rows.tolist())
        return list(zip(ids, found.scores.tolist(), strict=True))

    @property
    def origin(self) -> dict[str, str]:
        """What decides the ranking, for the report; raises UsageError for an unknown mode or fusion rule."""
        mode, fusion = self.searcher.rules(self.mode, self.fusion)
        made = {"release_id": self.searcher.release.manifest.release_id, "mode": mode}
        return made | {"fusion": fusion, "depth": str(self.searcher.settings.depth)} if mode == "hybrid" else made


def default_metrics(k: int) -> tuple[str, ...]:
    """What `evaluate` computes when nothing is asked for; raises UsageError for k below 1."""
    if k < 1:
        raise UsageError(f"--k is {k}; it must be at least 1.", "Next: --k 10")
    deep = ("recall@100",) if k < 100 else ()
    families = ("precision", "recall", "f1", "mrr", "map", "judged")
    return (f"ndcg@{k}", f"ndcg@{k}/judged", *(f"{family}@{k}" for family in families), *deep)


def depth_of(metrics: Sequence[str]) -> int:
    """Hits a query needs for these metrics; 1000 for judged-only figures and for metrics without a cut."""
    parsed = parse_metrics(metrics)
    return max(JUDGED_ONLY_DEPTH if m.judged_only or m.k is None else m.k for m in parsed)


def kept_depth(metrics: Sequence[str]) -> int:
    """Hits a query that a saved run keeps: never below 1000, since later commands measure others, and pool from it."""
    return max(JUDGED_ONLY_DEPTH, depth_of(metrics))


def depth_note(runs: tuple[Run, Run], metrics: Sequence[str]) -> str:
    """A sentence when one run is cut off where these metrics still look and the other one goes on; else ''.

    Cut off is a run of which half of the queries or more have as many hits as any.
    """
    for run, other in (runs, runs[::-1]):
        hits, most = np.diff(run.offsets), int(np.diff(other.offsets).max(initial=0))
        cut = int(hits.max(initial=0))
        deeper = [metric for metric in metrics if depth_of([metric]) > cut]
        if deeper and cut < most and np.mean(hits == cut) >= 0.5:
            named = ", ".join(deeper)
            return f"{run.name} ends at {cut:,} hits a query, {other.name} at {most:,}: {named} is unfair to it."
    return ""


def check_judged(release: Release, qrels: Qrels) -> str:
    """A note when fewer than half of the judged items are in `release`, else ''; raises UsageError when none is."""
    import polars as pl

    judged = {item_id for items in qrels.grades.values() for item_id in items}
    known = release.items.select(pl.col("item_id").is_in(list(judged)).sum()).collect().item()
    if judged and not known:
        raise UsageError(
            f"0 of {len(judged):,} judged items are in release {release.manifest.release_id}: "
            "are these the right judgements and the right workspace (-w)?",
            "Next: semsearch status",
        )
    here = f"{known:,} of {len(judged):,} judged items are in release {release.manifest.release_id}"
    return f"{here}; the others count as not found." if known * 2 < len(judged) else ""


def retrieve(retriever: Retriever, queries: Queries, depth: int, name: str, progress: Progress | None = None) -> Run:
    """Ask every query and keep at most `depth` hits of each, in the order in which they are served.

    A TREC run is ordered by its scores alone, so a tie is broken here: its later hit is lowered to the next
    smaller float32.
    """
    rankings: dict[str, list[tuple[str, float]]] = {}
    for done, (query_id, text) in enumerate(queries.texts.items(), start=1):
        rankings[query_id] = falling(retriever.ranked(text, depth))
        if progress:
            progress("searching", done, len(queries))
    return Run.of(rankings, name)


def falling(hits: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """The same hits in the same order, with scores that strictly fall also as float32."""
    scores = np.asarray([score for _, score in hits], np.float32)
    if np.all(scores[1:] < scores[:-1]):
        return hits
    for i in range(1, len(scores)):
        if not scores[i] < scores[i - 1]:
            scores[i] = np.nextafter(scores[i - 1], np.float32(-np.inf))
    return [(item_id, score) for (item_id, _), score in zip(hits, scores.tolist(), strict=True)]


def evaluate_run(
    run: Run,
    qrels: Qrels,
    queries: Queries | None = None,
    *,
    k: int = 10,
    metrics: Sequence[str] = (),
    slice_by: str | None = None,
    positive: float = 1.0,
    all_queries: bool = False,
    origin: Mapping[str, str] | None = None,
    n_weakest: int = 10,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> EvaluationReport:
    """Figures of a run, whole and by slice; `queries` limits them to its queries and names them.

    Raises UsageError for an unknown metric or column, k < 1, and when run, qrels and queries share nothing.
    """
    known = queries or Queries({})
    judged = _judged(qrels, queries)
    result = evaluate(run, judged, metrics or default_metrics(k), positive=positive, all_queries=all_queries)
    slices = result.slices(known.labels(slice_by)).items() if slice_by else ()
    return EvaluationReport(
        run=run.name,
        origin=origin or {},
        k=k,
        conditions=result.conditions,
        figures=result.figures(seed=seed, resamples=resamples),
        slices=tuple(
            SliceFigures(slice_by or "", label, part.figures(seed=seed, resamples=resamples)) for label, part in slices
        ),
        weakest=tuple(
            QueryValue(query_id, known.texts.get(query_id, query_id), value, judged_hits(run, judged, query_id, k))
            for query_id, value in result.lowest(next(iter(result.values)), n_weakest)
        ),
        seed=seed,
        resamples=resamples,
        evaluation=result,
    )


def compare_runs(
    run_a: Run,
    run_b: Run,
    qrels: Qrels,
    queries: Queries | None = None,
    *,
    k: int = 10,
    metrics: Sequence[str] = (),
    slice_by: str | None = None,
    positive: float = 1.0,
    all_queries: bool = False,
    n_regressions: int = 5,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> ComparisonReport:
    """B minus A, whole and by slice, and the queries that lost most in the first metric.

    Raises UsageError as `evaluate_run` does.
    """
    known = queries or Queries({})
    judged = _judged(qrels, queries)
    asked = metrics or default_metrics(k)
    a, b = (evaluate(run, judged, asked, positive=positive, all_queries=all_queries) for run in (run_a, run_b))
    comparison = compare(a, b)
    metric = next(iter(a.values))
    slices = comparison.slices(known.labels(slice_by)).items() if slice_by else ()
    return ComparisonReport(
        a=run_a.name,
        b=run_b.name,
        metric=metric,
        k=k,
        conditions_a=a.conditions,
        conditions_b=b.conditions,
        differences=comparison.differences(seed=seed, resamples=resamples),
        slices=tuple(
            SliceDifferences(slice_by or "", label, part.differences(seed=seed, resamples=resamples))
            for label, part in slices
        ),
        regressions=tuple(
            Regression(known.texts.get(change.query_id, change.query_id), change)
            for change in comparison.regressions(metric, run_a, run_b, judged, n=n_regressions, k=k)
        ),
        seed=seed,
        resamples=resamples,
        comparison=comparison,
    )


def _judged(qrels: Qrels, queries: Queries | None) -> Qrels:
    if queries is None:
        return qrels
    judged = qrels.of_queries(queries.texts)
    if not judged.grades:
        raise UsageError(
            f"The queries and the qrels have no query_id in common, and no query by its text where the qrels bring "
            f"texts: the queries start with '{next(iter(queries.texts), '')}', the qrels with "
            f"'{next(iter(qrels.grades))}'.",
            "Next: give the queries that the qrels judge with --queries FILE, with the same query_id; or qrels that "
            "bring the text of their queries, as a column query or as FILE.queries.tsv beside them",
        )
    return judged
