"""What `status` tells of profiles, verdicts and labels."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.review.said import said_of
from tests.unit.store.labelled import label, machine
from typer.testing import CliRunner

from semsearch.cli.app import app
from semsearch.health import LabelStatus, SpamStatus, status
from semsearch.records import Decision, Post, Profile
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.labels.files import LabelFiles
from semsearch.store.profiles import Profiles, named, text_digest
from semsearch.wiring.prompts import open_prompts
from semsearch.workspace import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HASH = open_prompts().get("spam-verdict").prompt_hash


@pytest.fixture
def workspace(tmp_path: Path, migrated: Path) -> Workspace:
    made = Workspace.create(tmp_path / "market")
    shutil.copy(migrated, made.moderation_path)
    return made


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    with Store.open(workspace.moderation_path, now=NOW) as opened:
        yield opened


def draft(store: Store, text: str, hours: int = 0, name: str = "pro") -> Profile:
    made = named(Profile("", name, "listing", text, NOW + timedelta(hours=hours)))
    Profiles(store).keep(made)
    return made


def approve(store: Store, profile: Profile, prompt: str = HASH) -> Decision:
    detail = {"namespace": "listing", "name": profile.name, "prompt": prompt, "text": text_digest(profile.text)}
    decisions = Decisions(store)
    made = Decision(0, NOW, "민지", "approve", profile.profile_id, detail=detail)
    return decisions.append(made, after=decisions.version())[0]


def spam(workspace: Workspace) -> SpamStatus:
    (found,) = status(workspace).spam
    return found


def test_nothing_is_told_of_what_is_not_there(workspace: Workspace, tmp_path: Path) -> None:
    for each in (workspace, Workspace.create(tmp_path / "empty")):
        assert (status(each).spam, status(each).labels) == ((), ())


def test_drafts_wait_until_they_or_later_ones_are_approved(workspace: Workspace, store: Store) -> None:
    old, chosen, newer = (draft(store, text, hours) for hours, text in enumerate(("a", "b", "c")))
    assert spam(workspace) == SpamStatus("listing", {}, (newer.profile_id, chosen.profile_id, old.profile_id), 0, 0, 0)
    made = approve(store, chosen)
    found = spam(workspace)
    assert (found.active, found.drafts, found.blocked) == ({"pro": chosen.profile_id}, (newer.profile_id,), "")
    decisions = Decisions(store)
    decisions.append(Decision(0, NOW, "민지", "undo", str(made.decision_id)), after=decisions.version())
    assert (spam(workspace).active, spam(workspace).drafts) == ({}, (newer.profile_id,))


def test_what_keeps_posts_from_being_judged_is_said_with_the_next_step(workspace: Workspace, store: Store) -> None:
    profile = draft(store, "상점 말투")
    approve(store, profile, "0123456789abcdef")
    assert "another version of the prompt" in spam(workspace).blocked
    assert f"semsearch spam approve {profile.profile_id} --by NAME" in spam(workspace).next_step
    shown = CliRunner().invoke(app, ["status", "-w", str(workspace.root)])
    assert f"pro ({profile.profile_id})" in shown.stdout
    assert "Posts of listing cannot be judged: Profile 'pro'" in shown.stderr
    approve(store, profile)
    assert spam(workspace).blocked == ""
    workspace.path("prompts").mkdir(exist_ok=True)
    workspace.path("prompts", "spam-verdict.md").write_text("no prompt")
    assert "spam-verdict.md" in spam(workspace).blocked


def test_verdicts_are_counted_and_lead_to_the_list(workspace: Workspace, store: Store) -> None:
    assert status(workspace).next_command == "semsearch import items FILE"
    posts = [Post("listing", f"p{n}", "u", NOW, f"글 {n}") for n in range(4)]
    for post, is_spam in zip(posts, (True, True, False, None), strict=True):
        said_of(store, post, is_spam)
    said_of(store, posts[0], is_spam=False, model="m2", at=NOW)  # denies what the first model said
    found = spam(workspace)
    assert (found.n_verdicts, found.n_flagged, found.n_abstained) == (5, 1, 1)
    assert status(workspace).next_command == "semsearch alerts list --status open"


def test_labels_of_people_and_machines_are_told_apart(workspace: Workspace) -> None:
    files = LabelFiles(workspace)
    files.append(label(minute=0), label(minute=1))
    files.append(label(by="jieun"))
    files.append(machine())
    assert status(workspace).labels == (LabelStatus("person", 2, 3), LabelStatus("model", 1, 1))
