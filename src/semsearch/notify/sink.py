"""The port of whoever is told of alerts, and the two ways in which telling fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from semsearch.errors import MissingService
from semsearch.notify.message import Notice

Receipt = Mapping[str, Any]
"""What a sink wants to know of an alert's last message when it is told again; plain JSON data."""
Stops = Literal["notice", "lane", "sink"]


class Sink(Protocol):
    """One place that is told of alerts. Bring your own: `name` is what the outbox knows it by."""

    @property
    def name(self) -> str:
        """Unique among the sinks of a workspace, and the same in every run."""

    @property
    def every(self) -> bool:
        """Whether each step of an alert is told; else the newest alone, when several wait."""

    @property
    def pace_s(self) -> float:
        """Seconds between two messages in one lane, at least."""

    def lane(self, notice: Notice) -> str:
        """The queue that `notice` goes through, such as a channel; pure."""

    def send(self, notice: Notice, receipt: Receipt | None) -> Receipt:
        """Tell it, in bounded time; `receipt` is that of the alert's last message here.

        Raises Later when it may work soon, SinkError when a person has to do something first.
        """


class Later(MissingService):
    """Not now: the place is down, slow, or asks to wait. Stops the whole sink for that time.

    `retry_after_s` is what the place asked for; None leaves the wait to the sender.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, "Next: semsearch alerts retry (it is tried again by itself, too)")
        self.retry_after_s = retry_after_s


class SinkError(MissingService):
    """It will not work before a person acts: a wrong token, channel or address.

    `stops` tells whether only this notice, its lane or the whole sink is affected.
    """

    def __init__(self, message: str, next_step: str, stops: Stops) -> None:
        super().__init__(message, next_step)
        self.stops = stops
