"""The `semsearch` program: its commands, and one table from exception to message and exit code."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from semsearch.cli import (
    alerts,
    authors,
    campaigns,
    demo,
    evaluate,
    grade,
    hunt,
    imports,
    index,
    label,
    lexicon,
    longtail,
    prompts,
    release,
    replay,
    scan,
    search,
    simulate,
    spam,
    train,
    workspace,
)
from semsearch.cli.options import forget
from semsearch.cli.output import talk
from semsearch.errors import SemsearchError
from semsearch.version import __version__

INTERRUPTED = 130
HELP = """Semantic search and abuse detection for second-hand marketplaces.

Example: semsearch demo

Example: semsearch init -w market, then semsearch import items listings.csv -w market

Example: semsearch search "아이폰 14 프로" -w market
"""
app = typer.Typer(
    name="semsearch",
    help=HELP,
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
    version: Annotated[  # noqa: ARG001 - its callback prints
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    forget()


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
app.add_typer(longtail.app, name="longtail")
app.add_typer(scan.app, name="scan")
app.command()(scan.watch)
app.command()(hunt.hunt)
app.command()(replay.replay)
app.add_typer(alerts.app, name="alerts")
app.add_typer(authors.app, name="authors")
app.add_typer(campaigns.app, name="campaigns")
app.add_typer(grade.app, name="grade")
app.add_typer(label.app, name="label")
app.add_typer(lexicon.app, name="lexicon")
app.add_typer(spam.app, name="spam")
app.add_typer(prompts.app, name="prompts")
app.command()(simulate.simulate)
app.command()(demo.demo)


def main() -> None:
    """Run the program; the exit codes are those of DESIGN section 7."""
    try:
        app()
    except SemsearchError as error:
        _end(f"semsearch: {error.message}", error.next_step, error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _end(f"semsearch: {where}{error.strerror or error}.", "Next: check the path, its permissions and the disk", 2)
    except SystemExit as done:
        if done.code == INTERRUPTED:
            talk("Interrupted; run the same command again to go on.")
        if done.code == 1 and {"-h", "--help"} & set(sys.argv):  # the reader of a help page left: `--help | head -1`
            sys.exit(0)
        raise
    except KeyboardInterrupt:
        _end("Interrupted; run the same command again to go on.", "", INTERRUPTED)


def _end(message: str, next_step: str, code: int) -> NoReturn:
    talk(message)
    if next_step:
        talk(next_step)
    sys.exit(code)
