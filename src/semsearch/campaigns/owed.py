"""What deliveries work on: rows of the outbox, what is asked of it, errands, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from semsearch.notify.message import Notice
from semsearch.notify.sink import Sink
from semsearch.records import Alert


class Owed(Protocol):
    """One raise of an alert that one sink is to be told, as the outbox keeps it."""

    @property
    def outbox_id(self) -> int: ...  # noqa: D102
    @property
    def sink(self) -> str: ...  # noqa: D102
    @property
    def alert(self) -> Alert: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def attempts(self) -> int: ...  # noqa: D102


class Outbox(Protocol):
    """What is asked of `store.outbox.Outbox`."""

    def due(self, now: datetime, limit: int, sinks: Sequence[str]) -> Sequence[Owed]:
        """Rows of `sinks` to be sent now, in the order of the raises."""

    def of(self, alert_id: str) -> Sequence[Owed]:
        """All rows of one alert, in the order of the raises."""

    def sent(self, outbox_id: int, at: datetime, receipt: Mapping[str, Any]) -> None:
        """Keep that it was told."""

    def failed(self, outbox_id: int, at: datetime, error: str, retry_at: datetime) -> None:
        """Keep why not, and when to try again."""

    def receipt(self, alert_id: str, sink: str) -> Mapping[str, Any] | None:
        """What the sink returned last for this alert."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round did."""

    n_sent: int = 0
    """Messages sent or edited, or lines written."""
    n_spared: int = 0
    """Rows settled without a message: overtaken by a later step, or below the least severity."""
    n_failed: int = 0
    n_waiting: int = 0
    """Rows that are still to be told: failed now, or their channel or sink pauses, or the time was up."""
    wait_s: float = 0.0
    """Until the first of these can be told; 0: at once."""
    problems: tuple[str, ...] = ()
    """What went wrong, each with its next step; the same is said once."""

    def plus(self, other: Delivered) -> Delivered:
        """Both rounds together; what waits is what waits after the later one."""
        return Delivered(
            self.n_sent + other.n_sent,
            self.n_spared + other.n_spared,
            self.n_failed + other.n_failed,
            other.n_waiting,
            other.wait_s,
            tuple(dict.fromkeys(self.problems + other.problems)),
        )


@dataclass(slots=True)
class Tally:
    """What a round has done so far."""

    sent: int = 0
    spared: int = 0
    failed: int = 0
    waiting: int = 0
    opens_s: list[float] = field(default_factory=list)
    problems: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Errand:
    """One message, and the rows that it settles."""

    sink: Sink
    notice: Notice
    rows: Sequence[Owed]

    @property
    def lane(self) -> tuple[str, str]:
        """What its sink's pace is kept by."""
        return self.sink.name, self.sink.lane(self.notice)
