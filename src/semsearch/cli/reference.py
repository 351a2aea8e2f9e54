"""docs/reference.md, made from the program itself: `python -m semsearch.cli.reference > docs/reference.md`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
from typer.testing import CliRunner

from semsearch.cli.app import app

INTRODUCTION = """\
# Reference

Made by `python -m semsearch.cli.reference > docs/reference.md`; a test keeps it equal to `--help`.

stdout is data, stderr is talk. `--json` prints one document, `--jsonl` one record a line. `-w DIR` or
`SEMSEARCH_WORKSPACE` names the workspace; without it the current directory is one.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | our bug |
| 2 | usage or bad input; nothing was changed |
| 3 | finished, and the answer is no |
| 4 | something is missing: a workspace, a step before this one, an extra, a key, a service |
| 5 | stopped by a budget; what was paid for is kept |
| 130 | interrupted; run it again to go on |
"""
PLAIN_TERMINAL = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb", "LINES": "50"}


def reference() -> str:
    """The whole page as Markdown: exit codes, settings, then every command's `--help`."""
    helps = (f"## `{' '.join(('semsearch', *path))}`\n\n```\n{_help(path)}\n```\n" for path in _commands())
    return "\n".join([INTRODUCTION, _settings_table(), *helps])


def _commands() -> Iterator[tuple[str, ...]]:
    yield ()
    for name, command in sorted(_children(typer.main.get_command(app))):
        yield (name,)
        for verb, _ in sorted(_children(command)):
            yield (name, verb)


def _children(command: Any) -> list[tuple[str, Any]]:
    return list(getattr(command, "commands", {}).items())


def _help(path: tuple[str, ...]) -> str:
    result = CliRunner().invoke(app, [*path, "--help"], env=PLAIN_TERMINAL, prog_name="semsearch")
    lines = (line.rstrip() for line in result.output.splitlines())
    return "\n".join(lines).strip("\n")


def _settings_table() -> str:
    from semsearch.settings import Settings

    rows = ["## Settings", "", "Flag, then environment, then `semsearch.toml`, then default.", ""]
    rows += ["| `semsearch.toml` | environment | default | meaning |", "|---|---|---|---|"]
    for name, section in Settings.model_fields.items():
        table = section.alias or name
        for key, field in section.annotation.model_fields.items():  # type: ignore[union-attr]
            variable = f"SEMSEARCH_{table}__{key}".upper()
            default = field.get_default(call_default_factory=True)
            rows.append(f"| `[{table}] {key}` | `{variable}` | `{default!r}` | {field.description} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(reference(), end="")
