"""Which model a namespace is scanned with, and what opening a scan costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch import wiring
from semsearch.errors import MissingPart
from semsearch.store.campaigns import CampaignStore, Step
from semsearch.store.database import Store
from semsearch.text.views import VIEWS_VERSION
from semsearch.towers.card import ModelCard
from semsearch.towers.template import ItemTemplate
from semsearch.wiring import scanning
from semsearch.workspace import Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "market")
    for name in ("m1", "m2"):
        made.model_path(name).mkdir(parents=True)
        ModelCard(name, f"encoder-{name}", "static", 8, ItemTemplate(), VIEWS_VERSION, "").write(made.model_path(name))
    return made


def settle(workspace: Workspace, text: str) -> None:
    (workspace.root / "semsearch.toml").write_text(text)


def scanned_with(workspace: Workspace, encoder_id: str, namespaces: Sequence[str]) -> None:
    with Store.open(workspace.moderation_path, now=NOW) as store:
        for namespace in namespaces:
            CampaignStore(store).commit(Step(namespace, 1, encoder_id))


def preparing_with(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(model, processes) of each reader of posts that is opened."""
    opened: list[tuple[str, int]] = []

    class Noted:
        def __init__(self, opening, policy, processes):
            opened.append((opening.args[-1], processes))

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    monkeypatch.setattr("semsearch.campaigns.joining.preparing.Preparing", Noted)
    return opened


def looked_at(workspace: Workspace, namespace: str) -> None:
    with wiring.open_looking(workspace, namespace, now=NOW) as looking, looking.preparing(looking.policy):
        pass


def test_a_namespace_has_its_own_model(workspace, monkeypatch):
    opened = preparing_with(monkeypatch)
    settle(workspace, '[campaigns]\nmodel = "m1"\n[campaigns.namespaces.chat]\nmodel = "m2"\n'
                      '[campaigns.namespaces.image]\nmodel = "none"\n')  # fmt: skip
    for namespace in ("listing", "chat", "image"):
        with wiring.open_scan(workspace, namespace, now=NOW):
            pass
        looked_at(workspace, namespace)
    assert [model for model, _ in opened] == ["m1", "m1", "m2", "m2", "", ""]


def test_a_namespace_that_names_a_model_leaves_the_one_that_it_began_with(workspace):
    scanned_with(workspace, "encoder-m1", ["chat", "listing"])
    settle(workspace, '[campaigns.namespaces.chat]\nmodel = "m2"\n')
    settings = wiring.load_settings(workspace)
    with Store.existing(workspace.moderation_path, now=NOW) as store:
        state = wiring.open_state(store)
        chosen = {name: scanning.model_of(workspace, name, settings.campaigns.of(name), state)
                  for name in ("chat", "listing")}  # fmt: skip
    assert chosen == {"chat": "m2", "listing": "m1"}
    assert wiring.reembed(workspace, "chat", now=NOW) == "encoder-m2"


def test_a_model_that_is_not_there_is_missed_by_its_namespace_alone(workspace):
    settle(workspace, '[campaigns.namespaces.chat]\nmodel = "gone"\n')
    with pytest.raises(MissingPart, match="Model gone"), wiring.open_scan(workspace, "chat", now=NOW):
        pass
    with wiring.open_scan(workspace, "listing", now=NOW) as scan:
        assert scan.namespace == "listing"


def test_scans_and_looks_read_with_as_many_processes_with_and_without_a_model(workspace, monkeypatch):
    opened = preparing_with(monkeypatch)
    for model in ("none", "m1"):
        settle(workspace, f'[campaigns]\nmodel = "{model}"\n')
        with wiring.open_scan(workspace, "listing", now=NOW):
            pass
        looked_at(workspace, "listing")
    assert [processes for _, processes in opened] == [scanning.PROCESSES] * 4


def test_who_a_model_of_ours_is_stands_on_its_card(workspace, monkeypatch):
    def never(*given):
        raise AssertionError("the encoder was opened")

    monkeypatch.setattr(scanning, "open_encoder", never)
    settle(workspace, '[campaigns]\nmodel = "m2"\n')
    scanned_with(workspace, "encoder-m1", ["listing"])
    assert wiring.reembed(workspace, "listing", now=NOW) == "encoder-m2"
    with wiring.open_scan(workspace, "chat", now=NOW) as scan:
        assert scan.namespace == "chat"
