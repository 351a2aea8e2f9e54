"""`status` and `doctor`: what a workspace holds, what is stale or broken, and the next command."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.errors import Damaged, MissingPart, SemsearchError, UsageError
from semsearch.version import __version__
from semsearch.workspace import DEFAULT_PIPELINE, Manifest, PipelineState, Workspace

if TYPE_CHECKING:
    from semsearch.settings import Settings
    from semsearch.store.campaigns import Standing

FREE_BYTES = 1_000_000_000
"""Below this much free disk the doctor complains: room for a million items in work, as vectors of 256 numbers."""

HERE = "Next: semsearch doctor"
_STEPS = {"open": "publish", "needed": "gate"}
"""The verb of `release` that a candidate waits for; one that its gate refused says why in `show`."""
REPAIR = "Next: restore this file, or make again what it belongs to"
IMPORT_AGAIN = "Next: remove the pointer file and semsearch import {} FILE again"


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """What one pipeline serves and what waits."""

    name: str
    release_id: str | None
    """Null when nothing is published."""
    n_items: int
    """Items in the published release."""
    model_id: str | None
    """The model that the published release was made with; '' is the embeddings endpoint."""
    next_model_id: str | None
    """The model that the next `index build` takes."""
    candidates: tuple[str, ...]
    """Whole releases that were never published, oldest first."""
    ready: str | None
    """The newest of them, when it is newer than what is served and made of what is there now."""
    gate: str
    """Of `ready`: open when it may be published, needed, refused or undecided; empty without one."""
    same_model: bool
    """Whether a release built now would answer as the served one does: it needs no gate."""
    rolled_back_from: str | None
    """The release that was published last, when a rollback serves an earlier one instead."""


@dataclass(frozen=True, slots=True)
class Status:
    """The workspace at a glance."""

    workspace: Path
    n_items: int
    n_interactions: int
    n_regions: int
    models: tuple[str, ...]
    pipelines: tuple[PipelineStatus, ...]
    damaged: tuple[str, ...]
    """Sentences: served releases with a file that is missing or of another size than it was built with."""
    stale: tuple[str, ...]
    """Sentences: what was made from something older than what is there."""
    scanned: tuple[Standing, ...]
    """What was scanned, by namespace; empty before the first scan."""
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
    ingredients = _ingredients(workspace)
    pipelines = tuple(_pipeline_status(workspace, name, releases, ingredients) for name in names)
    models = tuple(sorted(p.parent.name for p in workspace.path("models").glob("*/semsearch.json")))
    told = {p.name: tuple(_differences(workspace, p, ingredients)) for p in pipelines}
    broken = {p.name: _damage(workspace, p) for p in pipelines}
    scanned = _scanned(workspace)
    return Status(
        workspace=workspace.root.resolve(),
        n_items=catalogue.n_items,
        n_interactions=catalogue.n_interactions,
        n_regions=catalogue.n_regions,
        models=models,
        pipelines=pipelines,
        damaged=tuple(filter(None, broken.values())),
        stale=tuple(sentence for sentences in told.values() for sentence in sentences),
        scanned=scanned,
        next_command=_next_command(catalogue.n_items, pipelines, told, broken)
        if catalogue.n_items or not any(each.n_alerts for each in scanned)
        else "semsearch alerts list --status open",
    )


def _scanned(workspace: Workspace) -> tuple[Standing, ...]:
    if not workspace.moderation_path.is_file():
        return ()
    from semsearch.store.campaigns import CampaignStore
    from semsearch.store.database import Store

    with Store.existing(workspace.moderation_path, now=datetime.now(UTC)) as store:
        return tuple(CampaignStore(store).standing())


@dataclass(frozen=True, slots=True)
class _Ingredients:
    """What a release built now would be made of."""

    settings: Settings
    items_digest: str
    regions_digest: str
    lexical_id: str


def _ingredients(workspace: Workspace) -> _Ingredients:
    from semsearch import wiring
    from semsearch.ingest.catalogue import Catalogue

    items, regions = (
        found.digest if found else "" for found in map(Catalogue(workspace).snapshot, ("items", "regions"))
    )
    return _Ingredients(wiring.load_settings(workspace), items, regions, wiring.next_lexical_id(workspace))


def _pipeline_status(
    workspace: Workspace, name: str, releases: list[Manifest], ingredients: _Ingredients
) -> PipelineStatus:
    state = workspace.state(name)
    next_model = _next_model(workspace, name, ingredients)
    published = {event["release_id"] for event in state.events}
    waiting = [r for r in releases if r.pipeline == name and r.release_id not in published]
    served = workspace.manifest(state.current) if state.current else None
    newer = [r for r in waiting if served is None or r.created_at >= served.created_at]
    ready = [r.release_id for r in newer if not any(_unlike(r, next_model, ingredients))][-1:]
    found = workspace.door(ready[0], name) if ready else None
    return PipelineStatus(
        name=name,
        release_id=state.current,
        n_items=served.n_items if served else 0,
        model_id=served.model_id if served else None,
        next_model_id=next_model,
        candidates=tuple(r.release_id for r in waiting),
        ready=ready[0] if ready else None,
        gate="" if found is None else "open" if found.open else found.outcome or "needed",
        same_model=served is None
        or (next_model in (None, served.model_id) and served.lexical_id == ingredients.lexical_id),
        rolled_back_from=_rolled_back_from(state, releases),
    )


def _rolled_back_from(state: PipelineState, releases: list[Manifest]) -> str | None:
    if not state.events or state.events[-1]["event"] != "rollback":
        return None
    last = [event["release_id"] for event in state.events if event["event"] == "publish"][-1:]
    return next((r.release_id for r in releases if r.release_id in last), None)


def _next_model(workspace: Workspace, pipeline: str, ingredients: _Ingredients) -> str | None:
    """The model of the next build, '' for the embeddings endpoint; None when there is none yet."""
    from semsearch import wiring

    try:
        return wiring.next_model(workspace, ingredients.settings, pipeline)
    except MissingPart:
        return None


def _unlike(release: Manifest, model_id: str | None, ingredients: _Ingredients) -> Iterator[str]:
    """How a release differs from one that would be built now, as ends of a sentence."""
    if ingredients.items_digest and release.items_digest != ingredients.items_digest:
        yield "holds other items than the catalogue"
    if release.regions_digest != ingredients.regions_digest:
        yield "holds another region table than the catalogue"
    if release.lexical_id != ingredients.lexical_id:
        yield "reads words otherwise than a build would now: the lexicon, the korean extra or the program has changed"
    if model_id is not None and release.model_id != model_id:
        yield f"was made with {release.model_id or 'the embeddings endpoint'}, not {model_id or 'that endpoint'}"


def _differences(workspace: Workspace, pipeline: PipelineStatus, ingredients: _Ingredients) -> Iterator[str]:
    if pipeline.release_id is None:
        return
    served = workspace.manifest(pipeline.release_id)
    if pipeline.rolled_back_from is not None:
        forward = workspace.manifest(pipeline.rolled_back_from)
        if not any(_unlike(forward, pipeline.next_model_id, ingredients)):
            return  # it differs because somebody went back
    for difference in _unlike(served, pipeline.next_model_id, ingredients):
        yield f"Release {served.release_id} ({pipeline.name}) {difference}."


def _damage(workspace: Workspace, pipeline: PipelineStatus) -> str:
    """What is wrong with the files that a pipeline serves, as far as their sizes tell; '' when nothing is."""
    from semsearch.index.release import wrong_sizes

    if pipeline.release_id is None:
        return ""
    found = wrong_sizes(workspace.manifest(pipeline.release_id), workspace.release_path(pipeline.release_id))
    listed = ", ".join(f"{damage.path} {damage.problem}" for damage in found)
    return f"Release {pipeline.release_id} ({pipeline.name}) is damaged: {listed}" if found else ""


def _next_command(
    n_items: int,
    pipelines: tuple[PipelineStatus, ...],
    told: Mapping[str, tuple[str, ...]],
    broken: Mapping[str, str],
) -> str:
    """What the first pipeline needs that needs something."""
    if not n_items:
        return "semsearch import items FILE"
    for pipeline in pipelines:
        flag = "" if pipeline.name == DEFAULT_PIPELINE else f" --pipeline {pipeline.name}"
        if pipeline.ready and (told[pipeline.name] or pipeline.release_id is None):
            return f"semsearch release {_STEPS.get(pipeline.gate, 'show')} {pipeline.ready}" + (
                flag if pipeline.gate == "open" else ""
            )
        if pipeline.next_model_id is None and pipeline.release_id is None:
            return f"semsearch train{flag}"
        if pipeline.release_id is None or told[pipeline.name] or broken[pipeline.name]:
            return f"semsearch index build{' --publish' if pipeline.same_model else ''}{flag}"
    return 'semsearch search "QUERY"'


def doctor(workspace_root: Path) -> tuple[Check, ...]:
    """Look at the installation, then at the workspace if there is one; never raises."""
    installation = (_python(), _extra("train", "torch"), _extra("korean", "kiwipiepy"), _hnswlib())
    disk = _try("disk", partial(_disk, workspace_root))
    if not Workspace(workspace_root).format_path.exists():
        there = "no workspace yet" if workspace_root.is_dir() or not workspace_root.exists() else "is no directory"
        return (*installation, disk, Check("workspace", there == "no workspace yet", f"{workspace_root}: {there}"))
    opened = _try("workspace", partial(_workspace, workspace_root))
    return (*installation, disk, opened, *(_parts(Workspace(workspace_root)) if opened.ok else ()))


def _try(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except SemsearchError as error:
        return Check(name, False, error.message, error.next_step.replace(HERE, REPAIR))
    except (OSError, ValueError, KeyError, ImportError) as error:
        return Check(name, False, str(error), REPAIR)


def _python() -> Check:
    cores = os.cpu_count() or 1
    return Check("installation", True, f"semsearch {__version__}, Python {platform.python_version()}, {cores} cores")


def _extra(extra: str, module: str) -> Check:
    there = importlib.util.find_spec(module) is not None
    hint = f"optional: pip install '.[{extra}]' in the clone"
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


def _parts(workspace: Workspace) -> Iterator[Check]:
    for kind in ("items", "interactions", "regions"):
        yield _try(f"imported {kind}", partial(_imported, workspace, kind))
    yield _try("lexicon", partial(_lexicon, workspace))
    for path in sorted(workspace.path("releases").glob("*/manifest.json")):
        yield _try(f"release {path.parent.name}", partial(_release, workspace, path.parent.name))
    for name in workspace.pipelines():
        yield _try(f"pipeline {name}", partial(_serving, workspace, name))
    if workspace.moderation_path.is_file():
        yield _try("decisions", partial(_decisions, workspace))


def _imported(workspace: Workspace, kind: str) -> str:
    import polars as pl

    from semsearch.ingest.catalogue import Catalogue, pointer_path

    folder = pointer_path(workspace, kind).parent
    try:
        found = Catalogue(workspace).snapshot(kind)
        if found is None:
            return "none yet"
        n_rows = sum(int(pl.scan_parquet(folder / f).select(pl.len()).collect().item()) for f in found.files)
    except (OSError, UsageError, pl.exceptions.PolarsError) as error:
        what = getattr(error, "message", f"A file in {folder} cannot be read: {error}")
        raise UsageError(what, IMPORT_AGAIN.format(kind)) from error
    if n_rows != found.n_rows:
        raise UsageError(f"{n_rows:,} rows in {folder}, not {found.n_rows:,}", IMPORT_AGAIN.format(kind))
    return f"{n_rows:,} rows"


def _lexicon(workspace: Workspace) -> str:
    from semsearch import wiring

    return f"can be read; lexical id {wiring.next_lexical_id(workspace)}"


def _release(workspace: Workspace, release_id: str) -> str:
    from semsearch.retrieval.verify import verify

    manifest = workspace.manifest(release_id)
    damages = verify(workspace, manifest)
    if damages:
        raise Damaged(f"Release {release_id}", ", ".join(f"{d.path} {d.problem}" for d in damages))
    return f"{len(manifest.files)} files as they were written"


def _decisions(workspace: Workspace) -> str:
    from semsearch.store.database import Store
    from semsearch.store.decisions import Decisions

    with Store.existing(workspace.moderation_path, now=datetime.now(UTC)) as store:
        found = Decisions(store).verify()
    if found.first_broken is not None:
        raise UsageError(f"the chain is broken at decision {found.first_broken}", "Next: semsearch alerts verify")
    return f"the chain of {found.n} holds"


def _serving(workspace: Workspace, pipeline: str) -> str:
    release_id = workspace.state(pipeline).current
    if release_id is None:
        return "nothing published yet"
    model_id = workspace.manifest(release_id).model_id
    if model_id and not workspace.model_path(model_id).is_dir():
        raise OSError(f"model {model_id} of release {release_id} is gone")
    return f"serves {release_id}"
