"""The `semsearch` program: its commands, and one table from exception to message and exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from semsearch.cli import demo, evaluate, imports, index, release, search, simulate, train, workspace
from semsearch.cli.output import talk
from semsearch.errors import SemsearchError
from semsearch.version import __version__

app = typer.Typer(
    name="semsearch",
    help="Semantic search and abuse detection for second-hand marketplaces.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command()(workspace.init)
app.command()(workspace.status)
app.command()(workspace.doctor)
app.add_typer(imports.app, name="import")
app.command()(search.search)
app.command()(search.similar)
app.command()(search.why)
app.add_typer(index.app, name="index")
app.add_typer(release.app, name="release")
app.add_typer(evaluate.app, name="evaluate")
app.command()(train.train)
app.command()(simulate.simulate)
app.command()(demo.demo)


def main() -> None:
    """Run the program; the exit codes are those of DESIGN section 7."""
    try:
        app()
    except SemsearchError as error:
        talk(f"semsearch: {error.message}")
        if error.next_step:
            talk(error.next_step)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
