"""`spam learn|show|approve|rollback|detect|evaluate`: how professional sellers write, and who writes so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsearch.cli import detecting
from semsearch.cli.asking import DryOption, MaxUsdOption, cost_of, show_price, telling_cost
from semsearch.cli.deciding import ByOption, ReasonOption, decision_row, decision_told
from semsearch.cli.detecting import LISTING, opened
from semsearch.cli.imports import FormatOption, MapOption, TzOption
from semsearch.cli.labelled import DecisionsOption, NormalOption, Reading, SellersOption, one_source
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.profiles import after, show_learned, show_list, show_looked
from semsearch.cli.profiles import looked as document_of
from semsearch.errors import SemsearchError, UsageError

if TYPE_CHECKING:
    from semsearch.progress import Progress
    from semsearch.spam.decided import Given
    from semsearch.spam.drafts.proving import Proof
    from semsearch.spam.parts import Parts
    from semsearch.spam.steps import Learned
    from semsearch.spam.worth.evaluating import SpamEvaluation

HELP = """How professional sellers write, as a large model puts it, and which posts are written so. People decide.

Example: semsearch spam learn --normal ordinary.jsonl --sellers sellers.jsonl
"""
app = typer.Typer(help=HELP, no_args_is_help=True)

NamespaceOption = Annotated[str, typer.Option("--namespace", help="Kind of content.")]
NameOption = Annotated[str, typer.Option("--name", help="Of the group of sellers; several may be active.")]
ProfileArgument = Annotated[str, typer.Argument(metavar="PROFILE_ID", help="Id of a profile.", show_default=False)]


@app.command()
def learn(
    normal: NormalOption = None,
    sellers: SellersOption = None,
    from_decisions: DecisionsOption = False,
    name: NameOption = "sellers",
    namespace: NamespaceOption = LISTING,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw of the sample.")] = 0,
    prove: Annotated[bool, typer.Option("--prove", help="Look for each feature in held-out posts.")] = False,
    max_usd: MaxUsdOption = None,
    dry_run: DryOption = False,
    map_: MapOption = None,
    tz: TzOption = None,
    format_: FormatOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Have the large model write down how professional sellers write: a draft, judged on held-out posts.

    It reads at most 100 posts of each side, one of each flood. Before a person approves it, a draft
    judges held-out posts alone, and only when it does not read like instructions.

    Examples:

    semsearch spam learn --normal ordinary.jsonl --sellers sellers.jsonl --max-usd 1

    semsearch spam learn --from-decisions --prove --dry-run
    """
    from semsearch.spam import steps as spam

    with opened(workspace, max_usd) as parts, steps() as progress:
        reading = Reading(parts.workspace, parts.settings, namespace, map_, tz, format_)
        given, remedy = _given(parts, reading, normal, sellers, progress, decisions=from_decisions, seed=seed)
        sample = spam.drawn(parts, given, seed=seed, remedy=remedy)
        if dry_run:
            show_price(spam.price_learning(parts, sample, name, prove=prove), as_json=json)
            return
        progress("writing the profile", 0, 0)
        with telling_cost(parts.asker):
            learned = spam.learn(parts, sample, name=name)
            evaluation, proof, stopped = _judged_draft(parts, learned, progress, prove=prove)
        show_learned(parts, learned, evaluation, proof, as_json=json)
        if stopped:
            raise stopped
        talk(after(spam.look(parts, learned.draft.profile.profile_id)))


@app.command()
def show(
    profile: Annotated[
        str | None, typer.Argument(metavar="[PROFILE_ID]", help="Default: list them.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Show a profile: its text, how it differs from the current one, how it did on held-out posts. Or list all.

    Example: semsearch spam show

    Example: semsearch spam show p1f2e3d4c5b6a
    """
    from semsearch.spam import steps as spam
    from semsearch.spam.parts import LEARN

    with opened(workspace) as parts:
        if profile is None:
            listed = spam.listed(parts)
            show_list(listed, as_json=json, as_jsonl=jsonl)
            talk(f"Next: semsearch spam show {listed[0].profile.profile_id}" if listed else LEARN)
            return
        looked = spam.look(parts, profile)
        if json or jsonl:
            emit(document_of(looked), as_json=json, as_jsonl=jsonl)
        else:
            show_looked(looked)
        talk(after(looked))


@app.command()
def approve(
    profile: ProfileArgument,
    by: ByOption = "",
    reason: ReasonOption = "",
    text: Annotated[
        Path | None, typer.Option("--text", help="Approve this file's text in place of the draft's, kept as edited.")
    ] = None,
    max_usd: MaxUsdOption = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Show a draft, how it differs from the current one and how it did, and make it the active one of its name.

    What this prompt and model have not judged on held-out posts, such as an edited text, they
    judge first. A text that reads like instructions is refused before anything is asked.

    Examples:

    semsearch spam approve p1f2e3d4c5b6a --by minji

    semsearch spam approve p1f2e3d4c5b6a --text mended.txt --by minji --reason 'no brands'
    """
    from semsearch.spam import steps as spam

    with opened(workspace, max_usd) as parts, steps() as progress:
        if not by.strip():
            show_looked(spam.look(parts, profile))
            raise UsageError(
                "An approval needs the name of the person who makes it (or SEMSEARCH_REVIEWER).",
                f"Next: semsearch spam approve {profile} --by NAME",
            )
        chosen = profile if text is None else spam.edit(parts, profile, _text(text), by=by).profile_id
        looked = spam.look(parts, chosen)
        if looked.evaluation is None:
            with telling_cost(parts.asker):
                spam.evaluate_draft(parts, looked.profile, progress)
            looked = spam.look(parts, chosen)
        if not json:  # a person sees what is approved, whatever happens then
            show_looked(looked)
        decision = spam.approve(parts, chosen, by=by, reason=reason)
        if json:
            told = decision_row(decision) if decision else None
            emit(document_of(looked) | {"decision": told} | cost_of(parts.asker), as_json=True)
    talk(decision_told(decision) if decision else f"{chosen} is the active one already: nothing changed.")
    talk("Next: semsearch spam detect")


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="Name of a group of sellers.")] = "sellers",
    namespace: NamespaceOption = LISTING,
    by: ByOption = "",
    reason: ReasonOption = "",
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Take the last approval of a name back: the profile before it is active again, or none.

    Example: semsearch spam rollback sellers --by minji --reason 'flags moving sales'
    """
    from semsearch.spam.approving import rollback as roll_back

    with opened(workspace) as parts:
        done = roll_back(parts.store, namespace, name, by=by, now=parts.clock(), reason=reason)
    active = done.now.subject if done.now else None
    facts = {"name": name, "namespace": namespace, "was": done.undone.subject, "active": active}
    emit(facts | {"decision": decision_row(done.undoing)} if json else facts, as_json=json)
    talk(decision_told(done.undoing))
    talk("Next: semsearch spam detect" if active else "No profile of that name is active. Next: semsearch spam show")


app.command()(detecting.detect)
app.command()(detecting.evaluate)


def _given(
    parts: Parts, reading: Reading, normal: list[str] | None, sellers: list[str] | None, progress: Progress, *,
    decisions: bool, seed: int,
) -> tuple[Given, str]:  # fmt: skip
    """The posts of both sides, and what to do when they are too few."""
    from semsearch.spam import steps as spam
    from semsearch.spam.decided import DECIDE, decided_posts
    from semsearch.spam.parts import LEARN

    if decisions:
        one_source(normal, sellers, "spam learn")
        policy, namespace = parts.settings.spam, reading.namespace or LISTING
        return decided_posts(parts.store, namespace, policy, seed=seed, progress=progress), DECIDE
    posts = reading.labelled(normal, sellers, "spam learn")
    return spam.of_files(parts, posts.ordinary, posts.sellers), LEARN


def _judged_draft(
    parts: Parts, learned: Learned, progress: Progress, *, prove: bool
) -> tuple[SpamEvaluation | None, Proof | None, SemsearchError | None]:
    """How a draft did; what stopped that is raised later, for the draft is there and shown."""
    from semsearch.spam import steps as spam

    evaluation, proof = None, None
    try:
        evaluation = spam.evaluate_draft(parts, learned.draft.profile, progress)
        proof = spam.prove(parts, learned, progress) if prove else None
    except SemsearchError as error:
        return evaluation, proof, error
    return evaluation, proof, None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no UTF-8.", "Next: save it as UTF-8, or name another with --text") from error
