"""Settings of telling: which channel, and that no secret can stand in the file."""

from __future__ import annotations

import pytest

from semsearch.errors import UsageError
from semsearch.settings import NotifySettings, Settings
from semsearch.wiring import open_sinks
from semsearch.workspace import Workspace

CHANNELS = {"listing.high": "#abuse-urgent", "chat": "#chats", "default": "#abuse"}


@pytest.mark.parametrize(
    ("namespace", "severity", "channel"),
    [("listing", "high", "#abuse-urgent"), ("listing", "low", "#abuse"), ("chat", "high", "#chats")],
)
def test_the_nearest_channel_is_taken(namespace, severity, channel):
    assert NotifySettings(channels=CHANNELS).channel(namespace, severity) == channel


def test_without_a_default_there_may_be_no_channel():
    assert NotifySettings(channels={"chat": "#chats"}).channel("listing", "high") == ""


def load(tmp_path, text):
    workspace = Workspace.create(tmp_path / "market")
    (workspace.root / "semsearch.toml").write_text(text, encoding="utf-8")
    return workspace, Settings.load(workspace.root)


@pytest.mark.parametrize("name", ["token_env", "webhook_env"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path, name):
    for secret in ("xoxb-1234-secret", "https://hooks.slack.com/services/T0/B0/secret"):
        with pytest.raises(UsageError, match=f"notify.{name}") as refused:
            load(tmp_path / secret[:5], f'[notify]\n{name} = "{secret}"\n')
        assert "secret" not in str(refused.value).replace(str(tmp_path), "")


def test_a_channel_that_no_alert_goes_to_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"'listing\.hihg' should be default, a namespace, or namespace\.low\|medium"):
        load(tmp_path / "severity", '[notify.channels]\n"listing.hihg" = "#a"\n')
    workspace, settings = load(tmp_path / "namespace", '[notify.channels]\n"lisitng.high" = "#a"\n')
    with pytest.raises(UsageError, match="no namespace 'lisitng'"):
        open_sinks(workspace, settings)


def test_sinks_are_those_that_the_settings_name(tmp_path):
    workspace, settings = load(tmp_path, '[notify]\nsinks = ["jsonl", "slack", "jsonl"]\n')
    assert [sink.name for sink in open_sinks(workspace, settings)] == ["jsonl", "slack"]
