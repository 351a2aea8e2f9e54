"""`prompts list|show|diff|check`: what language models are told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, talk

if TYPE_CHECKING:
    from semsearch.llm.prompts import Origin, Prompt, Prompts

HELP = """What language models are told: the shipped prompts, and those that a workspace has in their place.

Example: semsearch prompts list
"""
COLUMNS = ("id", "version", "prompt_hash", "model", "from", "purpose")
app = typer.Typer(help=HELP, no_args_is_help=True)
PromptArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of a prompt.", show_default=False)]


@app.command("list")
def list_prompts(workspace: WorkspaceOption = HERE, json: JsonOption = False, jsonl: JsonlOption = False) -> None:
    """List all prompts: version, hash, which of the two models is asked, and where each comes from.

    Outside of a workspace the shipped ones.

    Example: semsearch prompts list
    """
    prompts = _opened(workspace)
    rows = [_row(prompts, prompt_id) for prompt_id in prompts.ids()]
    faulty = [row["id"] for row in rows if row["fault"]]
    columns = (*COLUMNS, "fault") if faulty else COLUMNS
    emit(rows, as_json=json, as_jsonl=jsonl, rows=rows, columns=columns)
    talk(f"Next: semsearch prompts check {faulty[0]}" if faulty else "Next: semsearch prompts show spam-verdict")


@app.command()
def show(prompt_id: PromptArgument, workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Show one prompt as it stands in its file, ready to be a workspace's own prompts/ID.md.

    Example: semsearch prompts show spam-verdict

    Example: semsearch prompts show spam-verdict > prompts/spam-verdict.md
    """
    from semsearch.llm.prompts.front_matter import read_text

    prompts = _opened(workspace)
    prompt = prompts.get(prompt_id)
    shown = _facts(prompts, prompt) | {"system": prompt.system, "user": prompt.user}
    emit(shown, as_json=json, rows=(), note=read_text(prompt.path).rstrip("\n"))
    variables = ", ".join(f"{name} ({kind})" for name, kind in prompt.variables.items()) or "none"
    talk(f"{prompt.path}: version {prompt.version}, hash {prompt.prompt_hash}; variables: {variables}.")
    talk(f"Next: semsearch prompts check {prompt_id}")


@app.command()
def diff(prompt_id: PromptArgument, workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Show how the workspace's prompt differs from the shipped one; exit code 0 either way.

    Example: semsearch prompts diff spam-verdict
    """
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    prompts = _opened(opened.root)
    prompts.origin(prompt_id)
    own, shipped = _path(prompts, prompt_id, "workspace"), _path(prompts, prompt_id, "shipped")
    changes = _changes(shipped, own) if own and shipped else None
    document = {"id": prompt_id, "workspace": own, "shipped": shipped, "diff": changes}
    emit(document, as_json=json, rows=(), note=changes or "")
    for told in _told(prompt_id, opened.path("prompts", f"{prompt_id}.md"), changes, replaces=shipped is not None):
        talk(told)


@app.command()
def check(
    prompt_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Id of a prompt; default is all of them.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Say what is wrong with each prompt; exit code 3 when there is something.

    A text from outside may not stand in the system message, and a workspace's prompt whose text
    differs from that of the shipped one has another version.

    Example: semsearch prompts check

    Example: semsearch prompts check spam-verdict
    """
    from semsearch import wiring
    from semsearch.errors import Refused
    from semsearch.llm.prompts.checking import problems

    prompts = _opened(workspace)
    known = wiring.known_outputs()
    rows: list[dict[str, Any]] = [
        {"id": each, "from": prompts.origin(each), "problems": problems(prompts, each, known)}
        for each in ([prompt_id] if prompt_id else prompts.ids())
    ]
    emit(rows, as_json=json, as_jsonl=jsonl, rows=rows if jsonl else _lines(rows))
    faulty = [row for row in rows if row["problems"]]
    if faulty:
        verb = "has" if len(faulty) == 1 else "have"
        raise Refused(
            f"{len(faulty)} of {len(rows)} prompts {verb} problems.",
            f"Next: correct {prompts.path(faulty[0]['id'])}, then semsearch prompts check {faulty[0]['id']}",
        )
    talk("Nothing is wrong. Next: semsearch prompts list")


def _opened(workspace: Path) -> Prompts:
    """The prompts of a workspace; where none was named and none is here, the shipped ones."""
    from semsearch import wiring
    from semsearch.workspace import Workspace

    none_here = workspace == HERE and not Workspace(workspace).format_path.is_file()
    return wiring.open_prompts(None if none_here else Workspace.open(workspace))


def _row(prompts: Prompts, prompt_id: str) -> dict[str, Any]:
    """A prompt for a list; of one with a fault, what is wrong with it."""
    from semsearch.errors import UsageError

    try:
        return _facts(prompts, prompts.get(prompt_id)) | {"fault": None}
    except UsageError as error:
        return {"id": prompt_id, "from": prompts.origin(prompt_id), "fault": error.message}


def _facts(prompts: Prompts, prompt: Prompt) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "version": prompt.version,
        "prompt_hash": prompt.prompt_hash,
        "purpose": prompt.purpose,
        "model": prompt.role,
        "output": prompt.output,
        "parameters": prompt.parameters,
        "variables": prompt.variables,
        "from": prompts.origin(prompt.id),
        "path": prompt.path,
    }


def _path(prompts: Prompts, prompt_id: str, place: Origin) -> Path | None:
    return prompts.path(prompt_id, place) if prompts.holds(prompt_id, place) else None


def _changes(shipped: Path, own: Path) -> str:
    """A unified diff; empty for equal texts."""
    from difflib import unified_diff

    from semsearch.llm.prompts.front_matter import read_text

    before, after = (read_text(path).splitlines() for path in (shipped, own))
    return "\n".join(unified_diff(before, after, f"shipped/{own.name}", f"workspace/{own.name}", lineterm=""))


def _told(prompt_id: str, own: Path, changes: str | None, *, replaces: bool) -> list[str]:
    """What a person is told beside the differences; `replaces`: whether a prompt ships under the id."""
    check = f"Next: semsearch prompts check {prompt_id}"
    if changes is not None:
        return [check] if changes else [f"{own} has the text of the shipped prompt.", check]
    if not replaces:
        return [f"Nothing ships as '{prompt_id}': {own} takes no other's place.", check]
    make = "" if own.parent.is_dir() else f"mkdir -p {quote(str(own.parent))}; "
    copy = f"Next: {make}semsearch prompts show {prompt_id} > {quote(str(own))}"
    return ["This workspace has no prompt of its own in the place of the shipped one.", copy]


def _lines(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line a problem, for a table."""
    return [
        {"id": row["id"], "from": row["from"], "problem": problem}
        for row in rows
        for problem in row["problems"] or ["none"]
    ]
