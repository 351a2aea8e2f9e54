"""`spam detect|evaluate`: posts judged by the approved profiles, and what their verdicts are worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.asking import DryOption, MaxUsdOption, capped, cost_of, show_price, tell_cost
from semsearch.cli.imports import FormatOption, MapOption, TzOption
from semsearch.cli.labelled import DecisionsOption, NormalOption, Reading, SellersOption, one_source
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.profiles import show_figures
from semsearch.errors import SemsearchError, UsageError

if TYPE_CHECKING:
    from semsearch.progress import Progress
    from semsearch.records import Profile
    from semsearch.spam.detecting import Judged
    from semsearch.spam.drift import Drift
    from semsearch.spam.evaluating import SpamEvaluation
    from semsearch.spam.leaders import JudgedCampaign
    from semsearch.spam.steps import Parts

LISTING = "listing"
SHOWN = 20
"""Flagged posts that a person is shown at once."""
_SHOWN_CHARS = 60
_TOLD = ("profile_id", "is_spam", "model", "prompt_hash", "n_in", "n_out", "cost_usd")
"""Of each verdict, in a record."""
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
    from semsearch.spam import steps as spam

    if file and campaigns:
        raise UsageError("Campaigns are those of the journal, not of a file.", "Next: leave FILE or --campaigns away")
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
        found = _Found(parts, as_jsonl=jsonl)
        with found.ending(as_json=json):
            for judged in spam.detect(parts, posts, profiles):
                found.take(judged)
                progress(f"posts judged, ${parts.asker.spent_usd:.2f} spent", found.n, 0)


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
    from semsearch.spam import steps as spam

    with opened(workspace, max_usd) as parts, steps() as progress:
        profiles = spam.active_profiles(parts, namespace)
        if not profiles:
            raise UsageError("No profile is approved: there is nothing to evaluate.", "Next: semsearch spam show")
        if from_decisions:
            one_source(normal, sellers)
            posts = spam.decided_posts(parts, namespace)
        elif normal or sellers:
            posts = Reading(parts.workspace, parts.settings, namespace, map_, tz, format_).labelled(normal, sellers)
        else:
            posts = spam.labelled(parts, profiles)
        if dry_run:
            show_price(spam.price_evaluating(parts, posts, profiles), as_json=json)
            return
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
    from semsearch.spam import steps as spam

    led = spam.campaign_leaders(parts, namespace)
    if dry:
        estimate = spam.price_detecting(parts, (each.leader for each in led), profiles)
        show_price(estimate, as_json=as_json, as_jsonl=as_jsonl)
        return
    found = _Found(parts, as_jsonl=as_jsonl)
    with found.ending(as_json=as_json):
        for judged in spam.detect_campaigns(parts, led, profiles):
            found.take(judged.judged, judged)
            progress(f"campaigns judged, ${parts.asker.spent_usd:.2f} spent", found.n, 0)


class _Found:
    """What a run came to; records go out as they come with --jsonl."""

    def __init__(self, parts: Parts, *, as_jsonl: bool) -> None:
        self._parts = parts
        self._as_jsonl = as_jsonl
        self._rows: list[dict[str, Any]] = []
        self.n = 0
        self._counts = {"flagged": 0, "ordinary": 0, "abstained": 0}
        self._n_references = self._n_saved = 0

    def take(self, judged: Judged, campaign: JudgedCampaign | None = None) -> None:
        self.n += 1
        self._counts[{True: "flagged", False: "ordinary", None: "abstained"}[judged.is_spam]] += 1
        row = _row(judged)
        if campaign:
            row |= {"campaign_id": campaign.campaign.campaign_id, "n_references": len(campaign.references)}
            self._n_references += len(campaign.references)
            self._n_saved += campaign.n_saved
        if self._as_jsonl:
            emit(row, as_jsonl=True)
        else:
            self._rows.append(row)

    @contextmanager
    def ending(self, *, as_json: bool) -> Iterator[None]:
        """Show what there is at the end, also when the budget or the endpoint ended it."""
        try:
            yield
        except (SemsearchError, KeyboardInterrupt):
            self._show(as_json=as_json)
            raise
        self._show(as_json=as_json)
        talk("Next: semsearch alerts list" if self._counts["flagged"] else "Nothing is flagged. Next: semsearch status")

    def _show(self, *, as_json: bool) -> None:
        facts = {"judged": self.n, **self._counts}
        if self._n_references:
            facts |= {"references": self._n_references, "calls_saved": self._n_saved}
        if as_json:
            emit(facts | cost_of(self._parts.asker) | {"posts": self._rows}, as_json=True)
        elif not self._as_jsonl:
            emit(facts)
            self._table()
        tell_cost(self._parts.asker)

    def _table(self) -> None:
        flagged = [row for row in self._rows if row["is_spam"]]
        shown = [
            {"post_id": row["post_id"], "author_id": row["author_id"], "profile": ", ".join(row["matched"])}
            | ({"campaign_id": row["campaign_id"], "members": row["n_references"]} if "campaign_id" in row else {})
            | {"reason": shorten(row["reason"], 2 * _SHOWN_CHARS, placeholder="…"), "words": " · ".join(row["quotes"])}
            for row in flagged[:SHOWN]
        ]
        more = f"{len(flagged) - SHOWN:,} more: --json or --jsonl shows all." if len(flagged) > SHOWN else ""
        emit(shown, rows=shown, note=more)


def _row(judged: Judged) -> dict[str, Any]:
    post = judged.post
    return {
        "namespace": post.namespace,
        "post_id": post.post_id,
        "revision": post.revision,
        "author_id": post.author_id,
        "is_spam": judged.is_spam,
        "matched": list(judged.matched),
        "reason": judged.reason,
        "quotes": list(judged.quotes),
        "cause": judged.cause or None,
        "instructed": judged.instructed,
        "verdicts": [{name: getattr(each, name) for name in _TOLD} for each in judged.verdicts],
    }


def _span(since: str) -> timedelta:
    from semsearch.cli.times import span_of

    span = span_of(since, "--since")
    if span is None:
        raise UsageError(f"--since {since} is not a span of time: a number and h, d or w.", "Next: --since 7d")
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
        show_figures(found.rows, "On labelled posts")
        rows = [
            {"": row["part"] or "all", "figure": row["figure"], "of": f"{row['judge']} less {row['rival']}",
             "difference": _gap(row)}
            for row in found.differences
        ]  # fmt: skip
        emit(rows, rows=rows, title="Over what both answered, paired")
        talk(f"{found.n:,} posts; left out: {found.n_sampled:,} of the sample, {found.n_alike:,} like it.")
        for judge, causes in found.causes.items():
            told = ", ".join(f"{cause} {n:,}" for cause, n in causes.items())
            talk(f"{judge} abstained: {told}" if told else f"{judge} answered all.")
        tell_cost(parts.asker)
    for sentence in drift.told:
        talk(sentence)
    talk(drift.next_step or "Next: semsearch spam detect")


def _gap(row: dict[str, Any]) -> str:
    value, low, high = row["difference"], row["difference_low"], row["difference_high"]
    return "–" if value is None else f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
