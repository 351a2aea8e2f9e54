"""How `evaluate` prints: tables for people, documents and records for programs."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

from semsearch.cli.output import emit

if typing.TYPE_CHECKING:
    from semsearch.report.evaluation import Titles
    from semsearch.retrieval.reports import ComparisonReport, EvaluationReport
    from semsearch.workspace import Workspace


def print_report(report: EvaluationReport, *, as_json: bool, as_jsonl: bool) -> None:
    """Print the figures, then the slices, then what they depend on."""
    from semsearch.report import evaluation as shown
    from semsearch.retrieval.reports import report_document

    table = not (as_json or as_jsonl)
    rows = shown.figure_rows(report) if table else shown.figure_records(report)
    note = "" if report.slices else shown.conditions_text(report)
    emit(report_document(report), as_json=as_json, as_jsonl=as_jsonl, rows=rows, title=report.run, note=note)
    if table and report.slices:
        title = f"By {report.slices[0].column}"
        told = (shown.slices_text(report), shown.conditions_text(report))
        emit(None, rows=shown.slice_rows(report), title=title, note="\n".join(text for text in told if text))


def print_comparison(report: ComparisonReport, *, titles: Titles, as_json: bool, as_jsonl: bool) -> None:
    """Print the differences, the slices, the worst regressions, then what they depend on."""
    from semsearch.report import evaluation as shown
    from semsearch.retrieval.reports import comparison_document

    if as_json or as_jsonl:
        document = comparison_document(report)
        emit(document, as_json=as_json, as_jsonl=as_jsonl, rows=_records(document))
        return
    emit(None, rows=shown.difference_rows(report), title=f"B = {report.b} against A = {report.a}")
    if report.slices:
        emit(None, rows=shown.difference_slice_rows(report), title=f"By {report.slices[0].column}")
    if report.regressions:
        title = f"Worst regressions in {report.metric} (grade and item; ? is unjudged)"
        emit(None, rows=shown.regression_rows(report, titles), title=title)
    emit(None, rows=[], note=shown.comparison_text(report))


def _records(document: dict[str, Any]) -> list[dict[str, Any]]:
    whole = [{"record": "difference"} | row for row in document["differences"]]
    sliced = [
        {"record": "difference", part["column"]: part["label"]} | row
        for part in document["slices"]
        for row in part["differences"]
    ]
    return [*whole, *sliced, *({"record": "regression"} | row for row in document["regressions"])]


def titles_of(workspace: Path, report: EvaluationReport | ComparisonReport) -> Titles:
    """Titles of the items that the report lists: as the evaluated release has them, else as they were imported."""
    from semsearch.errors import MissingWorkspace
    from semsearch.ingest.catalogue import Catalogue
    from semsearch.report.evaluation import shown_items
    from semsearch.retrieval.reports import EvaluationReport
    from semsearch.workspace import Workspace

    wanted = shown_items(report)
    try:
        opened = Workspace.open(workspace)
    except MissingWorkspace:
        return {}
    release_id = report.origin.get("release_id") if isinstance(report, EvaluationReport) else None
    return _titles_in(opened, release_id, wanted) if release_id else Catalogue(opened).titles(wanted)


def _titles_in(workspace: Workspace, release_id: str, item_ids: set[str]) -> Titles:
    from semsearch.index.items import ItemRows

    rows = ItemRows(workspace.release_path(release_id))
    found = {item_id: rows.find(item_id) for item_id in item_ids}
    return {item_id: rows[row]["title"] for item_id, row in found.items() if row is not None}
