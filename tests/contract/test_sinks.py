"""Every sink against one suite, over real HTTP and real files: told once, in bounded time, nothing personal."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from tests.contract import slack_server as served
from tests.contract.slack_server import CHANNELS, Trouble

from semsearch.notify.jsonl import JsonlSink
from semsearch.notify.message import Notice
from semsearch.notify.sink import Later, SinkError
from semsearch.notify.slack import SlackSink
from semsearch.notify.webhook import WebhookSink
from semsearch.records import Alert
from semsearch.settings import NotifySettings

PERSONAL = [
    "헤어져서 팝니다 연락주세요",
    "010-1234-5678",
    "phone:01012345678",
    "01012345678",
    "seller-kim-77",
    "buyer-lee-88",
    "kim@example.com",
    "카톡아이디 deal99",
    "동네 > 서초4동",
    "moderator-park",
]
ALERT = Alert(
    alert_id="a1b2c3",
    campaign_id="c9d8e7",
    namespace="listing",
    kind="campaign",
    level=1,
    severity="medium",
    at_us=1_700_000_000_000_000,
    n_posts=12,
    n_authors=9,
    n_recipients=0,
    reasons={"window_h": 1.0, "posts": 12, "authors": 9, "expected": 0.8, "contact": 5, "disguised": 3},
)
GROWN = replace(ALERT, level=2, n_posts=24, n_authors=17)
TIMEOUT_S = 0.3


class Place:
    """A sink, and what has arrived at its other end."""

    def __init__(self, kind, slack, folder, monkeypatch):
        self.kind, self.slack, self.file = kind, slack, folder / "out" / "alerts.jsonl"
        monkeypatch.setenv("SLACK_BOT_TOKEN", served.TOKEN)
        monkeypatch.setenv("SLACK_WEBHOOK_URL", slack.hook)
        self.settings = NotifySettings(
            slack_url=slack.url,
            channels={
                "default": CHANNELS["#abuse"] if kind == "slack by id" else "#abuse",
                "listing.high": "#abuse-urgent",
                "chat": "#nowhere",
            },
        )
        self.sink = self.again()

    def again(self):
        """The sink as a new process would have it."""
        if self.kind == "jsonl":
            return JsonlSink(self.file)
        return (WebhookSink if self.kind == "webhook" else SlackSink)(self.settings, timeout_s=TIMEOUT_S)

    def told(self):
        """One text a message, as it is now."""
        if self.kind == "jsonl":
            return self.file.read_text("utf-8").splitlines() if self.file.exists() else []
        messages = self.slack.hooked if self.kind == "webhook" else self.slack.shown()
        return [json.dumps(message, ensure_ascii=False) for message in messages]

    def sent_bytes(self):
        return self.file.read_bytes() if self.kind == "jsonl" else b"\n".join(self.slack.bodies)

    def mend(self):
        self.slack.trouble = None
        if self.file.is_dir():
            self.file.rmdir()


@pytest.fixture
def slack():
    with served.Server() as server:
        yield server


@pytest.fixture(params=["slack", "slack by id", "webhook", "jsonl"])
def place(request, slack, tmp_path, monkeypatch):
    return Place(request.param, slack, tmp_path, monkeypatch)


@pytest.fixture(params=["slack", "slack by id"])
def bot(request, slack, tmp_path, monkeypatch):
    return Place(request.param, slack, tmp_path, monkeypatch)


@pytest.fixture(params=["slack", "webhook"])
def remote(request, slack, tmp_path, monkeypatch):
    return Place(request.param, slack, tmp_path, monkeypatch)


def test_an_alert_is_told_once_with_its_counts(place):
    receipt = place.sink.send(Notice.of(ALERT), None)
    assert json.loads(json.dumps(receipt)) == receipt
    (text,) = place.told()
    assert "a1b2c3" in text and "12" in text and "9" in text


def test_a_later_step_follows_the_rule_of_its_sink(place):
    receipt = place.sink.send(Notice.of(ALERT), None)
    place.sink.send(Notice.of(GROWN), receipt)
    told = place.told()
    assert "24" in told[-1] and "17" in told[-1]
    assert len(told) == (1 if place.kind.startswith("slack") else 2)


def test_a_decision_is_shown(place):
    receipt = place.sink.send(Notice.of(ALERT), None)
    place.sink.send(Notice.of(ALERT, "confirmed"), receipt)
    assert "confirmed" in place.told()[-1]


def test_nothing_personal_leaves_the_house(place):
    reasons = {
        "text": PERSONAL[0],
        "contact": PERSONAL[2],
        "posts": PERSONAL[3],
        "disguised": [PERSONAL[1]],
        "authors": {PERSONAL[4]: 3, "ids": [PERSONAL[5]]},
        "leader": {"text": PERSONAL[7], "mail": PERSONAL[6]},
        PERSONAL[8]: 5,
        "by": PERSONAL[9],
        "window_h": "010-1234-5678",
        "nan": float("nan"),
    }
    receipt = None
    for alert in (ALERT, GROWN, replace(GROWN, severity="high"), replace(ALERT, kind=PERSONAL[0])):
        receipt = place.sink.send(Notice.of(replace(alert, reasons=reasons)), receipt)
    sent = place.sent_bytes()
    assert b"a1b2c3" in sent
    for secret in PERSONAL:
        forms = {secret, json.dumps(secret)[1:-1], quote_plus(secret)}
        assert not [form for form in forms if form.encode() in sent], secret


def down(place, how):
    if place.kind == "jsonl":
        place.file.parent.mkdir(parents=True, exist_ok=True)
        place.file.mkdir()  # cannot be written
    else:
        place.slack.trouble = how


DOWN = {
    "server error": Trouble(503, "<html>upstream</html>"),
    "hangs": Trouble(hang_s=1.0),
    "drips": Trouble(body="x" * 20, drip_s=0.1),
    "cut": Trouble(drop=True),
    "too many": Trouble(429, "ratelimited", {"Retry-After": "7"}),
}


@pytest.mark.parametrize("how", DOWN)
def test_failing_is_told_in_bounded_time_and_passes(place, how):
    down(place, replace(DOWN[how]))
    began = time.monotonic()
    with pytest.raises((Later, SinkError)) as failed:
        place.sink.send(Notice.of(ALERT), None)
    assert time.monotonic() - began < TIMEOUT_S + 0.5
    assert failed.value.next_step.startswith("Next: ")
    if place.kind != "jsonl":
        assert isinstance(failed.value, Later)
        assert failed.value.retry_after_s == (7.0 if how == "too many" else None)
    place.mend()
    place.sink.send(Notice.of(ALERT), None)
    assert len(place.told()) == 1


def test_no_error_holds_a_secret(remote, monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-not-the-token")
    monkeypatch.setenv("SLACK_WEBHOOK_URL", remote.slack.hook + "-not")
    for address in ("", "http://127.0.0.1:9/services/T0/B0/secret", "http://bad host/secret", "ftp://secret"):
        if address:
            monkeypatch.setenv("SLACK_WEBHOOK_URL", address)
            remote.settings = remote.settings.model_copy(update={"slack_url": address})
        with pytest.raises((Later, SinkError)) as failed:
            remote.again().send(Notice.of(ALERT), None)
        assert "secret" not in str(failed.value) and "xoxb-not" not in str(failed.value)


def test_a_sink_without_its_secret_says_which_variable(remote, monkeypatch):
    for variable in ("SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL"):
        monkeypatch.delenv(variable)
    with pytest.raises(SinkError, match=r"in SLACK_\w+\.\nNext: export SLACK_") as failed:
        remote.again().send(Notice.of(ALERT), None)
    assert failed.value.stops == "sink"


@pytest.mark.parametrize(
    ("status", "code", "stops"),
    [
        (403, "invalid_token", "sink"),
        (404, "no_service", "sink"),
        (410, "channel_is_archived", "lane"),
        (400, "invalid_payload", "notice"),
    ],
)
def test_what_a_person_has_to_mend_at_a_webhook(slack, tmp_path, monkeypatch, status, code, stops):
    place = Place("webhook", slack, tmp_path, monkeypatch)
    slack.trouble = Trouble(status, code)
    with pytest.raises(SinkError, match=code) as failed:
        place.sink.send(Notice.of(ALERT), None)
    assert failed.value.stops == stops


@pytest.mark.parametrize(
    ("code", "stops"),
    [("invalid_auth", "sink"), ("missing_scope", "sink"), ("not_in_channel", "lane"), ("msg_too_long", "notice")],
)
def test_what_a_person_has_to_mend_at_slack(bot, code, stops):
    bot.slack.trouble = Trouble(body=json.dumps({"ok": False, "error": code}), method="chat.postMessage")
    with pytest.raises(SinkError, match=code) as failed:
        bot.sink.send(Notice.of(ALERT), None)
    assert failed.value.stops == stops and failed.value.next_step.startswith("Next: ")


@pytest.mark.parametrize(
    "body", ['{"ok": false, "error": "ratelimited"}', "<html>Please log in</html>", "", "[]", "[1]", '{"ok": true}']
)
def test_answers_that_are_none_pass_by_themselves(bot, body):
    bot.slack.trouble = Trouble(body=body, method="chat.postMessage")
    with pytest.raises(Later):
        bot.sink.send(Notice.of(ALERT), None)


@pytest.mark.parametrize("body", ["<html>Please log in</html>", "", '{"success": true}'])
def test_a_webhook_has_taken_it_only_when_slack_says_so(slack, tmp_path, monkeypatch, body):
    place = Place("webhook", slack, tmp_path, monkeypatch)
    slack.trouble = Trouble(body=body)
    with pytest.raises(Later):
        place.sink.send(Notice.of(ALERT), None)


def test_a_wrong_channel_and_no_channel_stop_that_channel_alone(bot):
    chat = Notice.of(replace(ALERT, namespace="chat"))
    with pytest.raises(SinkError, match="#nowhere: channel_not_found") as wrong:
        bot.sink.send(chat, None)
    bot.settings = bot.settings.model_copy(update={"channels": {}})
    with pytest.raises(SinkError, match=r"No channel is named for listing\.medium") as none:
        bot.again().send(Notice.of(ALERT), None)
    assert wrong.value.stops == none.value.stops == "lane"


def test_a_message_deleted_in_slack_is_posted_anew(bot):
    receipt = bot.sink.send(Notice.of(ALERT), None)
    bot.slack.messages[receipt["channel"]].clear()
    again = bot.sink.send(Notice.of(GROWN), receipt)
    assert again["ts"] != receipt["ts"] and len(bot.told()) == 1


def test_a_worse_alert_moves_to_its_channel_and_leaves_a_word(bot):
    receipt = bot.sink.send(Notice.of(ALERT), None)
    moved = bot.sink.send(Notice.of(replace(GROWN, severity="high")), receipt)
    assert moved["channel"] == CHANNELS["#abuse-urgent"]
    assert "another channel" in bot.slack.texts("#abuse")[0] and len(bot.slack.shown()) == 2
    bot.sink.send(Notice.of(replace(GROWN, severity="high", level=3)), moved)
    assert len(bot.slack.shown()) == 2


def test_an_unanswered_post_is_found_again_not_doubled(bot):
    """The first post by name tells no id to look by; from the second on, and always with an id, it is found."""
    bot.sink.send(Notice.of(replace(ALERT, alert_id="first")), None)
    bot.slack.trouble = Trouble(hang_s=1.0, method="chat.postMessage", times=1, after=True)
    with pytest.raises(Later):
        bot.sink.send(Notice.of(ALERT), None)
    receipt = bot.sink.send(Notice.of(ALERT), None)
    assert len(bot.told()) == 2 and receipt["ts"].endswith("2")


def test_a_crash_after_sending_doubles_nothing_where_the_channel_is_an_id(bot):
    bot.sink.send(Notice.of(ALERT), None)  # and the receipt is lost
    bot.again().send(Notice.of(ALERT), None)
    assert len(bot.told()) == (1 if bot.kind == "slack by id" else 2)


def test_without_the_scope_to_look_a_crash_doubles_one_message(bot):
    bot.slack.may_read = False
    bot.sink.send(Notice.of(ALERT), None)
    after = bot.again()
    after.send(Notice.of(ALERT), None)
    after.send(Notice.of(ALERT), None)
    assert len(bot.told()) == 2


def test_blocks_mention_nobody_and_link_nowhere(bot):
    bot.sink.send(Notice.of(replace(ALERT, namespace="<!channel> `x` & <http://a.b|c>")), None)
    (message,) = bot.slack.shown()
    assert "<!channel>" not in message["text"] and "&lt;!channel&gt;" in message["text"]
    assert message["unfurl_links"] is False
    assert "<!date^1700000000^" in json.dumps(message["blocks"])


def test_lines_are_whole_after_a_crash_and_once_by_key(tmp_path):
    path = tmp_path / "alerts.jsonl"
    path.write_text('{"key": "half a li')
    sink = JsonlSink(path)
    for notice in (Notice.of(ALERT), Notice.of(ALERT), Notice.of(GROWN), Notice.of(GROWN, "confirmed")):
        sink.send(notice, None)
    _, *lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 4
    kept = {line["key"]: line for line in map(json.loads, lines)}
    assert list(kept) == ["a1b2c3:1:campaign:open", "a1b2c3:2:campaign:open", "a1b2c3:2:campaign:confirmed"]
    grown = kept["a1b2c3:2:campaign:open"]
    assert grown["n_posts"] == 24 and grown["at"] == "2023-11-14T22:13:20+00:00"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_passes_a_wrong_path_does_not(tmp_path):
    with pytest.raises(Later, match="No space left"):
        JsonlSink(Path("/dev/full")).send(Notice.of(ALERT), None)
    with pytest.raises(SinkError, match="jsonl_path"):
        JsonlSink(tmp_path).send(Notice.of(ALERT), None)
