from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from semsearch.health import doctor, status
from semsearch.ingest.importing import import_rows
from semsearch.workspace import Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "market")


def bring(workspace: Workspace, *titles: str) -> str:
    file = workspace.root.parent / "items.csv"
    pl.DataFrame({"item_id": [f"i{n}" for n in range(len(titles))], "title": titles}).write_csv(file)
    return import_rows(workspace, "items", [file], now=NOW).digest


def manifest(workspace: Workspace, release_id: str, digest: str, model_id: str = "") -> None:
    value = {
        "release_id": release_id,
        "created_at": "2026-01-01T00:00:00+00:00",
        "pipeline": "default",
        "model_id": model_id,
        "encoder_id": "e",
        "lexical_id": "l",
        "items_digest": digest,
        "n_items": 2,
        "n_vectors": 2,
        "dim": 2,
        "dense_kind": "exact",
    }
    workspace.write_json(workspace.release_path(release_id) / "manifest.json", value)


def test_the_next_command_leads_through_the_job(workspace: Workspace) -> None:
    assert status(workspace).next_command == "semsearch import items FILE"
    digest = bring(workspace, "아이폰", "갤럭시")
    assert status(workspace).next_command == "semsearch train"
    model = workspace.path("models", "m1")
    model.mkdir()
    (model / "semsearch.json").write_text("{}")
    assert status(workspace).next_command == "semsearch index build --publish"
    manifest(workspace, "r1", digest)
    assert status(workspace).next_command == "semsearch release publish r1"
    workspace.publish("r1", "default", now=NOW)
    found = status(workspace)
    assert found.next_command == 'semsearch search "QUERY"'
    assert (found.n_items, found.models, found.stale) == (2, ("m1",), ())


def test_an_import_after_the_build_makes_the_release_stale(workspace: Workspace) -> None:
    digest = bring(workspace, "아이폰")
    manifest(workspace, "r1", digest)
    workspace.publish("r1", "default", now=NOW)
    bring(workspace, "아이폰", "갤럭시")
    found = status(workspace)
    assert "older items" in found.stale[0]
    assert found.next_command == "semsearch index build --publish"


def test_a_newer_model_makes_the_release_stale(workspace: Workspace) -> None:
    manifest(workspace, "r1", bring(workspace, "아이폰"), model_id="m1")
    workspace.publish("r1", "default", now=NOW)
    workspace.choose_model("m2", "default")
    assert "m1" in status(workspace).stale[0]


def test_doctor_on_a_sound_and_on_no_workspace(workspace: Workspace, tmp_path: Path) -> None:
    assert all(check.ok for check in doctor(workspace.root))
    bad = [check for check in doctor(tmp_path / "none") if not check.ok]
    assert [check.name for check in bad] == ["workspace"]
    assert "semsearch init" in bad[0].advice


def test_doctor_names_what_is_broken(workspace: Workspace) -> None:
    manifest(workspace, "r1", "d", model_id="gone")
    (workspace.release_path("r1") / "stray").write_text("x")
    workspace.publish("r1", "default", now=NOW)
    bad = {check.name: check.detail for check in doctor(workspace.root) if not check.ok}
    assert "stray unknown" in bad["release r1"]
    assert "model gone" in bad["pipeline default"]


def test_doctor_names_a_wrong_setting(workspace: Workspace) -> None:
    workspace.path("semsearch.toml").write_text("[search]\nk = 0\n")
    bad = [check for check in doctor(workspace.root) if not check.ok]
    assert "search.k" in bad[0].detail
