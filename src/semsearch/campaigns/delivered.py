"""What deliveries run, errands, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from semsearch.notify.message import Notice
from semsearch.notify.sink import Sink
from semsearch.store.outbox import Owed


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
