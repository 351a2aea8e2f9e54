"""The courier with the real outbox, real files and a small Slack: outages, crashes, bursts, two processes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.contract import slack_server
from tests.contract.slack_server import CHANNELS, Trouble

from semsearch.campaigns.deliver import MENDING_S, Courier
from semsearch.notify.jsonl import JsonlSink
from semsearch.notify.slack import SlackSink
from semsearch.notify.webhook import WebhookSink
from semsearch.records import Alert
from semsearch.settings import NotifySettings
from semsearch.store.campaigns import CampaignStore, Step
from semsearch.store.database import Store
from semsearch.store.outbox import Outbox
from semsearch.wiring import open_courier
from semsearch.workspace import Workspace

START = datetime(2026, 11, 1, tzinfo=UTC)
SINKS = ("slack", "jsonl", "webhook")


class Town:
    """A store, a Slack, a file, and a clock that goes by hand."""

    def __init__(self, folder, slack, monkeypatch):
        monkeypatch.setenv("SLACK_BOT_TOKEN", slack_server.TOKEN)
        monkeypatch.setenv("SLACK_WEBHOOK_URL", slack.hook)
        self.slack, self.file, self.seconds = slack, folder / "alerts.jsonl", 0.0
        self.store = Store.open(folder / "moderation.sqlite", now=START)
        self.outbox = Outbox(self.store)
        self.channels = {"default": CHANNELS["#abuse"]}
        self.seq = 0

    def courier(self, names=SINKS, outbox=None):
        settings = NotifySettings(slack_url=self.slack.url, channels=self.channels)
        built = {
            "slack": SlackSink(settings, timeout_s=0.3),
            "webhook": WebhookSink(settings, timeout_s=0.3),
            "jsonl": JsonlSink(self.file),
        }
        return Courier(outbox or self.outbox, [built[name] for name in names], elapsed=lambda: self.seconds)

    def raise_(self, *alerts, sinks=SINKS):
        self.seq += 1
        step = Step("listing", self.seq, "e", "p", (), alerts, {}, sinks)
        CampaignStore(self.store).commit(step)

    @property
    def now(self):
        return START + timedelta(seconds=self.seconds)

    def pass_(self, courier, seconds, step=1.0):
        end = self.seconds + seconds
        while self.seconds < end:
            courier.deliver(self.now)
            self.seconds += step

    def shown(self):
        """(alert, level) of each message in Slack."""
        payloads = [message["metadata"]["event_payload"] for message in self.slack.shown()]
        return sorted((p["alert_id"], p["level"]) for p in payloads)

    def keys(self):
        return [json.loads(line)["key"] for line in self.file.read_text("utf-8").splitlines()]


@pytest.fixture
def town(tmp_path, monkeypatch):
    with slack_server.Server() as slack:
        made = Town(tmp_path, slack, monkeypatch)
        yield made
        made.store.close()


def alert(name, level=1, severity="medium"):
    return Alert(name, f"c-{name}", "listing", "campaign", level, severity, level, 6 * level, 5 * level, 0, {})


def test_an_hour_without_slack_loses_and_doubles_nothing(town):
    courier = town.courier()
    town.slack.trouble = Trouble(503, "upstream")
    for minute in range(60):
        town.raise_(*(alert(f"a{minute % 10}", level=1 + minute // 10) for _ in range(1)))
        town.pass_(courier, 60, step=5)
    assert not town.slack.shown() and len(town.keys()) == 60
    assert len(town.slack.calls) < 2 * 25, "two sinks, tried ever more rarely"
    town.slack.trouble = None
    town.pass_(courier, 600, step=2)
    assert town.shown() == [(f"a{i}", 6) for i in range(10)]
    assert len(town.slack.hooked) == 10, "a webhook is told the newest step alone"
    assert len(set(town.keys())) == 60 and not town.outbox.unsent()


def test_a_campaign_is_one_message_that_grows_and_shows_the_decision(town):
    courier = town.courier(["slack"])
    for level in (1, 2, 3):
        town.raise_(alert("a", level), sinks=["slack"])
        town.pass_(courier, 4)
    (message,) = town.slack.shown()
    assert message["n_edits"] == 2 and "18 posts" in message["text"]


class Crash(BaseException):
    """A kill: nothing after it runs."""


class CrashingOutbox(Outbox):
    def sent(self, outbox_id, at, receipt):
        raise Crash


@pytest.mark.parametrize(("channel", "n_messages"), [(CHANNELS["#abuse"], 1), ("#abuse", 2)])
def test_a_crash_between_sending_and_noting(town, channel, n_messages):
    """Named by id the message is found again; by name there is one double. The file's lines share their key."""
    town.channels = {"default": channel}
    town.raise_(alert("a"), sinks=["slack"])
    town.raise_(alert("b"), sinks=["jsonl"])
    for name in ("slack", "jsonl"):
        with pytest.raises(Crash):
            town.courier([name], CrashingOutbox(town.store)).deliver(town.now)
    after = town.courier(["slack", "jsonl"])
    town.pass_(after, 5)
    assert town.shown() == [("a", 1)] * n_messages
    assert Counter(town.keys()) == {"b:1:campaign:open": 2}
    town.raise_(alert("a", 2), sinks=["slack"])
    town.pass_(after, 5)
    assert ("a", 2) in town.shown() and len(town.shown()) == n_messages


def test_a_burst_of_alerts_stays_at_a_message_a_second_and_channel(town):
    town.channels = {"default": CHANNELS["#abuse"], "listing.high": CHANNELS["#abuse-urgent"]}
    town.raise_(*(alert(f"a{i:03}", severity="high" if i % 100 == 0 else "low") for i in range(500)), sinks=["slack"])
    courier = town.courier(["slack"])
    town.pass_(courier, 60, step=1.25)
    by_channel = {name: len(town.slack.messages[CHANNELS[name]]) for name in ("#abuse", "#abuse-urgent")}
    assert by_channel == {"#abuse": 48, "#abuse-urgent": 5}
    assert len(town.outbox.unsent()) == 447


def test_a_wrong_token_is_said_and_mended(town, monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong")
    town.raise_(*(alert(f"a{i}") for i in range(5)))
    courier = town.courier(["slack"])
    (said,) = courier.deliver(town.now).problems
    assert "invalid_auth" in said and "export SLACK_BOT_TOKEN" in said
    town.pass_(courier, MENDING_S - 1, step=30)
    assert len(town.slack.calls) == 2, "the look for messages of before, and one try"
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack_server.TOKEN)
    town.pass_(courier, 30)
    assert town.shown() == [(f"a{i}", 1) for i in range(5)]


def test_a_rate_limit_is_kept_to(town):
    town.raise_(alert("a"), alert("b"), sinks=["slack"])
    town.slack.trouble = Trouble(429, "ratelimited", {"Retry-After": "60"}, method="chat.postMessage", times=1)
    courier = town.courier(["slack"])
    town.pass_(courier, 59.5, step=0.5)
    assert town.slack.calls.count("chat.postMessage") == 1
    town.pass_(courier, 4, step=0.5)
    assert town.shown() == [("a", 1), ("b", 1)]


def test_the_courier_of_a_workspace_reads_its_settings_and_is_alone(town, tmp_path):
    workspace = Workspace.create(tmp_path / "market")
    toml = '[notify]\nsinks = ["jsonl"]\njsonl_path = "out/told.jsonl"\nmin_severity = "medium"\n'
    (workspace.root / "semsearch.toml").write_text(toml)
    with open_courier(workspace, now=START) as mine, open_courier(workspace, now=START) as other:
        with Store.open(workspace.moderation_path, now=START) as store:
            step = Step("listing", 1, "e", "p", (), (alert("a"), alert("b", severity="low")), {}, mine.names)
            CampaignStore(store).commit(step)
        with mine._alone():
            assert other.deliver(START).n_sent == 0
        done = other.deliver(START)
        assert (done.n_sent, done.n_spared) == (1, 1)
    (line,) = (workspace.root / "out" / "told.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["alert_id"] == "a"


def test_settled_rows_are_not_told_when_severity_falls_and_rises(town):
    courier = town.courier(["slack"])
    town.raise_(alert("a", 1), sinks=["slack"])
    town.pass_(courier, 2)
    town.raise_(replace(alert("a", 2), severity="high"), sinks=["slack"])
    town.pass_(courier, 2)
    assert town.shown() == [("a", 2)]
