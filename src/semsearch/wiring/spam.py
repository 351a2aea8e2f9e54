"""What the spam commands work with, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.wiring.asking import open_asking
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    import httpx2

    from semsearch.settings import Settings
    from semsearch.spam.parts import Parts


@contextmanager
def open_spam(
    workspace: Workspace,
    settings: Settings | None = None,
    *,
    clock: Callable[[], datetime],
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Iterator[Parts]:
    """The parts of the spam steps; the database is made when there is none. `transport` stands in for the network."""
    from semsearch.spam.parts import Parts

    with open_asking(workspace, settings, clock=clock, transport=transport) as opened:
        yield Parts(*opened, clock)
