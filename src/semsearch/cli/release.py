"""`release list|show|gate|publish|rollback`: what each pipeline serves, and what may be served."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.options import HERE, JsonlOption, JsonOption, PipelineOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.pages import write_page

if TYPE_CHECKING:
    from semsearch.evaluation.qrels import Qrels
    from semsearch.evaluation.queries import Queries
    from semsearch.index.release import Release
    from semsearch.training.gate.judging import GateResult
    from semsearch.workspace import Manifest, PipelineState, Workspace

HELP = """Candidates, published releases, and the way back.

Example: semsearch release list
"""
app = typer.Typer(help=HELP, no_args_is_help=True)
ReleaseArgument = Annotated[str, typer.Argument(help="Release id.")]


@app.command("list")
def list_releases(workspace: WorkspaceOption = HERE, json: JsonOption = False, jsonl: JsonlOption = False) -> None:
    """List all releases, oldest first, and which pipeline serves them.

    Example: semsearch release list
    """
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    rows = [facts(opened, manifest) for manifest in opened.releases()]
    columns = ["release_id", "state", "gate", "pipeline", "created_at", "n_items", "dense_kind", "model_id"]
    emit(rows, as_json=json, as_jsonl=jsonl, rows=rows, columns=columns)
    if not rows:
        talk("No releases yet. Next: semsearch index build --publish")


@app.command()
def show(release: ReleaseArgument, workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Show one release with its whole manifest.

    Example: semsearch release show r1f2e3d4c5b6a --json
    """
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    manifest = opened.manifest(release)
    shown = facts(opened, manifest)
    if json:
        emit(shown | {"files": manifest.files, "gates": _gates(opened, release)}, as_json=True)
        return
    emit(shown)
    for told in _told(opened, manifest):
        talk(told)


@app.command()
def gate(
    candidate: Annotated[str, typer.Argument(help="Release id of a candidate.")],
    target: Annotated[
        str, typer.Option(help="Cohort that must gain: all, head, torso, tail, or COLUMN=LABEL of the queries.")
    ] = "all",
    qrels: Annotated[
        Path | None, typer.Option("--qrels", help="Judgements to ask instead of the log: as for evaluate run.")
    ] = None,
    queries: Annotated[Path | None, typer.Option("--queries", help="Their queries: as for evaluate run.")] = None,
    slice_by: Annotated[
        list[str] | None,
        typer.Option("--slice", help="Column of the queries; each of its labels must not lose either. Repeatable."),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a report page to this file.")] = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Judge a candidate against the release that its pipeline serves; exit code 3 when it may not be published.

    Both answer the same questions, from the end of the log that neither model was trained on, or from judgements.

    Example: semsearch release gate r1f2e3d4c5b6a

    Example: semsearch release gate r1f2e3d4c5b6a --target tail --html gate.html

    Example: semsearch release gate r1f2e3d4c5b6a --qrels qrels.txt --queries queries.tsv --slice kind
    """
    from semsearch import wiring
    from semsearch.errors import Refused
    from semsearch.report.gate import cohort_rows, conditions_text, next_step, sentence
    from semsearch.training.gate.judging import document
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    judged = _judged(qrels, queries)
    with steps() as progress:
        result = wiring.gate(
            opened, candidate, target=target, slices=slice_by or (), judged=judged, now=datetime.now(UTC),
            progress=progress,
        )  # fmt: skip
    looks = len(_gates(opened, candidate)["results"])
    for told in _set_aside(opened, candidate):
        talk(told)
    if html:
        _write_page(html, opened, result, looks)
    emit(document(result), as_json=json, rows=cohort_rows(result), note=conditions_text(result, looks))
    if not result.passed:
        raise Refused(sentence(result), next_step(result))
    talk(sentence(result))
    talk(next_step(result))


@app.command()
def publish(
    release: ReleaseArgument,
    force: Annotated[bool, typer.Option("--force", help="Without a passed gate; needs --reason and --by.")] = False,
    reason: Annotated[str, typer.Option(help="Why; kept with the release.")] = "",
    by: Annotated[str, typer.Option(envvar="SEMSEARCH_REVIEWER", help="Who decides; kept with the release.")] = "",
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Make a release the one that a pipeline serves, if it has passed its gate.

    None is needed by a pipeline's first release, the same model on a newer catalogue, and what rollback leads to.

    Example: semsearch release publish r1f2e3d4c5b6a

    Example: semsearch release publish r1f2e3d4c5b6a --force --reason 'new lexicon, no log yet' --by minji
    """
    from semsearch import wiring
    from semsearch.index.release import Release
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    manifest = opened.manifest(release)
    of = wiring.query_side(opened, manifest).of
    following = try_it(Release.open(manifest, opened.release_path(release)), of)
    state = wiring.publish(opened, release, pipeline, now=datetime.now(UTC), by=by, reason=reason, force=force)
    emit(_served(pipeline, state, json), as_json=json)
    talk(following)


@app.command()
def rollback(pipeline: PipelineOption = "default", workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Go back to the release that a pipeline served before.

    Example: semsearch release rollback
    """
    from semsearch import wiring
    from semsearch.workspace import Workspace

    state = wiring.rollback(Workspace.open(workspace), pipeline, now=datetime.now(UTC))
    emit(_served(pipeline, state, json), as_json=json)
    talk("Next: semsearch status")


def _served(pipeline: str, state: PipelineState, json: bool) -> dict[str, Any]:
    previous = state.previous if json else ", ".join(state.previous) or "none"
    return {"pipeline": pipeline, "current": state.current, "previous": previous}


def try_it(release: Release, of: str = "query") -> str:
    """The next step that asks a release with what it is asked with: the first words of its first title, or its id."""
    if of == "actor":
        return "Next: semsearch search --actor ACTOR_ID"
    first = release.rows[0] if len(release) else {"title": "", "item_id": "ITEM_ID"}
    if of == "item":
        return f"Next: semsearch similar {quote(first['item_id'])}"
    return f"Next: semsearch search {quote(' '.join(first['title'].split()[:3]))}"


def facts(workspace: Workspace, manifest: Manifest) -> dict[str, Any]:
    """One release as a row: its manifest without the file list, its state, its gate and its size on disk."""
    from dataclasses import asdict

    served = [name for name in workspace.pipelines() if workspace.state(name).current == manifest.release_id]
    known = {event["release_id"] for name in workspace.pipelines() for event in workspace.state(name).events}
    state = "current" if served else "earlier" if manifest.release_id in known else "candidate"
    folder = workspace.release_path(manifest.release_id)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    row = {key: value for key, value in asdict(manifest).items() if key not in ("files", "sizes")}
    first = {"release_id": manifest.release_id, "state": state, "gate": gate_state(workspace, manifest)}
    return first | row | {"size_mb": round(size / 1e6, 1)}


def gate_state(workspace: Workspace, manifest: Manifest) -> str:
    """How a served release came through its door; for any other: passed, refused, undecided, needed, not needed."""
    state = workspace.state(manifest.pipeline)
    if state.current == manifest.release_id:
        event: Mapping[str, Any] = next(
            (e for e in reversed(state.events) if e["release_id"] == manifest.release_id), {}
        )
        because = {"gate": "passed", "forced": "forced"}
        return because.get(event.get("because", ""), "not needed")
    found = workspace.door(manifest.release_id, manifest.pipeline)
    if found.open:
        return "passed" if found.because == "gate" else "not needed"
    return found.outcome or "needed"


def _told(workspace: Workspace, manifest: Manifest) -> list[str]:
    """What the gates said of a release, what was forced, and what comes next."""
    from semsearch.gates import after_no, changes

    gates = _gates(workspace, manifest.release_id)
    told = [_gate_told(result) for result in gates["results"]]
    told += [
        f"Forced by {event['by']} at {event['at']} against {event['against']}: {event['reason']}"
        for event in gates["forced"]
    ]
    told += _set_aside(workspace, manifest.release_id)
    if workspace.state(manifest.pipeline).current == manifest.release_id:
        return told
    found = workspace.door(manifest.release_id, manifest.pipeline)
    flag = "" if manifest.pipeline == "default" else f" --pipeline {manifest.pipeline}"
    publish = f"Next: semsearch release publish {manifest.release_id}{flag}"
    if found.open:
        return [*told, f"It can be published: {found.told}.", publish]
    served = workspace.current(manifest.pipeline)
    gate = f"semsearch release gate {manifest.release_id}"
    again = f"Next: {after_no(changes(manifest, served), manifest.pipeline)}; after a newer log, {gate}"
    return [*told, f"It cannot be published: {found.told}.", again if found.outcome else found.next_step]


def _gate_told(result: Mapping[str, Any]) -> str:
    first = (
        f"Gate against {result['current']} at {result['judged_at']}, target {result['target']}: {result['outcome']}."
    )
    return "\n  ".join([first, *(cohort["told"] for cohort in result["cohorts"])])


def _gates(workspace: Workspace, release_id: str) -> dict[str, Any]:
    """What gates said and what was forced; a damaged file shows nothing, and `door` says why."""
    from semsearch.errors import Refused
    from semsearch.gates import GateRecord

    try:
        record = GateRecord.read(workspace.gate_path(release_id))
    except Refused:
        record = GateRecord(release_id)
    return {"results": record.results, "forced": record.forced}


def _set_aside(workspace: Workspace, release_id: str) -> list[str]:
    return [
        f"A damaged gate file was set aside as {path}: its looks and forced publishings are not counted."
        for path in workspace.damaged_gates(release_id)
    ]


def _judged(qrels: Path | None, queries: Path | None) -> tuple[Qrels, Queries, str] | None:
    """Judgements and their queries from files; raises UsageError when one is there without the other."""
    from semsearch.errors import UsageError
    from semsearch.evaluation.reading import read_queries
    from semsearch.retrieval.joining import judgements_of

    if qrels is None and queries is None:
        return None
    if qrels is None:
        raise UsageError("--queries has no judgements.", "Next: --qrels FILE beside it, or neither to ask the log")
    found, asked = judgements_of(qrels, None, read_queries(queries) if queries else None)
    if asked is None:
        raise UsageError("The qrels hold no query texts.", "Next: --queries FILE with the columns query_id and query")
    return found, asked, qrels.name


def _write_page(path: Path, workspace: Workspace, result: GateResult, looks: int) -> None:
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.report.gate import gate_page, shown_items

    titles = Catalogue(workspace).titles(shown_items(result))
    write_page(path, gate_page(result, titles, looks))
