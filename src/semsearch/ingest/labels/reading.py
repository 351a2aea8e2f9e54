"""A file or folder of labels, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from semsearch.ingest.labels import trec
from semsearch.ingest.labels.beir import beir_rows, folder_of
from semsearch.ingest.labels.label_studio import label_studio_rows
from semsearch.ingest.labels.rows import Judged, Passed, refusing
from semsearch.ingest.labels.tables import Wanted, judged_rows
from semsearch.ingest.sources import STDIN, Format, Source, expand, peek
from semsearch.ingest.tables import batches

LabelFormat = Literal["csv", "tsv", "jsonl", "parquet", "trec", "beir", "quepid", "esci", "label-studio"]
_TABLES: dict[str, Format] = {"csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "parquet": "parquet", "quepid": "csv"}


def read_labels(
    name: str, wanted: Wanted, passed: Passed, *, format_: LabelFormat | None = None, stdin: BinaryIO | None = None
) -> Iterator[Judged]:
    """The judgements of a file, a BEIR folder or `-`, in their order; `format_` instead of the recognised one.

    Raises UsageError for what cannot be read, with its place.
    """
    path = Path(name)
    if format_ == "beir" or (format_ is None and name != STDIN and (path.is_dir() or folder_of(path))):
        yield from beir_rows(path, wanted)
        return
    (source,) = expand([name], stdin)
    source, known = (source, format_) if format_ else _recognised(source)
    if known == "label-studio":
        yield from label_studio_rows(source, wanted, passed)
    elif known == "trec":
        yield from judged_rows(source.name, trec.trec_batches(source), wanted)
    else:
        rows = batches(source, _TABLES.get(known or ""), refusing(source.name))
        yield from judged_rows(source.name, rows, wanted, passed=passed)


def _recognised(source: Source) -> tuple[Source, LabelFormat | None]:
    """The source, whole again, and its format when it is no table."""
    head, blocks = peek(source.blocks())
    again = _Peeked(name=source.name, path=source.path, stdin=source.stdin, left=blocks)
    text = head.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    if text.startswith("["):
        return again, "label-studio"
    return again, "trec" if trec.looks_so(text.partition("\n")[0]) else None


@dataclass(frozen=True, kw_only=True)
class _Peeked(Source):
    """A source of which the first bytes were looked at; it is read once."""

    left: Iterator[bytes]

    def blocks(self) -> Iterator[bytes]:
        """The decompressed bytes, from the beginning."""
        return self.left
