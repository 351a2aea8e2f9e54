"""`alerts retry`, and showing on sent messages what was just decided."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.errors import MissingService, UsageError

if TYPE_CHECKING:
    from semsearch.store.outbox import Owed
    from semsearch.wiring import Retried


def retry(workspace: WorkspaceOption = HERE, json: JsonOption = False, jsonl: JsonlOption = False) -> None:
    """Tell the sinks that the settings name what they were not told yet, and show decisions on messages that lack them.

    It keeps to the pace that Slack asks for, so a long queue takes its time; Ctrl-C ends it, and nothing is lost. Exit
    code 4 when a sink still fails. --jsonl prints what is still untold, one row a line.

    Example: semsearch alerts retry
    """
    from semsearch import wiring
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    if not wiring.load_settings(opened).notify.sinks:
        raise UsageError("No sink is named, so there is nobody to tell.", 'Next: set [notify] sinks = ["jsonl"]')
    with steps() as progress:
        done = wiring.retry(
            opened,
            clock=lambda: datetime.now(UTC),
            sleep=sleep,
            saw=lambda so_far: progress("messages told", so_far.n_sent, so_far.n_sent + so_far.n_waiting),
        )
    _show(done, as_json=json, as_jsonl=jsonl)


def show_decided(workspace: Path, *alert_ids: str) -> None:
    """Let the messages of these alerts show what was decided; a sink that fails is told about and is no error."""
    from semsearch import wiring
    from semsearch.workspace import Workspace

    now = datetime.now(UTC)
    with wiring.open_courier(Workspace.open(workspace), now=now) as courier:
        for problem in courier.retell(alert_ids, now).problems:
            talk(problem)


def _show(done: Retried, *, as_json: bool, as_jsonl: bool) -> None:
    rows = [_row(each) for each in done.unsent]
    told = done.delivered
    facts: dict[str, Any] = {"told": told.n_sent, "overtaken": told.n_spared, "untold": len(rows)}
    if as_json:
        emit(facts | {"problems": told.problems, "rows": rows}, as_json=True)
    elif as_jsonl:
        emit(rows, as_jsonl=True, rows=rows)
    else:
        emit(facts)
        emit(rows, rows=rows)
    for sink, n in Counter(each.sink for each in done.unsent if each.sink not in done.sinks).items():
        talk(f"{n:,} wait for {sink}, which [notify] sinks does not name.")
    for problem in told.problems:
        talk(problem)
    if told.problems:
        raise MissingService(
            f"{told.n_waiting:,} messages are still to be told.",
            "Next: mend what is said above, then semsearch alerts retry",
        )


def _row(owed: Owed) -> dict[str, Any]:
    return {
        "sink": owed.sink,
        "alert_id": owed.alert.alert_id,
        "level": owed.alert.level,
        "attempts": owed.attempts,
        "due_at": owed.due_at,
        "error": owed.error,
    }
