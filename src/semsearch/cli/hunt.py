"""`hunt TEXT|POST_ID`: look-alikes of one reported post, and who wrote them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.deciding import ByOption, ReasonOption
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.errors import MissingPart, UsageError

if TYPE_CHECKING:
    from semsearch.campaigns.hunt import Hunted
    from semsearch.records import Post
    from semsearch.store.database import Store
    from semsearch.wiring import Looking

SHOWN_AUTHORS = 20
_SHOWN_CHARS = 80
_MOST_TYPED = 10_000_000


@dataclass(frozen=True, slots=True)
class Reported:
    """What is hunted for."""

    text: str
    post: Post | None
    """None for a text that was typed."""
    namespace: str


def hunt(
    reported: Annotated[
        str, typer.Argument(metavar="TEXT|POST_ID", help="A post's id, a text, or - for a text on standard input.")
    ],
    since: Annotated[
        str, typer.Option(help="How far back from the newest post: 12h, 30d or 8w; or a date: 2027-01-01.")
    ] = "30d",
    namespace: Annotated[
        str | None, typer.Option("--namespace", help="Kind of content. Default: the post's own, listing for a text.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Look-alikes to show; all are counted.")] = 20,
    lead: Annotated[
        bool, typer.Option("--lead", help="Make the post a leader, which its look-alikes join from then on.")
    ] = False,
    by: ByOption = "",
    reason: ReasonOption = "",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Find the look-alikes of one reported post, their authors, and the campaigns that they are in.

    Every post of the span is compared with it through all nets: what would join it is found, and what is less alike.
    No scan needs to run. --jsonl prints the look-alikes, one a line.

    Example: semsearch hunt p00016395 --since 30d

    Example: semsearch hunt '급처 정품 가방 팝니다 010-1234-5678' --namespace listing -k 50

    Example: semsearch hunt p00016395 --lead --by minji --reason 'reported by a user'
    """
    from semsearch.cli.deciding import opened
    from semsearch.wiring import open_looking
    from semsearch.workspace import Workspace

    now = datetime.now(UTC)
    with opened(workspace, now) as store:
        wanted = _reported(store, reported, namespace)
    _check_lead(wanted, lead, by)
    with open_looking(Workspace.open(workspace), wanted.namespace, now=now) as looking:
        found = _hunted(looking, wanted, since, k)
        campaigns = _campaigns(looking.store, wanted.namespace, found.seqs, now)
        _show(wanted, found, campaigns, as_json=json, as_jsonl=jsonl)
        if lead and wanted.post:
            _lead(looking.store, wanted.post, by, reason, now)
        elif wanted.post:
            talk(f"Next: semsearch campaigns lead {wanted.post.post_id} --by NAME, so that look-alikes join it")


def _reported(store: Store, given: str, namespace: str | None) -> Reported:
    """The post of that id in its latest revision, else the text itself."""
    from semsearch.store.journal import Journal

    if given == "-":
        return Reported(sys.stdin.read(_MOST_TYPED), None, namespace or "listing")
    found = Journal(store).find(given, namespace)
    if len({each.post.namespace for each in found}) > 1:
        raise UsageError(f"Several namespaces have a post {given}.", f"Next: --namespace {found[0].post.namespace}")
    if found:
        return Reported(found[-1].post.text, found[-1].post, found[-1].post.namespace)
    if len(given.split()) == 1 and given.isascii():
        talk(f"No post has the id {given}: it is hunted for as a text.")
    return Reported(given, None, namespace or "listing")


def _check_lead(wanted: Reported, lead: bool, by: str) -> None:
    if lead and wanted.post is None:
        raise UsageError(
            "--lead makes a post a leader; a text that was typed is none.", "Next: semsearch hunt POST_ID --lead"
        )
    if lead and not by.strip():
        raise UsageError("A leader is made by a named person.", "Next: --by NAME, or set SEMSEARCH_REVIEWER")


def _hunted(looking: Looking, wanted: Reported, since: str, k: int) -> Hunted:
    from semsearch.campaigns.hunt import Hunt

    times = looking.state.journal.times(wanted.namespace)
    if times is None:
        raise MissingPart(
            f"No post in {wanted.namespace} was scanned yet.", "Next: semsearch scan posts FILE, or --namespace NAME"
        )
    start = _start(since, times[1], looking.settings.imports.tz)
    batches = looking.state.journal.between(wanted.namespace, start, times[1] + timedelta(microseconds=1))
    with looking.preparing(looking.policy) as preparing, steps() as progress:
        hunting = Hunt(wanted.text, looking.policy, preparing)
        return hunting.run(batches, k, wanted.post.post_id if wanted.post else "", progress)


def _start(since: str, newest: datetime, tz: str) -> datetime:
    from semsearch.cli.times import moment_of, span_of

    span = span_of(since, "--since")
    if span is not None:
        try:
            return newest - span
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)
    start = moment_of(since, "--since", tz)
    if start > newest:
        raise UsageError(
            f"There is no post since {since}: the newest is of {newest:%Y-%m-%d %H:%M} UTC.",
            f"Next: --since {newest:%Y-%m-%d}",
        )
    return start


def _campaigns(store: Store, namespace: str, seqs: tuple[int, ...], now: datetime) -> dict[int, str]:
    """The campaign that each of these posts is in now; those in none are left out."""
    from semsearch.review.cases import Cases

    cases = Cases(store, now)
    return {each.seq: cases.places.of(namespace, each) for each in cases.campaigns.members_at(seqs)}


def _show(wanted: Reported, found: Hunted, campaigns: dict[int, str], *, as_json: bool, as_jsonl: bool) -> None:
    rows: list[dict[str, Any]] = [
        {"post_id": each.stored.post.post_id, "revision": each.stored.post.revision,
         "author_id": each.stored.post.author_id, "at": each.stored.post.created_at, "net": each.net,
         "strength": each.strength, "shingles": each.shingles, "cosine": each.cosine, "contacts": list(each.contacts),
         "campaign_id": campaigns.get(each.stored.seq), "text": each.stored.post.text}
        for each in found.best
    ]  # fmt: skip
    document: dict[str, Any] = {
        "post_id": wanted.post.post_id if wanted.post else None, "text": wanted.text, "namespace": wanted.namespace,
        "n_compared": found.n_posts, "n_found": len(found.seqs), "n_in_campaigns": len(campaigns),
        "campaigns": sorted(set(campaigns.values())), "look_alikes": rows, "authors": found.authors,
    }  # fmt: skip
    if as_json or as_jsonl:
        emit(document, as_json=as_json, as_jsonl=as_jsonl, rows=rows)
    elif rows:
        shown = [row | {"at": _short(row["at"]), "text": _line(row["text"])} for row in rows]
        emit(rows, rows=shown, columns=["post_id", "author_id", "at", "net", "strength", "campaign_id", "text"])
        _show_authors(found)
    talk(_told(found, campaigns))


def _show_authors(found: Hunted) -> None:
    rows = [
        {"author_id": each.author_id, "look-alikes": each.n_posts, "first": _short(each.first_at),
         "last": _short(each.last_at)}
        for each in found.authors[:SHOWN_AUTHORS]
    ]  # fmt: skip
    left = len(found.authors) - len(rows)
    emit(rows, rows=rows, note=f"{left:,} more authors: --json shows all." if left else "")


def _short(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


def _line(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text[: 2 * _SHOWN_CHARS].split())
    return line if len(line) <= _SHOWN_CHARS else line[: _SHOWN_CHARS - 1] + "…"


def _told(found: Hunted, campaigns: dict[int, str]) -> str:
    n_in, n_campaigns = len(campaigns), len(set(campaigns.values()))
    if not found.seqs:
        return f"None of {found.n_posts:,} posts looks like it."
    return (
        f"{len(found.seqs):,} of {found.n_posts:,} posts look like it, by {len(found.authors):,} "
        f"author{'s' if len(found.authors) != 1 else ''}; {n_in:,} are in {n_campaigns:,} "
        f"campaign{'s' if n_campaigns != 1 else ''} already."
    )


def _lead(store: Store, post: Post, by: str, reason: str, now: datetime) -> None:
    from semsearch.review.deciding import lead as led

    made = led(store, post.post_id, by=by, now=now, namespace=post.namespace, reason=reason)
    talk(f"Post {post.post_id} leads campaign {made.detail['to']} from now on (decision {made.decision_id}).")
    talk(f"Next: semsearch alerts undo {made.decision_id} --by NAME, to take it back")
