"""`alerts retry` in every output mode, and what deciding shows on messages, against a small Slack."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import pytest
from tests.contract import slack_server
from tests.contract.slack_server import CHANNELS, Trouble

from semsearch.cli.app import main
from semsearch.records import Alert, Member
from semsearch.store.campaigns import CampaignStore, Step
from semsearch.store.database import Store
from semsearch.workspace import Workspace

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TOML = """
[notify]
sinks = ["jsonl", "slack"]
slack_url = "{url}"
[notify.channels]
"listing.high" = "#abuse-urgent"
default = "{channel}"
"""


def alert(name, level=1):
    return Alert(name, f"c-{name}", "listing", "campaign", level, "medium", 0, 6, 5, 0, {})


@pytest.fixture
def slack(monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack_server.TOKEN)
    with slack_server.Server() as server:
        yield server


@pytest.fixture
def shell(tmp_path, slack, monkeypatch, capsys):
    """A workspace that owes one alert to jsonl, slack and a sink of before; runs one command in it."""
    workspace = Workspace.create(tmp_path / "market")
    toml = TOML.format(url=slack.url, channel=CHANNELS["#abuse"])
    (workspace.root / "semsearch.toml").write_text(toml, encoding="utf-8")
    member = Member(1, "c-a", "p1", 0, "kim", 0, "leader", 1.0)
    with Store.open(workspace.moderation_path, now=NOW) as store:
        step = Step("listing", 1, "e", "p", (member,), (alert("a"),), {}, ("jsonl", "slack", "pager"))
        CampaignStore(store).commit(step)
    monkeypatch.chdir(workspace.root)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["semsearch", *words])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    run.root = workspace.root
    return run


def test_retry_tells_what_is_owed_once(shell, slack):
    code, out, err = shell("alerts", "retry", "--json")
    found = json.loads(out)
    assert code == 0 and (found["told"], found["untold"], found["problems"]) == (2, 1, [])
    assert [row["sink"] for row in found["rows"]] == ["pager"]
    assert "1 wait for pager, which [notify] sinks does not name" in err
    assert len(slack.texts()) == 1
    code, out, _ = shell("alerts", "retry")
    assert code == 0 and "told" in out and len(slack.texts()) == 1
    assert len((shell.root / "alerts.jsonl").read_text().splitlines()) == 1


def test_retry_says_what_fails_and_goes_on_when_it_is_mended(shell, slack, monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong")
    code, out, err = shell("alerts", "retry", "--jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 4 and [row["sink"] for row in rows] == ["slack", "pager"]
    assert "invalid_auth" in rows[0]["error"] and "xoxb-wrong" not in out + err
    assert "Next: export SLACK_BOT_TOKEN" in err
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack_server.TOKEN)
    assert shell("alerts", "retry")[0] == 0 and len(slack.texts()) == 1


def test_retry_without_sinks_has_nobody_to_tell(shell):
    (shell.root / "semsearch.toml").write_text("")
    code, _, err = shell("alerts", "retry")
    assert code == 2 and "Next: set [notify] sinks" in err


def test_a_decision_shows_on_the_message_without_who_and_why(shell, slack):
    shell("alerts", "retry")
    decide = ("alerts", "decide", "a", "dismiss", "--by", "minji-kim", "--reason", "a shop's template")
    assert shell(*decide)[0] == 0
    (text,) = slack.texts()
    assert text.endswith("[dismissed]")
    assert shell("alerts", "undo", "a", "--by", "minji-kim")[0] == 0
    (message,) = slack.shown()
    assert "dismissed" not in message["text"] and message["n_edits"] == 2
    assert not [body for body in slack.bodies if b"minji" in body or b"template" in body]
    statuses = [json.loads(line)["status"] for line in (shell.root / "alerts.jsonl").read_text().splitlines()]
    assert statuses == ["open", "dismissed", "open"]


def test_a_decision_stands_when_slack_is_down_and_retry_shows_it(shell, slack):
    shell("alerts", "retry")
    slack.trouble = Trouble(503, "upstream")
    code, _, err = shell("alerts", "decide", "a", "confirm", "--by", "minji")
    assert code == 0 and "trouble of its own (503)" in err
    slack.trouble = None
    assert shell("alerts", "retry")[0] == 0
    assert slack.texts()[0].endswith("[confirmed]")
