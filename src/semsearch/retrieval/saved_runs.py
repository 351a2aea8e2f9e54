"""Saved runs: `runs/NAME/` with the run, its queries and its figures, each in a plain format."""

from __future__ import annotations

import json
import math
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from semsearch.errors import UsageError
from semsearch.evaluation.files import write_lines
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.runs import Run
from semsearch.evaluation.tables import read_queries
from semsearch.evaluation.trec import Progress, read_run, write_run
from semsearch.files import flush, flush_tree
from semsearch.retrieval.evaluate import EvaluationReport
from semsearch.workspace import Workspace

RUN_FILE = "run.trec"
QUERIES_FILE = "queries.jsonl"
REPORT_FILE = "evaluation.json"
_NAME = re.compile(r"[\w][\w.@-]*")


def save_run(workspace: Workspace, name: str, run: Run, queries: Queries, report: EvaluationReport) -> Path:
    """Save under `runs/NAME`, whole or not at all; the folder replaces an earlier one of this name.

    Needs no writer lock: a run is a folder of its own. Raises UsageError for a name that is no file name.
    """
    check_name(name)
    target = workspace.path("runs", name)
    target.parent.mkdir(parents=True, exist_ok=True)
    holder = Path(tempfile.mkdtemp(dir=target.parent, prefix=".draft-"))
    try:
        draft = holder / name
        draft.mkdir()
        write_run(run, draft / RUN_FILE)
        write_lines(draft / QUERIES_FILE, (json.dumps(row, ensure_ascii=False) for row in _query_rows(queries)))
        write_lines(draft / REPORT_FILE, [json.dumps(report_document(report), ensure_ascii=False, indent=1)])
        flush_tree(draft)
        if target.exists():
            target.replace(holder / "replaced")
        draft.replace(target)
        flush(target.parent)
    finally:
        shutil.rmtree(holder, ignore_errors=True)
    return target


def check_name(name: str) -> None:
    """Raise UsageError unless `name` can name a folder of `runs/`."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' cannot name a run.", "Next: use letters, digits, dots, dashes and underscores")


def open_run(given: str, workspace_root: Path, progress: Progress | None = None) -> tuple[Run, Queries | None]:
    """A run from a TREC file, a folder that `save_run` made, or the name of one in this workspace.

    Raises UsageError when it is none of these.
    """
    path = Path(given)
    if path.is_file():
        return read_run(path, progress=progress), None
    for folder in (path, workspace_root / "runs" / given):
        if (folder / RUN_FILE).is_file():
            queries = folder / QUERIES_FILE
            run = read_run(folder / RUN_FILE, folder.resolve().name, progress)
            return run, read_queries(queries) if queries.is_file() else None
    raise UsageError(
        f"'{given}' is neither a run file nor a saved run.",
        f"Next: give a TREC run, or one of: {_names(workspace_root)}",
    )


def report_document(report: EvaluationReport) -> dict[str, Any]:
    """The report as JSON data; what is not a number becomes null."""
    names = ("run", "origin", "k", "seed", "resamples")
    parts = ("conditions", "figures", "slices", "weakest")
    document: dict[str, Any] = {name: getattr(report, name) for name in names}
    return document | {name: data(getattr(report, name)) for name in parts}


def data(value: Any) -> Any:
    """A dataclass, or a tuple or mapping of them, as JSON data; NaN becomes null."""
    if isinstance(value, (tuple, list)):
        return [data(part) for part in value]
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {key: data(part) for key, part in value.items()}
    return data(asdict(value)) if hasattr(value, "__dataclass_fields__") else value


def _query_rows(queries: Queries) -> list[dict[str, str]]:
    return [
        {"query_id": query_id, "query": text}
        | {column: labels[query_id] for column, labels in queries.columns.items() if query_id in labels}
        for query_id, text in queries.texts.items()
    ]


def _names(root: Path) -> str:
    names = sorted(path.parent.name for path in (root / "runs").glob(f"*/{RUN_FILE}") if path.parent.name[0] != ".")
    return ", ".join(names) or "none saved here; semsearch evaluate run makes one"
