"""`grade pairs|tune|audit`: relevance by a language model, and how far to trust it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli import grading
from semsearch.cli.asking import DryOption, MaxUsdOption, cost_of, going, show_price, tell_cost
from semsearch.cli.grading import opened
from semsearch.cli.grading_output import tell_outdated
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.pooling import DepthOption, QueriesOption, RunsOption, pairs_of_file, pooled, tell_left_out
from semsearch.errors import SemsearchError, UsageError

if TYPE_CHECKING:
    from semsearch.relevance.grading import Graded
    from semsearch.relevance.pools import Pool
    from semsearch.relevance.steps import Parts

HELP = """Grade query-item pairs 2, 1 or 0 with a language model, and hold it against people.

Example: semsearch grade pairs pairs.tsv --max-usd 1
"""
SHOWN = 20
"""Pairs that a person is shown at once."""
MANY = 0.05
"""Share of abstentions above which a person is told."""
app = typer.Typer(help=HELP, no_args_is_help=True)
BatchOption = Annotated[str, typer.Option("--batch", help="Name of the file of labels.")]


@app.command()
def pairs(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|-]", help="Pairs: columns query and item_id.", show_default=False),
    ] = None,
    run: RunsOption = None,
    depth: DepthOption = None,
    queries: QueriesOption = None,
    batch: BatchOption = "pairs",
    max_usd: MaxUsdOption = None,
    dry_run: DryOption = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Grade the pairs of a file, or a pool of several runs. Labels go to labels/machine/, never among people's.

    The model says which intents of the query the item meets; the grade follows from that by code. What it cannot tell
    leaves two ends, what it does not answer is an abstention. A repeated run costs nothing.

    Examples:

    semsearch grade pairs pairs.tsv --dry-run

    semsearch grade pairs --run lexical --run hybrid --depth 10 --max-usd 2
    """
    from semsearch.relevance import steps as job

    with opened(workspace, max_usd) as parts, steps() as progress:
        pool = _pool(parts, file, run, depth, queries)
        how = job.judging(parts)
        tell_outdated(job.outdated(parts, how))
        if dry_run:
            show_price(job.price(parts, pool.pairs, how), as_json=json, as_jsonl=jsonl)
            return
        found = _Graded(parts, pool, job.model_of(parts, how), as_jsonl=jsonl)
        with found.ending(as_json=json):
            for number, graded in enumerate(job.grade(parts, pool.pairs, how, batch), 1):
                found.take(graded)
                going(progress, parts.asker, "pairs graded", number, len(pool.pairs))


app.command()(grading.tune)
app.command()(grading.audit)


def _pool(parts: Parts, file: str | None, runs: list[str] | None, depth: int | None, queries: Path | None) -> Pool:
    if (file is None) == (not runs):
        raise UsageError("Pairs come from a file or from runs.", "Next: semsearch grade pairs FILE, or --run A --run B")
    if file is not None and (depth is not None or queries is not None):
        raise UsageError("--depth and --queries are for runs.", "Next: leave them away, or name runs with --run")
    if file is not None:
        found = pairs_of_file(file, parts.lookup)
    else:
        depth = depth or parts.settings.relevance.depth
        found, _ = pooled(parts.workspace.root, parts.lookup, runs or [], depth, queries)
    tell_left_out(found)
    return found


class _Graded:
    """What a run came to; records go out as they come with --jsonl."""

    def __init__(self, parts: Parts, pool: Pool, model: str, *, as_jsonl: bool) -> None:
        self._parts = parts
        self._pool = pool
        self._as_jsonl = as_jsonl
        self._rows: list[dict[str, Any]] = []
        self._kinds: Counter[str] = Counter()
        self._n_silent = 0
        self._priced = parts.asker.priced(model)

    def take(self, graded: Graded) -> None:
        self._kinds[graded.kind] += 1
        self._n_silent += bool(graded.cause)
        row = _row(graded, priced=self._priced)
        if self._as_jsonl:
            emit(row, as_jsonl=True)
        else:
            self._rows.append(row)

    @contextmanager
    def ending(self, *, as_json: bool) -> Iterator[None]:
        """Show what there is at the end, also when the budget or the endpoint ended it."""
        try:
            yield
        except (SemsearchError, KeyboardInterrupt):
            self._show(as_json=as_json)
            raise
        self._show(as_json=as_json)
        self._tell_silence()
        talk("Next: semsearch grade audit, which holds these labels against people's")

    def _tell_silence(self) -> None:
        n = self._kinds.total()
        if n and self._n_silent / n > MANY:
            talk(f"{self._n_silent:,} of {n:,} pairs ({self._n_silent / n:.0%}) have no grade: `why` has the causes.")

    def _show(self, *, as_json: bool) -> None:
        facts = {"pairs": self._kinds.total(), "gone": len(self._pool.gone), **dict(sorted(self._kinds.items()))}
        if as_json:
            emit(facts | cost_of(self._parts.asker) | {"rows": self._rows}, as_json=True)
        elif not self._as_jsonl:
            emit(facts)
            hidden = len(self._rows) - SHOWN
            note = f"{hidden:,} more: --json or --jsonl shows all." if hidden > 0 else ""
            emit(self._rows, rows=self._rows[:SHOWN], columns=("query", "item_id", "title", "grade", "why"), note=note)
        tell_cost(self._parts.asker)


def _row(graded: Graded, *, priced: bool) -> dict[str, Any]:
    """One record; the cost is null where nobody has said what the model costs."""
    pair, label = graded.pair, graded.label
    return {
        "query": pair.query,
        "item_id": pair.item_id,
        "title": pair.item.get("title", ""),
        "grade": graded.kind,
        "grade_low": label.grade_low if label else None,
        "grade_high": label.grade_high if label else None,
        "why": graded.why or ": ".join(filter(None, (graded.cause, graded.reasoning))),
        "facets": label.facets if label else [],
        "reasoning": graded.reasoning,
        "cause": graded.cause or None,
        "instructed": graded.instructed,
        "model": label.by if label else None,
        "prompt_hash": label.prompt_hash if label else None,
        "cost_usd": graded.cost_usd if priced else None,
        "cached": graded.cached,
    }
