"""Alerts from the outbox to the sinks: nothing lost, nothing told twice, and no scan held up.

What waits is in the outbox, so a call may stop at any time. A failure pauses what it concerns (one notice, one channel
or a whole sink) until it may work again; of the rows that failed the outbox keeps that time, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from semsearch.campaigns.delivered import Delivered, Errand, Tally
from semsearch.errors import Busy, SemsearchError
from semsearch.notify.message import Notice
from semsearch.notify.sink import Later, Receipt, Sink, SinkError
from semsearch.records import SEVERITIES
from semsearch.store.outbox import DUE, Outbox, Owed

BUDGET_S = 2.0
"""A round starts no further message after this time; the last one adds a sink's own time-out."""
AT_ONCE = 2_000
"""Rows that a round looks at."""
REST = 20
"""A look at the outbox is followed by a rest so many times as long, as a burst may wait there for minutes."""
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 300.0
"""Waits after failures double from the first to the longest."""
MENDING_S = 3_600.0
"""Until what a person has to mend is tried again by itself."""
PATIENCE_S = 120.0
"""`drain` sits out waits up to this long."""
TOLD = ("level", "kind", "status")
"""What a receipt keeps of the notice beside the sink's own."""
EVER = datetime(9999, 1, 1, tzinfo=UTC)
OTHERS_S = 1.0
"""Until a look whether another process has finished its round."""


def _open(alert_id: str, now: datetime) -> str:  # noqa: ARG001 - nobody decided anything
    return "open"


class Courier:
    """Takes what is due to its sinks; keeps their pauses between rounds, so build one a process.

    `elapsed` is a clock of seconds that never runs backward; `status` says what people decided of an alert by then;
    `alone` is held during a round, so that two processes do not tell the same (it raises Busy when another has it).
    """

    def __init__(
        self,
        outbox: Outbox,
        sinks: Sequence[Sink],
        *,
        elapsed: Callable[[], float],
        status: Callable[[str, datetime], str] = _open,
        min_severity: str = SEVERITIES[0],
        alone: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self._outbox = outbox
        self._sinks = {sink.name: sink for sink in sinks}
        self._elapsed = elapsed
        self._status = status
        self._least = SEVERITIES.index(min_severity)
        self._alone = alone
        self._opens: dict[tuple[str, str | None], float] = {}
        self._strikes: dict[str, int] = {}
        self._looks_s = 0.0
        self._waiting = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The sinks, as the outbox knows them."""
        return tuple(self._sinks)

    def deliver(self, now: datetime, budget_s: float = BUDGET_S, *, early: bool = False) -> Delivered:
        """One round: what is due and not paused, each channel once. Never raises, never sleeps; see `BUDGET_S`.

        `early` also takes what failed and would be tried later, as when a person says that it is mended.
        """
        return self._safely(lambda tally: self._round(now, EVER if early else now, budget_s, tally))

    def retell(self, alert_ids: Iterable[str], now: datetime) -> Delivered:
        """Show what people decided of alerts that were told before; what is shown already is left alone."""
        return self._safely(lambda tally: self._retell(alert_ids, now, tally))

    def drain(
        self,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        saw: Callable[[Delivered], None],
        within_s: float = math.inf,
        *,
        early: bool = False,
    ) -> Delivered:
        """Rounds until nothing waits, something fails, or a wait is longer than `PATIENCE_S` or ends after `within_s`.

        It sleeps between rounds, so it is for a scan's end and for a person who asks; `saw` gets the sum after each.
        """
        return self._patiently(lambda: self.deliver(clock(), early=early), sleep, saw, within_s)

    def drain_decided(
        self,
        alert_ids: Sequence[str],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        saw: Callable[[Delivered], None],
    ) -> Delivered:
        """`retell` in rounds as those of `drain`."""
        return self._patiently(lambda: self.retell(alert_ids, clock()), sleep, saw, math.inf)

    def _patiently(
        self,
        a_round: Callable[[], Delivered],
        sleep: Callable[[float], None],
        saw: Callable[[Delivered], None],
        within_s: float,
    ) -> Delivered:
        end_s = self._elapsed() + within_s
        done = Delivered()
        while True:
            done = done.plus(a_round())
            saw(done)
            late = done.wait_s > PATIENCE_S or self._elapsed() + done.wait_s > end_s
            if done.problems or late or not (done.n_waiting or done.wait_s):
                return done
            sleep(done.wait_s)

    def _safely(self, work: Callable[[Tally], None]) -> Delivered:
        """What came of `work`, whatever happens: posts go on being scanned, and the rows stay."""
        tally = Tally()
        try:
            with self._alone():
                work(tally)
        except Busy:  # another process tells them
            return Delivered(wait_s=OTHERS_S)
        except Exception as error:
            for name in self._sinks:
                self._pause((name, None), LONGEST_WAIT_S)
            tally.problems[_told("Telling alerts", error)] = None
        wait_s = max(0.0, min(tally.opens_s) - self._elapsed()) if tally.opens_s else 0.0
        return Delivered(tally.sent, tally.spared, tally.failed, tally.waiting, wait_s, tuple(tally.problems))

    def _retell(self, alert_ids: Iterable[str], now: datetime, tally: Tally) -> None:
        for alert_id in alert_ids:
            newest = {row.sink: row for row in self._outbox.of(alert_id) if row.sink in self._sinks}
            for name, row in newest.items():
                if row.state != DUE:
                    errand = self._decided(Errand(self._sinks[name], Notice.of(row.alert), [row]), now)
                    last = self._outbox.receipt(alert_id, name)
                    if not self._is_told(errand.sink, errand.notice, last):
                        self._settle_or_wait(errand, now, math.inf, tally)

    def _round(self, now: datetime, due_by: datetime, budget_s: float, tally: Tally) -> None:
        end_s = self._elapsed() + budget_s
        awake = [name for name in self._sinks if not self._is_paused((name, None))]
        tally.opens_s += [self._opens[name, None] for name in self._sinks if name not in awake]
        if not awake or self._elapsed() < self._looks_s:
            tally.opens_s += [self._looks_s] if awake else []
            tally.waiting = self._waiting
            return
        for errand in self._look(due_by, awake):
            self._settle_or_wait(errand, now, end_s, tally)
        self._waiting = tally.waiting

    def _settle_or_wait(self, errand: Errand, now: datetime, end_s: float, tally: Tally) -> None:
        paused = [self._opens[way] for way in ((errand.sink.name, None), errand.lane) if self._is_paused(way)]
        if paused or self._elapsed() >= end_s:
            tally.waiting += len(errand.rows)
            tally.opens_s.append(max(paused, default=0.0))
        else:
            self._settle(self._decided(errand, now), now, tally)

    def _decided(self, errand: Errand, now: datetime) -> Errand:
        """With the alert's status; only now, as it costs more than all else of a row that waits."""
        return replace(errand, notice=replace(errand.notice, status=self._status(errand.notice.alert_id, now)))

    def _look(self, due_by: datetime, awake: Sequence[str]) -> list[Errand]:
        began_s = self._elapsed()
        errands = self._errands(self._outbox.due(due_by, AT_ONCE, awake))
        self._looks_s = self._elapsed() + REST * (self._elapsed() - began_s)
        return errands

    def _errands(self, rows: Sequence[Owed]) -> list[Errand]:
        """Rows that one message settles, in the order of telling: files first, then the worst, then the oldest.

        A sink that wants every step gets a row each; another the newest step of an alert, which settles the earlier.
        """
        groups: dict[tuple[str, object], list[Owed]] = {}
        for row in rows:
            one = row.outbox_id if self._sinks[row.sink].every else row.alert.alert_id
            groups.setdefault((row.sink, one), []).append(row)
        errands = []
        for (name, _), group in groups.items():
            group.sort(key=lambda row: (row.alert.level, row.outbox_id))
            errands.append(Errand(self._sinks[name], Notice.of(group[-1].alert), group))
        return sorted(errands, key=_turn)

    def _settle(self, errand: Errand, now: datetime, tally: Tally) -> None:
        """Tell one notice, and note it on all rows that it settles."""
        sink, notice, rows = errand.sink, errand.notice, errand.rows
        last = self._outbox.receipt(notice.alert_id, sink.name)
        if self._is_told(sink, notice, last):
            receipt: Receipt = last or {}
            tally.spared += len(rows)
        else:
            try:
                receipt = sink.send(notice, last)
            except Exception as error:  # also what a sink did not foresee
                self._fail(errand, error, now, tally)
                return
            tally.sent += 1
            tally.spared += len(rows) - 1
            self._strikes.pop(sink.name, None)
            self._pause(errand.lane, sink.pace_s)
            receipt = {**receipt, "level": notice.level, "kind": notice.kind, "status": notice.status}
        for row in rows:
            self._outbox.sent(row.outbox_id, now, receipt)

    def _is_told(self, sink: Sink, notice: Notice, last: Receipt | None) -> bool:
        """Whether nothing is left to say: it was said, a later step was, or it is not severe enough to begin with."""
        if not last or "level" not in last:
            return SEVERITIES.index(notice.severity) < self._least
        same = [last[name] for name in TOLD] == [notice.level, notice.kind, notice.status]
        return same or (not sink.every and last["level"] > notice.level)

    def _fail(self, errand: Errand, error: Exception, now: datetime, tally: Tally) -> None:
        wait_s = self._wait(errand, error)
        stops = error.stops if isinstance(error, SinkError) else "sink" if isinstance(error, Later) else "notice"
        if stops != "notice":
            self._pause((errand.sink.name, None) if stops == "sink" else errand.lane, wait_s)
        told = _told(f"Sink {errand.sink.name}", error)
        for row in errand.rows:
            self._outbox.failed(row.outbox_id, now, told, now + timedelta(seconds=wait_s))
        tally.waiting += len(errand.rows)
        tally.opens_s.append(self._elapsed() + wait_s)
        if not isinstance(error, Later) or error.retry_after_s is None:
            tally.failed += len(errand.rows)
            tally.problems[told] = None

    def _wait(self, errand: Errand, error: Exception) -> float:
        """Seconds until the next try: as asked, doubling while it is down, an hour for what a person mends."""
        if not isinstance(error, Later):
            return MENDING_S
        if error.retry_after_s is not None:
            return error.retry_after_s
        strikes = self._strikes.get(errand.sink.name, 0)
        self._strikes[errand.sink.name] = strikes + 1
        tries = min(max(strikes, errand.rows[-1].attempts), 10)
        return float(min(FIRST_WAIT_S * 2**tries, LONGEST_WAIT_S))

    def _pause(self, way: tuple[str, str | None], seconds: float) -> None:
        self._opens[way] = self._elapsed() + seconds

    def _is_paused(self, way: tuple[str, str | None]) -> bool:
        return self._opens.get(way, 0.0) > self._elapsed()


def _turn(errand: Errand) -> tuple[bool, int]:
    every = errand.sink.every
    return not every, 0 if every else -SEVERITIES.index(errand.notice.severity)


def _told(what: str, error: Exception) -> str:
    """The error in words; of one that is none of ours only its kind, as its text may hold a secret."""
    if isinstance(error, SemsearchError):
        return f"{what}: {error.message} {error.next_step}"
    return f"{what}: {type(error).__name__}. Next: semsearch alerts retry; where it says the same again, it is our bug"
