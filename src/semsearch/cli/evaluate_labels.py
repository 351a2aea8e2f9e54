"""`evaluate plan`, and how `evaluate run --labels` reads what people and models said."""

from __future__ import annotations

import typing
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer

from semsearch.cli.label_output import tell_torn
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk

if typing.TYPE_CHECKING:
    from semsearch.evaluation.labels.planning import Expected, Plan
    from semsearch.evaluation.queries import Queries
    from semsearch.retrieval.labelled import Labelled
    from semsearch.store.labels.pooled import Pooled

DrawnAlikeOption = Annotated[
    bool,
    typer.Option("--drawn-alike", help="Count all queries that people judged as drawn at random, all alike."),
]
JudgeOption = Annotated[
    str | None,
    typer.Option("--judge", help="Whose labels, where several models or prompts graded: MODEL or MODEL@PROMPT@RUBRIC."),
]
WidthOption = Annotated[
    list[float] | None,
    typer.Option(
        "--width", help="Wished width of the 95 % interval, end to end. Repeatable. [default: 0.05, 0.1, 0.2]"
    ),
]
ASSUMED = ("--deviation", "--correlation", "--machine")


def plan_command(
    *,
    width: WidthOption = None,
    run: Annotated[
        str | None, typer.Option("--run", help="A TREC run, or a saved run's name: plan from its labels so far.")
    ] = None,
    metric: Annotated[str, typer.Option("--metric", help="Whose interval it is.")] = "ndcg@10",
    queries: Annotated[Path | None, typer.Option("--queries", help="Texts of the run's query ids.")] = None,
    drawn_alike: DrawnAlikeOption = False,
    judge: JudgeOption = None,
    deviation: Annotated[float | None, typer.Option("--deviation", help="Assumed spread over queries.")] = None,
    correlation: Annotated[
        float | None, typer.Option("--correlation", help="Assumed between people's and the model's values of a query.")
    ] = None,
    machine: Annotated[int | None, typer.Option("--machine", min=1, help="Queries that a model judges.")] = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """How many queries people have to judge for an interval of a wished width.

    From the labels so far with --run, or from assumptions.

    Example: semsearch evaluate plan --width 0.1 --run hybrid-1

    Example: semsearch evaluate plan --width 0.1 --deviation 0.35 --correlation 0.8 --machine 1000
    """
    from semsearch.evaluation.labels.planning import queries_for

    given = dict(zip(ASSUMED, (deviation, correlation, machine), strict=True))
    expected, pool = (
        (_assumed(given), None) if run is None else _so_far(run, metric, queries, workspace, drawn_alike, judge, given)
    )
    plans = [queries_for(wished, expected) for wished in width or (0.05, 0.1, 0.2)]
    emit({"metric": metric if run else None, "expected": expected, "plans": plans},
         as_json=json, as_jsonl=jsonl, rows=[_row(plan) for plan in plans], note=_note(expected))  # fmt: skip
    talk(f"Next: semsearch {_next(plans, run, metric, queries, drawn_alike, judge, pool)}")


def read_labelled(workspace: Path, queries: Queries | None, *, drawn_alike: bool, judge: str | None) -> Labelled:
    """What people and models said, by the items as they are now; says which files were cut off."""
    from semsearch.relevance.pools import lookup_of
    from semsearch.retrieval import labelled
    from semsearch.store.labels import LabelFiles
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    tell_torn(LabelFiles(opened))
    return labelled.read_labelled(opened, lookup_of(opened), queries, drawn_alike=drawn_alike, judge=judge)


# --- steps of the commands ------------------------------------------------------------------


def _assumed(given: dict[str, Any]) -> Expected:
    from semsearch.errors import UsageError
    from semsearch.evaluation.labels.planning import Expected

    if missing := [flag for flag, value in given.items() if value is None]:
        raise UsageError(
            f"A plan needs labels so far (--run) or assumptions: {', '.join(missing)} is not given.",
            "Next: semsearch evaluate plan --width 0.1 --deviation 0.35 --correlation 0.8 --machine 1000",
        )
    return Expected(given["--deviation"], given["--correlation"], given["--machine"])


def _so_far(
    run: str,
    metric: str,
    queries: Path | None,
    workspace: Path,
    drawn_alike: bool,
    judge: str | None,
    given: dict[str, Any],
) -> tuple[Expected, Pooled | None]:
    from semsearch.errors import UsageError
    from semsearch.evaluation.reading import read_queries
    from semsearch.retrieval.powered import expected_so_far
    from semsearch.retrieval.saved_runs import open_run

    if assumed := [flag for flag, value in given.items() if value is not None]:
        raise UsageError(f"{assumed[0]} is assumed where --run tells it.", "Next: give --run or assumptions")
    with steps() as progress:
        found, known = open_run(run, workspace, progress)
    asked = read_queries(queries) if queries else known
    said = read_labelled(workspace, asked, drawn_alike=drawn_alike, judge=judge)
    pool = said.pooled and replace(said.pooled, runs=tuple(run if n == found.name else n for n in said.pooled.runs))
    return expected_so_far(found, said, metric), pool


def _row(plan: Any) -> dict[str, Any]:
    return {
        "width": plan.width, "queries": plan.queries, "more": plan.more, "to be safe": plan.cautious,
        "people alone": plan.people_alone, "expected width": plan.reached,
    }  # fmt: skip


def _next(
    plans: list[Plan],
    run: str | None,
    metric: str,
    queries: Path | None,
    drawn_alike: bool,
    judge: str | None,
    pool: Pooled | None,
) -> str:
    """The fewest queries that lead to one of the wished widths, from the same pool as those before."""
    from semsearch.store.labels.pooled import options_of

    texts = f" --queries {quote(str(queries))}" if queries else ""
    named = f"--run {quote(run or 'RUN')}{texts}"
    wanted = [plan for plan in plans if plan.more]
    if not any(plan.more is not None for plan in plans):
        return f"grade pairs {named}, with a run of more queries: no width is reached with those that the model judged"
    if not wanted:
        flags = (" --drawn-alike" if drawn_alike else "") + (f" --judge {quote(judge)}" if judge else "")
        return f"evaluate run --labels {named} --metric {metric}{flags}"
    first = min(wanted, key=lambda plan: plan.more or 0)
    pooling = f"{options_of(pool)}{texts}" if pool else named
    safe = first.cautious - (first.queries or 0) + (first.more or 0) if first.cautious else None
    told = f"for a width of {first.width:g}" + (f" ({safe:,} to be safe)" if safe else "")
    return f"label sample BATCH {pooling} --size {first.more}, {told}; then semsearch label session BATCH --by NAME"


def _note(expected: Expected) -> str:
    judged = f" People judged {expected.n_judged:,} so far." if expected.n_judged else ""
    return (
        f"Queries that people judge whole, of {expected.n_queries:,} that a model judges; empty: not even all of them "
        f"reach this width, with the model or by people alone.{judged} Spread over queries {expected.deviation:.3f}, "
        f"correlation of people's and the model's values {expected.correlation:.2f}, {expected.counting:.0%} of the "
        "queries count."
    )
