"""Posts and labelled posts from files, for commands that judge how people write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from semsearch.cli.output import talk
from semsearch.cli.standard_input import standard_input
from semsearch.errors import UsageError

if TYPE_CHECKING:
    from semsearch.ingest.sources import Format
    from semsearch.records import Post
    from semsearch.settings import Settings
    from semsearch.spam.kept import Labelled
    from semsearch.workspace import Workspace

NormalOption = Annotated[list[str] | None, typer.Option("--normal", help="File of posts by ordinary people.")]
SellersOption = Annotated[list[str] | None, typer.Option("--sellers", help="File of posts by professional sellers.")]
DecisionsOption = Annotated[
    bool, typer.Option("--from-decisions", help="Take the posts that people decided on instead of files.")
]


@dataclass(frozen=True, slots=True)
class Reading:
    """How files of posts are read, as the command line says."""

    workspace: Workspace
    settings: Settings
    namespace: str | None
    """Of every row; None: as a column says, else listing."""
    maps: list[str] | None = None
    tz: str | None = None
    format_: Format | None = None

    def posts(self, files: Sequence[str]) -> Iterator[Post]:
        """The posts of files, as they are read; bad rows are set aside and told at the end.

        Raises UsageError for what is no table of posts, and for more bad rows than are allowed.
        """
        from semsearch.ingest.mapping import parse_maps
        from semsearch.ingest.posts import PostReader
        from semsearch.ingest.rejects import Rejects, quarantine_path, told_reasons
        from semsearch.ingest.sources import expand

        now = datetime.now(UTC)
        settings = self.settings.override("imports", tz=self.tz)
        sources = expand(list(files), standard_input(files))
        with Rejects(quarantine_path(self.workspace, "posts", now)) as rejects:
            maps = parse_maps(self.maps or [])
            reader = PostReader(settings, rejects, now=now, namespace=self.namespace, maps=maps, format_=self.format_)
            for batch in reader.files(sources):
                yield from batch
            for line in told_reasons(rejects.reasons, rejects.examples):
                talk(f"Rejected {line}")
            if rejects.n:
                talk(f"Rejected rows are in {rejects.path}")

    def labelled(self, normal: Sequence[str] | None, sellers: Sequence[str] | None, command: str) -> Labelled:
        """Posts of both sides; raises UsageError when one of them is not named, or both are the same file.

        `command` is the one that wants them, such as `spam learn`.
        """
        from semsearch.spam.kept import Labelled

        if not normal or not sellers:
            missing = "--sellers" if normal else "--normal"
            raise UsageError(
                f"There are posts of one side only: {missing} is missing." if normal or sellers else "No posts.",
                f"Next: semsearch {command} --normal FILE --sellers FILE, or semsearch {command} --from-decisions",
            )
        if same := sorted(set(normal) & set(sellers)):
            raise UsageError(f"{same[0]} is given for both sides.", "Next: name another file for one of them")
        return Labelled(tuple(self.posts(normal)), tuple(self.posts(sellers)))


def one_source(normal: Sequence[str] | None, sellers: Sequence[str] | None, command: str) -> None:
    """Refuse files beside --from-decisions."""
    if normal or sellers:
        raise UsageError("--from-decisions takes the place of files.", f"Next: semsearch {command} --from-decisions")
