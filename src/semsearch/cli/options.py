"""The options that many commands share, declared once; what was given is carried on into the next step that we name."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from semsearch.errors import UsageError

NOUNS = "import|index|release|evaluate|scan|alerts|authors|campaigns|grade|label|lexicon|longtail|prompts|spam"
"""Commands that have verbs."""
NAMED = re.compile(rf"(?<![\w./])semsearch ((?:(?:{NOUNS}) )?[a-z]+)")
"""A command inside a sentence."""
WITHOUT_WORKSPACE = re.compile(r"demo|simulate")
WITH_PIPELINE = re.compile(r"train|search|similar|why|index \w+|release (publish|rollback)|evaluate run|longtail \w+")
FLAG = re.compile(r"(--[a-z-]+) ([\w.-]+)")
"""A next step that is this command again with another flag."""
_given: dict[str, str] = {}


def forget() -> None:
    """Start a new command line."""
    _given.clear()


def _remember(ctx: typer.Context, parameter: typer.CallbackParam, value: Any) -> Any:
    source = ctx.get_parameter_source(parameter.name or "")
    if source is not None and source.name == "COMMANDLINE":
        _given[parameter.name or ""] = shlex.quote(str(value))
    return value


def _one_form(ctx: typer.Context, parameter: typer.CallbackParam, value: bool) -> bool:
    """Refuse --json beside --jsonl."""
    other = "json" if parameter.name == "jsonl" else "jsonl"
    if value and ctx.params.get(other):
        raise UsageError("--json is one document, --jsonl one record a line.", "Next: give one of them")
    return value


def program() -> str:
    """How this program is called here: by its path where its name alone would not be found, as after `make demo`."""
    called = Path(sys.argv[0])
    return "semsearch" if called.name != "semsearch" or shutil.which("semsearch") else str(called)


def typable(message: str) -> str:
    """`message` with this program's path and the -w and --pipeline of this command line in all after `Next:`.

    A flag alone after it becomes this command line with that flag.
    """
    before, following, after = message.partition("Next: ")
    if flag := FLAG.fullmatch(after):
        return before + following + _again(*flag.groups())
    return before + following + NAMED.sub(_completed, after)


def _again(flag: str, value: str) -> str:
    kept: list[str] = []
    words = iter(sys.argv[1:])
    for word in words:
        if word in (flag, flag[1:]):
            next(words, None)
        elif not word.startswith(f"{flag}="):
            kept.append(word)
    return " ".join([program(), *map(shlex.quote, kept), flag, value])


def _completed(found: re.Match[str]) -> str:
    command = found[1]
    rest = re.split("[,;]| or ", found.string[found.end() :])[0]
    flags = ""
    if "workspace" in _given and " -w " not in rest and not WITHOUT_WORKSPACE.fullmatch(command):
        flags += f" -w {_given['workspace']}"
    if "pipeline" in _given and " --pipeline " not in rest and WITH_PIPELINE.fullmatch(command):
        flags += f" --pipeline {_given['pipeline']}"
    return f"{program()} {command}{flags}"


WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        envvar="SEMSEARCH_WORKSPACE",
        help="Workspace directory.",
        show_default=".",
        callback=_remember,
    ),
]
HERE = Path()
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.", callback=_one_form)]
JsonlOption = Annotated[bool, typer.Option("--jsonl", help="Print one JSON record a line.", callback=_one_form)]
PipelineOption = Annotated[str, typer.Option("--pipeline", help="Named pipeline.", callback=_remember)]
ReleaseOption = Annotated[str | None, typer.Option("--release", help="Release id; default is the current one.")]
