"""`campaigns list|show|split|merge|lead|reembed`: who belongs together, as people see it."""

from __future__ import annotations

from datetime import UTC, datetime
from shlex import quote
from typing import Annotated, Any

import typer

from semsearch.cli.deciding import ByOption, ReasonOption, decision_row, opened
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, talk

HELP = """Campaigns: posts that belong together.

Example: semsearch campaigns list
"""
SHOWN = 20
"""Rows that a person is shown at once."""
app = typer.Typer(help=HELP, no_args_is_help=True)
CampaignArgument = Annotated[str, typer.Argument(help="Campaign id.", show_default=False)]
NamespaceOption = Annotated[str | None, typer.Option(help="Kind of content: listing, image, chat, profile.")]


@app.command("list")
def list_campaigns(
    namespace: NamespaceOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """List campaigns, alerted or not, the largest first.

    Example: semsearch campaigns list --namespace chat
    """
    from semsearch.review.cases import Cases
    from semsearch.settings import Settings

    if namespace is not None:
        Settings.load(workspace).campaigns.of(namespace)
    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        cases = Cases(store, now)
        alerts = {case.campaign_id: case for case in cases.all(namespace) if case.status != "merged"}
        sized = cases.sized(namespace)
    rows = [
        {"campaign_id": name, "namespace": own, "n_posts": len(members),
         "n_authors": len({each.author_id for each in members}),
         "alert_id": alerts[name].alert.alert_id if name in alerts else None,
         "status": alerts[name].told if name in alerts else None}
        for name, own, members in sized
    ]  # fmt: skip
    more = f"{len(rows) - SHOWN:,} smaller ones: --json or --jsonl shows all." if len(rows) > SHOWN else ""
    emit(rows, as_json=json, as_jsonl=jsonl, rows=rows if json or jsonl else rows[:SHOWN], note=more)
    talk(f"Next: semsearch campaigns show {rows[0]['campaign_id']}" if rows else "Next: semsearch scan posts FILE")


@app.command()
def show(
    campaign: CampaignArgument, workspace: WorkspaceOption = HERE, json: JsonOption = False, jsonl: JsonlOption = False
) -> None:
    """Show the posts of a campaign, and what put each there. --jsonl prints the posts, one a line.

    Example: semsearch campaigns show c1f2e3d4c5b6
    """
    from semsearch.review.cases import Cases
    from semsearch.store.journal import Journal

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        cases = Cases(store, now)
        namespace, name, members = cases.campaign(campaign)
        posts = Journal(store).get([each.seq for each in members])
    rows = [
        {"post_id": each.post_id, "revision": each.revision, "author_id": each.author_id, "net": each.net,
         "strength": each.strength, "text": posts[each.seq].text if each.seq in posts else None}
        for each in members
    ]  # fmt: skip
    facts: dict[str, Any] = {"campaign_id": name, "namespace": namespace, "n_posts": len(rows)}
    if json or jsonl:
        emit(facts | {"members": rows}, as_json=json, as_jsonl=jsonl, rows=rows)
        return
    emit(facts)
    more = f"{len(rows) - SHOWN:,} more: --json shows all." if len(rows) > SHOWN else ""
    emit(rows, rows=rows[:SHOWN], note=more)
    talk(f"Next: semsearch campaigns split {name} POST_ID… --by NAME, or semsearch campaigns merge {name} OTHER_ID")


@app.command()
def split(
    campaign: CampaignArgument,
    posts: Annotated[list[str], typer.Argument(help="Ids of the posts to take out.", show_default=False)],
    by: ByOption = "",
    reason: ReasonOption = "",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Take posts out of a campaign into a new one; what looks like them follows them there.

    Example: semsearch campaigns split c1f2e3d4c5b6 p17 p23 --by minji --reason 'another product'
    """
    from semsearch.review.deciding import split as taken

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        made = taken(store, campaign, posts, by=by, now=now, reason=reason)
    emit(decision_row(made), as_json=json)
    talk(f"The new campaign is {made.detail['to']}. {_back(made.decision_id, made.by)}")


@app.command()
def merge(
    campaign: CampaignArgument,
    into: Annotated[str, typer.Argument(help="Campaign id that it becomes part of.", show_default=False)],
    by: ByOption = "",
    reason: ReasonOption = "",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Make one campaign part of another.

    Example: semsearch campaigns merge c1f2e3d4c5b6 c6b5c4d3e2f1 --by minji --reason 'same seller'
    """
    from semsearch.review.deciding import merge as merged

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        made = merged(store, campaign, into, by=by, now=now, reason=reason)
    emit(decision_row(made), as_json=json)
    talk(_back(made.decision_id, made.by))


@app.command()
def lead(
    post: Annotated[str, typer.Argument(help="Post id.", show_default=False)],
    namespace: NamespaceOption = None,
    by: ByOption = "",
    reason: ReasonOption = "",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Make a post the leader of a campaign: what looks like it joins that from then on.

    Example: semsearch campaigns lead p17 --by minji --reason 'reported by a user'
    """
    from semsearch.review.deciding import lead as led

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        made = led(store, post, by=by, now=now, namespace=namespace, reason=reason)
    emit(decision_row(made), as_json=json)
    talk(f"Its campaign is {made.detail['to']}. {_back(made.decision_id, made.by)}")


@app.command()
def reembed(
    namespace: Annotated[str, typer.Option(help="Kind of content: listing, image, chat, profile.")] = "listing",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Let a namespace go on with the encoder that the settings name now (campaigns.model).

    Posts, campaigns and decisions stay; the next scan reads the posts of its window again with that encoder.

    Example: semsearch campaigns reembed --namespace chat
    """
    from semsearch import wiring
    from semsearch.workspace import Workspace

    encoder_id = wiring.reembed(Workspace.open(workspace), namespace, now=datetime.now(UTC))
    emit({"namespace": namespace, "encoder_id": encoder_id or None}, as_json=json)
    talk(f"Next: semsearch scan posts FILE --namespace {namespace}")


def _back(number: int, by: str) -> str:
    return f"Next: semsearch alerts undo {number} --by {quote(by)}, to take it back"
