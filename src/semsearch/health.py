"""`status` and `doctor`: what a workspace holds, what is stale or broken, and the next command."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from semsearch.errors import SemsearchError
from semsearch.version import __version__
from semsearch.workspace import DEFAULT_PIPELINE, Manifest, Workspace

FREE_BYTES = 1_000_000_000
"""Below this much free disk the doctor complains: a release of a small market needs about that."""


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """What one pipeline serves and what waits."""

    name: str
    release_id: str | None
    """Null when nothing is published."""
    n_items: int
    """Items in the published release."""
    model_id: str | None
    """The model that the next `index build` takes."""
    candidates: tuple[str, ...]
    """Whole releases that were never published, oldest first."""


@dataclass(frozen=True, slots=True)
class Status:
    """The workspace at a glance."""

    workspace: Path
    n_items: int
    n_interactions: int
    n_regions: int
    models: tuple[str, ...]
    pipelines: tuple[PipelineStatus, ...]
    stale: tuple[str, ...]
    """Sentences: what was made from something older than what is there."""
    next_command: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the doctor looked at."""

    name: str
    ok: bool
    detail: str
    advice: str = ""
    """What to do when it is not ok."""


def status(workspace: Workspace) -> Status:
    """What is there, what is stale, and the next command."""
    from semsearch.ingest.catalogue import Catalogue

    catalogue = Catalogue(workspace)
    names = workspace.pipelines() or [DEFAULT_PIPELINE]
    releases = workspace.releases()
    pipelines = tuple(_pipeline_status(workspace, name, releases) for name in names)
    models = tuple(sorted(p.parent.name for p in workspace.path("models").glob("*/semsearch.json")))
    digest = catalogue.items_digest if catalogue.n_items else ""
    stale = tuple(_stale(workspace, pipelines, digest))
    return Status(
        workspace=workspace.root.resolve(),
        n_items=catalogue.n_items,
        n_interactions=catalogue.n_interactions,
        n_regions=catalogue.n_regions,
        models=models,
        pipelines=pipelines,
        stale=stale,
        next_command=_next_command(catalogue.n_items, models, pipelines[0], bool(stale)),
    )


def _pipeline_status(workspace: Workspace, name: str, releases: list[Manifest]) -> PipelineStatus:
    state = workspace.state(name)
    published = {event["release_id"] for event in state.events}
    waiting = tuple(r.release_id for r in releases if r.pipeline == name and r.release_id not in published)
    n_items = workspace.manifest(state.current).n_items if state.current else 0
    return PipelineStatus(name, state.current, n_items, state.model_id, waiting)


def _stale(workspace: Workspace, pipelines: tuple[PipelineStatus, ...], digest: str) -> Iterator[str]:
    for pipeline in pipelines:
        if pipeline.release_id is None:
            continue
        manifest = workspace.manifest(pipeline.release_id)
        if digest and manifest.items_digest != digest:
            yield f"Release {manifest.release_id} ({pipeline.name}) holds older items than the catalogue."
        if pipeline.model_id and manifest.model_id and manifest.model_id != pipeline.model_id:
            yield f"Release {manifest.release_id} ({pipeline.name}) was made with model {manifest.model_id}."


def _next_command(n_items: int, models: tuple[str, ...], pipeline: PipelineStatus, stale: bool) -> str:
    if not n_items:
        return "semsearch import items FILE"
    if not models and pipeline.release_id is None:
        return "semsearch train"
    if pipeline.candidates:
        return f"semsearch release publish {pipeline.candidates[-1]}"
    if pipeline.release_id is None or stale:
        return "semsearch index build --publish"
    return 'semsearch search "QUERY"'


def doctor(workspace_root: Path) -> tuple[Check, ...]:
    """Look at the installation, then at the workspace if there is one; never raises."""
    installation = (_python(), _extra("train", "torch"), _extra("korean", "kiwipiepy"), _hnswlib())
    places = (_try("disk", partial(_disk, workspace_root)), _try("workspace", partial(_workspace, workspace_root)))
    parts = _release_checks(workspace_root) if places[-1].ok else ()
    return (*installation, *places, *parts)


def _try(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except SemsearchError as error:
        return Check(name, False, error.message, error.next_step)
    except (OSError, ValueError, KeyError, ImportError) as error:
        return Check(name, False, f"{type(error).__name__}: {error}", "Next: restore this file or build again")


def _python() -> Check:
    cores = os.cpu_count() or 1
    return Check("installation", True, f"semsearch {__version__}, Python {platform.python_version()}, {cores} cores")


def _extra(extra: str, module: str) -> Check:
    there = importlib.util.find_spec(module) is not None
    hint = f"optional: pip install 'semsearch[{extra}]'"
    return Check(f"extra {extra}", True, f"{module} is installed" if there else f"{module} is not installed ({hint})")


def _hnswlib() -> Check:
    def look() -> str:
        import hnswlib
        import numpy as np

        index = hnswlib.Index(space="ip", dim=4)
        index.init_index(max_elements=2)
        index.add_items(np.eye(2, 4, dtype=np.float32))
        found, _ = index.knn_query(np.eye(1, 4, dtype=np.float32), k=1)
        return "hnswlib answers" if found[0][0] == 0 else "hnswlib answers wrongly"

    return _try("hnswlib", look)


def _disk(root: Path) -> str:
    place = next(p for p in (root.absolute(), *root.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    if free < FREE_BYTES:
        raise OSError(f"only {free / 1e9:.1f} GB free in {place}")
    return f"{free / 1e9:.0f} GB free"


def _workspace(root: Path) -> str:
    from semsearch.settings import Settings

    workspace = Workspace.open(root)
    Settings.load(root)
    if not os.access(workspace.root, os.W_OK):
        raise OSError(f"{root} is not writable")
    return f"{root}: format and settings can be read"


def _release_checks(root: Path) -> tuple[Check, ...]:
    workspace = Workspace.open(root)
    releases = sorted(path.parent.name for path in workspace.path("releases").glob("*/manifest.json"))
    whole = [_try(f"release {name}", partial(_release, workspace, name)) for name in releases]
    served = [_try(f"pipeline {name}", partial(_serving, workspace, name)) for name in workspace.pipelines()]
    return (*whole, *served)


def _release(workspace: Workspace, release_id: str) -> str:
    from semsearch.retrieval.verify import verify

    manifest = workspace.manifest(release_id)
    damages = verify(workspace, manifest)
    if damages:
        raise OSError(", ".join(f"{d.path} {d.problem}" for d in damages))
    return f"{len(manifest.files)} files as they were written"


def _serving(workspace: Workspace, pipeline: str) -> str:
    release_id = workspace.state(pipeline).current
    if release_id is None:
        return "nothing published yet"
    model_id = workspace.manifest(release_id).model_id
    if model_id and not workspace.model_path(model_id).is_dir():
        raise OSError(f"model {model_id} of release {release_id} is gone")
    return f"serves {release_id}"
