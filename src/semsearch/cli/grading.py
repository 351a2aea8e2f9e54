"""`grade tune|audit`: which way of asking agrees best with people, and what a machine's labels are worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from semsearch.cli.asking import DryOption, MaxUsdOption, capped, show_price, telling_cost
from semsearch.cli.auditing_output import show_audit
from semsearch.cli.evaluate_labels import JudgeOption
from semsearch.cli.grading_output import show_tuning
from semsearch.cli.options import HERE, JsonOption, WorkspaceOption
from semsearch.cli.output import steps, talk
from semsearch.cli.pooling import QueriesOption
from semsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semsearch.evaluation.runs import Run
    from semsearch.relevance.steps import Parts

ByOption = Annotated[
    str, typer.Option("--by", envvar="SEMSEARCH_REVIEWER", help="Who opens the locked part; written down.")
]
AgainOption = Annotated[bool, typer.Option("--again", help="Open the locked part though it was opened before.")]


def tune(
    prompt: Annotated[
        list[str] | None, typer.Option("--prompt", help="Another prompt to try, such as a paraphrase. Repeatable.")
    ] = None,
    by: ByOption = "",
    again: AgainOption = False,
    max_usd: MaxUsdOption = None,
    dry_run: DryOption = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Find the way of asking that agrees best with people; `grade pairs` goes by it from then on.

    People's labels are cut in three by query. On the tuning part each of the four tactics is switched off once, what
    may be best is compared on the selection part (of ties the cheaper is taken), and the choice is reported once on the
    locked part: then it is in force. Each opening is written down. After the first one that part stays shut; --again
    opens it, and without that another choice comes into force without a figure, which is told.

    Examples:

    semsearch grade tune --dry-run

    semsearch grade tune --by minji --max-usd 5

    semsearch grade tune --prompt my-paraphrase --by minji
    """
    from semsearch.relevance.tuning import steps as job

    with opened(workspace, max_usd) as parts:
        given = job.trial(parts, prompt or [])
        if dry_run:
            show_price(job.price_tuning(parts, given), as_json=json)
            return
        looks = job.may_look(parts, by=by, again=again)
        with telling_cost(parts.asker), steps() as progress:
            found = job.tune(parts, given, progress)
            told = job.report(parts, given, found, by=by, again=again, looks=looks, progress=progress)
        show_tuning(parts, given, found, told, as_json=json)
    talk(f"Next: semsearch grade pairs {_to_grade(workspace)}, which asks in the way that was chosen")


def audit(
    context: typer.Context,
    run: Annotated[
        list[str] | None, typer.Option("--run", help="A saved run or TREC run whose system is ranked. Repeatable.")
    ] = None,
    queries: QueriesOption = None,
    judge: JudgeOption = None,
    probes: Annotated[int, typer.Option("--probes", min=0, help="Pairs of each probe; it asks the model.")] = 0,
    locked: Annotated[bool, typer.Option("--locked", help="Open the locked part too; written down.")] = False,
    by: ByOption = "",
    again: AgainOption = False,
    max_usd: MaxUsdOption = None,
    dry_run: DryOption = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Hold the machine's labels against people's on the pairs that both judged.

    κ, α, confusion and coverage, by intent and band, beside a constant and beside people held against each other; what
    changed between prompts; with --run whether systems keep their order; with --probes what the model falls for.
    Nothing is sent but for probes.

    Examples:

    semsearch grade audit

    semsearch grade audit --run lexical --run hybrid --json

    semsearch grade audit --probes 50 --max-usd 1
    """
    from semsearch.relevance.auditing import steps as job

    named = (source := context.get_parameter_source("by")) is not None and source.name == "COMMANDLINE"
    if (again or named) and not locked:
        raise UsageError(
            "--by and --again open the locked part, which is left out.",
            f"Next: semsearch grade audit --locked{' --again' if again else ''} --by {quote(by) if named else 'NAME'}",
        )
    with opened(workspace, max_usd) as parts:
        runs, texts = _runs(parts, run or [], queries)
        if dry_run:
            given = job.compared(parts, with_locked=False, by=by, again=again, judge=judge)
            show_price(job.price_audit(parts, given, probes), as_json=json)
            return
        with telling_cost(parts.asker), steps() as progress:
            given = job.compared(parts, with_locked=locked, by=by, again=again, judge=judge)
            found = job.audited(parts, given, n_probes=probes, runs=runs, texts=texts, progress=progress)
        show_audit(parts, found, as_json=json)
    first = (f" --run {quote(run[0])}" if run else "") + (f" --judge {quote(judge)}" if judge else "")
    talk(f"Next: semsearch evaluate run --labels{first}, for figures with intervals that people's labels make valid")


@contextmanager
def opened(workspace: Path, max_usd: float | None = None) -> Iterator[Parts]:
    """The parts of the grading steps in a workspace, with the cap of this command line."""
    from semsearch import wiring
    from semsearch.workspace import Workspace

    found = Workspace.open(workspace)
    with wiring.open_grading(found, capped(found, max_usd), clock=lambda: datetime.now(UTC)) as parts:
        yield parts


def _runs(parts: Parts, names: list[str], queries: Path | None) -> tuple[list[Run], list[Mapping[str, str]]]:
    """Runs, and of each query_id → query; one without texts of its own has those of the others."""
    from semsearch.evaluation.reading import read_queries
    from semsearch.retrieval.saved_runs import open_run

    if names and len(names) < 2:
        raise UsageError("One system has no order.", "Next: semsearch grade audit --run A --run B")
    found = [open_run(name, parts.workspace.root) for name in names]
    texts: dict[str, str] = {}
    for _, saved in found:
        texts |= saved.texts if saved else {}
    texts |= read_queries(queries).texts if queries else {}
    return [each for each, _ in found], [saved.texts if saved else texts for _, saved in found]


def _to_grade(root: Path) -> str:
    """Pairs for `grade pairs`; batches that cannot be read, or have no run in common, do not matter here."""
    from semsearch.retrieval.labelled import pooled_by_people, to_grade
    from semsearch.workspace import Workspace

    workspace = Workspace.open(root)
    with suppress(UsageError):
        return to_grade(workspace, pooled_by_people(workspace))
    return to_grade(workspace, None)
