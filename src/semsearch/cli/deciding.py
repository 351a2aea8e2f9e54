"""Options of commands by which people decide, and how decisions are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.output import emit
from semsearch.cli.times import moment_of, span_of
from semsearch.errors import UsageError

if TYPE_CHECKING:
    from semsearch.records import Decision, Verdict
    from semsearch.store.database import Store

ByOption = Annotated[
    str, typer.Option("--by", envvar="SEMSEARCH_REVIEWER", help="Who decides; kept with the decision.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the decision.")]
UntilOption = Annotated[
    str | None, typer.Option("--until", help="When it ends: 2027-01-01, or with a time, 2027-01-01T09:00.")
]
ForOption = Annotated[str | None, typer.Option("--for", help="How long it lasts: 12h, 3d or 2w.")]


@contextmanager
def opened(workspace: Path, now: datetime) -> Iterator[Store]:
    """The database of a workspace in which something was scanned; raises MissingWorkspace or MissingPart."""
    from semsearch.store.database import Store
    from semsearch.workspace import Workspace

    with Store.existing(Workspace.open(workspace).moderation_path, now=now) as store:
        yield store


def end_of(until: str | None, lasting: str | None, workspace: Path, now: datetime) -> datetime | None:
    """When a decision ends, from --until or --for; None for neither. Raises UsageError.

    A time without a zone is of the workspace's, as in imports (setting `import.tz`).
    """
    from semsearch.settings import Settings

    if until is not None and lasting is not None:
        raise UsageError("--until and --for say the same thing.", "Next: give one of them")
    if lasting is not None:
        span = span_of(lasting, "--for")
        if span is None:
            raise UsageError(f"--for {lasting} is not a span of time: a number and h, d or w.", "Next: --for 3d")
        return now + span
    if until is None:
        return None
    return moment_of(until, "--until", Settings.load(workspace).imports.tz)


def decision_row(decision: Decision) -> dict[str, Any]:
    """A decision as a record: how many posts it covers, not which."""
    return {
        "decision_id": decision.decision_id,
        "at": decision.at,
        "by": decision.by,
        "kind": decision.kind,
        "subject": decision.subject,
        "n_posts": len(decision.members),
        "until": decision.until,
        "reason": decision.reason,
        "detail": dict(decision.detail),
    }


def decision_told(decision: Decision) -> str:
    """A decision in one line."""
    covers = f" over {len(decision.members):,} posts" if decision.members else ""
    until = f" until {decision.until.isoformat()}" if decision.until else ""
    reason = f": {decision.reason}" if decision.reason else ""
    what = f"{decision.kind} {decision.subject}"
    return f"Decision {decision.decision_id} by {decision.by} at {_short(decision.at)}: {what}{covers}{until}{reason}"


_VERDICT_COLUMNS = ["post_id", "said", "profile_id", "model", "reason", "quotes"]


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """A verdict as a record; `said` is spam, not spam, or why there is no answer."""
    from dataclasses import asdict

    said = {True: "spam", False: "not spam", None: f"abstained: {verdict.cause or 'it cannot be told'}"}
    fields = {key: value for key, value in asdict(verdict).items() if key != "digest"}
    return fields | {"digest": verdict.digest.hex(), "said": said[verdict.is_spam]}


def verdicts_shown(verdicts: Sequence[Verdict], most: int) -> None:
    """The first of these verdicts as a table for people; nothing when there are none."""
    rows = [verdict_row(each) | {"quotes": " · ".join(each.quotes)} for each in verdicts[:most]]
    more = f"{len(verdicts) - most:,} more: --json shows all." if len(verdicts) > most else ""
    emit(rows, rows=rows, columns=_VERDICT_COLUMNS, title="Verdicts", note=more)


def _short(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
