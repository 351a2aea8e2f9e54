"""What the doctor says of the language models; nothing is called."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from semsearch.health import doctor
from semsearch.records import Decision, Profile
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.profiles import Profiles, named, text_digest
from semsearch.wiring.prompts import open_prompts
from semsearch.workspace import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CHECKS = ("prompts", "profiles", "llm endpoint", "llm key", "llm allow", "llm prices")


@pytest.fixture
def workspace(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    made = Workspace.create(tmp_path / "market")
    shutil.copy(migrated, made.moderation_path)
    return made


def activate(workspace: Workspace, namespace: str = "listing", prompt: str | None = None) -> None:
    profile = named(Profile("", "pro", namespace, "상점 말투", NOW))
    hash_ = prompt or open_prompts().get("spam-verdict").prompt_hash
    detail = {"namespace": namespace, "name": "pro", "prompt": hash_, "text": text_digest(profile.text)}
    with Store.open(workspace.moderation_path, now=NOW) as store:
        Profiles(store).keep(profile)
        Decisions(store).append(Decision(0, NOW, "민지", "approve", profile.profile_id, detail=detail), after=0)


def told(workspace: Workspace, settings: str = "") -> dict[str, str]:
    """What each check says, with its advice when it is not ok."""
    workspace.path("semsearch.toml").write_text(settings)
    checks = doctor(workspace.root)
    return {
        each.name: each.detail if each.ok else f"{each.detail} | {each.advice}"
        for each in checks
        if each.name in CHECKS
    }


def test_who_uses_no_model_needs_nothing(workspace: Workspace) -> None:
    found = told(workspace)
    assert tuple(found) == CHECKS
    assert not [each for each in found.values() if " | " in each]
    assert "no model can be asked" in found["llm key"]
    assert found["llm allow"] == "texts of listing, image, profile may go there, not of chat"
    assert found["llm prices"] == "no cap is set ([llm] max_usd)"


def test_a_key_is_missed_once_posts_are_judged(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    activate(workspace)
    assert told(workspace)["llm key"].endswith(
        "| Next: export OPENAI_API_KEY=…, or [llm] base_url for a server of your own"
    )
    assert "own need none" in told(workspace, '[llm]\nbase_url = "http://127.0.0.1:8080/v1"\n')["llm key"]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    found = told(workspace)
    assert found["llm key"] == "OPENAI_API_KEY is set"
    assert not any("secret" in each for each in found.values())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-\u200bsecret")
    assert told(workspace)["llm key"].startswith("OPENAI_API_KEY holds signs that no key has. |")


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host/v1", "http://host:99999/v1", "http:///v1", "models"])
def test_an_address_that_is_none(workspace: Workspace, url: str) -> None:
    found = told(workspace, f'[llm]\nbase_url = "{url}"\n')
    assert f"'{url}' is no address of an endpoint" in found["llm endpoint"]
    assert "base_url" in found["llm endpoint"].partition(" | ")[2]
    assert tuple(found) == CHECKS[:3]


def test_posts_that_may_not_go_to_the_endpoint_are_named(workspace: Workspace) -> None:
    activate(workspace, "chat")
    assert "Texts of namespace 'chat' may go to local, not to api.openai.com." in told(workspace)["llm allow"]
    local = '[llm]\nbase_url = "http://10.0.0.5/v1"\n'
    assert told(workspace, local)["llm allow"] == "texts of listing, image, chat, profile may go there"


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [('caht = ["local"]', "no namespace 'caht'"), ('chat = ["http://10.0.0.5"]', "'http://10.0.0.5' is no host")],
)
def test_an_entry_that_never_applies_is_named(workspace: Workspace, entry: str, wrong: str) -> None:
    assert wrong in told(workspace, f"[llm.allow]\n{entry}\n")["llm allow"]


def test_a_cap_needs_prices(workspace: Workspace) -> None:
    capped = '[llm]\nmax_usd = 2.5\nsmall = "qwen"\n'
    assert "what qwen cost" in told(workspace, capped)["llm prices"]
    priced = f'{capped}[llm.prices."qwen"]\ninput = 0.1\noutput = 0.2\n'
    assert told(workspace, priced)["llm prices"] == "at most $2.5 a command"
    local = f'{capped}base_url = "http://localhost:1/v1"\n'
    assert told(workspace, local)["llm prices"] == "at most $2.5 a command"


def test_a_prompt_with_a_fault_and_a_profile_for_another_prompt(workspace: Workspace) -> None:
    activate(workspace, prompt="0123456789abcdef")
    assert "another version of the prompt" in told(workspace)["profiles"]
    assert "semsearch spam approve" in told(workspace)["profiles"].partition(" | ")[2]
    workspace.path("prompts").mkdir(exist_ok=True)
    workspace.path("prompts", "spam-feature.md").write_text("no prompt")
    assert told(workspace)["prompts"].endswith("| Next: semsearch prompts check")


def test_neither_status_nor_doctor_loads_a_client(workspace: Workspace) -> None:
    activate(workspace)
    code = (
        "import sys; from pathlib import Path; from semsearch import health; "
        "from semsearch.workspace import Workspace; "
        f"root = Path({str(workspace.root)!r}); health.status(Workspace.open(root)); "
        "heavy = {'openai', 'httpx2', 'sklearn', 'torch'}; assert not {*heavy, 'polars'} & {*sys.modules}, 1; "
        "health.doctor(root); assert not heavy & {*sys.modules}, heavy & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
