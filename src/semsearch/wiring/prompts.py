"""The prompts of a workspace, and the shapes of the answers that they may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from semsearch.workspace import Workspace

if TYPE_CHECKING:
    from pydantic import BaseModel

    from semsearch.llm.prompts import Prompts


def open_prompts(workspace: Workspace | None = None) -> Prompts:
    """The shipped prompts, and before them those in the workspace's `prompts/`."""
    from semsearch.llm.prompts import Prompts

    return Prompts.open(workspace.root if workspace else None)


def answer_shapes() -> Mapping[str, type[BaseModel]]:
    """What models can be asked to answer, by the name that a prompt calls it by in `output`."""
    from semsearch.relevance import shapes as relevance
    from semsearch.spam import shapes as spam

    return {**spam.SHAPES, **relevance.SHAPES}


def known_outputs() -> dict[str, tuple[str, ...]]:
    """The fields of each shape, by its name."""
    return {name: tuple(shape.model_fields) for name, shape in answer_shapes().items()}
