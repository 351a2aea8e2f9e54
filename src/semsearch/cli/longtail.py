"""`longtail scan|train|lift`: the queries that the model does not understand, found and repaired."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.options import HERE, JsonlOption, JsonOption, PipelineOption, ReleaseOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.pages import check_page, write_page

if TYPE_CHECKING:
    from semsearch.longtail.reporting import ScanReport
    from semsearch.wiring import Taught

HELP = """Find the queries that the model does not understand, teach it those, and see what it gave.

Example: semsearch longtail scan --html longtail.html

Example: semsearch longtail train, then semsearch longtail lift
"""
app = typer.Typer(help=HELP, no_args_is_help=True)
HtmlOption = Annotated[Path | None, typer.Option("--html", help="Write a report page to this file.")]


@app.command()
def scan(
    *,
    band: Annotated[
        list[str] | None, typer.Option(help="head, torso or tail: what to scan. Repeatable. [default: longtail.bands]")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option("--queries", help="Scan these instead of the log's: as for evaluate run.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("--k", "-k", help="Hits compared with a query. [default: longtail.k]")
    ] = None,
    bound: Annotated[
        float | None, typer.Option(help="Chance of failure from which a query is routed. [default: longtail.bound]")
    ] = None,
    worst: Annotated[int, typer.Option(min=0, help="Queries to show, the most harmful first.")] = 20,
    html: HtmlOption = None,
    release: ReleaseOption = None,
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Compare rare queries with what the dense leg finds for them, and say which ones it may have failed, and why.

    The end of the log (log.test) is not read: it is kept to judge the repair by. The scan is kept for longtail train.

    Example: semsearch longtail scan

    Example: semsearch longtail scan --band tail --worst 50 --html longtail.html

    Example: semsearch longtail scan --queries queries.tsv --json
    """
    from semsearch import wiring
    from semsearch.errors import UsageError
    from semsearch.evaluation.reading import read_queries
    from semsearch.longtail.failing import shipped
    from semsearch.longtail.reporting import report
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    check_page(html, "longtail scan")
    if queries and band:
        raise UsageError("The queries of a file have no band.", "Next: give --queries or --band, not both")
    settings = wiring.load_settings(opened).override("longtail", bands=_bands(band), k=k, bound=bound)
    asked = read_queries(queries) if queries else None
    with steps() as progress:
        found = wiring.longtail_scan(
            opened, settings, pipeline=pipeline, release=release, queries=asked, now=datetime.now(UTC),
            progress=progress,
        )  # fmt: skip
    told = report(found, shipped(), worst)
    if html:
        from semsearch.report.longtail import scan_page

        write_page(html, scan_page(told))
    served = opened.state(pipeline).current == told.release_id
    _show(told, served=served, as_json=json, as_jsonl=jsonl)


def _bands(given: list[str] | None) -> tuple[str, ...] | None:
    from semsearch.errors import UsageError
    from semsearch.evaluation.demand import BANDS

    for name in given or ():
        if name not in BANDS:
            raise UsageError(f"There is no band '{name}'.", f"Next: --band {BANDS[-1]}")
    return tuple(dict.fromkeys(given)) if given else None


def _show(told: ScanReport, *, served: bool, as_json: bool, as_jsonl: bool) -> None:
    from semsearch.report.longtail import scan_told, worst_rows

    rows = worst_rows(told, short=not as_jsonl)
    emit(told, as_json=as_json, as_jsonl=as_jsonl, rows=rows, note="\n".join(scan_told(told)))
    talk(_next(told, served=served))


def _next(told: ScanReport, *, served: bool) -> str:
    """Teaching, where there is something to teach to what is served."""
    of_file = not told.bands
    if not told.n_pairs or not served:
        return "Next: semsearch lexicon propose" if told.before else "Next: semsearch import interactions FILE"
    return f"Next: semsearch longtail train{f' --scan {told.scan_id}' if of_file else ''}"


@app.command()
def train(
    *,
    scan_id: Annotated[str | None, typer.Option("--scan", help="Scan id; default is the last one of the log.")] = None,
    bound: Annotated[
        float | None, typer.Option(help="Chance of failure from which a query is routed. [default: that of the scan]")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Serve the candidate if it passes its gate.")] = False,
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Teach the model the clicks of the queries that a scan routes, and judge the candidate by its gate.

    Exit code 3 when the candidate may not be published: what is served stays served.

    Example: semsearch longtail train

    Example: semsearch longtail train --bound 0.2 --publish
    """
    from semsearch import wiring
    from semsearch.errors import Refused
    from semsearch.report.evaluation import metric_label
    from semsearch.report.gate import cohort_rows, next_step, sentence
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    wiring.load_settings(opened).override("longtail", bound=bound)  # refuses what is no chance
    with steps() as progress:
        done = wiring.longtail_train(
            opened, pipeline=pipeline, scan_id=scan_id, bound=bound, publishing=publish, now=datetime.now(UTC),
            progress=progress,
        )  # fmt: skip
    emit(_document(done) if json else _summary(done), as_json=json)
    if not json:
        emit(done, rows=cohort_rows(done.gate), title=f"The gate, by {metric_label(done.gate.settings['metric'])}")
    if not done.gate.passed:
        raise Refused(sentence(done.gate), "Next: semsearch longtail lift, which shows what was gained and who paid")
    talk(sentence(done.gate))
    talk("Next: semsearch longtail lift" if done.published else next_step(done.gate))


def _document(done: Taught) -> dict[str, Any]:
    from semsearch.plain import plain
    from semsearch.training.gate.judging import document

    told: dict[str, Any] = plain(done)
    return told | {"gate": document(done.gate)}


def _summary(done: Taught) -> dict[str, str]:
    """What was taught, to whom, and what came of it."""
    facts = done.card.metrics["longtail"]
    clicks, bias = facts["clicks"], facts["position_bias"]
    left_out = f"{clicks['n_without']:,} without a click, {clicks['n_few']:,} with too few actors"
    learned = done.card.metrics["behaviour"]
    return {
        "scan": f"{done.scan_id} of {done.base}",
        "routed": f"{facts['n_routed']:,} queries; {clicks['n_taught']:,} teach ({left_out})",
        "pairs": f"{clicks['n_pairs']:,} and {facts['n_replayed']:,} old ones, in {learned['train_s']:.0f} s",
        "clicks": f"not corrected: {bias['told']}" if bias["told"] else "corrected for their position",
        "model": f"{done.card.model_id}, continued from {done.card.metrics['continued_from']}",
        "candidate": f"{done.candidate}, {'served now' if done.published else done.gate.outcome}",
    }


@app.command()
def lift(
    candidate: Annotated[str | None, typer.Argument(help="Release id; default is the last taught one.")] = None,
    *,
    html: HtmlOption = None,
    worst: Annotated[int, typer.Option(min=0, help="Routed queries to show, the most changed first.")] = 10,
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Compare before and after an extra training, on later searches that neither model has seen.

    By band and for the routed queries, with paired 95 % intervals; and what became of the candidate, and why.

    Example: semsearch longtail lift

    Example: semsearch longtail lift --jsonl
    """
    from semsearch import wiring
    from semsearch.report.longtail import lift_document, lift_page, lift_query_rows, lift_rows, lift_told
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    check_page(html, "longtail lift")
    with steps() as progress:
        found = wiring.longtail_lift(
            opened, pipeline=pipeline, candidate=candidate, now=datetime.now(UTC), progress=progress
        )
    if html:
        write_page(html, lift_page(found))
    note = "\n".join(lift_told(found))
    if json or jsonl:
        emit(lift_document(found), as_json=json, as_jsonl=jsonl, rows=found.queries.to_dicts())
        return
    emit(found, rows=lift_rows(found), title="Later searches, before and after", note=note)
    if rows := lift_query_rows(found, worst):
        emit(found, rows=rows, title="Routed queries")
