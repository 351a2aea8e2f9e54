"""`grade pairs|tune|audit`: relevance by a language model, and how far to trust it."""

from __future__ import annotations

import shlex
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
from semsearch.cli.output import counted, emit, steps, talk
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
ORDER = ("2", "1–2", "1", "0–2", "0–1", "0", "ungradeable")
"""In which grades are counted."""
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

    with opened(workspace, max_usd) as parts:
        pool = _pool(parts, file, run, depth, queries)
        how = job.judging(parts)
        tell_outdated(job.outdated(parts, how))
        if dry_run:
            show_price(job.price(parts, pool.pairs, how), as_json=json, as_jsonl=jsonl)
            return
        found = _Graded(parts, pool, job.model_of(parts, how), batch, as_jsonl=jsonl)
        with found.ending(as_json=json), steps() as progress:
            for number, graded in enumerate(job.grade(parts, pool.pairs, how, batch), 1):
                found.take(graded)
                going(progress, parts.asker, "pairs graded", number, len(pool.pairs))


app.command()(grading.tune)
app.command()(grading.audit)


def _pool(parts: Parts, file: str | None, runs: list[str] | None, depth: int | None, queries: Path | None) -> Pool:
    if (file is None) == (not runs):
        raise UsageError(
            "Pairs come from a file or from runs.",
            "Next: semsearch grade pairs FILE, or semsearch grade pairs --run A --run B",
        )
    if file is not None and (depth is not None or queries is not None):
        raise UsageError("--depth and --queries are for runs.", f"Next: semsearch grade pairs {shlex.quote(file)}")
    if file is not None:
        found = pairs_of_file(parts.workspace, file, parts.lookup)
    else:
        depth = depth or parts.settings.relevance.depth
        found, _ = pooled(parts.workspace.root, parts.lookup, runs or [], depth, queries)
    tell_left_out(found)
    return found


class _Graded:
    """What a run came to; records go out as they come with --jsonl."""

    def __init__(self, parts: Parts, pool: Pool, model: str, batch: str, *, as_jsonl: bool) -> None:
        from semsearch.store.labels.pools import pool_path

        self._parts = parts
        self._pool = pool
        self._batch = batch
        self._pool_file = pool_path(parts.workspace, batch)
        self._label_file = parts.files.path("model", model, batch)
        self._as_jsonl = as_jsonl
        self._rows: list[dict[str, Any]] = []
        self._grades: Counter[str] = Counter()
        self._causes: Counter[str] = Counter()
        self._n_instructed = 0
        self._priced = parts.asker.priced(model)

    def take(self, graded: Graded) -> None:
        """Count a pair, and keep or print its record."""
        (self._causes if graded.cause else self._grades)[graded.kind] += 1
        self._n_instructed += graded.instructed
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
        talk(self._next())

    @property
    def _n(self) -> int:
        return self._grades.total() + self._causes.total()

    def _next(self) -> str:
        """What makes these labels worth something: people's, of some of the same pairs."""
        from semsearch.evaluation.labels.powered import MINIMUM
        from semsearch.llm.answers import FAILED

        if self._causes[FAILED]:
            return "Next: the same command, which asks those again whose call failed"
        if self._parts.files.paths("person"):
            return "Next: semsearch grade audit"
        drawn = sorted(self._parts.workspace.path("labels", "batches").glob("*.jsonl"))
        if drawn:
            return f"Next: semsearch label session {drawn[0].stem} --by NAME"
        name, pool = shlex.quote(self._batch), shlex.quote(str(self._pool_file))
        return f"Next: semsearch label sample {name} --pairs {pool} --size {2 * MINIMUM}"

    def _show(self, *, as_json: bool) -> None:
        from semsearch.llm.answers import FAILED

        files = {"labels": self._label_file, "pool": self._pool_file}
        left = len(self._pool.pairs) - self._n + self._causes[FAILED]
        counts: dict[str, Any] = {"pairs": self._n, "left": left}
        gone = {"gone": len(self._pool.gone)}
        grades = {grade: self._grades[grade] for grade in ORDER if self._grades[grade]}
        if as_json:
            rest = {"n_instructed": self._n_instructed} | cost_of(self._parts.asker) | files
            emit(counts | gone | grades | self._causes | rest | {"rows": self._rows}, as_json=True)
        elif not self._as_jsonl:
            silent = {"no answer": self._causes.total()} if self._causes else {}
            emit({name: told for name, told in (counts | grades | silent | gone).items() if told} | files)
            self._show_rows()
        self._tell()

    def _show_rows(self) -> None:
        rows = [row | {"grade": "–"} if row["cause"] else row for row in self._rows[:SHOWN]]
        hidden = len(self._rows) - SHOWN
        note = f"{hidden:,} more: --json or --jsonl shows all." if hidden > 0 else ""
        emit(rows, rows=rows, columns=("query", "item_id", "title", "grade", "why"), note=note)

    def _tell(self) -> None:
        if self._causes:
            n, causes = self._causes.total(), ", ".join(f"{cause} {n:,}" for cause, n in self._causes.most_common())
            talk(f"{counted(n, 'pair')} of {self._n:,} ({n / self._n:.0%}) got no answer, and no label: {causes}.")
        if self._n_instructed:
            talk(f"{counted(self._n_instructed, 'pair')} with a text that speaks to the model: see `instructed`.")
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
