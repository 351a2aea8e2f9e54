"""What extra training gave: both releases asked the same later questions, by band and for the routed queries.

The questions are those of a gate (`training.gate.held_out.from_log`): asked after all that scan, routing and training
have read. A query that was routed by its clicks in the same span would rise by itself (regression to the mean).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.errors import UsageError
from semsearch.evaluation.compare import Comparison, Difference, compare
from semsearch.evaluation.demand import BANDS
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.intervals import RESAMPLES
from semsearch.evaluation.questions import BAND
from semsearch.progress import Progress, silent
from semsearch.retrieval.asked import answerable, answers, shared_contests
from semsearch.retrieval.evaluate import depth_of
from semsearch.training.gate.bands import even_sample
from semsearch.training.gate.judging import check_pair, shared_side

if TYPE_CHECKING:
    import polars as pl

    from semsearch.evaluation.qrels import Qrels
    from semsearch.evaluation.questions import Questions
    from semsearch.retrieval.search import Searcher

RECALL, SERVED = "recall@100", "ndcg@10"
"""Of the dense leg alone, which is what was trained; and of the release as it is served."""
_MODES: Mapping[str, str | None] = {RECALL: "dense", SERVED: None}
ROUTED, ROUTED_TAIL, REST, ALL = "routed", "routed tail", "not routed", "all"


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one group of questions, before and after; paired."""

    group: str
    """routed, routed tail, not routed, head, torso, tail or all."""
    metric: str
    """recall@100 of the dense leg, or ndcg@10 as served."""
    n: int
    """Questions."""
    before: float
    """Mean over them; NaN without any, as all that follows."""
    after: float
    difference: float
    low: float
    """Lower end of the paired two-sided 95 % bootstrap interval of the difference."""
    high: float
    n_better: int
    n_worse: int

    @property
    def relative(self) -> tuple[float, float, float]:
        """Difference, low and high as shares of `before`; NaN where that is 0."""
        scale = self.before or float("nan")
        return self.difference / scale, self.low / scale, self.high / scale


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of the candidate."""

    published: bool
    """Whether it is served now."""
    outcome: str = ""
    """passed, refused or undecided; '' when no gate has judged it."""
    told: str = "No gate has judged it."
    """Why, in words."""
    gate_id: str = ""
    forced: Mapping[str, Any] | None = None
    """at, by and reason where it was published without a passed gate."""

    @classmethod
    def of(cls, result: Mapping[str, Any] | None, *, published: bool, forced: Mapping[str, Any] | None = None) -> Fate:
        """From the last result of the candidate's gate record (`GateRecord.against`), if there is one."""
        if result is None:
            return cls(published, forced=forced)
        return cls(published, str(result["outcome"]), str(result["told"]), str(result["gate_id"]), forced)


@dataclass(frozen=True, eq=False)
class Lift:
    """Before and after of one candidate."""

    current: str
    """Release id; before."""
    candidate: str
    """Release id; after."""
    changes: tuple[Change, ...]
    """Group by group, each with recall@100 and ndcg@10."""
    queries: pl.DataFrame = field(repr=False)
    """One row a question: key, band, routed, n_searches, before, after (recall@100, dense), served_before,
    served_after (ndcg@10). What was lost most comes first."""
    fate: Fate
    source: Mapping[str, str]
    """Where the questions come from, and from which time on."""
    n_routed: int
    """Queries that were routed."""
    n_routed_asked: int
    """Of these, asked again later and answerable."""
    n_unanswerable: int
    """Questions that are left out: nothing that was wanted is in both releases and alive when it was asked."""

    def change(self, group: str, metric: str = RECALL) -> Change:
        """One of the changes; raises KeyError for a group or metric that is not there."""
        for change in self.changes:
            if (change.group, change.metric) == (group, metric):
                return change
        raise KeyError(f"{group}, {metric}")


def lift(
    current: Searcher,
    candidate: Searcher,
    questions: Questions,
    demand: pl.DataFrame,
    routed: Collection[str],
    *,
    fate: Fate,
    source: Mapping[str, str],
    now: datetime,
    seed: int = 0,
    resamples: int = RESAMPLES,
    progress: Progress = silent,
) -> Lift:
    """Ask both releases the `questions`, of the items that both hold, alive when each was asked.

    `demand` (key, band, n_searches) is that of the log before them: a query that is not in it is tail, asked never.
    `routed` are keys (search view). All routed questions are asked, and an even sample of the others where they are
    many. Raises UsageError when the two releases are one or of two pipelines, and when no question can be answered.
    """
    ours, theirs = candidate.release.manifest, current.release.manifest
    check_pair(ours.release_id, ours.pipeline, theirs.release_id, theirs.pipeline)
    contests = shared_contests(current.release, candidate.release)
    can = answerable(questions, contests[1], now, shared_side(current, candidate))
    if not can.grades:
        raise UsageError(
            f"None of the {len(questions):,} later questions can be answered: nothing that they ask for is in both "
            f"{theirs.release_id} and {ours.release_id}.",
            "Next: semsearch import interactions FILE with a newer log, then semsearch longtail lift",
        )
    asked, taught, sample = _asked(questions, can, demand, routed)
    compared = {}
    for metric, mode in _MODES.items():
        runs = [
            answers(searcher, asked, contest, depth_of([metric]), now=now, name=name, mode=mode, progress=progress)
            for searcher, contest, name in ((current, contests[0], "before"), (candidate, contests[1], "after"))
        ]
        compared[metric] = compare(*(evaluate(run, asked.qrels, [metric]) for run in runs))
    groups = _groups(asked, taught, sample)
    return Lift(
        current=theirs.release_id,
        candidate=ours.release_id,
        changes=tuple(
            _change(name, _only(each, members), seed, resamples)
            for name, members in groups.items()
            for each in compared.values()
        ),
        queries=_rows(asked, compared, demand, taught),
        fate=fate,
        source=source,
        n_routed=len(set(routed)),
        n_routed_asked=len(taught),
        n_unanswerable=len(questions) - len(can.grades),
    )


def _asked(
    questions: Questions, can: Qrels, demand: pl.DataFrame, routed: Collection[str]
) -> tuple[Questions, set[str], set[str]]:
    """What is asked, with the band of the time before; ids of the routed; ids of the even sample."""
    wanted, known = set(routed), dict(demand.select("key", "band").iter_rows())
    keys = {query_id: questions.queries.texts[query_id] for query_id in can.grades}
    band = {query_id: str(known.get(key, "tail")) for query_id, key in keys.items()}
    taught = {query_id for query_id, key in keys.items() if key in wanted}
    sample = set(even_sample(list(keys), band))
    chosen = questions.of(sample | taught)
    columns = dict(questions.queries.columns) | {BAND: band}
    queries = replace(chosen.queries, columns=columns)
    return replace(chosen, queries=queries, qrels=can.of_queries(chosen.queries.texts)), taught, sample


def _groups(asked: Questions, taught: Collection[str], sample: Collection[str]) -> dict[str, set[str]]:
    """Group → query ids; routed ones that are in no even sample count for the routed alone."""
    even, band = set(sample), asked.queries.columns[BAND]
    groups = {ROUTED_TAIL: {q for q in taught if band[q] == "tail"}, ROUTED: set(taught), REST: even - set(taught)}
    groups |= {name: {q for q in even if band[q] == name} for name in BANDS}
    return groups | {ALL: even}


def _only(compared: Comparison, members: Collection[str]) -> Comparison:
    return Comparison(compared.a.of_queries(members), compared.b.of_queries(members))


def _change(group: str, part: Comparison, seed: int, resamples: int) -> Change:
    row: Difference = part.differences(seed=seed, resamples=resamples)[0]
    return Change(
        group, row.metric, row.n, row.mean_a, row.mean_b, row.difference, row.low, row.high, row.n_better, row.n_worse
    )


def _rows(
    asked: Questions, compared: Mapping[str, Comparison], demand: pl.DataFrame, taught: Collection[str]
) -> pl.DataFrame:
    import polars as pl

    main, served = compared[RECALL], compared[SERVED]
    ids = main.a.query_ids
    values: dict[str, np.ndarray] = {
        "before": main.a.values[RECALL],
        "after": main.b.values[RECALL],
        "served_before": served.a.values[SERVED],
        "served_after": served.b.values[SERVED],
    }
    band = asked.queries.columns[BAND]
    frame = pl.DataFrame(
        {
            "key": [asked.queries.texts[query_id] for query_id in ids],
            "band": [band[query_id] for query_id in ids],
            "routed": [query_id in taught for query_id in ids],
            **values,
        }
    )
    known = frame.join(demand.select("key", "n_searches"), on="key", how="left", maintain_order="left")
    ordered = known.with_columns(pl.col("n_searches").fill_null(0)).sort(
        pl.col("after") - pl.col("before"), "key", maintain_order=True
    )
    return ordered.select("key", "band", "routed", "n_searches", *values)
