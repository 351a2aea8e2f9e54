"""What scanning commands share: a scan of each namespace that turns up, what it came to, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.cli.output import emit, talk
from semsearch.errors import SemsearchError
from semsearch.plain import plain

if TYPE_CHECKING:
    from semsearch.campaigns.deliver import Courier
    from semsearch.campaigns.scan import Scan, Taken
    from semsearch.records import Alert, Post
    from semsearch.workspace import Workspace


@dataclass
class Summary:
    """`read = new + revised + known + conflicts + rejected`, and what a stopped scan had not taken yet."""

    read: int = 0
    new: int = 0
    revised: int = 0
    """New texts of known posts."""
    known: int = 0
    """Scanned before with this text."""
    conflicts: int = 0
    """A revision that is there with another text; left out."""
    rejected: int = 0
    joined: int = 0
    """Posts that are in a campaign now."""
    alerts_raised: int = 0
    alerts_updated: int = 0
    """Raised further: a campaign doubled."""
    quarantine: Path | None = None
    """The rejected rows, JSONL; null when there are none."""

    @property
    def taken(self) -> int:
        """Posts that were scanned, now or before."""
        return self.new + self.revised + self.known + self.conflicts


class Scanning:
    """Open scans by namespace, and the way to the sinks. A context manager; alerts are said as they are raised."""

    def __init__(self, workspace: Workspace, *, notify: bool, as_jsonl: bool) -> None:
        self._workspace = workspace
        self._notify = notify
        self._as_jsonl = as_jsonl
        self._open = ExitStack()
        self._scans: dict[str, Scan] = {}
        self._courier: Courier | None = None
        self._said: set[str] = set()
        self.n_untold = 0
        """Messages that still wait for a sink."""
        self.summary = Summary()

    def __enter__(self) -> Scanning:
        from semsearch.wiring import open_courier

        if self._notify:
            self._courier = self._open.enter_context(open_courier(self._workspace, now=_now()))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def run(self, batches: Iterable[Sequence[Post]]) -> Iterator[None]:
        """Scan batches of one namespace each; yields after each one that is through.

        When reading them fails, what was read is scanned to its end first.
        """
        failures: list[Exception] = []
        for namespace, group in groupby(_until_failure(batches, failures), key=lambda batch: batch[0].namespace):
            for taken in self._scan(namespace).run(group, _now):
                self._note(taken)
                yield
        if failures:
            raise failures[0]

    def take(self, batch: Sequence[Post]) -> None:
        """Scan one batch to its end."""
        if batch:
            self._note(self._scan(batch[0].namespace).take(batch, _now()))

    def deliver(self) -> None:
        """Take to the sinks what waits for them; a trouble is said once."""
        if self._courier:
            delivered = self._courier.deliver(_now())
            self.n_untold = delivered.n_waiting
            for problem in delivered.problems:
                if problem not in self._said:
                    talk(problem)
                self._said.add(problem)

    def _scan(self, namespace: str) -> Scan:
        if namespace not in self._scans:
            from semsearch.wiring import open_scan

            talk(f"Opening {namespace}…")
            sinks = self._courier.names if self._courier else ()
            opening = open_scan(self._workspace, namespace, now=_now(), sinks=sinks)
            self._scans[namespace] = scan = self._open.enter_context(opening)
            for taken in scan.run((), _now):  # what a kill left in the journal
                self._note(taken)
        return self._scans[namespace]

    def _note(self, taken: Taken) -> None:
        appended, summary = taken.appended, self.summary
        summary.new += appended.n_new
        summary.revised += appended.n_revised
        summary.known += appended.n_known
        summary.conflicts += len(appended.conflicts)
        summary.joined += taken.n_joined
        for alert in taken.alerts:
            summary.alerts_raised += alert.level == 1
            summary.alerts_updated += alert.level > 1
            self._tell(alert)
        if taken.alerts or self.n_untold:
            self.deliver()

    def _tell(self, alert: Alert) -> None:
        if self._as_jsonl:
            emit(plain(alert), as_jsonl=True)
        what = "Alert" if alert.level == 1 else "Alert grown"
        authors = f"{alert.n_authors:,} author{'s' if alert.n_authors != 1 else ''}"
        talk(f"{what} {alert.alert_id}: {alert.kind} in {alert.namespace}, {alert.n_posts:,} posts of {authors}, "
             f"severity {alert.severity}")  # fmt: skip


def _until_failure(batches: Iterable[Sequence[Post]], failures: list[Exception]) -> Iterator[Sequence[Post]]:
    try:
        yield from batches
    except (SemsearchError, OSError) as error:
        failures.append(error)


def _now() -> datetime:
    return datetime.now(UTC)
