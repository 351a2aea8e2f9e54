"""Documentation that cannot drift: the reference page, README's commands and the docs' commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from semsearch.cli.app import app
from semsearch.cli.reference import reference

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_reference_page_is_what_the_program_says() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert page == reference(), "run: python -m semsearch.cli.reference > docs/reference.md"


def commands(page: Path) -> list[str]:
    blocks = re.findall(r"```(?:console|bash|sh)?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    plain = [line.strip().removeprefix("$ ").removeprefix(".venv/bin/") for line in lines]
    return [line for line in plain if line.startswith("semsearch ")]


@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "reference.md"], ids=lambda p: p.name)
def test_commands_in_the_docs_exist(page: Path) -> None:
    root = typer.main.get_command(app)
    for line in commands(page):
        words = shlex.split(line, comments=True)[1:]
        command = root
        while hasattr(command, "commands") and words and not words[0].startswith("-"):
            assert words[0] in command.commands, f"{page.name}: {line}"
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
        used = {word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word)}
        assert used <= known, f"{page.name}: {line}"
