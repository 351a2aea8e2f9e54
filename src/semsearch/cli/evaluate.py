"""`evaluate run|compare|plan`: figures from judgements, with intervals."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer

from semsearch.cli.evaluate_labels import DrawnAlikeOption, JudgeOption, plan_command, read_labelled
from semsearch.cli.evaluate_output import print_comparison, print_report, titles_of
from semsearch.cli.options import HERE, JsonlOption, JsonOption, PipelineOption, ReleaseOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.pages import write_page

if typing.TYPE_CHECKING:
    from semsearch.evaluation.qrels import Qrels
    from semsearch.evaluation.queries import Queries
    from semsearch.evaluation.runs import Run
    from semsearch.retrieval.reports import EvaluationReport

HELP = """Measure search against judgements.

Example: semsearch evaluate run --qrels qrels.txt --queries queries.tsv
"""
app = typer.Typer(help=HELP, no_args_is_help=True)

QrelsOption = Annotated[
    Path,
    typer.Option("--qrels", help="Judgements: TREC qrels, or CSV/TSV/JSONL with query or query_id, item_id, grade."),
]
GivenQrelsOption = Annotated[
    Path | None,
    typer.Option("--qrels", help="Judgements: TREC qrels, or CSV/TSV/JSONL with query or query_id, item_id, grade."),
]
RunOption = Annotated[
    str | None, typer.Option("--run", help="Evaluate this TREC run, or saved one, instead of a release.")
]
LabelsOption = Annotated[
    bool, typer.Option("--labels", help="Instead of --qrels: the workspace's labels, people's and a model's.")
]
QueriesOption = Annotated[
    Path | None, typer.Option("--queries", help="Queries: TSV (query_id, query), CSV or JSONL. Limits and names them.")
]
GradeOption = Annotated[str | None, typer.Option("--grade-column", help="Grade column of a qrels table.")]
KOption = Annotated[int, typer.Option("--k", "-k", help="Cut of the default metrics.")]
MetricOption = Annotated[
    list[str] | None, typer.Option("--metric", help="Such as ndcg@10, recall@100, map, ndcg@10/judged. Repeatable.")
]
SliceOption = Annotated[str | None, typer.Option("--slice", help="Column of the queries to slice the figures by.")]
PositiveOption = Annotated[float, typer.Option("--positive", help="Lowest grade that counts as relevant.")]
AllOption = Annotated[bool, typer.Option("--all-queries", help="Count queries without a relevant item as 0.")]
HtmlOption = Annotated[Path | None, typer.Option("--html", help="Write a report page to this file.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of the resamples.")]


@app.command("run")
def run_command(
    *,
    qrels: GivenQrelsOption = None,
    labels: LabelsOption = False,
    drawn_alike: DrawnAlikeOption = False,
    judge: JudgeOption = None,
    queries: QueriesOption = None,
    run: RunOption = None,
    mode: Annotated[str | None, typer.Option(help="hybrid, dense or lexical. [default: search.mode]")] = None,
    k: KOption = 10,
    metric: MetricOption = None,
    slice_by: SliceOption = None,
    grade_column: GradeOption = None,
    positive: PositiveOption = 1.0,
    all_queries: AllOption = False,
    name: Annotated[str | None, typer.Option("--name", help="Name to save under in runs/.")] = None,
    run_out: Annotated[Path | None, typer.Option("--run-out", help="Write the TREC run to this file.")] = None,
    html: HtmlOption = None,
    fail_on: Annotated[str | None, typer.Option("--fail-on", help="Exit 3 when true, such as 'ndcg@10<0.7'.")] = None,
    seed: SeedOption = 0,
    release: ReleaseOption = None,
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Evaluate a release, or a TREC run, against judgements or labels.

    Queries without a relevant item are left out of every mean but the judged share. Figures named /judged drop
    unjudged hits first. With --labels the mean is over all queries that a model judged, corrected by those that
    people judged whole. With --queries alone nothing is evaluated: the hits are saved, to be judged.

    Example: semsearch evaluate run --qrels ratings.csv --grade-column final --html report.html

    Example: semsearch evaluate run --labels --mode hybrid --metric ndcg@10
    """
    from semsearch.retrieval import evaluate as job

    figures = {"--metric": metric, "--slice": slice_by, "--html": html, "--fail-on": fail_on, "--judge": judge,
               "--grade-column": grade_column, "--drawn-alike": drawn_alike, "--all-queries": all_queries}  # fmt: skip
    where: dict[str, Any] = {"workspace": workspace, "pipeline": pipeline, "release": release, "mode": mode}
    if queries and not (qrels or labels or run):
        _ask(queries, name, run_out, figures, where, as_json=json, as_jsonl=jsonl)
        return
    _check_source(qrels, labels, grade_column, {"--drawn-alike": drawn_alike, "--judge": judge is not None})
    _check_target(run, name, workspace, {"--release": release, "--mode": mode})
    condition = _condition(fail_on)
    metrics = (*(metric or job.default_metrics(k)), *([condition.metric] if condition else []))
    found, judged, asked, evaluated = _given(
        run, name, qrels, grade_column, queries, workspace, drawn_alike=drawn_alike, judge=judge
    )
    of_release = partial(_search, judged=judged, asked=asked, name=name, depth=job.kept_depth(metrics), **where)
    found, origin = (found, {"file": run}) if found else of_release()
    report = evaluated(found, asked)(
        k=k, metrics=metrics, slice_by=slice_by, positive=positive, all_queries=all_queries, origin=origin, seed=seed
    )
    saved = run is None or name is not None
    _keep(report, found, asked=asked, run_out=run_out, html=html, workspace=workspace, saved=saved, judge=judge)
    print_report(report, as_json=json, as_jsonl=jsonl)
    _refuse(condition, report)


def _refuse(condition: Any, report: EvaluationReport) -> None:
    """Refuse on either mean where grades are open."""
    failing = [mean for mean in report.means(condition.metric) if condition.holds(mean)] if condition else []
    if failing:
        condition.refuse(failing[0])


Evaluated = Callable[["Run", "Queries | None"], Callable[..., "EvaluationReport"]]
"""A run and its queries to what makes the report, with how that is to be made left open."""


def _given(
    run: str | None,
    name: str | None,
    qrels: Path | None,
    grade_column: str | None,
    queries: Path | None,
    workspace: Path,
    *,
    drawn_alike: bool,
    judge: str | None,
) -> tuple[Run | None, Qrels, Queries | None, Evaluated]:
    """The run if one is named, what is judged, the queries that are asked, and how a report is made of it."""
    from semsearch.evaluation.reading import read_queries
    from semsearch.retrieval.joining import of_run

    found, known = _read(run, name, workspace) if run else (None, None)
    given = of_run(read_queries(queries), known) if queries else None
    if qrels:
        judged, texts, evaluated = _of_qrels(qrels, grade_column, given, known)
    else:
        judged, texts, evaluated = _of_labels(workspace, given or known, drawn_alike=drawn_alike, judge=judge)
    return found, judged, given or texts, evaluated


def _of_qrels(
    qrels: Path, grade_column: str | None, given: Queries | None, known: Queries | None
) -> tuple[Qrels, Queries | None, Evaluated]:
    from semsearch.retrieval.evaluate import evaluate_run
    from semsearch.retrieval.joining import judgements_of

    judged, asked = judgements_of(qrels, grade_column, given, known)
    return judged, asked, lambda found, asked: partial(evaluate_run, found, judged, asked)


def _of_labels(
    workspace: Path, asked: Queries | None, *, drawn_alike: bool, judge: str | None
) -> tuple[Qrels, Queries | None, Evaluated]:
    from semsearch.retrieval.powered import evaluate_labelled

    said = read_labelled(workspace, asked, drawn_alike=drawn_alike, judge=judge)
    return said.judged, said.queries, lambda found, _: partial(evaluate_labelled, found, said)


@app.command("compare")
def compare_command(
    a: Annotated[str, typer.Argument(help="Baseline: a TREC run, a saved run's name or its folder.")],
    b: Annotated[str, typer.Argument(help="What is compared with it.")],
    *,
    qrels: QrelsOption,
    queries: QueriesOption = None,
    k: KOption = 10,
    metric: MetricOption = None,
    slice_by: SliceOption = None,
    grade_column: GradeOption = None,
    positive: PositiveOption = 1.0,
    all_queries: AllOption = False,
    worst: Annotated[int, typer.Option("--worst", min=0, help="Regressions to show, by the first metric.")] = 5,
    html: HtmlOption = None,
    seed: SeedOption = 0,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Compare run B with run A: paired differences, 95 % intervals, a randomisation test, the worst regressions.

    Example: semsearch evaluate compare lexical-1 hybrid-1 --qrels qrels.txt

    Example: semsearch evaluate compare old.trec new.trec --qrels ratings.csv --grade-column final --html diff.html
    """
    from semsearch.evaluation.reading import read_queries
    from semsearch.retrieval import evaluate as job
    from semsearch.retrieval.joining import judgements_of, of_run
    from semsearch.retrieval.saved_runs import open_run

    metrics = tuple(metric or job.default_metrics(k))
    with steps() as progress:
        run_a, known_a = open_run(a, workspace, progress)
        run_b, _ = open_run(b, workspace, progress)
    if note := job.depth_note((run_a, run_b), metrics):
        talk(note)
    given = of_run(read_queries(queries), known_a) if queries else None
    judged, asked = judgements_of(qrels, grade_column, given, known_a)
    report = job.compare_runs(
        run_a, run_b, judged, asked, k=k, metrics=metrics, slice_by=slice_by, positive=positive,
        all_queries=all_queries, n_regressions=worst, seed=seed,
    )  # fmt: skip
    titles = titles_of(workspace, report) if html or not (json or jsonl) else {}
    if html:
        from semsearch.report.evaluation import comparison_page

        write_page(html, comparison_page(report, titles))
    print_comparison(report, titles=titles, as_json=json, as_jsonl=jsonl)


app.command("plan")(plan_command)


# --- steps of the commands ------------------------------------------------------------------


def _check_source(qrels: Path | None, labels: bool, grade_column: str | None, of_labels: dict[str, bool]) -> None:
    """Refuse both or neither, and flags of the other one."""
    from semsearch.errors import UsageError

    if (qrels is None) != labels:
        raise UsageError(
            "Figures come from --qrels or from --labels.",
            "Next: semsearch evaluate run, with --qrels FILE or --labels; or --queries FILE alone, to have hits judged",
        )
    if not labels and (flag := next((flag for flag, given in of_labels.items() if given), None)):
        raise UsageError(f"{flag} is about labels.", f"Next: semsearch evaluate run --labels {flag}")
    if labels and grade_column is not None:
        raise UsageError("--grade-column is about --qrels.", "Next: semsearch evaluate run --labels")


def _check_target(run: str | None, name: str | None, workspace: Path, of_release: dict[str, str | None]) -> None:
    """Refuse before any work what could not be saved or makes no sense together."""
    from semsearch.errors import UsageError
    from semsearch.retrieval.saved_runs import check_name
    from semsearch.workspace import Workspace

    for flag, given in of_release.items() if run else ():
        if given is not None:
            raise UsageError(f"{flag} says how to ask a release, and --run is evaluated as it is.", "Next: give one")
    if name is not None:
        check_name(name)
    if run is None or name is not None:
        Workspace.open(workspace)


def _read(given: str, name: str | None, workspace: Path) -> tuple[Run, Queries | None]:
    """A run, under the name that it is to be saved as, and its queries where it is a saved one."""
    from semsearch.retrieval.saved_runs import open_run

    with steps() as progress:
        run, known = open_run(given, workspace, progress)
    return (replace(run, name=name) if name else run), known


def _search(
    *,
    workspace: Path,
    pipeline: str,
    release: str | None,
    mode: str | None,
    depth: int,
    judged: Qrels | None,
    asked: Queries | None,
    name: str | None,
) -> tuple[Run, dict[str, str]]:
    """Ask a release all queries that are judged; all there are when nothing is."""
    from semsearch import wiring
    from semsearch.errors import UsageError
    from semsearch.retrieval.evaluate import check_judged, retrieve
    from semsearch.workspace import Workspace

    if asked is None:
        raise UsageError("The qrels hold no query texts.", "Next: --queries FILE with the columns query_id and query")
    wanted = asked if judged is None else asked.of(judged.grades)
    retriever = wiring.open_retriever(Workspace.open(workspace), pipeline, release, mode, now=datetime.now(UTC))
    origin = retriever.origin
    if judged and (note := check_judged(retriever.searcher.release, judged.of_queries(wanted.texts))):
        talk(note)
    made = "-".join(origin[part] for part in ("release_id", "mode", "fusion") if part in origin)
    with steps() as progress:
        return retrieve(retriever, wanted, depth, name or made, progress), origin


def _ask(
    queries: Path,
    name: str | None,
    run_out: Path | None,
    figures: dict[str, Any],
    where: dict[str, Any],
    *,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Save what a release answers; nobody judged it yet."""
    from semsearch.errors import UsageError
    from semsearch.evaluation.grades import JUDGED_ONLY_DEPTH
    from semsearch.evaluation.reading import read_queries
    from semsearch.evaluation.trec import write_run
    from semsearch.retrieval.saved_runs import save_run
    from semsearch.workspace import Workspace

    if flag := next((flag for flag, given in figures.items() if given), None):
        raise UsageError(f"{flag} is about figures, and they need judgements.", "Next: add --qrels FILE or --labels")
    asked = read_queries(queries)
    _check_target(None, name, where["workspace"], {})
    found, origin = _search(judged=None, asked=asked, name=name, depth=JUDGED_ONLY_DEPTH, **where)
    if run_out:
        write_run(found, run_out)
    save_run(Workspace.open(where["workspace"]), found.name, found, asked, None)
    n_hits = sum(len(hits) for _, hits in found.items())
    facts = {"run": found.name, **origin, "queries": len(asked), "hits": n_hits}
    emit(facts, as_json=as_json, as_jsonl=as_jsonl)
    talk(f"No figures: nothing is judged. Next: semsearch grade pairs --run {found.name} --dry-run")


def _keep(
    report: EvaluationReport,
    run: Run,
    *,
    asked: Queries | None,
    run_out: Path | None,
    html: Path | None,
    workspace: Path,
    saved: bool,
    judge: str | None,
) -> None:
    """Write what the flags ask for; a run of a release is always saved in its workspace."""
    from semsearch.evaluation.queries import Queries
    from semsearch.evaluation.trec import write_run

    if run_out:
        write_run(run, run_out)
    if html:
        from semsearch.report.evaluation import evaluation_page

        write_page(html, evaluation_page(report, titles_of(workspace, report)))
    if saved:
        from semsearch.retrieval.saved_runs import save_run, saved_queries
        from semsearch.workspace import Workspace

        kept, opened = (asked or Queries({})).of(run.query_ids), Workspace.open(workspace)
        before = saved_queries(opened, run.name)
        save_run(opened, run.name, run, kept, report)
        if before is not None and before.texts != kept.texts:
            talk(f"It replaced a saved run of the same name over {len(before):,} other queries; --name keeps both.")
        talk(f"Saved as {run.name}. Next: semsearch evaluate {_next(report, run.name, judge)}")


def _next(report: EvaluationReport, name: str, judge: str | None) -> str:
    """What goes on from a saved run: comparing it takes qrels, so figures from labels lead to a plan."""
    if report.labels is None:
        return f"compare OTHER {name} --qrels FILE"
    flags = " --drawn-alike" if report.labels.drawn_alike else ""
    return f"plan --run {name} --metric {report.figures[0].metric}{flags}{f' --judge {quote(judge)}' if judge else ''}"


def _condition(text: str | None) -> Any:
    from semsearch.cli.conditions import parse_condition

    return parse_condition(text) if text else None
