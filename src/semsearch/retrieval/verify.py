"""Whether a release and the model that it pins are still as they were built."""

from __future__ import annotations

from semsearch.errors import SemsearchError
from semsearch.index.release import Damage, verify_release
from semsearch.towers.card import opened_id
from semsearch.workspace import Manifest, Workspace


def verify(workspace: Workspace, manifest: Manifest) -> tuple[Damage, ...]:
    """Hash every file of the release and of its model again; empty when all are as they were.

    Paths are relative to the release folder, the model is `models/MODEL_ID`. An encoder that is an API is not asked.
    """
    damages = verify_release(manifest, workspace.release_path(manifest.release_id))
    problem = _model_problem(workspace, manifest) if manifest.model_id else ""
    return (*damages, Damage(f"models/{manifest.model_id}", problem)) if problem else damages


def _model_problem(workspace: Workspace, manifest: Manifest) -> str:
    folder = workspace.model_path(manifest.model_id)
    if not folder.is_dir():
        return "missing"
    try:
        return "" if opened_id(folder) == manifest.encoder_id else "changed"
    except (OSError, SemsearchError):
        return "changed"
