from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch.errors import Busy, MismatchError, MissingPart, MissingWorkspace, UsageError
from semsearch.workspace import Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "market")


def add_release(workspace: Workspace, release_id: str, **other: str) -> None:
    manifest: dict[str, object] = {
        "release_id": release_id,
        "created_at": f"2026-01-01T00:00:0{release_id[-1]}+00:00",
        "pipeline": "default",
        "model_id": "m",
        "encoder_id": "e",
        "lexical_id": "l",
        "items_digest": "d",
        "n_items": 1,
        "n_vectors": 1,
        "dim": 2,
        "dense_kind": "exact",
    }
    workspace.write_json(workspace.release_path(release_id) / "manifest.json", manifest | other)


def test_create_twice_keeps_what_is_there(workspace: Workspace) -> None:
    (workspace.path("lexicon") / "mine.tsv").write_text("x")
    again = Workspace.create(workspace.root)
    assert (again.path("lexicon") / "mine.tsv").read_text() == "x"


def test_create_on_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(UsageError):
        Workspace.create(tmp_path / "f")


def test_open_without_workspace(tmp_path: Path) -> None:
    with pytest.raises(MissingWorkspace, match="semsearch init"):
        Workspace.open(tmp_path)


def test_open_refuses_a_newer_format(workspace: Workspace) -> None:
    workspace.format_path.write_text('{"format": 99}')
    with pytest.raises(MismatchError, match="format 99"):
        Workspace.open(workspace.root)


def test_damaged_file_is_named(workspace: Workspace) -> None:
    workspace.format_path.write_text("{")
    with pytest.raises(UsageError, match=r"format\.json"):
        Workspace.open(workspace.root)


@pytest.mark.parametrize("state", ["{}", "[]", "null", '{"current": 5}', '{"current": "r1", "previous": null}'])
def test_a_damaged_state_is_named(workspace: Workspace, state: str) -> None:
    path = workspace.path("pipelines", "default", "state.json")
    path.parent.mkdir()
    path.write_text(state)
    with pytest.raises(UsageError, match=r"state\.json.*damaged"):
        workspace.state()


def test_a_manifest_without_a_field_is_named(workspace: Workspace) -> None:
    add_release(workspace, "r1")
    path = workspace.release_path("r1") / "manifest.json"
    path.write_text(path.read_text().replace('"dim": 2,', '"later": 1,'))
    with pytest.raises(UsageError, match="no dim"):
        workspace.releases()


def test_one_writer(workspace: Workspace) -> None:
    other = Workspace.open(workspace.root)
    with workspace.writing(), pytest.raises(Busy), other.writing():
        pass
    with other.writing():
        pass


def test_failed_write_leaves_the_old_file(workspace: Workspace) -> None:
    target = workspace.path("a.json")
    workspace.write_json(target, 1)
    with pytest.raises(RuntimeError), workspace.staged(target) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert json.loads(target.read_text()) == 1


def test_writer_empties_staging_of_a_killed_one(workspace: Workspace) -> None:
    left = workspace.path(".semsearch", "staging", "dead", "half")
    left.mkdir(parents=True)
    with workspace.writing():
        assert not left.exists()


def test_a_staged_folder_replaces_the_one_in_its_place(workspace: Workspace) -> None:
    target = workspace.path("models", "m1")
    for content in ("first", "second"):
        with workspace.staged(target) as draft:
            draft.mkdir()
            (draft / "x").write_text(content)
    assert (target / "x").read_text() == "second"
    assert not list(workspace.path(".semsearch", "staging").iterdir())


DRAFTER = """
import sys, time
from pathlib import Path
from semsearch.workspace import Workspace
with Workspace(Path(sys.argv[1])).drafting() as folder:
    (folder / "half").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_a_writer_sweeps_the_drafts_of_the_dead_only(workspace: Workspace) -> None:
    command = [sys.executable, "-c", DRAFTER, str(workspace.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other, workspace.drafting() as own:
        assert other.stdout
        theirs = Path(other.stdout.readline().strip())
        with workspace.writing():
            assert own.is_dir()
            assert (theirs / "half").is_file()
        other.kill()
        other.wait()
        assert theirs.is_dir()
        with workspace.writing():
            assert own.is_dir()
            assert not theirs.exists()
    assert not own.exists()


def test_a_writer_may_wait_for_the_other(workspace: Workspace) -> None:
    holding, order = threading.Event(), []

    def hold() -> None:
        with Workspace.open(workspace.root).writing():
            holding.set()
            time.sleep(0.2)
            order.append("first")

    other = threading.Thread(target=hold)
    other.start()
    holding.wait(5)
    with workspace.writing(wait=True):
        order.append("second")
    other.join()
    assert order == ["first", "second"]


def test_publish_and_rollback(workspace: Workspace) -> None:
    for release_id in ("r1", "r2", "r3"):
        add_release(workspace, release_id)
        workspace.publish(release_id, "default", now=NOW)
    assert workspace.current().release_id == "r3"
    workspace.rollback("default", now=NOW)
    assert workspace.current().release_id == "r2"
    workspace.publish("r3", "default", now=NOW, by="kim", reason="again")
    assert workspace.state().previous == ("r1", "r2")
    assert workspace.state().events[-1]["by"] == "kim"
    assert [m.release_id for m in workspace.releases()] == ["r1", "r2", "r3"]


def test_publishing_the_current_release_changes_nothing(workspace: Workspace) -> None:
    add_release(workspace, "r1")
    first = workspace.publish("r1", "default", now=NOW)
    assert workspace.publish("r1", "default", now=NOW) == first


def test_pipelines_have_their_own_current(workspace: Workspace) -> None:
    add_release(workspace, "r1", pipeline="similar")
    with pytest.raises(UsageError, match="--pipeline similar"):
        workspace.publish("r1", "default", now=NOW)
    workspace.publish("r1", "similar", now=NOW)
    assert workspace.state("default").current is None
    assert workspace.pipelines() == ["similar"]


def test_unknown_release_and_empty_pipeline(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="release list"):
        workspace.publish("nope", "default", now=NOW)
    with pytest.raises(MissingPart, match="index build --publish"):
        workspace.current()
    with pytest.raises(MissingPart, match="no earlier release"):
        workspace.rollback("default", now=NOW)


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a" * 200])
def test_a_name_cannot_leave_the_workspace(workspace: Workspace, name: str) -> None:
    with pytest.raises(UsageError):
        workspace.manifest(name)
    with pytest.raises(UsageError):
        workspace.state(name)
