"""`demo`: the whole job, told while it is done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from semsearch.cli.imports import MapOption, TzOption
from semsearch.cli.options import program
from semsearch.cli.output import emit, steps, talk

if TYPE_CHECKING:
    from semsearch.report.story import Chapter


def demo(
    on: Annotated[str | None, typer.Option(help="Your own listings: one file of up to 20,000 rows.")] = None,
    map_: MapOption = None,
    tz: TzOption = None,
    out: Annotated[Path, typer.Option(help="Where the workspaces and the report go.")] = Path("demo-workspace"),
) -> None:
    """Do the whole job once, on a made market or on your own listings, and write a report.

    Example: semsearch demo

    Example: semsearch demo --on listings.csv --map title=제목 --tz Asia/Seoul
    """
    from semsearch.demo import market
    from semsearch.errors import UsageError
    from semsearch.files import atomic
    from semsearch.report.story import story_page

    if on is None and (map_ or tz):
        raise UsageError("--map and --tz are for your own listings.", "Next: name the file with --on")
    if on is None:
        parts = {f"{name} market": _market(out / lang, lang) for lang, name in market.LANGUAGES.items()}
        queries = [(market.EXAMPLES[lang], out / lang) for lang in market.LANGUAGES]
        lede = "A made market, once in Korean and once in English. Every figure here is simulated."
    else:
        parts, queries = _own(on, map_ or [], tz, out)
        lede = f"Your listings: {on}"
    next_steps = [f"{program()} search {_quoted(query)} --explain -w {quote(str(root))}" for query, root in queries]
    next_steps.append(f"{program()} status -w {quote(str(queries[-1][1]))}")
    page = out / "report.html"
    with atomic(page) as draft:
        draft.write_text(story_page("The whole job, once", lede, parts, next_steps), encoding="utf-8")
    _scoreboard(parts)
    talk(f"Report: {page}")
    for step in next_steps:
        talk(f"Next: {step}")
    if on is None:
        talk(f"With your own listings: {program()} demo --on listings.csv")


def _market(root: Path, lang: str) -> list[Chapter]:
    from semsearch.demo import market

    talk(f"\n=== {market.LANGUAGES[lang]} market ===")
    with steps() as progress:
        return _shown(market.tell(root, lang, progress=progress, begin=_heading))


def _own(
    file: str, maps: list[str], tz: str | None, out: Path
) -> tuple[dict[str, list[Chapter]], list[tuple[str, Path]]]:
    from semsearch.demo import listings
    from semsearch.ingest.mapping import parse_maps

    given = parse_maps(maps)
    root = listings.home(out, file, given)
    with steps() as progress:
        told = listings.tell(root, file, now=datetime.now(UTC), progress=progress, begin=_heading, maps=given, tz=tz)
        parts = {"": _shown(told)}
    return parts, [(listings.example(root), root)]


def _quoted(query: str) -> str:
    return f'"{query}"' if not set(query) & set('"$`!\\') else quote(query)


def _heading(title: str) -> None:
    talk(f"\n{title}")


def _shown(chapters: Iterator[Chapter]) -> list[Chapter]:
    kept = []
    for chapter in chapters:
        kept.append(chapter)
        for sentence in chapter.told:
            talk(f"  {sentence}")
        for table in chapter.tables:
            emit(table, rows=[dict(zip(table.columns, row, strict=True)) for row in table.rows], title=table.note)
    return kept


def _scoreboard(parts: dict[str, list[Chapter]]) -> None:
    rows = [
        ({"market": part} if part else {})
        | {"": f.name, "measured": f"{f.value} ({f.interval})" if f.interval else f.value, "on": f.condition}
        for part, chapters in parts.items()
        for chapter in chapters
        for f in chapter.figures
    ]
    emit(rows, rows=rows, title="Scoreboard")
