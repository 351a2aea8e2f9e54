"""Who is told of alerts: sinks from the settings, and the courier that takes the outbox to them.

Nothing is sent and no secret asked for here, so that a missing token never keeps a scan from starting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.errors import Busy
from semsearch.notify.jsonl import JsonlSink
from semsearch.notify.sink import Sink
from semsearch.notify.slack import SlackSink
from semsearch.notify.webhook import WebhookSink
from semsearch.settings import Settings
from semsearch.wiring.serving import load_settings
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    from semsearch.campaigns.deliver import Courier


def open_sinks(workspace: Workspace, settings: Settings) -> list[Sink]:
    """The sinks that `[notify]` names; their `name`s go into the store's steps.

    Raises UsageError for a channel of a namespace that nobody knows.
    """
    for key in settings.notify.channels:
        if key != "default":
            settings.campaigns.of(key.partition(".")[0])
    built: Mapping[str, Callable[[], Sink]] = {
        "slack": lambda: SlackSink(settings.notify),
        "webhook": lambda: WebhookSink(settings.notify),
        "jsonl": lambda: JsonlSink(workspace.root / settings.notify.jsonl_path),
    }
    return [built[name]() for name in dict.fromkeys(settings.notify.sinks)]


@contextmanager
def open_courier(workspace: Workspace, *, now: datetime) -> Iterator[Courier]:
    """What `deliver`s after a scan's commits, of all namespaces, and `drain`s for `alerts retry`; one a process.

    Raises UsageError as `open_sinks` does, and for a database that cannot be opened.
    """
    from semsearch.campaigns.deliver import Courier
    from semsearch.store.database import Store
    from semsearch.store.outbox import Outbox

    settings = load_settings(workspace)
    sinks = open_sinks(workspace, settings)
    with Store.open(workspace.moderation_path, now=now) as store:
        yield Courier(
            Outbox(store),
            sinks,
            elapsed=time.monotonic,
            min_severity=settings.notify.min_severity,
            alone=lambda: _alone(workspace),
        )


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """One process tells at a time; the lock goes with the process. Raises Busy."""
    from filelock import FileLock, Timeout

    lock = FileLock(workspace.path(".semsearch", "telling.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Busy("Another process is telling alerts.", "Next: semsearch alerts retry, when it has finished") from None
    try:
        yield
    finally:
        lock.release()
