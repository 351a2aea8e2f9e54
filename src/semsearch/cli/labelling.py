"""`label session|adjudicate`: people at a terminal."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from semsearch.cli.options import HERE, JsonOption, WorkspaceOption
from semsearch.cli.output import counted, emit, talk

if TYPE_CHECKING:
    from semsearch.review.labelling.session import Session
    from semsearch.review.labelling.starting import Desk, Opened
    from semsearch.workspace import Workspace

SHOWN = 20
"""Missed golden pairs that a person is shown at once."""
BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="A batch of label sample.", show_default=False)]
SomeBatchArgument = Annotated[
    str | None, typer.Argument(metavar="[BATCH]", help="Of this batch only.", show_default=False)
]
ByOption = Annotated[str, typer.Option("--by", envvar="SEMSEARCH_REVIEWER", help="Who labels; kept with each label.")]


def session(
    batch: BatchArgument,
    by: ByOption = "",
    order: Annotated[
        Literal["random", "uncertain", "disagreement", "second"],
        typer.Option("--order", help="Which pairs: docs/label.md."),
    ] = "random",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Label pairs at this terminal: one key a grade. Each label is kept at once; the same command goes on later.

    Examples:

    semsearch label session spring --by minji

    semsearch label session spring --by junho --order second
    """
    from semsearch.cli.screen import check_terminal
    from semsearch.review.labelling.starting import open_session

    desk = _desk(workspace, by)
    check_terminal(f"Next: semsearch label import FILE --as {by} --batch {batch}, for labels made elsewhere")
    with open_session(desk, batch, by, order) as opened:
        _sit(opened, f"{batch} · {by}", desk.workspace)
        _show_session(batch, by, opened, as_json=json)
    more = f" --order {order}" if order != "random" else ""
    left = f"semsearch label session {shlex.quote(batch)} --by {shlex.quote(by)}{more}"
    talk(f"Next: {left}, which goes on" if opened.session.progress.left else _next_of(desk, batch))


def adjudicate(
    batch: SomeBatchArgument = None,
    by: ByOption = "",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Decide pairs on which people differ, at this terminal. Names are hidden until you decide; your grade counts.

    Examples:

    semsearch label adjudicate spring --by sora

    semsearch label adjudicate --by sora
    """
    from semsearch.cli.screen import check_terminal
    from semsearch.review.labelling.starting import open_adjudication

    desk = _desk(workspace, by)
    check_terminal(f"Next: semsearch label adjudicate {f'{batch} ' if batch else ''}--by {by}, in a terminal")
    with open_adjudication(desk, batch, by) as opened:
        if opened.n_own:
            talk(_own(opened.n_own, by))
        _sit(opened, f"{batch or 'all batches'} · adjudicated by {by}", desk.workspace, adjudicating=True)
        _show_session(batch, by, opened, as_json=json)
    of, where = (f"{shlex.quote(batch)} ", f" --batch {shlex.quote(batch)}") if batch else ("", "")
    if opened.session.progress.left:
        talk(f"Next: semsearch label adjudicate {of}--by {shlex.quote(by)}, which goes on")
    elif opened.n_own:
        talk(f"{_own(opened.n_own, by)} Next: semsearch label adjudicate {of}--by NAME")
    else:
        talk(f"Next: semsearch label export labels.jsonl{where}")


# --- steps of the commands ------------------------------------------------------------------


def _desk(workspace: Path, by: str) -> Desk:
    from semsearch.relevance.pools import lookup_of
    from semsearch.review.labelling.starting import Desk, annotator
    from semsearch.settings import Settings
    from semsearch.workspace import Workspace

    annotator(by)
    opened = Workspace.open(workspace)
    settings = Settings.load(opened.root)
    return Desk(opened, lookup_of(opened), lambda: datetime.now(UTC), settings.relevance.show_machine)


def _own(n: int, by: str) -> str:
    return f"{counted(n, 'pair')} on which people differ left to somebody else: {by} graded them."


def _next_of(desk: Desk, batch: str) -> str:
    """What follows on a batch that is done for one person."""
    from semsearch.review.labelling.starting import differing

    n_disputed, n_shared = differing(desk, batch)
    name = shlex.quote(batch)
    if n_disputed:
        told = f"People differ on {counted(n_disputed, 'pair')} of {batch}."
        return f"{told} Next: semsearch label adjudicate {name} --by NAME"
    if n_shared:
        return f"Next: semsearch label agreement --batch {name}"
    return f"Next: semsearch label session {name} --order second --by NAME, for second opinions"


def _sit(opened: Opened, place: str, workspace: Workspace, *, adjudicating: bool = False) -> None:
    import sys

    from semsearch.cli.desk import AtDesk
    from semsearch.cli.keys import Keys
    from semsearch.cli.pair_view import others_told
    from semsearch.cli.screen import Screen
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.relevance.asking.details import places_of

    places = places_of(Catalogue(workspace))
    for mended in opened.mended:
        talk(mended)
    for fault in opened.faults:
        talk(f"What can be read of this file counts: {fault.message} {fault.next_step}")
    try:
        with Keys(sys.stdin.fileno()) as keys, Screen() as screen:
            AtDesk(opened.session, keys, screen, place, places=places, adjudicating=adjudicating).run()
    finally:
        for noted in opened.session.unkept:
            talk(f"Kept nowhere, for the pair has no label: note of “{noted.query}” {noted.item_id}: {noted.note}")
    if told := opened.session.end():
        talk(others_told(told, "The last pair").plain)


def _show_session(batch: str | None, by: str, opened: Opened, *, as_json: bool) -> None:
    progress, facts = opened.session.progress, _golden_facts(opened.session)
    pace = round(progress.labels_an_hour) if progress.labels_an_hour else None
    document: dict[str, Any] = {
        "batch": batch,
        "by": by,
        "labelled": progress.answered,
        "done": progress.done,
        "left": progress.left,
        "labels_an_hour": pace,
        "known": opened.session.n_known,
        "elsewhere": opened.session.n_elsewhere,
        "gone": len(opened.gone),
    }
    if as_json:
        emit(document | facts, as_json=True)
    else:
        emit({name: value for name, value in document.items() if value is not None})
    if opened.session.n_elsewhere:
        talk(f"{counted(opened.session.n_elsewhere, 'pair')} labelled by others meanwhile, and wanted no more.")
    if opened.gone:
        told = counted(len(opened.gone), "pair")
        talk(f"{told} passed over: the item is gone, such as {opened.gone[0].item_id}.")
    if opened.session.n_known:
        told = counted(opened.session.n_known, "pair")
        talk(f"{told} marked as known by {by}: golden pairs of later samples, for all others.")
    if facts["golden"]:
        right = facts["golden"] - len(facts["golden_missed"])
        talk(f"Golden pairs: {right:,} of {facts['golden']:,} answered as they are known to be.")
    for missed in facts["golden_missed"][:SHOWN] if not as_json else []:
        talk(f"  “{missed['query']}” {missed['item_id']}: you said {missed['said']}, known is {missed['known']}.")


def _golden_facts(session: Session) -> dict[str, Any]:
    from semsearch.relevance.rubric import Grade

    n, missed = session.golden
    rows = [
        {
            "query": each.query,
            "item_id": each.item_id,
            "said": str(Grade(*each.said, "")),
            "known": str(Grade(*each.known, "")),
        }
        for each in missed
    ]
    return {"golden": n, "golden_missed": rows}
