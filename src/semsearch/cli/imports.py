"""`import items|interactions|regions|reports`: rows into the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from semsearch.cli.options import HERE, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.standard_input import standard_input

if TYPE_CHECKING:
    from semsearch.records import Report

HELP = """Bring items, interactions, regions, and reports of others in.

Example: semsearch import items listings.csv --dry-run
"""
app = typer.Typer(help=HELP, no_args_is_help=True)
USUAL = ("category", "price", "region_id", "created_at")
"""Fields that most listings have a column for."""

HOUR_US = 3_600_000_000
Files = Annotated[list[str], typer.Argument(help="Files, quoted globs, or - for standard input.", show_default=False)]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=SOURCE", help="Which column fills a field; may be repeated."),
]
TzOption = Annotated[str | None, typer.Option("--tz", help="Time zone of times that name none.")]
FormatOption = Annotated[
    Literal["csv", "tsv", "jsonl", "parquet"] | None, typer.Option("--format", help="Instead of the recognised one.")
]
RejectsOption = Annotated[
    float | None, typer.Option("--max-rejects", help="Share of bad rows above which nothing is imported.")
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Show the mapping on five rows; write nothing.")]


@app.command()
def items(
    files: Files,
    map_: MapOption = None,
    tz: TzOption = None,
    format_: FormatOption = None,
    max_rejects: RejectsOption = None,
    dry_run: DryOption = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Import listings: CSV, TSV, JSONL or Parquet, also .gz and .zst. An id that is known is updated.

    Examples:

    semsearch import items listings.csv --tz Asia/Seoul --dry-run

    semsearch import items 'export/*.jsonl.gz' --map attributes.brand=specs.maker --map "currency='KRW'"

    zcat dump.csv.gz | semsearch import items - --map title=제목 --map price=price_cents*0.01
    """
    _run("items", files, map_, tz, format_, max_rejects, dry_run, workspace, json)


@app.command()
def interactions(
    files: Files,
    map_: MapOption = None,
    tz: TzOption = None,
    format_: FormatOption = None,
    max_rejects: RejectsOption = None,
    dry_run: DryOption = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Import the log: searches, impressions, clicks, favourites, chats, purchases. Exact copies count once.

    Examples:

    semsearch import interactions 'log/2026-*.parquet'

    semsearch import interactions orders.csv --map ts=InvoiceDate --map "kind='purchase'" --tz Europe/London
    """
    _run("interactions", files, map_, tz, format_, max_rejects, dry_run, workspace, json)


@app.command()
def regions(
    files: Files,
    map_: MapOption = None,
    tz: TzOption = None,
    format_: FormatOption = None,
    max_rejects: RejectsOption = None,
    dry_run: DryOption = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Import the region table that `search --near` reads: region_id, name, neighbour_ids.

    Example: semsearch import regions regions.csv --map name=동이름
    """
    _run("regions", files, map_, tz, format_, max_rejects, dry_run, workspace, json)


@app.command()
def reports(
    files: Files,
    map_: MapOption = None,
    tz: TzOption = None,
    format_: FormatOption = None,
    max_rejects: RejectsOption = None,
    dry_run: DryOption = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Import user reports and past sanctions with the route that led to them, for `authors routes`.

    Examples:

    semsearch import reports sanctions.csv --tz Asia/Seoul --dry-run

    semsearch import reports reports.jsonl --map "kind='report'" --map "route='user report'"
    """
    from semsearch.ingest.mapping import parse_maps
    from semsearch.ingest.merge import Merged
    from semsearch.ingest.reports import ReportReader
    from semsearch.settings import Settings
    from semsearch.store.database import Store
    from semsearch.store.reports import Reports
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    now = datetime.now(UTC)
    settings = Settings.load(opened.root).override("imports", tz=tz, max_rejects=max_rejects)
    maps, stdin = parse_maps(map_ or []), standard_input(files)
    reader = ReportReader(files, settings=settings, now=now, maps=maps, format_=format_, stdin=stdin)
    if dry_run:
        _show_preview("reports", reader.preview(), json)
        return

    moved: list[str] = []

    def keep(rows: Iterable[Report]) -> Merged:
        with Store.open(opened.moderation_path, now=now) as store:
            added = Reports(store).add(rows)
        if added.n_moved:
            hours = f"{abs(added.moved_us) / HOUR_US:g} h {'earlier' if added.moved_us > 0 else 'later'}"
            moved.append(
                f"New ones that were there before at another time, most {hours}: {added.n_moved:,}. Was the file read "
                "with another --tz? Both are kept."
            )
        return Merged(added.n_new, 0, added.n_known, added.n_copies, added.n_total, added.digest)

    with steps() as progress:
        summary = reader.read(opened, keep, progress)
    _show_summary(summary, json)
    if summary.zoneless and tz is None and settings.imports.tz == "UTC":
        talk(f"Times that name no zone, taken as UTC: {summary.zoneless:,}. If they are not: --tz Asia/Seoul.")
    for told in moved:
        talk(told)
    talk("Next: semsearch authors routes")


def _run(
    kind: Literal["items", "interactions", "regions"],
    files: list[str],
    map_: list[str] | None,
    tz: str | None,
    format_: Any,
    max_rejects: float | None,
    dry_run: bool,
    workspace: Any,
    json: bool,
) -> None:
    from semsearch.ingest.importing import import_rows, preview_rows
    from semsearch.ingest.mapping import parse_maps
    from semsearch.settings import Settings
    from semsearch.workspace import DEFAULT_PIPELINE, Workspace

    opened = Workspace.open(workspace)
    settings = Settings.load(opened.root).override("imports", tz=tz, max_rejects=max_rejects)
    stdin = standard_input(files)
    common: Any = {"maps": parse_maps(map_ or []), "settings": settings.imports, "format_": format_, "stdin": stdin}
    if dry_run:
        _show_preview(kind, preview_rows(opened.root, kind, files, **common), json)
        return
    with steps() as progress:
        summary = import_rows(opened, kind, files, now=datetime.now(UTC), progress=progress, **common)
    _show_summary(summary, json)
    if kind == "items" and summary.new + summary.updated:
        trained = settings.index.encoder or opened.state(DEFAULT_PIPELINE).model_id
        talk(f"Next: semsearch {'index build --publish' if trained else 'train'}")


def _show_preview(kind: str, preview: Any, as_json: bool) -> None:
    if as_json:
        emit(preview, as_json=True)
        return
    rows = [
        {"field": field, "source": source} | {f"row {n}": _short(row, field) for n, row in enumerate(preview.rows, 1)}
        for field, source in preview.mapping.items()
    ]
    emit(preview, rows=rows, title=f"{preview.file} as {kind}")
    _tell_unused(kind, preview.unused, preview.mapping)
    for bad in preview.rejected:
        talk(f"Row {bad['row']} would be rejected: {bad['column']} {bad['reason']}")
    talk("Nothing was written. Next: the same command without --dry-run, or correct it with --map FIELD=SOURCE")


def _short(row: dict[str, Any], field: str) -> Any:
    name, _, inner = field.partition(".")
    value = row[name]
    if inner:
        import json

        value = json.loads(value).get(inner)
    if isinstance(value, list):
        value = ", ".join(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%SZ}".replace(":00Z", "Z")
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return value[:40] + "…" if isinstance(value, str) and len(value) > 41 else value


def _show_summary(summary: Any, as_json: bool) -> None:
    from semsearch.ingest.rejects import told_reasons

    if as_json:
        emit(summary, as_json=True)
    else:
        counts = ("read", "new", "updated", "unchanged", "duplicates", "rejected", "total")
        emit({name: getattr(summary, name) for name in counts})
        talk("Columns: " + ", ".join(f"{field}={source}" for field, source in summary.mapping.items()))
    _tell_unused(summary.kind, summary.unused, summary.mapping)
    if summary.duplicates:
        copies = summary.kind in ("interactions", "reports")
        what = "exact copies of a row" if copies else "rows with an id that a later row has too"
        talk(f"{summary.duplicates:,} {what} were left out; the last one counts.")
    if summary.without_rows:
        talk(f"Without rows: {', '.join(summary.without_rows)}")
    for line in told_reasons(summary.reasons, summary.examples):
        talk(f"Rejected {line}")
    if summary.quarantine:
        talk(f"Rejected rows are in {summary.quarantine}")


def _tell_unused(kind: str, unused: tuple[str, ...], mapping: Mapping[str, str]) -> None:
    if not unused:
        return
    keep = f"; keep one with --map attributes.{unused[0]}={unused[0]}" if kind == "items" else ""
    more = f" and {len(unused) - 20} more" if len(unused) > 20 else ""
    talk(f"Not imported: {', '.join(unused[:20])}{more}{keep}")
    empty = [field for field in USUAL if field not in mapping]
    if kind == "items" and empty:
        talk(f"No column for {', '.join(empty)}; if one of these is it: --map {empty[0]}={unused[0]}")
