"""`demo`: the whole job, told while it is done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsearch.cli.options import program
from semsearch.cli.output import emit, steps, talk

if TYPE_CHECKING:
    from semsearch.report.story import Chapter


def demo(
    on: Annotated[str | None, typer.Option(help="Your own listings: one file of up to 20,000 rows.")] = None,
    out: Annotated[Path, typer.Option(help="Where the workspaces and the report go.")] = Path("demo-workspace"),
) -> None:
    """Do the whole job once, on a made market or on your own listings, and write a report.

    Example: semsearch demo

    Example: semsearch demo --on listings.csv
    """
    from semsearch.demo import listings, market
    from semsearch.files import atomic
    from semsearch.report.story import story_page

    chapters: list[Chapter] = []
    with steps() as progress:
        if on is not None:
            last = listings.home(out, on)
            chapters += _shown(listings.tell(last, on, now=datetime.now(UTC), progress=progress))
        else:
            for lang in market.LANGUAGES:
                last = out / lang
                chapters += _shown(market.tell(last, lang, progress=progress))
    next_steps = [f'{program()} search "QUERY" --explain -w {last}', f"{program()} status -w {last}"]
    if on is None:
        next_steps.append(f"{program()} demo --on YOUR_LISTINGS.csv")
    lede = f"Your listings: {on}" if on else "A made market, in Korean and in English. Every figure here is simulated."
    page = out / "report.html"
    with atomic(page) as draft:
        draft.write_text(story_page("The whole job, once", lede, chapters, next_steps), encoding="utf-8")
    figures = [figure for chapter in chapters for figure in chapter.figures]
    emit(figures, rows=[{"": f.name, "measured": f.value, "on": f.condition} for f in figures], title="Scoreboard")
    talk(f"Report: {page}")
    for step in next_steps:
        talk(f"Next: {step}")


def _shown(chapters: Iterator[Chapter]) -> list[Chapter]:
    kept = []
    for chapter in chapters:
        kept.append(chapter)
        talk(f"\n{chapter.title}")
        for sentence in chapter.told:
            talk(f"  {sentence}")
        for table in chapter.tables:
            emit(table, rows=[dict(zip(table.columns, row, strict=True)) for row in table.rows], title=table.note)
    return kept
