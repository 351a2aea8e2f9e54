"""`index build|info|verify`: from a catalogue and a model to a release."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from semsearch.cli.options import HERE, JsonOption, PipelineOption, ReleaseOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.release import facts, try_it

HELP = """Build and check the index of a release.

Example: semsearch index build --publish
"""
app = typer.Typer(help=HELP, no_args_is_help=True)


@app.command()
def build(
    publish: Annotated[bool, typer.Option("--publish", help="Serve it at once.")] = False,
    model: Annotated[str | None, typer.Option(help="Model id; default is the last trained one.")] = None,
    dense: Annotated[
        Literal["auto", "exact", "hnsw"] | None, typer.Option(help="Engine. [default: index.dense]")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of an hnsw build. [default: index.threads]")] = None,
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Make a candidate release: items, vectors and words of the catalogue as it is now.

    The same catalogue and model give the same release again. --publish goes through the gate as release publish does:
    exit code 3 when the candidate waits for it.

    Example: semsearch index build --publish

    Example: semsearch index build --dense hnsw --threads 4
    """
    from semsearch import wiring
    from semsearch.errors import Refused
    from semsearch.index.release import Release
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = wiring.load_settings(opened).override("index", dense=dense, threads=threads)
    now = datetime.now(UTC)
    with steps() as progress:
        manifest = wiring.build(opened, settings, pipeline=pipeline, model_id=model, now=now, progress=progress)
    found = opened.door(manifest.release_id, pipeline)
    if publish and found.open:
        wiring.publish(opened, manifest.release_id, pipeline, now=now)
    emit(facts(opened, manifest), as_json=json)
    if publish and not found.open:
        raise Refused(f"{manifest.release_id} is built, but not published: {found.told}.", found.next_step)
    served = opened.state(pipeline).current == manifest.release_id
    release = Release.open(manifest, opened.release_path(manifest.release_id))
    waiting = f"Next: semsearch release publish {manifest.release_id}" if found.open else found.next_step
    talk(try_it(release, wiring.query_side(opened, manifest).of) if served else waiting)


@app.command()
def info(
    release: ReleaseOption = None,
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Show what a release holds and what made it.

    Example: semsearch index info --release r1f2e3d4c5b6a
    """
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    manifest = opened.manifest(release) if release else opened.current(pipeline)
    emit(facts(opened, manifest), as_json=json)


@app.command()
def verify(
    release: ReleaseOption = None,
    pipeline: PipelineOption = "default",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Hash every file of a release and of its model again; exit code 3 when one is not as it was built.

    Example: semsearch index verify --release r1f2e3d4c5b6a
    """
    from semsearch.errors import Damaged
    from semsearch.retrieval.verify import verify as verify_all
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    manifest = opened.manifest(release) if release else opened.current(pipeline)
    damages = verify_all(opened, manifest)
    document = {"release_id": manifest.release_id, "n_files": len(manifest.files), "damages": damages}
    if json:
        emit(document, as_json=True)
    if damages:
        listed = "\n".join(f"  {damage.problem:<8} {damage.path}" for damage in damages)
        raise Damaged(f"Release {manifest.release_id}", f"\n{listed}")
    if not json:
        emit({"release": manifest.release_id, "files": f"{len(manifest.files)} as they were built"})
