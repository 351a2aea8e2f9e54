"""Who is told of alerts: sinks from the settings, and the courier that takes the outbox to them.

Nothing is sent and no secret asked for here, so that a missing token never keeps a scan from starting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from semsearch.errors import Busy
from semsearch.notify.jsonl import JsonlSink
from semsearch.notify.message import OPEN
from semsearch.notify.sink import Sink
from semsearch.notify.slack import SlackSink
from semsearch.notify.webhook import WebhookSink
from semsearch.settings import Settings
from semsearch.wiring.serving import load_settings
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    from semsearch.campaigns.deliver import Courier
    from semsearch.campaigns.delivered import Delivered
    from semsearch.store.database import Store
    from semsearch.store.outbox import Owed

Clock = Callable[[], datetime]
Saw = Callable[["Delivered"], None]


@dataclass(frozen=True, slots=True)
class Retried:
    """What `alerts retry` came to."""

    delivered: Delivered
    sinks: tuple[str, ...]
    """Those of the settings."""
    unsent: tuple[Owed, ...]
    """What is still to be told, also to sinks that the settings name no longer."""


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
            status=_statuses(store),
            min_severity=settings.notify.min_severity,
            alone=lambda: _alone(workspace),
        )


def retry(workspace: Workspace, *, clock: Clock, sleep: Callable[[float], None], saw: Saw) -> Retried:
    """Tell all that is untold, whatever was to be tried later, and the decisions that no message shows yet.

    `saw` gets the sum so far after every round. Raises as `open_courier` does, and MissingPart before any scan.
    """
    from semsearch.store.campaigns import CampaignStore
    from semsearch.store.database import Store
    from semsearch.store.outbox import Outbox

    now = clock()
    with Store.existing(workspace.moderation_path, now=now) as store, open_courier(workspace, now=now) as courier:
        done = courier.drain(clock, sleep, saw, early=True)
        alert_ids = [alert.alert_id for alert in CampaignStore(store).alerts()]
        done = done.plus(courier.drain_decided(alert_ids, clock, sleep, lambda more: saw(done.plus(more))))
        return Retried(done, courier.names, tuple(Outbox(store).unsent()))


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


def _statuses(store: Store) -> Callable[[str, datetime], str]:
    """What people decided of an alert, in words; decisions are read again only when there are new ones."""
    from semsearch.review.cases import Cases
    from semsearch.store.decisions import Decisions

    decisions = Decisions(store)
    known: list[Cases] = []

    def status(alert_id: str, now: datetime) -> str:
        version = decisions.version()
        if not version:
            return OPEN
        if not known or known[0].version != version:
            known[:] = [Cases(store, now)]
        return known[0].status(alert_id)

    return status
