"""The door in front of a pipeline, on releases that are only manifests."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch import gates
from semsearch.errors import Refused, UsageError
from semsearch.gates import Built, Door, GateRecord, after_no, changes
from semsearch.settings import GateSettings, SearchSettings
from semsearch.workspace import Manifest, Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = GateSettings().model_dump()
SEARCH = SearchSettings().model_dump()
SERVING = {"mode": "hybrid", "fusion": "score", "depth": "200"}


@dataclass(frozen=True)
class Made:
    release_id: str
    encoder_id: str = "e1"
    lexical_id: str = "l1"
    dense_kind: str = "exact"


CURRENT, OTHER = Made("r1"), Made("r2", encoder_id="e2")


def result(outcome: str = "passed", current: str = "r1", gate_id: str = "g1", **rules: object) -> dict[str, object]:
    made = {"gate_id": gate_id, "current": current, "outcome": outcome, "told": "why"}
    return made | {"settings": RULES | rules, "serving": SERVING}


def record(*results: dict[str, object]) -> GateRecord:
    return GateRecord("r2", results)


def door(
    candidate: Built,
    current: Built | None,
    earlier: tuple[str, ...],
    kept: GateRecord,
    wanted: dict[str, object],
    **search: object,
) -> Door:
    return gates.door(candidate, current, earlier, kept, wanted, search=SEARCH | search)


def test_the_first_release_needs_no_gate():
    assert door(OTHER, None, (), record(), {}).because == "first"


@pytest.mark.parametrize(
    ("candidate", "opens"),
    [
        (Made("r2"), True),
        (Made("r2", encoder_id="e2"), False),
        (Made("r2", lexical_id="l2"), False),
        (Made("r2", dense_kind="hnsw"), False),
    ],
)
def test_only_the_same_model_words_and_engine_are_a_refresh(candidate, opens):
    assert door(candidate, CURRENT, (), record(), RULES).open is opens


def test_from_a_graph_to_exact_search_is_a_refresh():
    assert door(Made("r2"), Made("r1", dense_kind="hnsw"), (), record(), RULES).because == "refresh"


def test_what_rollback_leads_to_needs_no_gate():
    assert door(OTHER, CURRENT, ("r2",), record(), RULES).because == "earlier"


def test_a_gate_counts_against_what_is_served_now():
    assert door(OTHER, CURRENT, (), record(result()), RULES).gate_id == "g1"
    shut = door(OTHER, CURRENT, (), record(result(current="r0")), RULES)
    assert "judged against r0, which is not served now" in shut.told
    assert shut.next_step == "Next: semsearch release gate r2"


def test_the_last_gate_counts():
    assert not door(OTHER, CURRENT, (), record(result(), result("refused", gate_id="g2")), RULES).open
    assert door(OTHER, CURRENT, (), record(result("refused", gate_id="g2"), result()), RULES).open
    again = record(result(), result("refused", gate_id="g2")).with_result(result())
    assert [r["gate_id"] for r in again.results] == ["g2", "g1"]


def test_a_gate_under_other_settings_does_not_count():
    shut = door(OTHER, CURRENT, (), record(result(allowed_loss=0.2)), RULES)
    assert "gate.allowed_loss" in shut.told


@pytest.mark.parametrize(
    ("serving", "now", "name"),
    [
        (SERVING, {"mode": "dense"}, "search.mode"),
        (SERVING, {"fusion": "rrf"}, "search.fusion"),
        (SERVING, {"depth": 50}, "search.depth"),
        (SERVING, {"k": 20}, ""),
        ({"mode": "dense"}, {"mode": "dense", "fusion": "rrf", "depth": 50}, ""),  # one leg: nothing to join
        ({"mode": "dense", "asked_with": "item"}, {"mode": "lexical"}, ""),  # search.mode has no say
    ],
)
def test_a_gate_counts_for_what_is_served_as_it_was_asked(serving, now, name):
    found = door(OTHER, CURRENT, (), record(result() | {"serving": serving}), RULES, **now)
    assert found.open is not bool(name)
    assert name in found.told


@pytest.mark.parametrize(
    ("candidate", "changed", "step"),
    [
        (Made("r2", encoder_id="e2", lexical_id="l2"), ("model", "words"), "semsearch train --pipeline similar, once"),
        (Made("r2", lexical_id="l2"), ("words",), "change the lexicon or the analyser, then semsearch index build"),
        (Made("r2", dense_kind="hnsw"), ("engine",), "semsearch index build --dense exact --pipeline similar"),
        (Made("r2"), (), ""),
    ],
)
def test_a_no_leads_back_to_what_was_changed(candidate, changed, step):
    assert changes(candidate, CURRENT) == changed
    assert not changed or after_no(changed, "similar").startswith(step)


@pytest.mark.parametrize("outcome", ["refused", "undecided"])
def test_a_gate_that_is_not_passed_keeps_the_door_shut(outcome):
    shut = door(OTHER, CURRENT, (), record(result(outcome)), RULES)
    assert (shut.open, shut.outcome) == (False, outcome)
    assert shut.told == f"its gate against r1 said {outcome}"
    assert shut.next_step == "Next: semsearch release show r2"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path)
    add(made, "r1")
    add(made, "r2", encoder_id="e2")
    made.publish("r1", "default", now=NOW)
    return made


def add(workspace: Workspace, release_id: str, encoder_id: str = "e1") -> None:
    manifest = Manifest(release_id, NOW.isoformat(), "default", "m", encoder_id, "l", "d", 1, 1, 2, "exact")
    fields = {name: getattr(manifest, name) for name in Manifest.__slots__}
    workspace.write_json(workspace.release_path(release_id) / "manifest.json", fields)


def keep(workspace: Workspace, kept: GateRecord) -> None:
    workspace.write_json(workspace.gate_path(kept.release_id), kept.document())


def test_publish_refuses_without_a_passed_gate(workspace: Workspace) -> None:
    with pytest.raises(Refused, match="no gate has judged it against r1") as caught:
        workspace.publish("r2", "default", now=NOW)
    assert caught.value.next_step == "Next: semsearch release gate r2"
    assert workspace.state().current == "r1"
    keep(workspace, record(result()))
    assert workspace.publish("r2", "default", now=NOW).events[-1] == {
        "event": "publish", "release_id": "r2", "at": NOW.isoformat(), "because": "gate", "gate_id": "g1",
    }  # fmt: skip


def test_a_gate_does_not_outlive_what_it_was_passed_against(workspace: Workspace) -> None:
    keep(workspace, record(result()))
    add(workspace, "r3")
    workspace.publish("r3", "default", now=NOW)  # the model of r1 on newer rows
    with pytest.raises(Refused, match="judged against r1, which is not served now"):
        workspace.publish("r2", "default", now=NOW)


def test_a_changed_setting_closes_the_door_again(workspace: Workspace) -> None:
    keep(workspace, record(result()))
    workspace.path("semsearch.toml").write_text("[gate]\nallowed_loss = 0.001\n")
    with pytest.raises(Refused, match=r"gate\.allowed_loss"):
        workspace.publish("r2", "default", now=NOW)


def test_another_way_of_serving_closes_it_too(workspace: Workspace) -> None:
    keep(workspace, record(result()))
    workspace.path("semsearch.toml").write_text("[search]\nmode = 'dense'\n")
    with pytest.raises(Refused, match=r"other settings than now \(search\.mode\)"):
        workspace.publish("r2", "default", now=NOW)


def test_force_needs_a_reason_and_a_name_and_keeps_both(workspace: Workspace) -> None:
    for given in ({}, {"by": "kim"}, {"reason": "no log yet"}, {"by": " ", "reason": "x"}):
        with pytest.raises(UsageError, match="needs --"):
            workspace.publish("r2", "default", now=NOW, force=True, **given)
    state = workspace.publish("r2", "default", now=NOW, force=True, by="kim", reason="no log yet")
    event = state.events[-1]
    assert (event["because"], event["by"], event["reason"]) == ("forced", "kim", "no log yet")
    kept = GateRecord.read(workspace.gate_path("r2")).forced[-1]
    assert kept == {"pipeline": "default", "against": "r1", "at": NOW.isoformat(), "by": "kim", "reason": "no log yet"}


def test_force_where_none_is_needed_is_no_forced_publishing(workspace: Workspace) -> None:
    add(workspace, "r3")
    state = workspace.publish("r3", "default", now=NOW, force=True, by="kim", reason="in a hurry")
    assert state.events[-1]["because"] == "refresh"
    assert not GateRecord.read(workspace.gate_path("r3")).forced


def test_the_way_back_and_forward_again(workspace: Workspace) -> None:
    keep(workspace, record(result()))
    workspace.publish("r2", "default", now=NOW)
    workspace.rollback("default", now=NOW)
    assert workspace.publish("r2", "default", now=NOW).current == "r2"  # its gate against r1 still stands
    assert workspace.publish("r1", "default", now=NOW).events[-1]["because"] == "earlier"


@pytest.mark.parametrize("damage", ["{", "[]", '{"results": 5}', "changed", "other"])
def test_a_damaged_gate_file_opens_nothing(workspace: Workspace, damage: str) -> None:
    kept = record(result("refused")).document()
    if damage == "changed":
        kept["results"] = [result()]
    if damage == "other":
        kept = replace(record(result()), release_id="r9").document()
    path = workspace.gate_path("r2")
    path.write_text(json.dumps(kept) if damage in ("changed", "other") else damage)
    with pytest.raises(Refused, match="damaged") as caught:
        workspace.publish("r2", "default", now=NOW)
    assert "release gate r2" in caught.value.next_step
    assert workspace.publish("r2", "default", now=NOW, force=True, by="kim", reason="lost").current == "r2"
    assert GateRecord.read(path).forced[-1]["reason"] == "lost"
    assert [kept.name for kept in workspace.damaged_gates("r2")] == ["r2.1.damaged"]


def test_each_damaged_gate_file_is_set_aside_under_its_own_name(workspace: Workspace) -> None:
    path = workspace.gate_path("r2")
    for number in (1, 2):
        path.write_text(f"{{ {number}")
        assert workspace.gate_record("r2") == GateRecord("r2")
    assert [kept.read_text() for kept in workspace.damaged_gates("r2")] == ["{ 1", "{ 2"]
    assert workspace.damaged_gates("r1") == []
    assert workspace.gate_record("r2") == GateRecord("r2")  # there is none, which is no damage
    assert len(workspace.damaged_gates("r2")) == 2


def test_a_served_release_that_is_gone_can_only_be_forced_away(workspace: Workspace) -> None:
    (workspace.release_path("r1") / "manifest.json").unlink()
    with pytest.raises(Refused, match="cannot be read") as caught:
        workspace.publish("r2", "default", now=NOW)
    assert "--force" in caught.value.next_step
    assert workspace.publish("r2", "default", now=NOW, force=True, by="kim", reason="repair").current == "r2"
