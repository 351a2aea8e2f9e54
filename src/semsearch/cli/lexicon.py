"""`lexicon propose|list|accept|reject`: entries that the log suggests, and what people say to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.deciding import ByOption, ReasonOption
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk

if TYPE_CHECKING:
    from semsearch.longtail.lexicon.deciding import Decision, Verdict
    from semsearch.longtail.lexicon.proposals import Proposal

HELP = """Lexicon entries that the log suggests, for a person to accept.

Example: semsearch lexicon propose
"""
SHOWN = 30
"""Rows that a person is shown at once."""
app = typer.Typer(help=HELP, no_args_is_help=True)
IdsArgument = Annotated[list[str], typer.Argument(help="Ids of proposals.", show_default=False)]


@app.command()
def propose(workspace: WorkspaceOption = HERE, json: JsonOption = False, jsonl: JsonlOption = False) -> None:
    """Look in the log for words that mean the same, and keep them as proposals in place of those before.

    Read are reformulations within a session and the titles of engaged items, but for the held-out end of the log.
    Slips of the finger, numbers and sizes are never proposed, nor what the lexicon knows or somebody rejected.

    Example: semsearch lexicon propose
    """
    from semsearch import wiring
    from semsearch.workspace import Workspace

    with steps() as progress:
        found = wiring.propose_lexicon(Workspace.open(workspace), progress=progress)
    _show(found.proposals, found, as_json=json, as_jsonl=jsonl)
    if found.n_rejected:
        talk(f"{found.n_rejected:,} that people rejected are left out: semsearch lexicon list shows them.")
    if found.proposals:
        talk(f"Next: semsearch lexicon accept {found.proposals[0].proposal_id} --by NAME")
    else:
        talk("The log suggests nothing that the lexicon does not know. Next: semsearch longtail scan")


@app.command("list")
def list_proposals(workspace: WorkspaceOption = HERE, json: JsonOption = False, jsonl: JsonlOption = False) -> None:
    """List what was proposed last and what people decided, the undecided first.

    Example: semsearch lexicon list
    """
    from semsearch.longtail.lexicon.deciding import kept, standing
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    decided = standing(opened)
    waiting = [proposal for proposal in kept(opened) if proposal.key not in decided]
    rows = [_row(proposal) | {"decided": None, "by": None} for proposal in waiting]
    rows += [_row(each.proposal) | {"decided": each.verdict, "by": each.by} for each in decided.values()]
    _table(rows, rows, ("decided", "by"), as_json=json, as_jsonl=jsonl)
    talk(f"Next: semsearch lexicon accept {waiting[0].proposal_id} --by NAME" if waiting else _PROPOSE)


@app.command()
def accept(
    ids: IdsArgument, by: ByOption = "", reason: ReasonOption = "", workspace: WorkspaceOption = HERE,
    json: JsonOption = False, jsonl: JsonlOption = False,
) -> None:  # fmt: skip
    """Write proposals into the workspace's lexicon: a line each at the end of lexicon/KIND.tsv, nothing else changes.

    Search knows them from the next index build on; the release goes through the gate as any other.

    Example: semsearch lexicon accept l3f1c2d4e5a l9b8a7c6d5e --by minji
    """
    _decide(workspace, ids, "accept", by, reason, as_json=json, as_jsonl=jsonl)
    talk("Next: semsearch index build")


@app.command()
def reject(
    ids: IdsArgument, by: ByOption = "", reason: ReasonOption = "", workspace: WorkspaceOption = HERE,
    json: JsonOption = False, jsonl: JsonlOption = False,
) -> None:  # fmt: skip
    """Remember that proposals are wrong: they are not proposed again.

    Example: semsearch lexicon reject l3f1c2d4e5a --by minji --reason 'a brand of its own'
    """
    _decide(workspace, ids, "reject", by, reason, as_json=json, as_jsonl=jsonl)
    talk("Next: semsearch lexicon list")


_PROPOSE = "Next: semsearch lexicon propose"


def _decide(
    workspace: Path, ids: Sequence[str], verdict: Verdict, by: str, reason: str, *, as_json: bool, as_jsonl: bool
) -> None:
    from semsearch.longtail.lexicon.deciding import decide
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    with opened.writing():
        made = decide(opened, ids, verdict, by=by, now=datetime.now(UTC), reason=reason)
    rows = [_decided(decision) for decision in made]
    emit(made, as_json=as_json, as_jsonl=as_jsonl, rows=rows)
    if len(made) < len(set(ids)):
        talk(f"{len(set(ids)) - len(made)} had been {verdict}ed before: nothing changed for them.")


def _decided(decision: Decision) -> dict[str, Any]:
    proposal = decision.proposal
    return {
        "proposal_id": proposal.proposal_id,
        "verdict": decision.verdict,
        "by": decision.by,
        "kind": proposal.kind,
        "surfaces": " = ".join(proposal.surfaces),
        "written": " ⇥ ".join(decision.written) or None,
        "reason": decision.reason or None,
    }


def _row(proposal: Proposal) -> dict[str, Any]:
    """A proposal for a table."""
    return {
        "proposal_id": proposal.proposal_id,
        "kind": proposal.kind,
        "surfaces": " = ".join(proposal.surfaces),
        "score": proposal.score,
        "n_actors": proposal.n_actors,
        "n_queries": proposal.n_queries,
        "query": next(iter(proposal.queries), None),
        "title": next(iter(proposal.titles), None),
    }


def _show(proposals: Sequence[Proposal], document: Any, *, as_json: bool, as_jsonl: bool) -> None:
    from semsearch.plain import plain

    rows = [plain(each) for each in proposals] if as_jsonl else [_row(each) for each in proposals]
    _table(rows, document, (), as_json=as_json, as_jsonl=as_jsonl)


def _table(
    rows: Sequence[dict[str, Any]], document: Any, more: Sequence[str], *, as_json: bool, as_jsonl: bool
) -> None:
    hidden = len(rows) - SHOWN
    columns = ["proposal_id", "kind", "surfaces", "score", "n_actors", "n_queries", *more, "query", "title"]
    emit(
        document,
        as_json=as_json,
        as_jsonl=as_jsonl,
        rows=rows if as_jsonl else rows[:SHOWN],
        columns=columns,
        note=f"{hidden:,} more: --json or --jsonl shows all." if hidden > 0 else "",
    )
