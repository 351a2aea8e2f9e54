"""The locked part does not open twice in silence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.relevance.people import AT, graded_queries, label, numbers

from semsearch.errors import Damaged, Refused, UsageError
from semsearch.relevance.locked import FILE, FOLDER, Looker, known, open_locked, openings, times
from semsearch.relevance.truths import digest_of, truths_of
from semsearch.workspace import Workspace

LOOKER = Looker("minji", "tune", "relevance-facets", "h1", "small", "a1")
LABELS = graded_queries(numbers("locked", 3))
TRUTHS = truths_of(LABELS).pairs


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path)


def test_an_opening_is_written_down_with_all_that_tells_it_from_another(workspace: Workspace):
    opening = open_locked(workspace, LOOKER, TRUTHS, now=AT, again=False)
    (line,) = workspace.path(FOLDER, FILE).read_text().splitlines()
    assert json.loads(line) == {
        "n": 1, "at": "2026-03-01T00:00:00+00:00", "by": "minji", "why": "tune", "prompt": "relevance-facets",
        "prompt_hash": "h1", "model": "small", "asked": "a1", "labels": digest_of(TRUTHS), "n_queries": 3, "n_pairs": 9,
    }  # fmt: skip
    assert openings(workspace) == [opening]


def test_a_second_one_is_refused_unless_somebody_wants_it(workspace: Workspace):
    open_locked(workspace, LOOKER, TRUTHS, now=AT, again=False)
    other = replace(LOOKER, prompt_hash="h2", by="jun")
    with pytest.raises(Refused, match="opened once, last by minji at 2026-03-01") as refused:
        open_locked(workspace, other, TRUTHS, now=AT, again=False)
    assert "semsearch grade tune --again --by NAME" in refused.value.next_step
    with pytest.raises(UsageError, match="the name is written down") as nobody:
        open_locked(workspace, replace(other, by=" "), TRUTHS, now=AT, again=True)
    assert nobody.value.next_step == "Next: semsearch grade tune --again --by NAME"
    assert len(openings(workspace)) == 1
    assert open_locked(workspace, other, TRUTHS, now=AT + timedelta(days=1), again=True).n == 2
    assert [each.by for each in openings(workspace)] == ["minji", "jun"]


def test_the_same_look_is_the_same_opening(workspace: Workspace):
    first = open_locked(workspace, LOOKER, TRUTHS, now=AT, again=False)
    again = open_locked(workspace, replace(LOOKER, by=""), TRUTHS[::-1], now=AT + timedelta(days=1), again=False)
    assert again == first
    assert len(openings(workspace)) == 1


@pytest.mark.parametrize("changed", [{"prompt_hash": "h2"}, {"model": "large"}, {"asked": "a2"}])
def test_another_prompt_or_model_or_other_questions_are_another_look(workspace: Workspace, changed: dict[str, str]):
    open_locked(workspace, LOOKER, TRUTHS, now=AT, again=False)
    with pytest.raises(Refused):
        open_locked(workspace, replace(LOOKER, **changed), TRUTHS, now=AT, again=False)


def test_other_labels_are_another_look(workspace: Workspace):
    open_locked(workspace, LOOKER, TRUTHS, now=AT, again=False)
    more = truths_of([*LABELS, label(numbers("locked", 3)[0], "new", 1)]).pairs
    assert known(workspace, LOOKER, more) is None
    with pytest.raises(Refused):
        open_locked(workspace, LOOKER, more, now=AT, again=False)


def test_an_opening_that_does_not_say_what_was_asked_is_not_the_same(workspace: Workspace):
    open_locked(workspace, LOOKER, TRUTHS, now=AT, again=False)
    path = workspace.path(FOLDER, FILE)
    path.write_text(path.read_text().replace('"asked": "a1", ', ""))
    assert [each.asked for each in openings(workspace)] == [""]
    with pytest.raises(Refused):
        open_locked(workspace, LOOKER, TRUTHS, now=AT, again=False)


@pytest.mark.parametrize(("why", "said"), [("tune", "grade tune"), ("audit", "grade audit --locked")])
def test_what_to_type_next_opens_the_locked_part(workspace: Workspace, why: str, said: str):
    looker = replace(LOOKER, why=why)
    with pytest.raises(UsageError) as nobody:
        open_locked(workspace, replace(looker, by=""), TRUTHS, now=AT, again=False)
    assert nobody.value.next_step == f"Next: semsearch {said} --by NAME"
    open_locked(workspace, looker, TRUTHS, now=AT, again=False)
    with pytest.raises(Refused) as twice:
        open_locked(workspace, replace(looker, asked="a2"), TRUTHS, now=AT, again=False)
    assert twice.value.next_step == f"Next: semsearch {said} --again --by NAME"


def test_an_opening_that_was_cut_off_was_none(workspace: Workspace):
    open_locked(workspace, LOOKER, TRUTHS, now=AT, again=False)
    path = workspace.path(FOLDER, FILE)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    assert len(openings(workspace)) == 1
    open_locked(workspace, replace(LOOKER, prompt_hash="h2"), TRUTHS, now=AT, again=True)
    assert path.read_bytes().startswith(whole)
    assert [each.n for each in openings(workspace)] == [1, 2]


@pytest.mark.parametrize("spoilt", [b"{}\n", b"no json\n", b"[1]\n"])
def test_a_file_that_was_tampered_with_says_so(workspace: Workspace, spoilt: bytes):
    open_locked(workspace, LOOKER, TRUTHS, now=AT, again=False)
    path = workspace.path(FOLDER, FILE)
    path.write_bytes(spoilt + path.read_bytes())
    with pytest.raises(Damaged, match="line 1"):
        openings(workspace)


def test_an_opening_that_was_taken_out_is_seen(workspace: Workspace):
    open_locked(workspace, LOOKER, TRUTHS, now=AT, again=False)
    open_locked(workspace, replace(LOOKER, prompt_hash="h2"), TRUTHS, now=AT, again=True)
    path = workspace.path(FOLDER, FILE)
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[1])
    with pytest.raises(Damaged, match="it says that it is opening 2"):
        openings(workspace)


def test_how_often_in_words():
    assert [times(n) for n in range(4)] == ["never", "once", "twice", "3 times"]
