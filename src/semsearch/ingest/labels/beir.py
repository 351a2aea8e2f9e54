"""Judgements from a BEIR folder: queries.jsonl, corpus.jsonl, qrels/test.tsv (query-id, corpus-id, score).

Source: Thakur et al., "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models",
NeurIPS 2021.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from semsearch.errors import UsageError
from semsearch.ingest.labels.rows import Judged, refusing
from semsearch.ingest.labels.tables import Wanted, judged_rows
from semsearch.ingest.sources import Source, expand
from semsearch.ingest.tables import batches, text_series

SPLIT = "test"
_COLUMNS = {"query_id": "query-id", "item_id": "corpus-id", "grade": "score"}


def folder_of(path: Path) -> Path | None:
    """The BEIR folder that `path` is, or is a file of qrels of; None for what is neither."""
    folder = path if path.is_dir() else path.parent.parent
    named = path.is_dir() or path.parent.name == "qrels"
    return folder if named and _found(folder, "queries") else None


def beir_rows(path: Path, wanted: Wanted) -> Iterator[Judged]:
    """The judgements of a folder (its test qrels) or of one file of qrels in it, with the items' texts.

    Raises UsageError when a part is not there, and as `judged_rows`.
    """
    folder = folder_of(path) or path
    qrels = path if path.is_file() else folder / "qrels" / f"{SPLIT}.tsv"
    texts = {**_texts(_needed(folder, "queries")), **wanted.texts}
    _check_split(qrels)
    (source,) = expand([str(qrels)])
    found = list(
        judged_rows(
            str(qrels), batches(source, "tsv", refusing(str(qrels))), Wanted(_COLUMNS | dict(wanted.maps), texts)
        )
    )
    items = _items(_found(folder, "corpus"), {row.item_id for row in found})
    for row in found:
        yield replace(row, item=items.get(row.item_id, {}))


def _needed(folder: Path, name: str) -> Source:
    found = _found(folder, name)
    if found is None:
        raise UsageError(
            f"{folder} is a folder, and none of BEIR: it has no {name}.jsonl.",
            f"Next: name a file in it, or bring {folder / name}.jsonl with the fields _id and text",
        )
    return found


def _check_split(qrels: Path) -> None:
    if not qrels.is_file():
        others = sorted(qrels.parent.glob("*.tsv"))
        raise UsageError(
            f"There is no {qrels}.",
            f"Next: semsearch label import {shlex.quote(str(others[0]))}" if others else "Next: bring the judgements",
        )


def _found(folder: Path, name: str) -> Source | None:
    paths = (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz")
    return next((Source(str(path), path) for path in paths if path.is_file()), None)


def _texts(source: Source) -> dict[str, str]:
    texts: dict[str, str] = {}
    for batch in batches(source, "jsonl", refusing(source.name)):
        ids, said = (text_series(batch.column(name)) for name in ("_id", "text"))
        texts |= {str(query_id): text.strip() for query_id, text in zip(ids, said, strict=True) if query_id and text}
    return texts


def _items(source: Source | None, wanted: set[str]) -> Mapping[str, Mapping[str, str]]:
    """Title and text of the items that are judged; the corpus is read through once."""
    items: dict[str, Mapping[str, str]] = {}
    if source is None:
        return items
    for batch in batches(source, "jsonl", refusing(source.name)):
        columns = [text_series(batch.column(name)) for name in ("_id", "title", "text")]
        for item_id, title, body in zip(*columns, strict=True):
            if item_id in wanted:
                items[item_id] = {name: text for name, text in (("title", title), ("body", body)) if text}
    return items
