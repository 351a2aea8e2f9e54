"""What the grading commands work with, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.wiring.asking import open_asking
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
    from semsearch.store.labels.files import LabelFiles

    with open_asking(workspace, settings, clock=clock, transport=transport) as opened:
        yield Parts(*opened, LabelFiles(workspace), clock)
