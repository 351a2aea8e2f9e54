"""What counts of the labels, in the formats of other tools; and pairs as tasks for Label Studio."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from semsearch.errors import UsageError
from semsearch.evaluation.files import write_lines
from semsearch.evaluation.labels.labelled import End, qrels_of
from semsearch.evaluation.queries import query_id_of
from semsearch.evaluation.reading import beside
from semsearch.evaluation.trec import write_qrels
from semsearch.ingest.labels.beir import SPLIT
from semsearch.ingest.labels.grades import ESCI_LETTERS
from semsearch.plain import plain
from semsearch.store.labels import Effective, Key
from semsearch.store.labels.snapshots import SHOWN

if TYPE_CHECKING:
    from semsearch.store.labels.batches import Task
    from semsearch.store.labels.pools import Pair

ExportFormat = Literal["trec", "csv", "jsonl", "beir", "quepid", "esci"]
TABLES = ("jsonl", "csv")
"""Formats that say of each label whose it is."""
_APART = ("query", "item_id", "item", "retracts")
"""What a row says otherwise of a label, or not: one that counts takes nothing back."""


@dataclass(frozen=True, slots=True)
class LabelExport:
    """What an export wrote."""

    files: tuple[Path, ...]
    pairs: int
    """Pairs written."""
    queries: int
    disputed: int
    """Of the pairs written: people differ, and the end that was asked for was taken."""
    ungradeable: int
    """Left out."""
    stale: int
    """Left out: the item is another one now."""
    machine: int
    """Left out: only a model spoke. With `machine`: written."""


def export_labels(
    effective: Mapping[Key, Effective], out: Path, *, format_: ExportFormat, end: End = "low", machine: bool = False
) -> LabelExport:
    """Write what people said, and with `machine` what models said of the other pairs too.

    `end` is the grade that is written where there are two. Raises UsageError when nothing is left to write, for a
    place that cannot be written to, and for grades of models in a format that cannot say so.
    """
    if machine and format_ not in TABLES:
        raise UsageError(
            f"{format_} cannot say which grades are a model's, so they could come back as a person's.",
            f"Next: semsearch label export {shlex.quote(str(out))} --machine --format {TABLES[0]}",
        )
    said = [each for each in effective.values() if machine or each.level != "model"]
    kept = [each for each in said if each.gradeable and not each.stale]
    if not kept:
        only_machine = len(effective) - len(said)
        step = f"export {shlex.quote(str(out))} --machine" if only_machine else "session BATCH --by NAME"
        raise UsageError(f"There is nothing to export: {_why(said, only_machine)}.", f"Next: semsearch label {step}")
    files = _WRITERS[format_](kept, out, end)
    return LabelExport(
        files=tuple(files),
        pairs=len(kept),
        queries=len({each.query for each in kept}),
        disputed=sum(each.disputed for each in kept),
        ungradeable=sum(not each.gradeable for each in said),
        stale=sum(each.stale and each.gradeable for each in said),
        machine=sum(each.level == "model" for each in (kept if machine else effective.values())),
    )


def export_tasks(pairs: Iterable[Pair | Task], out: Path) -> LabelExport:
    """Write pairs as tasks for Label Studio; nothing says which system brought them or what a model thinks."""
    tasks = [{"data": {"query": pair.query, "item_id": pair.item_id, **pair.item}} for pair in pairs]
    _write_json(tasks, out)
    queries = len({task["data"]["query"] for task in tasks})
    return LabelExport((out,), len(tasks), queries, 0, 0, 0, 0)


def _why(said: Sequence[Effective], only_machine: int) -> str:
    told = {
        "only by a model": only_machine,
        "ungradeable": sum(not each.gradeable for each in said),
        "stale": sum(each.stale and each.gradeable for each in said),
    }
    return ", ".join(f"{n:,} {what}" for what, n in told.items() if n) or "there is no label"


def _grade(each: Effective, end: End) -> int:
    grade = each.grade_low if end == "low" else each.grade_high
    return 0 if grade is None else grade


def _trec(kept: Sequence[Effective], out: Path, end: End) -> list[Path]:
    queries = beside(out)
    write_qrels(qrels_of(dict(enumerate(kept)), end), out)
    texts = {query_id_of(each.query): _one_line(each.query) for each in kept}
    write_lines(queries, ("query_id\tquery", *(f"{query_id}\t{text}" for query_id, text in texts.items())))
    return [out, queries]


def _rows(kept: Sequence[Effective], end: End) -> list[dict[str, Any]]:
    """One a label that counts, with all that it has: `grade` is the pair's, both ends are what this label says."""
    return [
        {
            "query_id": query_id_of(each.query),
            "query": each.query,
            "item_id": each.item_id,
            "grade": _grade(each, end),
            "level": each.level,
            "disputed": each.disputed,
            **{name: value for name, value in plain(label).items() if name not in _APART},
            **{name: label.item.get(name, "") for name in SHOWN},
        }
        for each in kept
        for label in each.labels
    ]


def _csv(kept: Sequence[Effective], out: Path, end: End) -> list[Path]:
    rows = _rows(kept, end)
    return _write_csv([row | {"facets": json.dumps(row["facets"], ensure_ascii=False)} for row in rows], out)


def _jsonl(kept: Sequence[Effective], out: Path, end: End) -> list[Path]:
    write_lines(out, (json.dumps(row, ensure_ascii=False) for row in _rows(kept, end)))
    return [out]


def _quepid(kept: Sequence[Effective], out: Path, end: End) -> list[Path]:
    rows = [{"query": each.query, "docid": each.item_id, "rating": _grade(each, end)} for each in kept]
    return _write_csv(rows, out)


def _esci(kept: Sequence[Effective], out: Path, end: End) -> list[Path]:
    rows = [
        {
            "query": each.query,
            "query_id": query_id_of(each.query),
            "product_id": each.item_id,
            "esci_label": ESCI_LETTERS[_grade(each, end)],
        }
        for each in kept
    ]
    return _write_csv(rows, out)


def _beir(kept: Sequence[Effective], out: Path, end: End) -> list[Path]:
    if out.is_file():
        raise UsageError(f"{out} is a file, and BEIR is a folder.", "Next: name a folder")
    paths = [out / "queries.jsonl", out / "corpus.jsonl", out / "qrels" / f"{SPLIT}.tsv"]
    queries = {query_id_of(each.query): {"text": each.query} for each in kept}
    items = {each.item_id: _document(each) for each in kept}
    for path, rows in zip(paths, (queries, items), strict=False):
        write_lines(path, (json.dumps({"_id": key} | row, ensure_ascii=False) for key, row in rows.items()))
    judged = (f"{query_id_of(each.query)}\t{_cell(each.item_id)}\t{_grade(each, end)}" for each in kept)
    write_lines(paths[2], ("query-id\tcorpus-id\tscore", *judged))
    return paths


def _document(each: Effective) -> dict[str, Any]:
    item = dict(each.labels[-1].item)
    return {"title": item.pop("title", ""), "text": item.pop("body", ""), "metadata": item}


_WRITERS = {
    "trec": _trec,
    "csv": _csv,
    "jsonl": _jsonl,
    "beir": _beir,
    "quepid": _quepid,
    "esci": _esci,
}


def _write_csv(rows: Sequence[Mapping[str, Any]], out: Path) -> list[Path]:
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_lines(out, (text.getvalue().removesuffix("\n"),))
    return [out]


def _write_json(value: Any, out: Path) -> None:
    write_lines(out, (json.dumps(value, ensure_ascii=False, indent=1),))


def _cell(text: str) -> str:
    if _one_line(text) != text:
        raise UsageError(f"The id {text!r} cannot stand in a file of tabs.", "Next: another --format, such as jsonl")
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())
