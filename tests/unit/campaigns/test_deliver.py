"""The courier: what is told in which order, what a failure pauses, what is told once, what never stops a scan."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.campaigns.deliver import LONGEST_WAIT_S, MENDING_S, Courier
from semsearch.campaigns.delivered import Delivered
from semsearch.errors import Busy
from semsearch.notify.sink import Later, SinkError
from semsearch.records import Alert

START = datetime(2026, 11, 1, tzinfo=UTC)
ALERT = Alert("a", "c", "listing", "campaign", 1, "medium", 0, 5, 4, 0)


@dataclass
class Row:
    outbox_id: int
    sink: str
    alert: Alert
    attempts: int = 0
    due_at: datetime = START
    receipt: dict | None = None
    error: str = ""

    @property
    def state(self):
        return "due" if self.receipt is None else "sent"


class FakeOutbox:
    def __init__(self):
        self.rows = []
        self.reads = 0

    def owe(self, alert, *sinks):
        self.rows += [Row(len(self.rows) + i, sink, alert) for i, sink in enumerate(sinks)]

    def due(self, now, limit, sinks):
        self.reads += 1
        return [r for r in self.rows if r.receipt is None and r.due_at <= now and r.sink in sinks][:limit]

    def of(self, alert_id):
        return [row for row in self.rows if row.alert.alert_id == alert_id]

    def sent(self, outbox_id, at, receipt):
        self.rows[outbox_id].receipt = dict(receipt)

    def failed(self, outbox_id, at, error, retry_at):
        row = self.rows[outbox_id]
        row.error, row.due_at, row.attempts = error, retry_at, row.attempts + 1

    def receipt(self, alert_id, sink):
        told = [
            r.receipt for r in self.rows if (r.alert.alert_id, r.sink) == (alert_id, sink) and r.receipt is not None
        ]
        return told[-1] if told else None

    def unsent(self):
        return [row for row in self.rows if row.receipt is None]


class FakeSink:
    """Channels by severity; fails with `failure` while that is set; takes `cost_s` of the clock for a message."""

    def __init__(self, time, name="slack", *, every=False, pace_s=0.0, cost_s=0.0):
        self.name, self.every, self.pace_s = name, every, pace_s
        self.time, self.cost_s = time, cost_s
        self.failure = None
        self.told = []
        self.tries = 0

    def lane(self, notice):
        return notice.severity

    def send(self, notice, receipt):
        self.tries += 1
        self.time.now += self.cost_s
        if self.failure:
            raise self.failure
        self.told.append((notice.alert_id, notice.level, notice.status))
        return {"n": len(self.told)}


class Time:
    def __init__(self):
        self.now = 0.0

    def elapsed(self):
        return self.now

    def clock(self):
        return START + timedelta(seconds=self.now)

    def sleep(self, seconds):
        assert seconds >= 0
        self.now += seconds + 0.001


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def outbox():
    return FakeOutbox()


def at(alert_id, level=1, severity="medium"):
    return replace(ALERT, alert_id=alert_id, level=level, severity=severity)


def courier(outbox, time, *sinks, **more):
    return Courier(outbox, sinks, elapsed=time.elapsed, **more)


def test_what_is_owed_is_told_once_and_noted(outbox, time):
    sink = FakeSink(time)
    outbox.owe(at("a"), "slack")
    mine = courier(outbox, time, sink)
    assert mine.deliver(time.clock()) == Delivered(n_sent=1)
    assert mine.deliver(time.clock()) == Delivered()
    assert sink.told == [("a", 1, "open")]
    assert outbox.rows[0].receipt == {"n": 1, "level": 1, "kind": "campaign", "status": "open"}


def test_several_steps_of_an_alert_are_one_message_but_every_line_of_a_file(outbox, time):
    slack, file = FakeSink(time), FakeSink(time, "jsonl", every=True)
    for level in (1, 2, 3):
        outbox.owe(at("a", level), "slack", "jsonl")
    done = courier(outbox, time, slack, file).deliver(time.clock())
    assert slack.told == [("a", 3, "open")]
    assert [level for _, level, _ in file.told] == [1, 2, 3]
    assert (done.n_sent, done.n_spared) == (4, 2) and not outbox.unsent()


def test_an_earlier_step_that_comes_late_is_not_told(outbox, time):
    sink = FakeSink(time)
    mine = courier(outbox, time, sink)
    outbox.owe(at("a", 3), "slack")
    mine.deliver(time.clock())
    outbox.owe(at("a", 2), "slack")
    assert mine.deliver(time.clock()) == Delivered(n_spared=1)
    assert sink.told == [("a", 3, "open")]


def test_a_decision_is_told_at_once_and_once(outbox, time):
    slack, file, status = FakeSink(time), FakeSink(time, "jsonl", every=True), {"a": "open"}
    mine = courier(outbox, time, slack, file, status=lambda alert_id, now: status[alert_id])
    outbox.owe(at("a", 1), "slack", "jsonl")
    outbox.owe(at("a", 2), "slack", "jsonl")
    mine.deliver(time.clock())
    assert mine.retell(["a", "unknown"], time.clock()) == Delivered()
    status["a"] = "confirmed"
    assert mine.retell(["a"], time.clock()).n_sent == 2
    assert mine.retell(["a"], time.clock()).n_sent == 0
    assert slack.told == [("a", 2, "open"), ("a", 2, "confirmed")]
    assert file.told == [("a", 1, "open"), ("a", 2, "open"), ("a", 2, "confirmed")]


def test_many_decisions_are_shown_at_the_pace_of_their_channel(outbox, time):
    sink, said = FakeSink(time, pace_s=1.2), []
    mine = courier(outbox, time, sink, status=lambda alert_id, now: "confirmed" if said else "open")
    names = [f"a{i}" for i in range(5)]
    for name in names:
        outbox.owe(at(name), "slack")
    mine.drain(time.clock, time.sleep, lambda _: None)
    said.append("confirmed")
    assert mine.drain_decided(names, time.clock, time.sleep, lambda _: None).n_sent == 5
    assert 9 * 1.2 <= time.now < 9 * 1.25


def test_a_decision_on_what_is_still_to_be_told_waits_with_it(outbox, time):
    sink = FakeSink(time)
    sink.failure = Later("down")
    mine = courier(outbox, time, sink, status=lambda alert_id, now: "dismissed")
    outbox.owe(at("a"), "slack")
    mine.deliver(time.clock())
    sink.failure = None
    assert mine.retell(["a"], time.clock()) == Delivered()
    time.now += 5.1
    mine.deliver(time.clock())
    assert sink.told == [("a", 1, "dismissed")]


def test_a_person_who_mended_it_need_not_wait(outbox, time):
    sink = FakeSink(time)
    sink.failure = SinkError("Slack refuses.", "Next: mend it", "sink")
    outbox.owe(at("a"), "slack")
    courier(outbox, time, sink).deliver(time.clock())
    sink.failure = None
    asked = courier(outbox, time, sink)
    assert asked.deliver(time.clock()).n_sent == 0
    assert asked.drain(time.clock, time.sleep, lambda _: None, early=True).n_sent == 1


def test_the_worst_go_first_and_files_before_messages(outbox, time):
    slack, file = FakeSink(time, cost_s=0.1), FakeSink(time, "jsonl", every=True)
    order = []
    for sink in (slack, file):
        sink.told = order
    for name, severity in (("x", "low"), ("y", "high"), ("z", "medium")):
        outbox.owe(at(name, severity=severity), "slack", "jsonl")
    courier(outbox, time, slack, file).deliver(time.clock())
    assert [alert for alert, _, _ in order] == ["x", "y", "z", "y", "z", "x"]


def test_a_channel_gets_one_message_a_pace_and_the_rest_waits(outbox, time):
    sink = FakeSink(time, pace_s=1.2)
    for i in range(500):
        outbox.owe(at(f"a{i}", severity="high" if i == 499 else "medium"), "slack")
    mine = courier(outbox, time, sink)
    first = mine.deliver(time.clock())
    assert (first.n_sent, first.n_waiting, first.wait_s) == (2, 498, 1.2)  # two channels
    assert mine.deliver(time.clock()).n_sent == 0
    assert not any(row.attempts for row in outbox.rows), "waiting is no failure and writes nothing"
    seen = []
    done = mine.drain(time.clock, time.sleep, seen.append)
    assert done.n_sent == 498 and not done.n_waiting and not outbox.unsent()
    assert 498 * 1.2 <= time.now < 498 * 1.25 and len(seen) == 499


def test_a_round_ends_when_its_time_is_up(outbox, time):
    sink = FakeSink(time, cost_s=0.9)
    for i in range(10):
        outbox.owe(at(f"a{i}"), "slack")
    done = courier(outbox, time, sink).deliver(time.clock(), budget_s=2.0)
    assert (done.n_sent, done.n_waiting, done.wait_s) == (3, 7, 0.0)
    assert time.now == pytest.approx(2.7)


def test_a_sink_that_is_down_is_tried_rarely_and_loses_nothing(outbox, time):
    """An hour at one round a second: 5, 10, 20, 40, 80, 160 and then 300 s between the tries."""
    slack, file = FakeSink(time), FakeSink(time, "jsonl", every=True)
    slack.failure = Later("Slack cannot be reached.")
    mine = courier(outbox, time, slack, file)
    for second in range(3600):
        time.now = float(second)
        if second % 60 == 0:
            outbox.owe(at(f"a{second // 60}"), "slack", "jsonl")
        assert mine.deliver(time.clock()).problems in ((), ("Sink slack: Slack cannot be reached. " + NEXT,))
    assert slack.tries == 6 + (3600 - 315) // 300 + 1
    assert len(file.told) == 60
    slack.failure = None
    for second in range(3600, 3600 + 301):
        time.now = float(second)
        mine.deliver(time.clock())
    assert sorted(slack.told) == sorted((f"a{i}", 1, "open") for i in range(60)) and not outbox.unsent()


NEXT = Later("").next_step


def test_a_wait_that_is_asked_for_is_kept_and_no_problem(outbox, time):
    sink = FakeSink(time)
    sink.failure = Later("Slack asks to wait (429).", 30.0)
    outbox.owe(at("a"), "slack")
    outbox.owe(at("b"), "slack")
    mine = courier(outbox, time, sink)
    done = mine.deliver(time.clock())
    assert (done.n_failed, done.n_waiting, done.wait_s, done.problems) == (0, 2, 30.0, ())
    time.now = 29.9
    assert mine.deliver(time.clock()).n_sent == 0 and sink.tries == 1
    sink.failure = None
    assert mine.drain(time.clock, time.sleep, lambda _: None).n_sent == 2
    assert time.now == pytest.approx(30.0, abs=0.1)


@pytest.mark.parametrize(
    ("stops", "tries"),
    [("sink", 1), ("lane", 2), ("notice", 3)],
)
def test_what_a_person_mends_is_tried_once_an_hour(outbox, time, stops, tries):
    """Three alerts in two channels."""
    sink = FakeSink(time)
    sink.failure = SinkError("Slack refuses.", "Next: mend it", stops)
    for name, severity in (("a", "low"), ("b", "low"), ("c", "high")):
        outbox.owe(at(name, severity=severity), "slack")
    mine = courier(outbox, time, sink)
    done = mine.deliver(time.clock())
    assert sink.tries == done.n_failed == tries and done.problems == ("Sink slack: Slack refuses. Next: mend it",)
    assert "Next: mend it" in outbox.rows[2].error
    for second in range(1, int(MENDING_S), 7):
        time.now = float(second)
        assert mine.deliver(time.clock()).n_sent == 0
    assert sink.tries == tries
    sink.failure = None
    time.now = MENDING_S + 1
    mine.deliver(time.clock())
    assert not outbox.unsent()


def test_an_alert_below_the_least_severity_is_settled_in_silence_until_it_is_worse(outbox, time):
    slack, file = FakeSink(time), FakeSink(time, "jsonl", every=True)
    mine = courier(outbox, time, slack, file, min_severity="medium")
    for level, severity in ((1, "low"), (2, "medium"), (3, "low")):
        outbox.owe(at("a", level, severity), "slack", "jsonl")
        mine.deliver(time.clock())
    assert slack.told == file.told == [("a", 2, "open"), ("a", 3, "open")]
    assert not outbox.unsent()


def test_nothing_that_goes_wrong_is_raised_into_a_scan(outbox, time, monkeypatch):
    sink = FakeSink(time)
    sink.failure = RuntimeError("token xoxb-1")
    outbox.owe(at("a"), "slack")
    mine = courier(outbox, time, sink)
    (said,) = mine.deliver(time.clock()).problems
    assert "RuntimeError" in said and "xoxb" not in said
    sink.failure = None
    monkeypatch.setattr(outbox, "due", lambda *given: 1 / 0)
    (said,) = mine.deliver(time.clock()).problems
    assert "ZeroDivisionError" in said and "Next: " in said
    monkeypatch.undo()
    assert mine.deliver(time.clock()).n_sent == 0, "it pauses after that"
    time.now += MENDING_S + LONGEST_WAIT_S
    assert mine.deliver(time.clock()).n_sent == 1


def test_while_another_process_tells_this_one_does_not(outbox, time):
    others = [True, True, False]

    @contextmanager
    def alone():
        if others and others.pop(0):
            raise Busy("Another process tells alerts.", "Next: wait")
        yield

    sink = FakeSink(time)
    outbox.owe(at("a"), "slack")
    mine = courier(outbox, time, sink, alone=alone)
    assert mine.deliver(time.clock()).n_sent == 0 and not sink.told and outbox.unsent()
    assert mine.drain(time.clock, time.sleep, lambda _: None).n_sent == 1
    assert 1.0 < time.now < 1.1


def test_nothing_is_read_while_all_sinks_pause(outbox, time):
    sink = FakeSink(time)
    sink.failure = Later("down")
    outbox.owe(at("a"), "slack")
    mine = courier(outbox, time, sink)
    for _ in range(5):
        mine.deliver(time.clock())
    assert outbox.reads == 1


def test_a_slow_look_is_followed_by_a_rest(outbox, time, monkeypatch):
    """Looking takes 0.1 s: the next look is 2 s later, whatever is scanned meanwhile, and draining waits for it."""
    sink = FakeSink(time, pace_s=0.5)
    for name in "abc":
        outbox.owe(at(name), "slack")
    look = outbox.due

    def slowly(*given):
        time.now += 0.1
        return look(*given)

    monkeypatch.setattr(outbox, "due", slowly)
    mine = courier(outbox, time, sink)
    for _ in range(19):
        assert mine.deliver(time.clock()).n_waiting == 2
        time.now += 0.1
    assert outbox.reads == len(sink.told) == 1
    assert mine.drain(time.clock, time.sleep, lambda _: None, within_s=0.5).n_waiting == 1
    assert mine.drain(time.clock, time.sleep, lambda _: None).n_sent == 1 and not outbox.unsent()


def test_draining_stops_at_a_problem_and_at_a_long_wait(outbox, time):
    sink = FakeSink(time)
    for i in range(3):
        outbox.owe(at(f"a{i}"), "slack")
    sink.failure = Later("Slack asks to wait (429).", 1000.0)
    assert courier(outbox, time, sink).drain(time.clock, time.sleep, lambda _: None).n_waiting == 3
    outbox.owe(at("b"), "slack")
    sink.failure = Later("down")
    done = courier(outbox, time, sink).drain(time.clock, time.sleep, lambda _: None)
    assert (done.n_failed, len(done.problems)) == (1, 1) and time.now < 1


@given(st.lists(st.tuples(st.sampled_from(["raise", "up", "down", "mend", "wait", "crash"]), st.integers(0, 4))))
@settings(max_examples=60, deadline=None)
def test_whatever_happens_each_alert_ends_at_its_newest_step_and_each_step_is_written_once(events):
    """Failures, pauses and restarts in any order; then all is mended and told."""
    time, outbox, levels = Time(), FakeOutbox(), {}
    slack, file = FakeSink(time, pace_s=1.2), FakeSink(time, "jsonl", every=True)
    mine = courier(outbox, time, slack, file)
    for event, n in events:
        if event == "raise":
            levels[f"a{n}"] = levels.get(f"a{n}", 0) + 1
            outbox.owe(at(f"a{n}", levels[f"a{n}"]), "slack", "jsonl")
        elif event == "crash":
            mine = courier(outbox, time, slack, file)
        elif event == "wait":
            time.now += 10.0**n
        else:
            failures = {"up": None, "down": Later("down"), "mend": SinkError("x", "Next: y", "lane")}
            slack.failure = failures[event]
            file.failure = failures[event] if n == 0 else None
        mine.deliver(time.clock())
    slack.failure = file.failure = None
    time.now += 2 * MENDING_S
    mine.drain(time.clock, time.sleep, lambda _: None)
    assert {alert: level for alert, level, _ in slack.told} == levels
    assert len(slack.told) == len(set(slack.told))
    assert sorted(file.told) == sorted((a, i, "open") for a, top in levels.items() for i in range(1, top + 1))
