"""What sinks are owed: kept with the alert in one transaction, so that no alert is lost and none is told twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, update

from semsearch.plain import plain
from semsearch.records import Alert
from semsearch.store.database import Store
from semsearch.store.tables import alert_events, alerts, outbox
from semsearch.store.times import from_us, to_us

DUE = "due"
SENT = "sent"


@dataclass(frozen=True, slots=True)
class Owed:
    """One raise of an alert that one sink is to be told."""

    outbox_id: int
    sink: str
    alert: Alert
    """As it was at that raise."""
    state: str
    """due or sent."""
    attempts: int
    """That failed or succeeded."""
    due_at: datetime
    """UTC; when it is tried next."""
    sent_at: datetime | None
    """UTC."""
    error: str
    """Of the last attempt that failed; empty when none did."""
    receipt: Mapping[str, Any] | None
    """What the sink returned."""


class Outbox:
    """Rows that scans add and deliveries settle."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due(self, now: datetime, limit: int, sinks: Sequence[str]) -> list[Owed]:
        """What these sinks are to be sent now, in the order of the raises, at most `limit`."""
        ready = (outbox.c.state == DUE, outbox.c.due_us <= to_us(now), outbox.c.sink.in_(sinks))
        return self._read(_owed().where(*ready).limit(limit))

    def unsent(self) -> list[Owed]:
        """Everything that is not sent, whenever it is due."""
        return self._read(_owed().where(outbox.c.state == DUE))

    def of(self, alert_id: str) -> list[Owed]:
        """All rows of one alert."""
        return self._read(_owed().where(outbox.c.alert_id == alert_id))

    def sent(self, outbox_id: int, at: datetime, receipt: Mapping[str, Any]) -> None:
        """Keep that a sink took it, and what it returned."""
        kept = {"state": SENT, "sent_us": to_us(at), "error": "", "receipt": json.dumps(plain(receipt))}
        self._settle(outbox_id, kept)

    def failed(self, outbox_id: int, at: datetime, error: str, retry_at: datetime) -> None:
        """Keep that a sink failed at `at`, why, and when to try again."""
        self._settle(outbox_id, {"error": f"{at.isoformat()} {error}", "due_us": to_us(retry_at)})

    def receipt(self, alert_id: str, sink: str) -> Mapping[str, Any] | None:
        """What a sink returned last for an alert; None before its first message."""
        wanted = select(outbox.c.receipt).where(
            outbox.c.alert_id == alert_id, outbox.c.sink == sink, outbox.c.state == SENT
        )
        with self._store.reading() as connection:
            newest = connection.scalar(wanted.order_by(outbox.c.outbox_id.desc()).limit(1))
        return None if newest is None else dict(json.loads(newest))

    def _settle(self, outbox_id: int, values: dict[str, Any]) -> None:
        with self._store.writing() as connection:
            settled = update(outbox).where(outbox.c.outbox_id == outbox_id)
            connection.execute(settled.values(attempts=outbox.c.attempts + 1, **values))

    def _read(self, wanted: Select[*tuple[Any, ...]]) -> list[Owed]:
        with self._store.reading() as connection:
            return [_owed_of(row) for row in connection.execute(wanted)]


def alert_of(row: Sequence[Any]) -> Alert:
    """An alert from its fields in order, as they are stored."""
    values = list(row)
    values[-1] = json.loads(values[-1])
    return Alert(*values)


def raised() -> list[ColumnElement[Any]]:
    """Columns of an alert as it was at one event."""
    known = {"alert_id", "campaign_id", "namespace"}
    return [(alerts if each.name in known else alert_events).c[each.name] for each in fields(Alert)]


def _owed() -> Select[*tuple[Any, ...]]:
    own = [
        outbox.c[name] for name in ("outbox_id", "sink", "state", "attempts", "due_us", "sent_us", "error", "receipt")
    ]
    joined = outbox.join(alert_events, alert_events.c.event_id == outbox.c.event_id)
    joined = joined.join(alerts, alerts.c.alert_id == outbox.c.alert_id)
    return select(*own, *raised()).select_from(joined).order_by(outbox.c.outbox_id)


def _owed_of(row: Sequence[Any]) -> Owed:
    outbox_id, sink, state, attempts, due_us, sent_us, error, receipt = row[:8]
    return Owed(
        outbox_id,
        sink,
        alert_of(row[8:]),
        state,
        attempts,
        from_us(due_us),
        None if sent_us is None else from_us(sent_us),
        error,
        None if receipt is None else json.loads(receipt),
    )
