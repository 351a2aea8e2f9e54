"""`spam detect|evaluate`: posts judged by the approved profiles, and what their verdicts are worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.asking import DryOption, MaxUsdOption, capped, cost_of, going, show_price, tell_cost, telling_cost
from semsearch.cli.flagging import Found, counted
from semsearch.cli.imports import FormatOption, MapOption, TzOption
from semsearch.cli.labelled import DecisionsOption, NormalOption, Reading, SellersOption, one_source
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.profiles import show_figures, within
from semsearch.errors import UsageError

if TYPE_CHECKING:
    from semsearch.progress import Progress
    from semsearch.records import Profile
    from semsearch.spam.parts import Parts
    from semsearch.spam.worth.drift import Drift
    from semsearch.spam.worth.evaluating import SpamEvaluation

LISTING = "listing"
SinceOption = Annotated[str, typer.Option(help="Of the journal, how far back from the newest post: 12h, 7d, 2w.")]
PostsArgument = Annotated[
    str | None,
    typer.Argument(metavar="[FILE|-]", help="Posts; default: those of the journal not judged yet.", show_default=False),
]


def detect(
    file: PostsArgument = None,
    campaigns: Annotated[
        bool, typer.Option("--campaigns", help="Judge the leaders of campaigns; members refer to them.")
    ] = False,
    since: SinceOption = "7d",
    namespace: Annotated[
        str | None, typer.Option("--namespace", help="Kind of content. Default: as the file says, else listing.")
    ] = None,
    max_usd: MaxUsdOption = None,
    dry_run: DryOption = False,
    map_: MapOption = None,
    tz: TzOption = None,
    format_: FormatOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Ask the small model which posts are written as the approved profiles say. Verdicts rank `alerts list`.

    A post is flagged when it matches any profile; null is an abstention, with its cause. What was asked before costs
    nothing: after Ctrl-C, a kill or the end of the budget the same command goes on.

    Examples:

    semsearch spam detect --max-usd 5

    semsearch spam detect posts.jsonl --jsonl

    semsearch spam detect --campaigns --dry-run
    """
    from semsearch.spam import judging as spam

    if file and campaigns:
        raise UsageError(
            "Campaigns are those of the journal, not of a file.", "Next: semsearch spam detect --campaigns"
        )
    span = _span(since)
    with opened(workspace, max_usd) as parts, steps() as progress:
        profiles = spam.active_profiles(parts, namespace if file else namespace or LISTING)
        if campaigns:
            _campaigns(parts, namespace or LISTING, profiles, progress, dry=dry_run, as_json=json, as_jsonl=jsonl)
            return
        if file:
            posts = Reading(parts.workspace, parts.settings, namespace, map_, tz, format_).posts([file])
        else:
            posts = spam.unjudged(parts, namespace or LISTING, profiles, span)
        if dry_run:
            show_price(spam.price_detecting(parts, posts, profiles), as_json=json, as_jsonl=jsonl)
            return
        found = Found(parts, file, as_jsonl=jsonl)
        judged_all = f"All posts of the last {since} are judged. Next: semsearch spam detect --since 30d"
        with found.ending("There was no post to judge. Next: semsearch status" if file else judged_all, as_json=json):
            for judged in spam.detect(parts, posts, profiles):
                found.take(judged)
                going(progress, parts.asker, "posts judged", found.n)
        if not file and (others := spam.other_namespaces(parts, namespace or LISTING)):
            talk(f"Profiles of {', '.join(others)} are active too: semsearch spam detect --namespace {others[0]}")


def evaluate(
    normal: NormalOption = None,
    sellers: SellersOption = None,
    from_decisions: DecisionsOption = False,
    namespace: Annotated[str, typer.Option("--namespace", help="Kind of content.")] = LISTING,
    max_usd: MaxUsdOption = None,
    dry_run: DryOption = False,
    map_: MapOption = None,
    tz: TzOption = None,
    format_: FormatOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Measure the active profiles on labelled posts, beside the same prompt without one and a TF-IDF baseline.

    Default are the profiles' held-out posts. Posts that a profile was written from, and posts like them, are left out.
    Where reviewers dismiss more of what the profiles flag than `spam.drift`, it says so.

    Examples:

    semsearch spam evaluate --max-usd 2

    semsearch spam evaluate --normal ordinary.jsonl --sellers sellers.jsonl
    """
    from semsearch.spam import judging as spam

    with opened(workspace, max_usd) as parts, steps() as progress:
        profiles = spam.active_profiles(parts, namespace)
        if not profiles:
            raise UsageError("No profile is approved: there is nothing to evaluate.", "Next: semsearch spam show")
        if from_decisions:
            one_source(normal, sellers, "spam evaluate")
            posts = spam.decided_posts(parts, namespace)
        elif normal or sellers:
            reading = Reading(parts.workspace, parts.settings, namespace, map_, tz, format_)
            posts = reading.labelled(normal, sellers, "spam evaluate")
        else:
            posts = spam.labelled(parts, profiles)
        if dry_run:
            show_price(spam.price_evaluating(parts, posts, profiles), as_json=json)
            return
        with telling_cost(parts.asker):
            found = spam.evaluate(parts, posts, profiles, progress)
        _show_evaluation(parts, found, spam.watched(parts, namespace), as_json=json)


@contextmanager
def opened(workspace: Path, max_usd: float | None = None) -> Iterator[Parts]:
    """The parts of the spam steps in a workspace, with the cap of this command line."""
    from semsearch import wiring
    from semsearch.workspace import Workspace

    found = Workspace.open(workspace)
    with wiring.open_spam(found, capped(found, max_usd), clock=lambda: datetime.now(UTC)) as parts:
        yield parts


def _campaigns(
    parts: Parts,
    namespace: str,
    profiles: list[Profile],
    progress: Progress,
    *,
    dry: bool,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    from semsearch.spam import judging as spam

    led = spam.campaign_leaders(parts, namespace)
    if dry:
        estimate = spam.price_detecting(parts, (each.leader for each in led), profiles)
        show_price(estimate, as_json=as_json, as_jsonl=as_jsonl)
        return
    found = Found(parts, None, as_jsonl=as_jsonl)
    with found.ending("There is no campaign. Next: semsearch scan posts FILE", as_json=as_json):
        for judged in spam.detect_campaigns(parts, led, profiles):
            found.take(judged.judged, judged)
            going(progress, parts.asker, "campaigns judged", found.n)


def _span(since: str) -> timedelta:
    from semsearch.cli.times import span_of

    span = span_of(since, "--since")
    if span is None:
        raise UsageError(
            f"--since {since} is not a span of time: a number and h, d or w.", "Next: semsearch spam detect --since 7d"
        )
    return span


def _show_evaluation(parts: Parts, found: SpamEvaluation, drift: Drift, *, as_json: bool) -> None:
    if as_json:
        document: dict[str, Any] = {
            "n": found.n,
            "n_spam": found.n_spam,
            "n_sampled": found.n_sampled,
            "n_alike": found.n_alike,
        }
        document |= {"rows": found.rows, "differences": found.differences, "causes": found.causes, "drift": drift}
        emit(document | cost_of(parts.asker), as_json=True)
    else:
        show_figures(found.rows, f"On labelled posts, judged by {parts.judge['model']}")
        rows = [
            {"": row["part"] or "all", "figure": row["figure"], "of": f"'{row['judge']}' less '{row['rival']}'",
             "difference": _gap(row)}
            for row in found.differences
        ]  # fmt: skip
        emit(rows, rows=rows, title="Over what both answered, paired")
        talk(f"{found.n:,} posts; left out: {found.n_sampled:,} of the sample, {found.n_alike:,} like it.")
        for judge, causes in found.causes.items():
            if causes:
                talk(f"'{judge}' abstained: {counted(causes)}.")
        tell_cost(parts.asker)
    for sentence in drift.told:
        talk(sentence)
    talk(drift.next_step or "Next: semsearch spam detect")


def _gap(row: dict[str, Any]) -> str:
    return within(row["difference"], row["difference_low"], row["difference_high"], "+.3f")
