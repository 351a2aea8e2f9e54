"""Saved runs: `runs/NAME/` with the run, its queries and its figures if there are any, each in a plain format."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from semsearch.errors import UsageError
from semsearch.evaluation.files import write_lines
from semsearch.evaluation.queries import Queries
from semsearch.evaluation.reading import read_queries
from semsearch.evaluation.runs import Run
from semsearch.evaluation.trec import read_run, write_run
from semsearch.files import replace
from semsearch.progress import Progress
from semsearch.retrieval.reports import EvaluationReport, report_document
from semsearch.workspace import Workspace

RUN_FILE = "run.trec"
QUERIES_FILE = "queries.jsonl"
REPORT_FILE = "evaluation.json"
_NAME = re.compile(r"[\w][\w.@-]*")
_DRAFT, _WHOLE = ".draft-", ".whole-"


def save_run(workspace: Workspace, name: str, run: Run, queries: Queries, report: EvaluationReport | None) -> Path:
    """Save under `runs/NAME`, in place of an earlier run of this name; after a kill at any step one of them is whole.

    A folder cannot replace another in one step, so the new one first becomes `runs/.whole-NAME`, from when on readers
    prefer it. The next run to be saved clears what a killed one left. Takes a lock of `runs/`, not the writer's.
    Raises UsageError for a name that is no file name.
    """
    from filelock import FileLock

    check_name(name)
    runs = workspace.path("runs")
    runs.mkdir(parents=True, exist_ok=True)
    with FileLock(workspace.path(".semsearch", "runs.lock")):
        _settle(runs)
        draft = runs / f"{_DRAFT}{name}"
        draft.mkdir()
        write_run(run, draft / RUN_FILE)
        write_lines(draft / QUERIES_FILE, (json.dumps(row, ensure_ascii=False) for row in _query_rows(queries)))
        if report:
            write_lines(draft / REPORT_FILE, [json.dumps(report_document(report), ensure_ascii=False, indent=1)])
        replace(draft, runs / f"{_WHOLE}{name}")
        _settle(runs)
    return runs / name


def _settle(runs: Path) -> None:
    """Give whole runs their names and remove unfinished ones. Needs the lock of `runs/`."""
    for draft in runs.glob(f"{_DRAFT}*"):
        shutil.rmtree(draft)
    for whole in runs.glob(f"{_WHOLE}*"):
        target = runs / whole.name.removeprefix(_WHOLE)
        if target.exists():
            shutil.rmtree(target)
        replace(whole, target)


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
        return read_run(path, progress=progress), _texts(path.parent) if path.name == RUN_FILE else None
    for folder in (path.resolve(), workspace_root / "runs" / given):
        saved = _newest(folder)
        if (saved / RUN_FILE).is_file():
            return read_run(saved / RUN_FILE, folder.name, progress), _texts(saved)
    raise UsageError(
        f"'{given}' is neither a run file nor a saved run.",
        f"Next: check the path of a TREC run, or give one of: {_names(workspace_root)}",
    )


def saved_queries(workspace: Workspace, name: str) -> Queries | None:
    """The queries of a saved run; None when there is no such run, or a run without query texts."""
    return _texts(_newest(workspace.path("runs", name)))


def _texts(folder: Path) -> Queries | None:
    path = folder / QUERIES_FILE
    return read_queries(path) if path.is_file() and path.stat().st_size else None


def _query_rows(queries: Queries) -> list[dict[str, str]]:
    return [
        {"query_id": query_id, "query": text}
        | {column: labels[query_id] for column, labels in queries.columns.items() if query_id in labels}
        for query_id, text in queries.texts.items()
    ]


def _newest(folder: Path) -> Path:
    """The folder, or the whole one that a killed `save_run` did not come to put in its place."""
    whole = folder.with_name(f"{_WHOLE}{folder.name}")
    return whole if whole.is_dir() else folder


def saved_names(root: Path) -> list[str]:
    """The names of all runs that are saved in a workspace, sorted."""
    found = {path.parent.name.removeprefix(_WHOLE) for path in (root / "runs").glob(f"*/{RUN_FILE}")}
    return sorted(name for name in found if not name.startswith("."))


def _names(root: Path) -> str:
    return ", ".join(saved_names(root)) or "none saved here; semsearch evaluate run makes one"
