"""`scan posts|items` and `watch`: posts into the journal, joined to campaigns, alerts raised."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from semsearch.cli.imports import Files, FormatOption, MapOption, TzOption
from semsearch.cli.options import HERE, JsonlOption, JsonOption, WorkspaceOption
from semsearch.cli.output import emit, steps, talk
from semsearch.cli.scanning import Scanning
from semsearch.cli.standard_input import standard_input
from semsearch.errors import SemsearchError, UsageError

if TYPE_CHECKING:
    from semsearch.ingest.following import Chunk
    from semsearch.ingest.posts import PostReader
    from semsearch.ingest.sources import Format
    from semsearch.records import Post
    from semsearch.workspace import Workspace

HELP = """Find campaigns in posts, and raise alerts.

Example: semsearch scan posts chats.jsonl --namespace chat
"""
LOOK_S = 1.0
"""Seconds between two looks at a file that does not grow."""
app = typer.Typer(help=HELP, no_args_is_help=True)

WatchedFile = Annotated[str, typer.Argument(help="A JSON Lines file, or - for standard input.", show_default=False)]
NamespaceOption = Annotated[
    str | None,
    typer.Option("--namespace", help="Kind of content. Default: what a column of that name says, else listing."),
]
RejectsOption = Annotated[
    float | None, typer.Option("--max-rejects", help="Share of bad rows above which the scan stops.")
]
NoNotifyOption = Annotated[bool, typer.Option("--no-notify", help="Tell no sink; alerts list has the alerts anyway.")]


@app.command()
def posts(
    files: Files,
    namespace: NamespaceOption = None,
    map_: MapOption = None,
    tz: TzOption = None,
    format_: FormatOption = None,
    max_rejects: RejectsOption = None,
    no_notify: NoNotifyOption = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Scan posts: CSV, TSV, JSONL or Parquet, also .gz and .zst. What was scanned before counts once.

    Examples:

    semsearch scan posts chats.jsonl --namespace chat --tz Asia/Seoul

    zcat posts.csv.gz | semsearch scan posts - --map text=title+body --map author_id=작성자
    """
    from semsearch.ingest.sources import expand
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    sources = expand(files, standard_input(files))
    with (
        _reader(opened, namespace, map_, tz=tz, format_=format_, max_rejects=max_rejects) as reader,
        Scanning(opened, notify=not no_notify, as_jsonl=jsonl) as scanning,
    ):
        with steps() as progress, _saying_what_stays(scanning):
            for _ in scanning.run(_told_columns(reader, reader.files(sources))):
                progress("posts scanned", scanning.summary.taken, 0)
        _show_rows(scanning, reader, json, jsonl)


@app.command()
def items(
    no_notify: NoNotifyOption = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Scan the imported items as posts of the namespace listing, the oldest first. An edit is a new revision.

    Example: semsearch scan items
    """
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.ingest.listed import NAMESPACE, ListedReader
    from semsearch.store.database import Store
    from semsearch.wiring import open_state
    from semsearch.workspace import Workspace

    opened, now = Workspace.open(workspace), datetime.now(UTC)
    with (
        Store.open(opened.moderation_path, now=now) as store,
        Scanning(opened, notify=not no_notify, as_jsonl=jsonl) as scanning,
    ):
        known = partial(open_state(store).journal.known, NAMESPACE)
        reader = ListedReader(Catalogue(opened), known, now=now)
        with steps() as progress, _saying_what_stays(scanning):
            for _ in scanning.run(reader.posts()):
                progress("items scanned", scanning.summary.taken, reader.n_good)
        scanning.summary.read, scanning.summary.rejected = reader.n_read, reader.left_out.total()
        for why, n in reader.left_out.most_common():
            talk(f"Left out {n:,} × {why}")
        _show(scanning, json, jsonl)


def watch(
    file: WatchedFile,
    namespace: NamespaceOption = None,
    map_: MapOption = None,
    tz: TzOption = None,
    no_notify: NoNotifyOption = False,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
    jsonl: JsonlOption = False,
) -> None:
    """Scan posts as they are written: JSON Lines from a growing file, or from standard input until it ends.

    Ctrl-C ends it. It begins at the file's beginning each time; what was scanned before counts once.

    Examples:

    semsearch watch /var/log/chats.jsonl --namespace chat

    tail -F chats.jsonl | semsearch watch - --namespace chat --jsonl
    """
    from semsearch.ingest.following import follow, stream
    from semsearch.ingest.sources import expand
    from semsearch.workspace import Workspace

    opened = Workspace.open(workspace)
    source, *others = expand([file], standard_input([file]))
    if others:
        raise UsageError(f"{file} is more than one file.", "Next: watch each by itself, or pipe them in: … | semsearch")
    with (
        _reader(opened, namespace, map_, tz=tz) as reader,
        Scanning(opened, notify=not no_notify, as_jsonl=jsonl) as scanning,
    ):
        chunks = follow(source.path, partial(_idle, scanning)) if source.path else stream(source.open())
        talk(f"Watching {source.name}. Ctrl-C ends it.")
        with _ending_with(lambda: _show_rows(scanning, reader, json, jsonl)), _saying_what_stays(scanning):
            _watch(scanning, reader, reader.lines(source.name, _told_notes(chunks)))


# --- the steps -----------------------------------------------------------------------------


@contextmanager
def _reader(
    workspace: Workspace,
    namespace: str | None,
    maps: list[str] | None,
    *,
    tz: str | None,
    format_: Format | None = None,
    max_rejects: float | None = None,
) -> Iterator[PostReader]:
    from semsearch.ingest.mapping import parse_maps
    from semsearch.ingest.posts import PostReader
    from semsearch.ingest.rejects import Rejects, quarantine_path
    from semsearch.settings import Settings

    now = datetime.now(UTC)
    settings = Settings.load(workspace.root).override("imports", tz=tz, max_rejects=max_rejects)
    with Rejects(quarantine_path(workspace, "posts", now)) as rejects:
        yield PostReader(settings, rejects, now=now, namespace=namespace, maps=parse_maps(maps or []), format_=format_)


def _idle(scanning: Scanning) -> None:
    if scanning.n_untold:
        scanning.deliver()
    time.sleep(LOOK_S)


def _watch(scanning: Scanning, reader: PostReader, batches: Iterator[Sequence[Post]]) -> None:
    """Scan what comes, and say of each piece what of it was bad."""
    told: Counter[str] = Counter()
    for batch in _told_columns(reader, batches):
        scanning.take(batch)
        fresh = reader.rejects.reasons - told
        if fresh and not batch:
            reader.rejects.flush()
            told = reader.rejects.reasons.copy()
            reasons = ", ".join(f"{n:,} × {why}" for why, n in fresh.most_common(3))
            talk(f"Rejected {reasons}; they are in {reader.rejects.path}")


def _told_notes(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    for chunk in chunks:
        if chunk.note:
            talk(chunk.note)
        yield chunk


def _told_columns(reader: PostReader, batches: Iterator[Sequence[Post]]) -> Iterator[Sequence[Post]]:
    """The batches; the columns are said as soon as they are known, so that a wrong guess is seen early."""
    told = False
    for batch in batches:
        if reader.mapping and not told:
            talk("Columns: " + ", ".join(f"{field}={source}" for field, source in reader.mapping.items()))
            if reader.unused:
                talk(f"Not read: {', '.join(reader.unused)}")
            told = True
        yield batch


@contextmanager
def _saying_what_stays(scanning: Scanning) -> Iterator[None]:
    try:
        yield
    except (SemsearchError, OSError):
        if scanning.summary.taken:
            talk(f"{scanning.summary.taken:,} posts were scanned before that; they stay and count once.")
        raise


@contextmanager
def _ending_with(show: Callable[[], None]) -> Iterator[None]:
    """Call `show` at the end, and when Ctrl-C is the end."""
    try:
        yield
    except KeyboardInterrupt:
        show()
        raise
    show()


def _show_rows(scanning: Scanning, reader: PostReader, as_json: bool, as_jsonl: bool) -> None:
    from semsearch.ingest.rejects import told_reasons

    summary, rejects = scanning.summary, reader.rejects
    summary.read, summary.rejected = reader.n_read, rejects.n
    summary.quarantine = rejects.path if rejects.n else None
    _show(scanning, as_json, as_jsonl)
    for line in told_reasons(rejects.reasons, rejects.examples):
        talk(f"Rejected {line}")
    if rejects.n:
        talk(f"Rejected rows are in {rejects.path}")


def _show(scanning: Scanning, as_json: bool, as_jsonl: bool) -> None:
    """The summary; with --jsonl stdout has the alerts alone."""
    summary = scanning.summary
    counts = {name: value for name, value in asdict(summary).items() if isinstance(value, int)}
    if as_jsonl:
        talk("Scanned: " + ", ".join(f"{name} {n:,}" for name, n in counts.items()))
    else:
        emit(summary if as_json else counts, as_json=as_json)
    if summary.conflicts:
        talk(f"Left out {summary.conflicts:,} × a revision that is there with another text")
    if scanning.n_untold:
        talk(f"{scanning.n_untold:,} messages are still to be sent. Next: semsearch alerts retry")
    if summary.alerts_raised or summary.alerts_updated:
        talk("Next: semsearch alerts list")
