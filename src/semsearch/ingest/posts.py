"""Files and growing files to posts, in batches of at most 1,000 of one namespace.

Columns, times, encodings and the quarantine are those of an import. What differs: posts are handed on as they are
read, so that a file of any size streams and a run that is stopped has done its work up to there; and nothing that a
post's author writes (its length, control characters, half an emoji, no text at all) can have the post left out. (In
CSV a text of more than 1,000 lines can: it looks like a quote that is never closed.)
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from semsearch.errors import UsageError
from semsearch.ingest import values
from semsearch.ingest.following import Chunk
from semsearch.ingest.lines import Reject, numbered_lines
from semsearch.ingest.mapped import Mapper, checked_rows, mapped_batches, plan_rows
from semsearch.ingest.mapping import Mapped
from semsearch.ingest.names import REQUIRED
from semsearch.ingest.rejects import Rejects, too_many
from semsearch.ingest.sources import HEAD, Format, Source, nothing_in, sniff
from semsearch.ingest.tables import Batch, jsonl_batches
from semsearch.ingest.validate import Reasons
from semsearch.records import NAMESPACES, Post
from semsearch.settings import Settings

if TYPE_CHECKING:
    import polars as pl

BATCH_POSTS = 1_000
FUTURE = timedelta(days=1)
"""A post later than this from now has a wrong time; less is a clock or a time zone that is off."""


class PostReader:
    """Reads posts, counts them, and sets bad rows aside in `rejects`.

    `maps` is field → source and goes before the mapping `[import.posts]` in the settings. `namespace` is that of every
    row; without it a column may say it, and rows that say nothing are listings. Raises UsageError for an unknown
    namespace, field or time zone.
    """

    def __init__(
        self,
        settings: Settings,
        rejects: Rejects,
        *,
        now: datetime,
        namespace: str | None = None,
        maps: Mapping[str, str] | None = None,
        format_: Format | None = None,
    ) -> None:
        given = dict(maps or {})
        if namespace is not None:
            settings.campaigns.of(namespace)
            given["namespace"] = f"'{namespace}'"
        self._plan = plan_rows("posts", settings.imports, given, format_)
        self._namespaces = tuple(dict.fromkeys((*NAMESPACES, *settings.campaigns.namespaces)))
        self._latest = now + FUTURE
        self.rejects = rejects
        self.n_good = 0
        self.mapping: dict[str, str] = {}
        """Field to source, as used."""
        self.unused: dict[str, None] = {}
        """Columns that no field took."""

    @property
    def n_read(self) -> int:
        """Rows so far; each is a good one or a reject."""
        return self.n_good + self.rejects.n

    def files(self, sources: Sequence[Source]) -> Iterator[tuple[Post, ...]]:
        """All posts of files, in their order.

        A piece of at most 20,000 rows is judged before its posts are handed on: TooManyBad is raised when more than
        the allowed share of all rows so far are bad. Raises UsageError for what is no table of posts or has no row,
        Unreadable when a file turns out to be broken; the posts before it have been handed on then.
        """
        n_handed = 0
        for source in sources:
            reject = self.rejects.of(source.name)
            for batch, mapped in mapped_batches(self._plan, source, reject):
                good = self._good(batch, mapped, reject)
                self._judge(n_handed)
                yield from _posts(good)
                n_handed = self.n_good
        if not self.n_read:
            raise nothing_in(sources)
        self._judge(n_handed, ended=True)

    def lines(self, name: str, chunks: Iterator[Chunk]) -> Iterator[tuple[Post, ...]]:
        """All posts of JSON Lines that are still being written; a bad line never ends it, nor do many.

        After each chunk comes an empty batch. Raises UsageError when the first chunk is not JSON Lines.
        """
        reject = self.rejects.of(name)
        mapper = Mapper(self._plan)
        first = True
        for chunk in chunks:
            if first and chunk.data.strip():
                _check_jsonl(name, chunk.data)
                first = False
            data = chunk.data.removeprefix(codecs.BOM_UTF8) if chunk.number == 1 else chunk.data
            lines = numbered_lines(name, iter([data]), reject, chunk.number)
            for batch in jsonl_batches(lines, reject, mend=True):
                mapped = mapper.of(batch)
                lacking = [field for field in REQUIRED["posts"] if field not in mapped.fields]
                if lacking:
                    self._reject_all(batch, f"no column for {' and '.join(lacking)}", reject)
                else:
                    yield from _posts(self._good(batch, mapped, reject))
            yield ()

    def _good(self, batch: Batch, mapped: Mapped, reject: Reject) -> pl.DataFrame:
        good = checked_rows(self._plan, batch, mapped, reject, self._rules)
        self.n_good += good.height
        self.mapping |= mapped.texts
        self.unused |= dict.fromkeys(mapped.unused)
        return good

    def _rules(self, frame: pl.DataFrame) -> Reasons:
        """No post from the future, none of an unknown namespace."""
        at, namespace = frame["created_at"], frame["namespace"]
        late = at > self._latest
        foreign = ~namespace.is_in(self._namespaces)
        return [
            ("created_at", values.told(at.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), late, "is more than a day from now")),
            ("namespace", values.told(namespace, foreign, f"is none of {', '.join(self._namespaces)}")),
        ]

    def _judge(self, n_handed: int, ended: bool = False) -> None:
        allowed = self._plan.settings.max_rejects
        if self.rejects.n > allowed * self.n_read or (ended and not self.n_good):
            kept = f"The {n_handed:,} posts before them were scanned and stay." if n_handed else "Nothing was scanned."
            remedy = "correct the file or say the columns with --map FIELD=SOURCE, then run the same command again"
            raise too_many(self.rejects, self.n_read, allowed, kept=self.rejects.path, consequence=kept, remedy=remedy)

    def _reject_all(self, batch: Batch, reason: str, reject: Reject) -> None:
        for index, number in enumerate(batch.numbers):
            reject(number, "", reason, batch.raw(index))


def _posts(frame: pl.DataFrame) -> Iterator[tuple[Post, ...]]:
    """Rows as posts, in their order within each namespace."""
    alone = frame["namespace"].n_unique() <= 1
    for part in [frame] if alone else frame.partition_by("namespace", maintain_order=True):
        for piece in part.iter_slices(BATCH_POSTS):
            yield tuple(map(_post, piece.iter_rows()))


def _post(row: tuple[Any, ...]) -> Post:
    (namespace, post_id, author_id, created_at, text, revision, image_path, parent_id, room_id, recipient_id, category,
     attributes, seller_type) = row  # fmt: skip
    read = json.loads(attributes) if attributes != "{}" else {}
    return Post(namespace, post_id, author_id, created_at, text, revision, image_path, parent_id, room_id,
                recipient_id, category, read, seller_type)  # fmt: skip


def _check_jsonl(name: str, data: bytes) -> None:
    """Raises UsageError for what is no JSON Lines in UTF-8; one bad line is no reason."""
    head = data[:HEAD].removeprefix(codecs.BOM_UTF8)
    begins = any(line.lstrip().startswith(b"{") for line in head.split(b"\n")) or sniff(name, head) == "jsonl"
    if not begins or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UsageError(
            f"{name} is not JSON Lines (one JSON object a line, in UTF-8), which alone can be watched.",
            "Next: semsearch scan posts FILE, for a file that is whole",
        )
