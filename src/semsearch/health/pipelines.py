"""What pipelines serve, what waits, how that differs from what a build would make now, and the next command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from semsearch.errors import MissingPart
from semsearch.workspace import DEFAULT_PIPELINE, Manifest, PipelineState, Workspace

if TYPE_CHECKING:
    from semsearch.settings import Settings

_STEPS = {"open": "publish", "needed": "gate"}
"""The verb of `release` that a candidate waits for; one that its gate refused says why in `show`."""


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
class Ingredients:
    """What a release built now would be made of."""

    settings: Settings
    items_digest: str
    regions_digest: str
    lexical_id: str


def ingredients(workspace: Workspace) -> Ingredients:
    """What there is to build a release of."""
    from semsearch import wiring
    from semsearch.ingest.catalogue import Catalogue

    items, regions = (
        found.digest if found else "" for found in map(Catalogue(workspace).snapshot, ("items", "regions"))
    )
    return Ingredients(wiring.load_settings(workspace), items, regions, wiring.next_lexical_id(workspace))


def pipeline_status(
    workspace: Workspace, name: str, releases: list[Manifest], ingredients: Ingredients
) -> PipelineStatus:
    """What a pipeline serves and what waits; `releases` are all of the workspace."""
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


def _next_model(workspace: Workspace, pipeline: str, ingredients: Ingredients) -> str | None:
    """The model of the next build, '' for the embeddings endpoint; None when there is none yet."""
    from semsearch import wiring

    try:
        return wiring.next_model(workspace, ingredients.settings, pipeline)
    except MissingPart:
        return None


def _unlike(release: Manifest, model_id: str | None, ingredients: Ingredients) -> Iterator[str]:
    """How a release differs from one that would be built now, as ends of a sentence."""
    if ingredients.items_digest and release.items_digest != ingredients.items_digest:
        yield "holds other items than the catalogue"
    if release.regions_digest != ingredients.regions_digest:
        yield "holds another region table than the catalogue"
    if release.lexical_id != ingredients.lexical_id:
        yield "reads words otherwise than a build would now: the lexicon, the korean extra or the program has changed"
    if model_id is not None and release.model_id != model_id:
        yield f"was made with {release.model_id or 'the embeddings endpoint'}, not {model_id or 'that endpoint'}"


def differences(workspace: Workspace, pipeline: PipelineStatus, ingredients: Ingredients) -> Iterator[str]:
    """Sentences: how what is served differs from a release built now."""
    if pipeline.release_id is None:
        return
    served = workspace.manifest(pipeline.release_id)
    if pipeline.rolled_back_from is not None:
        forward = workspace.manifest(pipeline.rolled_back_from)
        if not any(_unlike(forward, pipeline.next_model_id, ingredients)):
            return  # it differs because somebody went back
    for difference in _unlike(served, pipeline.next_model_id, ingredients):
        yield f"Release {served.release_id} ({pipeline.name}) {difference}."


def damage(workspace: Workspace, pipeline: PipelineStatus) -> str:
    """What is wrong with the files that a pipeline serves, as far as their sizes tell; '' when nothing is."""
    from semsearch.index.release import wrong_sizes

    if pipeline.release_id is None:
        return ""
    found = wrong_sizes(workspace.manifest(pipeline.release_id), workspace.release_path(pipeline.release_id))
    listed = ", ".join(f"{damage.path} {damage.problem}" for damage in found)
    return f"Release {pipeline.release_id} ({pipeline.name}) is damaged: {listed}" if found else ""


def next_command(
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
