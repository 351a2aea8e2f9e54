"""What needs the writer lock, and what must not."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from semsearch import wiring
from semsearch.errors import Busy
from semsearch.ingest.catalogue import Catalogue
from semsearch.ingest.importing import import_rows
from semsearch.workspace import Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "market")
    bring(made, 30)
    return made


def bring(workspace: Workspace, n: int) -> None:
    file = workspace.root.parent / "items.csv"
    titles = [f"wooden chair number {row} with cushion" for row in range(n)]
    pl.DataFrame({"item_id": [f"i{row:03}" for row in range(n)], "title": titles}).write_csv(file)
    import_rows(workspace, "items", [file], now=NOW)


def test_publish_and_rollback_take_the_lock(workspace: Workspace) -> None:
    with workspace.writing():
        with pytest.raises(Busy):
            wiring.publish(workspace, "r1", now=NOW)
        with pytest.raises(Busy):
            wiring.rollback(workspace, now=NOW)


def test_an_import_runs_while_towers_are_trained(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    settings = wiring.load_settings(workspace).override("train", dim=8, seconds=1)
    told: list[str] = []

    def progress(what: str, done: int, total: int) -> None:
        if not told:
            bring(workspace, 40)  # takes the lock and sweeps staging
        told.append(what)

    card = wiring.train(workspace, settings, now=NOW, progress=progress).card
    assert told
    assert Catalogue(workspace).n_items == 40
    assert workspace.state().model_id == card.model_id
    assert (workspace.model_path(card.model_id) / "semsearch.json").is_file()


def test_a_trained_model_waits_for_a_writer_and_is_not_lost(workspace: Workspace) -> None:
    pytest.importorskip("torch")
    settings = wiring.load_settings(workspace).override("train", dim=8, seconds=1)
    trained: list[str] = []
    with workspace.writing():
        job = threading.Thread(
            target=lambda: trained.append(wiring.train(workspace, settings, now=NOW).card.model_id), daemon=True
        )
        job.start()
        job.join(3)
        assert not trained
    job.join(20)
    assert workspace.state().model_id == trained[0]


def test_the_digest_belongs_to_the_rows_also_when_an_import_comes_between(workspace: Workspace) -> None:
    catalogue = Catalogue(workspace)
    reads = 0

    def read() -> pl.DataFrame:
        nonlocal reads
        reads += 1
        rows = catalogue.items()
        if reads == 1:
            bring(workspace, 35)
        return rows

    rows, digest = wiring.building._unchanged(catalogue, "items", read)
    assert (reads, rows.height, digest) == (2, 35, catalogue.items_digest)


def test_a_named_model_goes_before_the_encoder_setting(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class Stop(Exception):
        pass

    def note(_workspace: Workspace, model_id: str, _settings: object) -> None:
        opened.append(model_id)
        raise Stop

    monkeypatch.setattr(wiring.serving, "open_encoder", note)
    settings = wiring.load_settings(workspace).override("index", encoder="openai")
    for model_id in (None, "m1"):
        with pytest.raises(Stop):
            wiring.build(workspace, settings, model_id=model_id, now=NOW)
    assert opened == ["", "m1"]


def test_an_equal_model_stays_where_it_is_and_a_damaged_one_is_replaced(workspace: Workspace) -> None:
    pytest.importorskip("torch")
    settings = wiring.load_settings(workspace).override("train", dim=8)
    folder = workspace.model_path(wiring.train(workspace, settings, now=NOW).card.model_id)
    stood = folder.stat().st_ino
    wiring.train(workspace, settings, now=NOW)
    assert folder.stat().st_ino == stood
    weights = next(folder.rglob("model.safetensors"))
    weights.write_bytes(weights.read_bytes()[::-1])
    wiring.train(workspace, settings, now=NOW)
    assert folder.stat().st_ino != stood
