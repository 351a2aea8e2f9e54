"""Steps of a scan and what sinks are owed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from semsearch.errors import Busy, MismatchError
from semsearch.records import Alert, Member
from semsearch.store.campaigns import CampaignStore, Cursor, Step
from semsearch.store.database import Store
from semsearch.store.outbox import Outbox

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALERT = Alert("a1", "c1", "listing", "campaign", 1, "low", 100, 3, 2, 0, {"window_s": 3600, "observed": 3})


def member(seq: int, campaign_id: str = "c1", **more) -> Member:
    given = {"post_id": f"p{seq}", "revision": 0, "author_id": f"u{seq % 3}", "at_us": seq * 10, "net": "shingles"}
    return Member(seq=seq, campaign_id=campaign_id, strength=0.75, **(given | more))


def test_a_step_is_kept_as_a_whole(store: Store) -> None:
    campaigns = CampaignStore(store)
    assert campaigns.cursor("listing") is None
    own = member(2, detail="phone", recipient_id="r", category="x > y", disguised=True, counts=False)
    campaigns.commit(Step("listing", 5, "e", "p", [own, member(1)], [ALERT], {(0, ""): 2, (0, "x"): 1}, ["slack"]))
    assert campaigns.cursor("listing") == Cursor("listing", 5, "e", "p")
    assert campaigns.members("listing") == [member(1), own]
    assert campaigns.members("listing", since_us=15) == campaigns.members_at([2, 9]) == [own]
    assert (campaigns.members("chat"), campaigns.members_of(["c2"])) == ([], [])
    assert campaigns.volumes("listing") == {(0, ""): 2, (0, "x"): 1}
    assert (campaigns.alert("a1"), campaigns.alert("a2")) == (ALERT, None)
    assert [owed.alert for owed in Outbox(store).due(NOW, 10, ["slack"])] == [ALERT]


def test_a_step_that_fails_at_its_end_leaves_nothing(store: Store) -> None:
    campaigns = CampaignStore(store)
    campaigns.commit(Step("listing", 5, "e", "p", [member(1)]))
    with pytest.raises(IntegrityError):
        campaigns.commit(Step("listing", 9, "e", "p", [member(2), member(1)], [ALERT], {(0, ""): 2}, ["slack"]))
    assert campaigns.cursor("listing") == Cursor("listing", 5, "e", "p")
    assert (campaigns.members("listing"), campaigns.alerts(), campaigns.volumes("listing")) == ([member(1)], [], {})


def test_an_alert_climbs_and_tells_each_step_once(store: Store) -> None:
    campaigns = CampaignStore(store)
    higher = replace(ALERT, level=2, at_us=200, n_posts=6)
    again = replace(ALERT, at_us=150, n_posts=4)
    campaigns.commit(Step("listing", 1, alerts=[ALERT, again], sinks=["slack", "jsonl"]))
    campaigns.commit(Step("listing", 2, alerts=[higher], sinks=["slack", "jsonl"]))
    campaigns.commit(Step("listing", 3, alerts=[replace(ALERT, kind="drip")], sinks=[]))
    assert campaigns.alert("a1") == higher
    assert campaigns.events("a1") == [ALERT, higher, replace(ALERT, kind="drip")]
    told = [(owed.sink, owed.alert) for owed in Outbox(store).unsent()]
    assert told == [("slack", ALERT), ("jsonl", ALERT), ("slack", higher), ("jsonl", higher)]


def test_alerts_are_listed_newest_first_and_filtered(store: Store) -> None:
    campaigns = CampaignStore(store)
    chat = Alert("a2", "c2", "chat", "recipients", 1, "high", 300, 9, 1, 9)
    campaigns.commit(Step("listing", 1, alerts=[ALERT]))
    campaigns.commit(Step("chat", 1, alerts=[chat]))
    assert campaigns.alerts() == [chat, ALERT]
    assert campaigns.alerts(namespace="listing") == campaigns.alerts(severity="low") == [ALERT]
    assert campaigns.alerts(campaign_id="c2", severity="low") == []


def test_hours_are_replaced_by_their_whole_count(store: Store) -> None:
    campaigns = CampaignStore(store)
    campaigns.commit(Step("listing", 1, volumes={(3600, "x"): 4, (0, "x"): 2}))
    campaigns.commit(Step("listing", 2, volumes={(3600, "x"): 7}))
    assert campaigns.volumes("listing") == {(0, "x"): 2, (3600, "x"): 7}
    assert campaigns.volumes("listing", since_us=1) == {(3600, "x"): 7}


def test_another_encoder_and_a_scan_behind_are_refused(store: Store) -> None:
    campaigns = CampaignStore(store)
    campaigns.commit(Step("listing", 5, "old"))
    with pytest.raises(MismatchError, match="encoder old; now it is none") as refused:
        campaigns.commit(Step("listing", 6, ""))
    assert refused.value.next_step == "Next: semsearch campaigns reembed --namespace listing"
    campaigns.commit(Step("chat", 6, ""))
    with pytest.raises(MismatchError, match="encoder none; now it is new"):
        campaigns.commit(Step("chat", 7, "new"))
    with pytest.raises(Busy):
        campaigns.commit(Step("listing", 4, "old"))


def test_the_outbox_settles(store: Store) -> None:
    CampaignStore(store).commit(Step("listing", 1, alerts=[ALERT], sinks=["slack", "jsonl"]))
    box = Outbox(store)
    slack, lines = box.due(NOW, 9, ["slack", "jsonl"])
    assert box.due(NOW, 9, ["jsonl"]) == [lines]
    box.failed(slack.outbox_id, NOW, "timeout", NOW + timedelta(minutes=1))
    box.sent(lines.outbox_id, NOW, {"line": 1})
    assert box.due(NOW, 9, ["slack", "jsonl"]) == []
    (again,) = box.due(NOW + timedelta(minutes=1), 9, ["slack", "jsonl"])
    assert (again.attempts, again.error) == (1, f"{NOW.isoformat()} timeout")
    box.sent(again.outbox_id, NOW, {"ts": "1.2", "channel": "C1"})
    assert [(o.state, o.attempts, o.sent_at) for o in box.of("a1")] == [("sent", 2, NOW), ("sent", 1, NOW)]
    assert box.receipt("a1", "slack") == {"ts": "1.2", "channel": "C1"}
    assert box.receipt("a2", "slack") is None


def test_reasons_are_kept_as_data(store: Store) -> None:
    reasons = {"p": 1e-12, "nan": float("nan"), "windows": [{"s": 60, "말": "값"}]}
    CampaignStore(store).commit(Step("listing", 1, alerts=[replace(ALERT, reasons=reasons)]))
    kept = CampaignStore(store).alerts()[0].reasons
    assert json.loads(json.dumps(kept)) == {"p": 1e-12, "nan": None, "windows": [{"s": 60, "말": "값"}]}
