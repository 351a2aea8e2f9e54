"""`release list|show|publish|rollback`: what each pipeline serves."""

from __future__ import annotations

from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.options import HERE, JsonlOption, JsonOption, PipelineOption, WorkspaceOption
from semsearch.cli.output import emit, talk

if TYPE_CHECKING:
    from semsearch.index.release import Release
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
    columns = ["release_id", "state", "pipeline", "created_at", "n_items", "dense_kind", "model_id"]
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
    emit(shown | {"files": manifest.files} if json else shown, as_json=json)


@app.command()
def publish(
    release: ReleaseArgument,
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Make a release the one that a pipeline serves.

    Example: semsearch release publish r1f2e3d4c5b6a
    """
    from semsearch import wiring
    from semsearch.index.release import Release
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    following = try_it(Release.open(opened.manifest(release), opened.release_path(release)))
    emit(_served(pipeline, wiring.publish(opened, release, pipeline, now=datetime.now(UTC)), json), as_json=json)
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


def try_it(release: Release) -> str:
    """The next step that asks for the first words of the release's first title."""
    first = release.rows[0]["title"].split()[:3] if len(release) else []
    return f"Next: semsearch search {quote(' '.join(first))}"


def facts(workspace: Workspace, manifest: Manifest) -> dict[str, Any]:
    """One release as a row: its manifest without the file list, its state and its size on disk."""
    from dataclasses import asdict

    served = [name for name in workspace.pipelines() if workspace.state(name).current == manifest.release_id]
    known = {event["release_id"] for name in workspace.pipelines() for event in workspace.state(name).events}
    state = "current" if served else "earlier" if manifest.release_id in known else "candidate"
    folder = workspace.release_path(manifest.release_id)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    row = {key: value for key, value in asdict(manifest).items() if key not in ("files", "sizes")}
    return {"release_id": manifest.release_id, "state": state} | row | {"size_mb": round(size / 1e6, 1)}
