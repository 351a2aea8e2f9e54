"""`authors show|export|allow|routes`: who wrote what, who is confirmed, who is allowed, and what found them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
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

if TYPE_CHECKING:
    from semsearch.evaluation.intervals import Interval
    from semsearch.review.authors import Author
    from semsearch.review.routes import Route

HELP = """Authors of posts.

Example: semsearch authors show u123
"""
SHOWN = 20
"""Posts that a person is shown at once."""
app = typer.Typer(help=HELP, no_args_is_help=True)
AuthorArgument = Annotated[str, typer.Argument(help="Author id.", show_default=False)]


@app.command()
def show(
    author: AuthorArgument, workspace: WorkspaceOption = HERE, json: JsonOption = False, jsonl: JsonlOption = False
) -> None:
    """Show an author: posts, campaigns, verdicts, reports of others, and what was decided.

    --jsonl prints the posts, one a line.

    Example: semsearch authors show u123
    """
    from dataclasses import asdict

    from semsearch.review.authors import author as known

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        found = known(store, author, now)
    posts = [
        {"namespace": post.namespace, "post_id": post.post_id, "revision": post.revision, "at": post.created_at,
         "campaign_id": found.campaigns.get(seq), "text": post.text}
        for seq, post in found.posts
    ]  # fmt: skip
    facts = _facts(found)
    if json or jsonl:
        decisions = [decision_row(each) for each in found.decisions]
        campaigns = [
            {"campaign_id": case.campaign_id, "alert_id": case.alert.alert_id, "status": case.told}
            for case in found.cases
        ]
        found_by = {"verdicts": [verdict_row(each) for each in found.verdicts], "reports": found.reports}
        document = facts | {"campaigns": campaigns, "decisions": decisions, **found_by, "posts": posts}
        emit(document, as_json=json, as_jsonl=jsonl, rows=posts)
        return
    emit(facts)
    more = f"{len(posts) - SHOWN:,} older posts: --json shows all." if len(posts) > SHOWN else ""
    emit(posts, rows=posts[::-1][:SHOWN], note=more)
    verdicts_shown(found.verdicts[::-1], SHOWN)
    emit(found.reports, rows=[asdict(each) for each in found.reports[: -SHOWN - 1 : -1]], title="Reports of others")
    for case in found.cases:
        of = f" of campaign {case.campaign_id}" if case.campaign_id else ""
        talk(f"Alert {case.alert.alert_id}{of}: {case.told}")
    for decision in found.decisions:
        talk(decision_told(decision))
    undecided = next((case for case in found.cases if case.status != "merged" and case.new), None)
    talk(f"Next: semsearch alerts show {undecided.alert.alert_id}" if undecided else "Next: semsearch alerts list")


@app.command()
def export(workspace: WorkspaceOption = HERE, json: JsonOption = False, jsonl: JsonlOption = False) -> None:
    """Print the authors whose posts people confirmed, with each decision that says so: CSV, or JSON.

    Only what a confirmation covers counts, and only while it holds; allowed authors are left out.

    Example: semsearch authors export > confirmed.csv
    """
    from dataclasses import asdict

    from semsearch.review.authors import Confirmed
    from semsearch.review.authors import export as confirmed

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        found = confirmed(store, now)
    rows = [asdict(each) for each in found.rows]
    if json or jsonl:
        emit(rows, as_json=json, as_jsonl=jsonl, rows=rows)
    else:
        _csv(list(Confirmed.__dataclass_fields__), rows)
    if found.allowed:
        talk(f"Left out, because they are allowed: {', '.join(found.allowed)}.")
    if not rows:
        talk("Nobody is confirmed. Next: semsearch alerts list --status open")


@app.command()
def allow(
    author: AuthorArgument,
    by: ByOption = "",
    reason: ReasonOption = "",
    until: UntilOption = None,
    lasting: ForOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Let an author's posts join campaigns without counting as growth, and keep the author out of exports.

    Example: semsearch authors allow u123 --reason 'official shop' --until 2027-01-01 --by minji
    """
    from semsearch.review.deciding import allow as allowed
    from semsearch.store.journal import Journal

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        end = end_of(until, lasting, workspace, now)
        made = allowed(store, author, by=by, now=now, reason=reason, until=end)
        known = bool(Journal(store).by_author(author))
    emit(decision_row(made), as_json=json)
    if not known:
        talk(f"No post of '{author}' is in the journal so far.")
    talk(f"Next: semsearch alerts undo {made.decision_id} --by {made.by}, to take it back")


@app.command()
def routes(workspace: WorkspaceOption = HERE, json: JsonOption = False, jsonl: JsonlOption = False) -> None:
    """Show what found the sanctioned accounts: the LLM, look-alike alerts, and routes that were imported.

    Sanctioned are accounts with an imported sanction, and authors of posts that people confirmed. A route found one
    when it pointed at it before that; the LLM and look-alike by the time of posts. --jsonl prints the routes.

    Example: semsearch authors routes
    """
    from semsearch.review.routes import routes as found_by

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        found = found_by(store, now)
    rows = [_route_row(each) for each in found.routes]
    document = {"n_sanctioned": found.n_sanctioned, "n_unfound": found.n_unfound, "routes": rows}
    if json or jsonl:
        emit(document, as_json=json, as_jsonl=jsonl, rows=rows)
        return
    emit(rows, rows=[_route_told(each) for each in found.routes])
    names = [each.route for each in found.routes]
    matrix = [{"found by both": each.route} | {name: each.overlap[name] for name in names} for each in found.routes]
    emit(matrix, rows=matrix)
    talk(
        f"Sanctioned accounts: {found.n_sanctioned:,}, of which no route found {found.n_unfound:,}. share is of all of "
        "them; precision is of those judged: pointed at by the route, and sanctioned or dismissed by a person since."
    )
    for each in found.routes:
        if each.n_hindsight:
            talk(
                f"In hindsight: of the {each.n_found:,} that {each.route} found, {each.n_hindsight:,} were asked about "
                "only after their sanction, by posts from before it."
            )
    talk("Next: semsearch import reports FILE, or semsearch alerts list --status open")


def _facts(found: Author) -> dict[str, Any]:
    allowed = found.allowed
    return {
        "author_id": found.author_id,
        "n_posts": len({(each.post.namespace, each.post.post_id) for each in found.posts}),
        "first_at": min((each.post.created_at for each in found.posts), default=None),
        "last_at": max((each.post.created_at for each in found.posts), default=None),
        "n_campaigns": len(set(found.campaigns.values())),
        "n_flagged": len({(each.namespace, each.post_id) for each in found.verdicts if each.is_spam}),
        "n_reports": len(found.reports),
        "confirmed_by": [each.decision_id for each in found.confirmed],
        "allowed_by": allowed.decision_id if allowed else None,
        "allowed_until": allowed.until if allowed else None,
    }


def _csv(columns: list[str], rows: list[dict[str, Any]]) -> None:
    """Whole lines of RFC 4180, times as ISO 8601."""
    import csv
    import io

    from semsearch.plain import plain

    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain(row) for row in rows)
    sys.stdout.write(text.getvalue())


def _route_row(route: Route) -> dict[str, Any]:
    from dataclasses import asdict

    row = asdict(route)
    overlap = row.pop("overlap")
    for name in ("precision", "share"):
        ends = row.pop(f"{name}_interval")
        row |= {f"{name}_low": ends and ends["low"], f"{name}_high": ends and ends["high"]}
    return row | {"overlap": overlap}


def _route_told(route: Route) -> dict[str, Any]:
    counts = {
        "route": route.route,
        "accounts": route.n_pointed,
        "found": route.n_found,
        "share": _percent(route.share, route.share_interval),
        "alone": route.n_alone,
        "first": route.n_first,
    }
    judged = {"judged": route.n_judged, "precision": _percent(route.precision, route.precision_interval)}
    return counts | judged | {"late": route.n_late, "undecided": route.n_undecided}


def _percent(share: float | None, ends: Interval | None) -> str:
    """`69.4 % (51.2 to 82.9)`; a dash for what is unknown."""
    if share is None or ends is None:
        return "–"
    return f"{100 * share:.1f} % ({100 * ends.low:.1f} to {100 * ends.high:.1f})"
