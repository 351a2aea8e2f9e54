"""`alerts list|show|decide|undo|verify|retry`: what the machine raised or flagged, and what people decide on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.deciding import (
    ByOption,
    ForOption,
    ReasonOption,
    UntilOption,
    decision_row,
    decision_told,
    end_of,
    opened,
    verdict_row,
    verdicts_shown,
)
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, talk
from semsearch.cli.pages import write_page
from semsearch.cli.telling import retry, show_decided

if TYPE_CHECKING:
    from semsearch.records import Decision, Member
    from semsearch.review.cases import Case
    from semsearch.review.ranking import Ranked
    from semsearch.review.showing import Shown

HELP = """Alerts of campaigns, posts that an LLM flagged, and what people decide on them.

Example: semsearch alerts list --status open
"""
SHOWN = 20
"""Members that a person is shown at once."""
LISTED = 100
"""Cases that a person is shown at once."""
app = typer.Typer(help=HELP, no_args_is_help=True)
AlertArgument = Annotated[str, typer.Argument(help="Alert id, or that of a flagged post (v…).", show_default=False)]


@app.command("list")
def list_alerts(
    status: Annotated[
        str | None, typer.Option(help="open, confirmed, dismissed, snoozed, merged; new: posts joined since.")
    ] = None,
    namespace: Annotated[str | None, typer.Option(help="Kind of content: listing, image, chat, profile.")] = None,
    severity: Annotated[str | None, typer.Option(help="low, medium or high.")] = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """List what is to be looked at: alerts, and flagged posts that are in none; open and severe ones first.

    A status is of the members that were decided on: `confirmed (12 new)` means that 12 posts joined since. `verdict`
    says how many of the judged members an LLM flagged, which counts one step of severity from half of them on.

    Example: semsearch alerts list --status open --severity high
    """
    from semsearch.review.cases import Cases
    from semsearch.review.ranking import review_list

    _check(namespace, severity, workspace)
    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        most = None if json or jsonl else LISTED
        cases = Cases(store, now)
        found = review_list(cases, namespace=namespace, severity=severity, status=status, most=most)
    rows = [_listed(each) for each in found.lines]
    columns = [
        "alert_id",
        "status",
        "severity",
        "kind",
        "namespace",
        "n_posts",
        "n_authors",
        "verdict",
        "raised_at",
        "campaign_id",
    ]
    more = f"{found.n - len(rows):,} more: --json or --jsonl shows all." if found.n > len(rows) else ""
    emit(rows, as_json=json, as_jsonl=jsonl, rows=rows, columns=columns, note=more)
    if rows:
        talk(f"Next: semsearch alerts show {rows[0]['alert_id']}")
    elif status is not None:
        talk("No alert has that status. Next: semsearch alerts list")
    else:
        talk("No alerts. Next: semsearch scan posts FILE")


@app.command()
def show(
    alert: AlertArgument,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page to this file.")] = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Show one alert or flagged post: why it was raised, its members with their text, and what was decided.

    --jsonl prints the members, one a line. The page shows how the campaign grew, and members that differ side by side.

    Example: semsearch alerts show a1f2e3d4c5b6 --html alert.html
    """
    from semsearch.review.showing import shown

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        found = shown(store, alert, now)
    if html:
        _write_page(html, found, now)
    members = [_member(found, each) for each in found.case.members]
    facts = alert_row(found.case) | {"verdict": found.judged.told or None}
    if json or jsonl:
        emit(_document(found, facts, members), as_json=json, as_jsonl=jsonl, rows=members)
        return
    reasons = found.case.alert.reasons
    emit(facts | {"raised_for": reasons.get("text", reasons)})
    columns = ["post_id", "author_id", "at", "net", "strength", "new", "text"]
    more = f"{len(members) - SHOWN:,} more members: --json shows all." if len(members) > SHOWN else ""
    emit(members, rows=members[:SHOWN], columns=columns, note=more)
    verdicts_shown([each for given in found.verdicts.values() for each in given], SHOWN)
    for decision in found.decisions:
        talk(decision_told(decision))
    talk(_after_showing(found.case))


@app.command()
def decide(
    alert: AlertArgument,
    verdict: Annotated[str, typer.Argument(help="confirm, dismiss or snooze.", show_default=False)],
    by: ByOption = "",
    reason: ReasonOption = "",
    until: UntilOption = None,
    lasting: ForOption = None,
    remember: Annotated[
        bool, typer.Option("--remember", help="With dismiss: the campaign is benign and raises no alert.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Decide on an alert, for the posts that are in its campaign now, or on a flagged post; later ones need their own.

    Example: semsearch alerts decide a1f2e3d4c5b6 confirm --by minji --reason 'same phone number'

    Example: semsearch alerts decide a1f2e3d4c5b6 dismiss --remember --until 2027-01-01 --by minji

    Example: semsearch alerts decide a1f2e3d4c5b6 snooze --for 3d --by minji
    """
    from semsearch.review.cases import Cases
    from semsearch.review.deciding import decide as decided

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        end = end_of(until, lasting, workspace, now)
        made = decided(store, alert, verdict, by=by, now=now, reason=reason, until=end, remember=remember)
        case = Cases(store, now).of(alert)
    emit(_decided(case, made), as_json=json)
    _show_on_messages(workspace, alert)
    if not made:
        talk("That stands already, for all posts of the campaign: nothing was added.")
    talk(_after_deciding(case, made, verdict, remember=remember))


@app.command()
def undo(
    decision: Annotated[
        str, typer.Argument(help="Number of a decision, or an alert id: its last one.", show_default=False)
    ],
    by: ByOption = "",
    reason: ReasonOption = "",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Take a decision back, by another decision: nothing is ever deleted. Undoing an undoing brings it back.

    Example: semsearch alerts undo 17 --by minji --reason 'wrong alert'
    """
    from semsearch.review.deciding import undo as undone

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        made, old = undone(store, decision, by=by, now=now, reason=reason)
    emit({"undone": decision_row(old), "by": decision_row(made)}, as_json=json) if json else emit(decision_row(made))
    _show_on_messages(workspace, old.subject)
    talk(f"Undone: {decision_told(old)}")
    talk("Next: semsearch alerts list")


@app.command()
def verify(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Walk the chain of decisions; exit code 3 when one is not as it was made, and says which.

    Example: semsearch alerts verify
    """
    from semsearch.errors import Refused
    from semsearch.store.decisions import Decisions

    with opened(workspace, datetime.now(UTC)) as store:
        found = Decisions(store).verify()
    emit(found, as_json=json)
    if found.first_broken is not None:
        raise Refused(
            f"The chain is broken at decision {found.first_broken}: {found.told}.",
            "Next: bring moderation.sqlite back from a copy, and find out who writes to it",
        )


app.command()(retry)


def _check(namespace: str | None, severity: str | None, workspace: Path) -> None:
    from semsearch.errors import UsageError
    from semsearch.records import SEVERITIES
    from semsearch.settings import Settings

    if namespace is not None:
        Settings.load(workspace).campaigns.of(namespace)
    if severity is not None and severity not in SEVERITIES:
        raise UsageError(
            f"There is no severity '{severity}': there are {', '.join(SEVERITIES)}.", "Next: --severity high"
        )


def alert_row(case: Case) -> dict[str, Any]:
    """One alert as a record; counts are of the members as they are now."""
    from semsearch.store.times import from_us

    alert, merged = case.alert, case.status == "merged"
    return {
        "alert_id": alert.alert_id,
        "status": case.told,
        "severity": alert.severity,
        "kind": alert.kind,
        "namespace": alert.namespace,
        "level": alert.level,
        "n_posts": alert.n_posts if merged else len(case.members),
        "n_new": 0 if merged else len(case.new),
        "n_authors": alert.n_authors if merged else len({each.author_id for each in case.members}),
        "n_recipients": alert.n_recipients,
        "raised_at": from_us(alert.at_us),
        "campaign_id": case.campaign_id or None,
        "decision_id": case.decision.decision_id if case.decision else None,
        "until": case.decision.until if case.decision else None,
    }


def _listed(one: Ranked) -> dict[str, Any]:
    said = one.judged
    counts = {"n_judged": said.n_judged, "n_by_reference": said.n_referred, "instructed": said.instructed}
    return alert_row(one.case) | {"verdict": said.told or None} | counts


def _member(found: Shown, member: Member) -> dict[str, Any]:
    from dataclasses import asdict

    from semsearch.store.times import from_us

    post = found.posts.get(member.seq)
    fields = {key: value for key, value in asdict(member).items() if key not in ("at_us", "campaign_id")}
    new = (member.post_id, member.revision) not in found.case.covered
    verdicts = [verdict_row(each) for each in found.verdicts.get(member.seq, ())]
    text = post.text if post else None
    return fields | {"at": from_us(member.at_us), "new": new, "verdicts": verdicts, "text": text}


def _document(found: Shown, facts: dict[str, Any], members: list[dict[str, Any]]) -> dict[str, Any]:
    return facts | {
        "reasons": found.case.alert.reasons,
        "members": members,
        "raises": found.raises,
        "decisions": [decision_row(each) for each in found.decisions],
        "told": [
            {"sink": each.sink, "level": each.alert.level, "state": each.state, "sent_at": each.sent_at,
             "attempts": each.attempts, "error": each.error}
            for each in found.told
        ],
    }  # fmt: skip


def _write_page(path: Path, found: Shown, now: datetime) -> None:
    from semsearch.campaigns.evidence import evidence, read_of
    from semsearch.report.alert import alert_page

    members = found.case.members
    texts = {each.seq: found.posts[each.seq].text for each in read_of(members) if each.seq in found.posts}
    verdicts = [each for given in found.verdicts.values() for each in given]
    page = alert_page(found.case, found.raises, found.decisions, evidence(members, texts), now, verdicts=verdicts)
    write_page(path, page)


def _show_on_messages(workspace: Path, alert_id: str) -> None:
    """The decision is kept: where it cannot be shown is said, and is no error."""
    from semsearch.errors import SemsearchError

    try:
        show_decided(workspace, alert_id)
    except SemsearchError as error:
        talk(f"The decision is kept, but not shown on messages: {error.message}")


def _decided(case: Case, made: tuple[Decision, ...]) -> dict[str, Any]:
    numbers = [each.decision_id for each in made]
    row = {"alert_id": case.alert.alert_id, "status": case.told, "decision_ids": numbers}
    return row | {"n_posts": len(made[0].members) if made else 0, "by": made[0].by if made else None}


def _after_showing(case: Case) -> str:
    if case.status == "merged":
        return "Next: semsearch alerts list"
    return f"Next: semsearch alerts decide {case.alert.alert_id} confirm --by NAME, or dismiss, or snooze --for 3d"


def _after_deciding(case: Case, made: tuple[Decision, ...], verdict: str, *, remember: bool) -> str:
    from semsearch.review.flagged import KIND

    name = quote(made[0].by) if made else "NAME"
    if verdict == "dismiss" and not remember and case.alert.kind != KIND:
        until = (case.decision or made[0]).at.date() + timedelta(days=365)
        command = f"semsearch alerts decide {case.alert.alert_id} dismiss --remember --until {until} --by {name}"
        return f"If its text is harmless for good, its look-alikes need not be looked at again. Next: {command}"
    if verdict == "confirm":
        return "Next: semsearch authors export"
    return "Next: semsearch alerts list --status open"
