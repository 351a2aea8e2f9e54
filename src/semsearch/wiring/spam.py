"""What the spam commands work with, put together."""

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
    from semsearch.store.database import Store

    chosen = settings or load_settings(workspace)
    with (
        Store.open(workspace.moderation_path, now=clock()) as store,
        open_asker(workspace, chosen, store=store, clock=clock, transport=transport) as asker,
    ):
        yield Parts(workspace, chosen, store, open_prompts(workspace), asker, clock)
