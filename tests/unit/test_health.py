from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from semsearch import wiring
from semsearch.cli.app import app
from semsearch.errors import UsageError
from semsearch.gates import GateRecord
from semsearch.health import doctor, status
from semsearch.ingest.importing import import_rows
from semsearch.settings import GateSettings
from semsearch.workspace import Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "market")


def bring(workspace: Workspace, *titles: str) -> str:
    file = workspace.root.parent / "items.csv"
    pl.DataFrame({"item_id": [f"i{n}" for n in range(len(titles))], "title": titles}).write_csv(file)
    return import_rows(workspace, "items", [file], now=NOW).digest


def manifest(
    workspace: Workspace, release_id: str, digest: str, model_id: str = "m1", pipeline: str = "default", **other: str
) -> None:
    value = {
        "release_id": release_id,
        "created_at": f"2026-01-01T00:00:0{release_id[-1]}+00:00",
        "pipeline": pipeline,
        "model_id": model_id,
        "encoder_id": "e",
        "lexical_id": wiring.next_lexical_id(workspace),
        "items_digest": digest,
        "n_items": 2,
        "n_vectors": 2,
        "dim": 2,
        "dense_kind": "exact",
    }
    workspace.write_json(workspace.release_path(release_id) / "manifest.json", value | other)


def add_model(workspace: Workspace, model_id: str, pipeline: str = "default") -> None:
    model = workspace.path("models", model_id)
    model.mkdir()
    (model / "semsearch.json").write_text("{}")
    workspace.choose_model(model_id, pipeline)


def test_the_next_command_leads_through_the_job(workspace: Workspace) -> None:
    assert status(workspace).next_command == "semsearch import items FILE"
    digest = bring(workspace, "아이폰", "갤럭시")
    assert status(workspace).next_command == "semsearch train"
    add_model(workspace, "m1")
    assert status(workspace).next_command == "semsearch index build --publish"
    manifest(workspace, "r1", digest)
    assert status(workspace).next_command == "semsearch release publish r1"
    workspace.publish("r1", "default", now=NOW)
    found = status(workspace)
    assert found.next_command == 'semsearch search "QUERY"'
    assert (found.n_items, found.models, found.stale) == (2, ("m1",), ())


def test_an_import_after_the_build_makes_the_release_stale(workspace: Workspace) -> None:
    digest = bring(workspace, "아이폰")
    add_model(workspace, "m1")
    manifest(workspace, "r1", digest)
    workspace.publish("r1", "default", now=NOW)
    assert status(workspace).stale == ()
    bring(workspace, "아이폰", "갤럭시")
    found = status(workspace)
    assert "other items" in found.stale[0]
    assert found.next_command == "semsearch index build --publish"


def test_a_rollback_is_said_and_not_to_be_undone(workspace: Workspace) -> None:
    old = bring(workspace, "아이폰")
    add_model(workspace, "m1")
    manifest(workspace, "r1", old)
    workspace.publish("r1", "default", now=NOW)
    manifest(workspace, "r2", bring(workspace, "아이폰", "갤럭시"))
    workspace.publish("r2", "default", now=NOW)
    assert status(workspace).pipelines[0].rolled_back_from is None
    workspace.rollback("default", now=NOW)
    found = status(workspace)
    assert (found.pipelines[0].rolled_back_from, found.stale) == ("r2", ())
    assert found.next_command == 'semsearch search "QUERY"'
    told = CliRunner().invoke(app, ["status", "-w", str(workspace.root)]).stderr
    assert "Rolled back from r2 to r1; semsearch release publish r2 undoes it." in told
    bring(workspace, "아이폰", "갤럭시", "가방")
    assert "other items" in status(workspace).stale[0]
    workspace.publish("r2", "default", now=NOW)
    assert status(workspace).pipelines[0].rolled_back_from is None


def test_a_newer_model_makes_the_release_stale(workspace: Workspace) -> None:
    manifest(workspace, "r1", bring(workspace, "아이폰"), model_id="m1")
    workspace.publish("r1", "default", now=NOW)
    workspace.choose_model("m2", "default")
    assert "m1" in status(workspace).stale[0]
    served = status(workspace).pipelines[0]
    assert (served.model_id, served.next_model_id) == ("m1", "m2")
    shown = CliRunner().invoke(app, ["status", "-w", str(workspace.root)]).stdout
    head, row = (
        re.split(" {2,}", line.strip()) for line in shown.splitlines() if "model " in line or "default" in line
    )
    served_by = dict(zip(head, row, strict=True))
    assert (served_by["model"], served_by["model of the next build"]) == ("m1", "m2")


def test_an_abandoned_candidate_is_not_offered(workspace: Workspace) -> None:
    digest = bring(workspace, "아이폰")
    add_model(workspace, "m1")
    manifest(workspace, "r1", digest)
    manifest(workspace, "r2", digest)
    workspace.publish("r2", "default", now=NOW)
    found = status(workspace)
    assert found.pipelines[0].candidates == ("r1",)
    assert found.next_command == 'semsearch search "QUERY"'
    manifest(workspace, "r3", digest, lexical_id="of an older program")
    new = bring(workspace, "아이폰", "갤럭시")
    assert status(workspace).next_command == "semsearch index build --publish"
    manifest(workspace, "r4", new)
    assert status(workspace).next_command == "semsearch release publish r4"


def test_a_lexicon_edit_and_other_regions_make_the_release_stale(workspace: Workspace, tmp_path: Path) -> None:
    digest = bring(workspace, "아이폰")
    add_model(workspace, "m1")
    manifest(workspace, "r1", digest)
    workspace.publish("r1", "default", now=NOW)
    (tmp_path / "regions.csv").write_text("region_id,name,neighbour_ids\n1,역삼동,\n")
    import_rows(workspace, "regions", [tmp_path / "regions.csv"], now=NOW)
    assert "region table" in status(workspace).stale[0]
    workspace.path("lexicon", "synonyms.tsv").write_text("엘사\t겨울왕국\n")
    assert "lexicon" in status(workspace).stale[1]
    assert status(workspace).next_command == "semsearch index build"


def test_another_encoder_makes_the_release_stale(workspace: Workspace) -> None:
    manifest(workspace, "r1", bring(workspace, "아이폰"))
    add_model(workspace, "m1")
    workspace.publish("r1", "default", now=NOW)
    workspace.path("semsearch.toml").write_text('[index]\nencoder = "openai"\n')
    assert "made with m1, not that endpoint" in status(workspace).stale[0]


def test_the_next_command_names_the_pipeline_that_needs_it(workspace: Workspace) -> None:
    digest = bring(workspace, "아이폰")
    for pipeline, release in (("default", "r1"), ("vintage", "r2")):
        workspace.choose_model("m1", pipeline)
        manifest(workspace, release, digest, pipeline=pipeline)
    workspace.publish("r1", "default", now=NOW)
    assert status(workspace).next_command == "semsearch release publish r2 --pipeline vintage"


def test_doctor_on_a_sound_and_on_no_workspace(workspace: Workspace, tmp_path: Path) -> None:
    bring(workspace, "아이폰")
    assert all(check.ok for check in doctor(workspace.root))
    fresh = doctor(tmp_path / "none")
    assert all(check.ok for check in fresh)
    assert "no workspace yet" in fresh[-1].detail
    (tmp_path / "file").write_text("")
    assert not doctor(tmp_path / "file")[-1].ok


def test_doctor_sees_what_others_send_people_to_it_for(workspace: Workspace) -> None:
    bring(workspace, "아이폰")
    workspace.path("catalogue", "items.json").write_text('{"digest": "x"}')
    workspace.path("lexicon", "bad name.tsv").write_text("x")
    workspace.path("pipelines", "default").mkdir(parents=True)
    workspace.path("pipelines", "default", "state.json").write_text("{}")
    with pytest.raises(UsageError, match="no n_rows"):
        status(workspace)
    bad = {check.name: check for check in doctor(workspace.root) if not check.ok}
    assert bad.keys() == {"imported items", "lexicon", "pipeline default"}
    assert "no n_rows" in bad["imported items"].detail
    assert "import items FILE again" in bad["imported items"].advice
    assert all("doctor" not in check.advice for check in bad.values())


def test_doctor_reads_what_was_imported(workspace: Workspace) -> None:
    bring(workspace, "아이폰")
    snapshot = next(workspace.path("catalogue").glob("items-*.parquet"))
    snapshot.write_bytes(b"cut")
    bad = [check.name for check in doctor(workspace.root) if not check.ok]
    assert bad == ["imported items"]


def test_doctor_names_what_is_broken(workspace: Workspace) -> None:
    manifest(workspace, "r1", "d", model_id="gone")
    (workspace.release_path("r1") / "stray").write_text("x")
    workspace.publish("r1", "default", now=NOW)
    bad = {check.name: check.detail for check in doctor(workspace.root) if not check.ok}
    assert "stray unknown" in bad["release r1"]
    assert "model gone" in bad["pipeline default"]


def test_doctor_speaks_plainly(workspace: Workspace) -> None:
    manifest(workspace, "r1", "d", model_id="gone")
    workspace.publish("r1", "default", now=NOW)
    shown = CliRunner().invoke(app, ["doctor", "-w", str(workspace.root)]).stdout
    assert "not ok" in shown
    assert not re.search("True|False|Error", shown)


def test_doctor_names_a_wrong_setting(workspace: Workspace) -> None:
    workspace.path("semsearch.toml").write_text("[search]\nk = 0\n")
    bad = [check for check in doctor(workspace.root) if not check.ok]
    assert "search.k" in bad[0].detail


def test_a_candidate_of_another_model_waits_for_its_gate(workspace: Workspace) -> None:
    digest = bring(workspace, "아이폰")
    add_model(workspace, "m1")
    manifest(workspace, "r1", digest)
    workspace.publish("r1", "default", now=NOW)
    add_model(workspace, "m2")
    assert status(workspace).next_command == "semsearch index build"
    manifest(workspace, "r2", digest, model_id="m2", encoder_id="e2")
    assert status(workspace).next_command == "semsearch release gate r2"
    result = {
        "gate_id": "g1",
        "current": "r1",
        "outcome": "refused",
        "settings": GateSettings().model_dump(),
        "serving": {"mode": "hybrid", "fusion": "score", "depth": "200"},
        "told": "x",
    }
    for outcome, command in (("refused", "show r2"), ("undecided", "show r2"), ("passed", "publish r2")):
        record = GateRecord("r2").with_result(result | {"outcome": outcome})
        workspace.write_json(workspace.gate_path("r2"), record.document())
        assert status(workspace).next_command == f"semsearch release {command}"
