"""What is kept of scans and of what was taught: there and back, and beside others that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from semsearch.errors import Damaged, MissingPart, UsageError
from semsearch.longtail.failing import shipped
from semsearch.longtail.kept import Scan, TaughtRecord, keep, keep_taught, kept, kept_taught, last_taught
from semsearch.longtail.predictors import PREDICTORS
from semsearch.longtail.reporting import report
from semsearch.report.longtail import scan_page
from semsearch.workspace import Workspace

NAN = float("nan")
CELLS = (
    {"kind": "hangul", "length": 6, "threshold": 0.83, "chance": 0.004, "kept": 1.0, "n": 100},
    {"kind": "latin", "length": 5, "threshold": None, "chance": NAN, "kept": NAN, "n": 0},
    {"kind": "sound", "length": 4, "threshold": None, "chance": NAN, "kept": 0.5, "n": 0},
)
WORTH = ({"name": "mismatch", "what": "w", "source": "ours", "auc": None, "n": 3, "n_failed": 1},)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "market")


def scan(scan_id: str, at: int, pipeline: str = "default", bands: tuple[str, ...] = ("tail",)) -> Scan:
    texts = {"key": ["x"], "band": ["tail"]}
    counts = {"n_searches": [3], "n_engaged": [1], "engaged": [True], "chance": [0.9], "routed": [True]}
    hits = {"key": ["x"], "rank": [1], "item_id": ["i"], "title": ["t"], "score": [0.5], "fits": [False], "why": ["w"]}
    pairs = {"key": ["x"], "item_id": ["i"], "title": ["t"], "weight": [1.0], "n_actors": [3]}
    return Scan(
        scan_id, pipeline, "r1", f"2026-01-01T00:00:0{at}+00:00", "2026-01-01T00:00:00+00:00", 20, 0.5, bands,
        {"tail": 9}, CELLS, WORTH,
        queries=pl.DataFrame(texts | counts | {p.name: [0.5] for p in PREDICTORS}),
        hits=pl.DataFrame(hits), pairs=pl.DataFrame(pairs),
    )  # fmt: skip


def strict(text: str) -> object:
    def refused(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, parse_constant=refused)


def test_there_and_back_through_strict_json(workspace: Workspace) -> None:
    given = scan("s1", 1)
    told = strict((keep(workspace, given) / "scan.json").read_text(encoding="utf-8"))
    assert isinstance(told, dict) and told["calibration"][1]["chance"] is None
    back = kept(workspace, "s1")
    assert (back.bands, back.worth, back.n_queries) == (given.bands, given.worth, given.n_queries)
    assert all(getattr(back, name).equals(getattr(given, name)) for name in ("queries", "hits", "pairs"))
    assert scan_page(report(back, shipped())) == scan_page(report(given, shipped()))


def test_the_last_scan_of_the_pipeline_that_read_the_log(workspace: Workspace) -> None:
    for each in (scan("s3", 1), scan("s1", 2), scan("s2", 3, "other"), scan("s4", 4, bands=())):
        keep(workspace, each)
    assert kept(workspace, pipeline="default").scan_id == "s1"
    assert kept(workspace, pipeline="other").scan_id == "s2"


@pytest.mark.parametrize(("name", "text"), [("scan.json", "{"), ("scan.json", "[]"), ("hits.parquet", "x")])
def test_a_scan_that_cannot_be_read_stops_no_other(workspace: Workspace, name: str, text: str) -> None:
    for each in (scan("s1", 1), scan("s2", 2), scan("s3", 3, "other")):
        keep(workspace, each)
    workspace.path("longtail", "s2", name).write_text(text)
    workspace.path("longtail", "s3", name).write_text(text)
    assert kept(workspace, pipeline="default").scan_id == "s1"
    with pytest.raises(Damaged, match=r"s2.*\n.*longtail scan"):
        kept(workspace, "s2")
    with pytest.raises(Damaged, match="longtail scan"):
        kept(workspace, pipeline="other")


def test_a_look_at_a_file_is_told_from_nothing(workspace: Workspace) -> None:
    with pytest.raises(MissingPart, match="Nothing was scanned"):
        kept(workspace, pipeline="default")
    keep(workspace, scan("s1", 1, bands=()))
    with pytest.raises(MissingPart, match=r"only queries of files(.|\n)*Next: semsearch longtail scan"):
        kept(workspace, pipeline="default")
    with pytest.raises(MissingPart, match="Nothing was scanned"):
        kept(workspace, pipeline="other")
    assert kept(workspace, "s1").bands == ()
    with pytest.raises(UsageError, match="s9"):
        kept(workspace, "s9")


# --- what was taught -------------------------------------------------------------------------------


def taught(workspace: Workspace, release_id: str, at: int, pipeline: str = "default") -> TaughtRecord:
    manifest = {
        "release_id": release_id, "created_at": "2026-01-01T00:00:00+00:00", "pipeline": pipeline, "model_id": "m",
        "encoder_id": "e", "lexical_id": "l", "items_digest": "d", "n_items": 1, "n_vectors": 1, "dim": 2,
        "dense_kind": "exact",
    }  # fmt: skip
    workspace.write_json(workspace.release_path(release_id) / "manifest.json", manifest)
    made = TaughtRecord(release_id, "r0", "s1", ("x", "y"), f"2026-01-01T00:00:0{at}+00:00")
    keep_taught(workspace, made)
    return made


def test_the_last_of_the_pipeline_that_is_still_there(workspace: Workspace) -> None:
    first, second = taught(workspace, "r2", 1), taught(workspace, "r1", 2)
    taught(workspace, "r3", 3, "other")
    assert kept_taught(workspace, "r1") == second
    assert kept_taught(workspace, "r9") is None
    assert last_taught(workspace, "default") == second
    workspace.release_path("r1").joinpath("manifest.json").unlink()  # its release was removed
    workspace.path("longtail", "taught", "r3.json").write_text("{")
    assert last_taught(workspace, "default") == first
    with pytest.raises(Damaged, match=r"r3.*\n.*longtail train"):
        last_taught(workspace, "other")
    workspace.release_path("r2").joinpath("manifest.json").write_text("{")
    with pytest.raises(Damaged, match="r2"):
        last_taught(workspace, "default")


def test_nothing_was_taught(workspace: Workspace) -> None:
    taught(workspace, "r1", 1, "other")
    with pytest.raises(MissingPart, match="longtail train"):
        last_taught(workspace, "default")
