"""The chapter in which pairs are graded by a judge and a part of them by a person, and a figure comes from both.

The judge is scripted (see `simulate.grader`) unless an endpoint is named. The person is made up as well: it grades as
the market was made, so that what people would have said of every query is known, and the interval can be held to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from semsearch import wiring
from semsearch.demo.job import Job
from semsearch.demo.models import Models
from semsearch.errors import SemsearchError
from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.qrels import Qrels
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.runs import Run
from semsearch.records import Judgement
from semsearch.relevance import steps as grading
from semsearch.relevance.pools import Pool, pool
from semsearch.report.story import Chapter, Figure, Table
from semsearch.retrieval.evaluate import retrieve
from semsearch.retrieval.labelled import read_labelled
from semsearch.retrieval.powered import evaluate_labelled
from semsearch.review.labelling.sampling import Known, sample
from semsearch.review.labelling.starting import Desk, open_session
from semsearch.store.labels import query_key
from semsearch.store.labels.batches import write_batch

if TYPE_CHECKING:
    from semsearch.relevance.grading import Graded
    from semsearch.relevance.steps import Parts
    from semsearch.retrieval.evaluate import Retriever
    from semsearch.retrieval.reports import LabelsReport, PoweredFigure
    from semsearch.simulate import Market

TITLE = "Pairs are graded 2, 1 or 0, and the judge is held against a person"
EVERY = 2
"""Of so many queries one is graded."""
DEPTH = 5
METRIC = f"ndcg@{DEPTH}"
N_JUDGED = 80
"""Queries that the person judges."""
BATCH, PERSON = "demo", "made-up person"
SHOWN = 2
"""Pairs of each grade that are shown."""
TITLE_CHARS = 40


@dataclass(frozen=True, slots=True)
class Work:
    """What is graded, and what is known of it."""

    queries: Queries
    runs: tuple[Run, ...]
    ids: Mapping[str, str]
    """query → query_id."""
    truth: Mapping[tuple[str, str], int]
    """(query_id, item_id) → grade, as the market was made; what is not there is 0."""

    def grade(self, query: str, item_id: str) -> int:
        """What the made-up person says."""
        return self.truth.get((self.ids[query], item_id), 0)


def relevance_chapter(job: Job, made: Market, systems: Mapping[str, Retriever]) -> Chapter:
    """Grade what systems (name → retriever) find, all of it by a judge and a part by hand; tell the last one's figure.

    A real endpoint that fails, or that reaches the cap, ends the chapter and not the demo.
    """
    job.begin(TITLE)
    work = _work(made, systems)
    models = Models.of(job.settings, os.environ)
    with wiring.open_grading(
        job.workspace, models.settings, clock=lambda: job.now, transport=models.transport
    ) as parts:
        try:
            return _chapter(job, parts, work, models)
        except SemsearchError as error:
            if models.transport:
                raise
            return Chapter(TITLE, (models.told, f"It ended early: {error.message}"))


def _chapter(job: Job, parts: Parts, work: Work, models: Models) -> Chapter:
    pairs = pool(work.runs, work.queries.texts, DEPTH, parts.lookup)
    graded = _graded(job, parts, pairs)
    _judged_by_hand(parts, work, pairs)
    report = _report(parts, work)
    judge, truth = (_mean(work, graded, grade) for grade in (_by_judge, lambda each: _by_truth(work, each)))
    runs = " ".join(f"--run {run.name}" for run in work.runs)
    return Chapter(
        TITLE,
        tuple(_told(models, work, graded, report, truth)),
        (_examples(work, graded, models), _figures(work, report, judge, truth, models)),
        figures=(_figure(_smaller(report), truth, models),),
        commands=(
            f"semsearch grade pairs {runs} --depth {DEPTH} --max-usd 1",
            f"semsearch label sample {BATCH} {runs} --depth {DEPTH} --size {N_JUDGED}",
            f"semsearch label session {BATCH} --by NAME",
            "semsearch evaluate run --labels",
        ),
    )


# --- the work -----------------------------------------------------------------------------------------------------


def _work(made: Market, systems: Mapping[str, Retriever]) -> Work:
    rows = made.queries.select("query_id", "query").gather_every(EVERY).iter_rows()
    ids = {query: query_id for query_id, query in {query_key(row[1]): row for row in rows}.values()}
    queries = Queries({query_id: query for query, query_id in ids.items()})
    runs = tuple(retrieve(system, queries, DEPTH, name) for name, system in systems.items())
    truth = {(query_id, item_id): int(grade) for query_id, item_id, grade in made.qrels.iter_rows()}
    return Work(queries, runs, ids, truth)


def _graded(job: Job, parts: Parts, pairs: Pool) -> list[Graded]:
    found: list[Graded] = []
    for each in grading.grade(parts, pairs.pairs, grading.judging(parts), BATCH):
        found.append(each)
        job.progress("grading pairs", len(found), len(pairs.pairs))
    return found


def _judged_by_hand(parts: Parts, work: Work, pairs: Pool) -> None:
    """A batch drawn by stratum, and a session in which every pair gets the grade that the market was made with."""
    drawn = sample(
        pairs, Known(grading.kept(parts)), parts.settings.relevance,
        batch=BATCH, size=N_JUDGED, annotators=(), lookup=parts.lookup, seed=0,
    )  # fmt: skip
    write_batch(parts.workspace, BATCH, drawn.tasks)
    with open_session(Desk(parts.workspace, parts.lookup, parts.clock), BATCH, PERSON, "random") as opened:
        while shown := opened.session.next():
            opened.session.direct(work.grade(shown.task.query, shown.task.item_id))


def _report(parts: Parts, work: Work) -> LabelsReport:
    given = read_labelled(parts.workspace, parts.lookup, work.queries)
    told = evaluate_labelled(work.runs[-1], given, metrics=(METRIC,)).labels
    assert told is not None  # it is of labels
    return told


def _mean(work: Work, graded: Sequence[Graded], grade: Callable[[Graded], int | None]) -> float:
    """The metric over all queries by one's grades of the same pairs."""
    said = ((each.pair, grade(each)) for each in graded)
    known = (Judgement(pair.query_id, pair.item_id, float(given)) for pair, given in said if given is not None)
    return evaluate(work.runs[-1], Qrels.of(known), [METRIC]).mean(METRIC)


def _by_judge(each: Graded) -> int | None:
    return each.label.grade_low if each.label else None


def _by_truth(work: Work, each: Graded) -> int:
    return work.grade(each.pair.query, each.pair.item_id)


# --- what is told of it -------------------------------------------------------------------------------------------


def _told(models: Models, work: Work, graded: Sequence[Graded], report: LabelsReport, truth: float) -> tuple[str, ...]:
    n_labels, n, figure = sum(each.label is not None for each in graded), len(work.queries), _smaller(report)
    systems = " and ".join(run.name for run in work.runs)
    inside = "holds" if figure.low <= truth <= figure.high else "misses"
    return (
        models.told,
        f"The first {DEPTH} hits of {systems} search for {n:,} queries are a pool of {len(graded):,} pairs. "
        f"The judge says which parts of a query an item meets; of that, code makes {n_labels:,} grades.",
        f"A made-up person, who knows how the market was made, judges all pairs of {report.n_human} queries, drawn by "
        f"stratum. By these the judge is corrected on all others.",
        f"The interval {inside} what that person would have said of all {n:,} queries ({truth:.3f}).",
    )


def _examples(work: Work, graded: Sequence[Graded], models: Models) -> Table:
    kinds: dict[str, list[Graded]] = {}
    for each in graded:
        kinds.setdefault(each.kind, []).append(each)
    shown = [each for kind in sorted(kinds, reverse=True) for each in kinds[kind][:SHOWN]]
    rows = (
        (each.pair.query, shorten(each.pair.item.get("title", ""), TITLE_CHARS, placeholder="…"), each.kind,
         str(_by_truth(work, each)), each.why)
        for each in shown
    )  # fmt: skip
    return Table(
        ("query", "item", "judge", "person", "rule"), tuple(rows), f"Pairs as they were graded; {models.condition}"
    )


def _figures(work: Work, report: LabelsReport, judge: float, truth: float, models: Models) -> Table:
    rows: list[tuple[str, str, str]] = []
    for each in report.figures:
        end = f", open grades {each.grades}" if each.grades else ""
        rows += [
            (f"person alone{end}", f"{each.human_mean:.3f}", f"{each.human_low:.3f}–{each.human_high:.3f}"),
            (f"judge, corrected by the person{end}", f"{each.mean:.3f}", f"{each.low:.3f}–{each.high:.3f}"),
        ]
    rows = [("judge alone", f"{judge:.3f}", ""), *rows, ("truth of all queries", f"{truth:.3f}", "")]
    note = f"{METRIC} of {work.runs[-1].name} search, 95 % intervals; {models.condition}"
    return Table(("by", METRIC, "interval"), tuple(rows), note)


def _smaller(report: LabelsReport) -> PoweredFigure:
    """The headline: of open grades, at whichever end it is less."""
    return min(report.figures, key=lambda each: each.mean)


def _figure(figure: PoweredFigure, truth: float, models: Models) -> Figure:
    return Figure(
        f"{METRIC}, {figure.n_human} queries judged by a person, {figure.n_machine} by the judge alone",
        f"{figure.mean:.3f}",
        f"{models.condition}; truth {truth:.3f}",
        f"{figure.low:.3f}–{figure.high:.3f}",
    )
