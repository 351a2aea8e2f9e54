"""What the grading commands work with, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.wiring.asking import open_asker
from semsearch.wiring.prompts import open_prompts
from semsearch.wiring.serving import load_settings
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    import httpx2

    from semsearch.relevance.steps import Parts
    from semsearch.settings import Settings


@contextmanager
def open_grading(
    workspace: Workspace,
    settings: Settings | None = None,
    *,
    clock: Callable[[], datetime],
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Iterator[Parts]:
    """The parts of the grading steps; makes the database if needed. `transport` stands in for the network."""
    from semsearch.relevance.steps import Parts
    from semsearch.store.database import Store
    from semsearch.store.label_files import LabelFiles

    chosen = settings or load_settings(workspace)
    with (
        Store.open(workspace.moderation_path, now=clock()) as store,
        open_asker(workspace, chosen, store=store, clock=clock, transport=transport) as asker,
    ):
        yield Parts(workspace, chosen, store, open_prompts(workspace), asker, LabelFiles(workspace), clock)
