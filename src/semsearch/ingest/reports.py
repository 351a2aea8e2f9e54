"""User reports and past sanctions: rows as an import reads them, kept by whoever keeps reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from semsearch.ingest import values
from semsearch.ingest.importing import ImportSummary, Preview, import_into, preview_of
from semsearch.ingest.mapped import plan_rows
from semsearch.ingest.merge import Merged
from semsearch.ingest.posts import FUTURE
from semsearch.ingest.sources import Format, expand
from semsearch.ingest.validate import Reasons
from semsearch.progress import Progress
from semsearch.records import NAMESPACES, Report
from semsearch.settings import Settings
from semsearch.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl


Keep = Callable[[Iterable[Report]], Merged]
"""Keeps all reports or, when it raises, none."""


class ReportReader:
    """Reads reports and sanctions from files, globs or `-`.

    `maps` is field → source and goes before the mapping `[import.reports]` in the settings. A row in the future, or of
    an unknown namespace, is a bad one. Raises UsageError for an unknown field, time zone or file.
    """

    def __init__(
        self,
        files: Sequence[str],
        *,
        settings: Settings,
        now: datetime,
        maps: Mapping[str, str] | None = None,
        format_: Format | None = None,
        stdin: BinaryIO | None = None,
    ) -> None:
        self._plan = plan_rows("reports", settings.imports, maps, format_)
        self._sources = expand(files, stdin)
        self._namespaces = tuple(dict.fromkeys((*NAMESPACES, *settings.campaigns.namespaces)))
        self._now = now

    def preview(self) -> Preview:
        """The mapping and the first five rows of the first file; writes nothing. Raises as `preview_rows`."""
        return preview_of(self._plan, self._sources[0], self._rules)

    def read(self, workspace: Workspace, keep: Keep, progress: Progress | None = None) -> ImportSummary:
        """All rows to `keep`, all or nothing; `unchanged` were there before. Raises as `import_rows`."""

        def take(parts: Sequence[Path]) -> Merged:
            return keep(_reports(parts))

        return import_into(
            workspace, self._plan, self._sources, take, now=self._now, rules=self._rules, progress=progress
        )

    def _rules(self, frame: pl.DataFrame) -> Reasons:
        at, namespace = frame["at"], frame["namespace"]
        late = at > self._now + FUTURE
        foreign = namespace.is_not_null() & ~namespace.is_in(self._namespaces)
        return [
            ("at", values.told(at.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), late, "is more than a day from now")),
            ("namespace", values.told(namespace, foreign, f"is none of {', '.join(self._namespaces)}")),
        ]


def _reports(parts: Sequence[Path]) -> Iterator[Report]:
    import polars as pl

    for part in parts:
        yield from (Report(*row) for row in pl.read_parquet(part).iter_rows())
