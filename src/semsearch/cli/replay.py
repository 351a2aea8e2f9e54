"""`replay`: what another policy would have done on a span of the journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.pages import write_page
from semsearch.errors import MissingPart, UsageError
from semsearch.plain import plain

if TYPE_CHECKING:
    from semsearch.campaigns.replaying.outcomes import Outcome, Span
    from semsearch.campaigns.replaying.policies import Point
    from semsearch.campaigns.replaying.truth import Truth
    from semsearch.report.replay import Replayed
    from semsearch.settings import CampaignSettings
    from semsearch.wiring import Looking

IN_FORCE = "in force"


def replay(
    *,
    from_: Annotated[str, typer.Option("--from", help="Where the span begins: 2027-01-01, or with a time.")],
    to: Annotated[
        str | None, typer.Option("--to", help="Where it ends; not included. [default: the newest post]")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="TOML with campaign settings; others are as in force.")
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep", help="Values of one setting to try, such as floor=4,6,8. Repeatable: all combinations."
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", help="CSV or Parquet with post_id and campaign_id to judge by, instead of decisions."),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with the trade-off to this file.")] = None,
    namespace: Annotated[str, typer.Option("--namespace", help="Kind of content.")] = "listing",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Run policies over the journal, in memory, and compare what they would have done. Nothing is written.

    Campaigns and false alerts are judged by what people confirmed and dismissed, or by --truth. What people decided is
    not used otherwise, but for allowed authors. The posts of the window before the span are gone through as well.

    Example: semsearch replay --from 2026-10-01 --policy strict.toml

    Example: semsearch replay --from 2026-10-01 --to 2026-11-01 --sweep floor=3,4,6,8 --html tradeoff.html
    """
    from semsearch.report.replay import conditions, rows
    from semsearch.wiring import open_looking
    from semsearch.workspace import Workspace

    now = datetime.now(UTC)
    with open_looking(Workspace.open(workspace), namespace, now=now) as looking:
        span = _span(looking, from_, to)
        points = _points(looking.policy, policy, sweep or ())
        known = _truth(looking, truth)
        outcomes, n_posts = _outcomes(looking, points, span, known, now)
        done = _replayed(looking, outcomes, span, known, n_posts)
    if html:
        _write_page(html, done, now)
    shown = [plain(outcome) for outcome in outcomes] if jsonl else rows(outcomes)
    emit(done, as_json=json, as_jsonl=jsonl, rows=shown, note="" if jsonl else conditions(done))
    if known and not any(outcome.n_campaigns for outcome in outcomes):
        talk("No known campaign began in that span, so what was caught is unknown.")
    if not known:
        talk("Nobody decided on an alert yet, so what was caught and what was false is unknown.")
        talk("Next: semsearch alerts list, then semsearch alerts decide ALERT_ID confirm --by NAME, or --truth FILE")


def _span(looking: Looking, from_: str, to: str | None) -> Span:
    from semsearch.campaigns.replaying.outcomes import Span
    from semsearch.cli.times import moment_of

    times = looking.state.journal.times(looking.namespace)
    if times is None:
        raise MissingPart(
            f"No post in {looking.namespace} was scanned yet.", "Next: semsearch scan posts FILE, or --namespace NAME"
        )
    tz = looking.settings.imports.tz
    start = moment_of(from_, "--from", tz)
    end = moment_of(to, "--to", tz) if to else times[1] + timedelta(microseconds=1)
    if to and end <= start:
        raise UsageError(f"--to {to} is not after --from {from_}.", "Next: give a later --to, or none")
    if start > times[1] or end <= times[0]:
        first, last = (f"{at:%Y-%m-%d %H:%M}" for at in times)
        raise UsageError(
            f"No post of {looking.namespace} is in that span: they are of {first} to {last} UTC.",
            f"Next: --from {times[0]:%Y-%m-%d}",
        )
    return Span(max(start, times[0]), min(end, times[1] + timedelta(microseconds=1)))


def _points(base: CampaignSettings, policy: Path | None, sweep: list[str] | tuple[str, ...]) -> list[Point]:
    """The policy in force, that of the file, and the sweep around it."""
    from semsearch.campaigns.replaying.policies import Point, read_policy, swept

    points = [Point(IN_FORCE, base)]
    if policy:
        base = read_policy(policy, base)
        points.append(Point(policy.stem, base))
    return [*points, *(swept(base, sweep) if sweep else ())]


def _truth(looking: Looking, file: Path | None) -> Truth:
    from semsearch.campaigns.replaying.truth import decided, truth_file

    return truth_file(file) if file else decided(looking.state.decisions, looking.state.campaigns, looking.namespace)


def _outcomes(
    looking: Looking, points: list[Point], span: Span, known: Truth, now: datetime
) -> tuple[list[Outcome], int]:
    """What each policy did, and how many posts the span has."""
    from semsearch.campaigns.replaying.outcomes import Judged
    from semsearch.campaigns.replaying.replay import Reading, before, read
    from semsearch.campaigns.replaying.replay import replay as replayed
    from semsearch.records import Rulings

    journal = looking.state.journal
    rulings = Rulings(allowed=looking.state.decisions.rulings(now).allowed)
    begin = min(before(span.start, point.policy) for point in points)
    with steps() as progress:

        def gather(policy: CampaignSettings) -> Reading:
            with looking.preparing(policy) as preparing:
                return read(journal.between(looking.namespace, begin, span.end), preparing, progress)

        runs = replayed(points, gather, looking.namespace, rulings, progress)
    judged = {id(reading): Judged(reading, known, span) for _, reading in runs}
    n_posts = max(each.n_posts for each in judged.values())
    return [judged[id(reading)].outcome(run) for run, reading in runs], n_posts


def _replayed(looking: Looking, outcomes: list[Outcome], span: Span, known: Truth, n_posts: int) -> Replayed:
    from semsearch.report.replay import Replayed

    campaigns = looking.state.campaigns
    raised = [campaigns.events(alert.alert_id)[0].at_us for alert in campaigns.alerts(looking.namespace)]
    n_raised = sum(span.holds(at_us) for at_us in raised)
    return Replayed(looking.namespace, span, n_posts, known.source, bool(known), n_raised, tuple(outcomes))


def _write_page(path: Path, done: Replayed, now: datetime) -> None:
    from semsearch.report.replay import replay_page

    write_page(path, replay_page(done, now))
