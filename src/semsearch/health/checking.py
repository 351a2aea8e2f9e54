"""`doctor`: the installation and, file by file, the workspace."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from semsearch.errors import Damaged, SemsearchError, UsageError
from semsearch.health.judgements import moderated
from semsearch.version import __version__
from semsearch.workspace import Workspace

FREE_BYTES = 1_000_000_000
"""Below this much free disk the doctor complains: room for a million items in work, as vectors of 256 numbers."""

HERE = "Next: semsearch doctor"
REPAIR = "Next: restore this file, or make again what it belongs to"
IMPORT_AGAIN = "Next: remove the pointer file and semsearch import {} FILE again"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the doctor looked at."""

    name: str
    ok: bool
    detail: str
    advice: str = ""
    """What to do when it is not ok."""


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
    yield from _models(workspace)
    for path in sorted(workspace.path("releases").glob("*/manifest.json")):
        yield _try(f"release {path.parent.name}", partial(_release, workspace, path.parent.name))
    for name in workspace.pipelines():
        yield _try(f"pipeline {name}", partial(_serving, workspace, name))
    if workspace.moderation_path.is_file():
        yield _try("decisions", partial(_decisions, workspace))


def _models(workspace: Workspace) -> Iterator[Check]:
    """The language models: each check that is sensible once the address is one."""
    from semsearch.health import language_models
    from semsearch.settings import Settings

    settings = Settings.load(workspace.root)
    yield _try("prompts", partial(language_models.prompts, workspace))
    yield _try("profiles", partial(_profiles, workspace))
    endpoint = _try("llm endpoint", partial(language_models.endpoint, settings.llm))
    yield endpoint
    if endpoint.ok:
        judged = _judged(workspace)
        yield _try("llm key", partial(language_models.key, settings, needed=bool(judged)))
        yield _try("llm allow", partial(language_models.allowed, settings, judged))
        yield _try("llm prices", partial(language_models.prices, settings.llm))


def _profiles(workspace: Workspace) -> str:
    found = moderated(workspace).spam
    blocked = next((each for each in found if each.blocked), None)
    if blocked:
        raise UsageError(f"posts of {blocked.namespace} cannot be judged: {blocked.blocked}", blocked.next_step)
    return f"{sum(len(each.active) for each in found)} active"


def _judged(workspace: Workspace) -> tuple[str, ...]:
    """Namespaces whose posts are sent to models; what is wrong with the database is said elsewhere."""
    try:
        return tuple(each.namespace for each in moderated(workspace).spam if each.active)
    except SemsearchError:
        return ()


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
