"""What is said of an alert: its words and numbers, and how Slack is given them."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from semsearch.notify.blocks import HEADER_CHARS, message, moved
from semsearch.notify.message import KINDS, Notice, details, headline
from semsearch.records import SEVERITIES, Alert

REASONS = {
    "window_h": 1.0,
    "posts": 12,
    "authors": 9,
    "expected": 0.84,
    "p_value": 1e-9,
    "contact": 5,
    "disguised": 1,
    "text": "12 posts by 9 authors",
    "ladder": {"many": 3.0},
}
ALERT = Alert("a1", "c1", "listing", "campaign", 2, "high", 1_700_000_000_000_000, 1200, 40, 0, REASONS)


def test_the_headline_tells_how_bad_what_and_how_much():
    assert headline(Notice.of(ALERT)) == "High: look-alike posts growing fast (listing, 1,200 posts by 40 authors)"
    one = replace(ALERT, kind="repost", severity="low", n_authors=1, namespace="chat")
    assert headline(Notice.of(one)).endswith("(chat, 1,200 posts by 1 author)")


def test_details_tell_growth_and_evidence():
    assert details(Notice.of(ALERT, "confirmed (3 new)")) == {
        "Posts": "1,200",
        "Authors": "40",
        "Level": "2",
        "Growth": "12 posts by 9 authors in 1 h, 0.8 expected",
        "Sharing a contact": "5 posts",
        "Disguised": "1 post",
        "Status": "confirmed (3 new)",
    }
    chat = replace(ALERT, n_recipients=500, reasons={"window_h": 168.0, "posts": 9, "authors": 1})
    assert details(Notice.of(chat))["Recipients"] == "500"
    assert details(Notice.of(chat))["Growth"] == "9 posts by 1 author in 7 days"
    assert "Growth" not in details(Notice.of(replace(ALERT, reasons={})))


@pytest.mark.parametrize(
    ("status", "sign", "stage"),
    [
        ("open", ":red_circle:", "A person decides; nothing was done yet."),
        ("dismissed", ":ballot_box_with_check:", "A person decided."),
        ("confirmed (12 new)", ":red_circle:", "A person decided; others joined since."),
    ],
)
def test_a_message_shows_where_the_decision_stands(status, sign, stage):
    told = message(Notice.of(ALERT, status))
    assert told["blocks"][0]["text"]["text"].startswith(sign)
    assert stage in told["blocks"][-1]["elements"][0]["text"]
    assert told["text"].endswith("authors)" if status == "open" else f"[{status}]")


def test_the_next_step_is_a_command():
    assert "`semsearch alerts show a1`" in json.dumps(message(Notice.of(ALERT))["blocks"])
    assert "`semsearch alerts show a1`" in moved(Notice.of(ALERT))["text"]


words = st.text(max_size=300)
anything = st.recursive(
    words | st.floats() | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
alerts = st.builds(
    Alert,
    alert_id=st.from_regex(r"[a-f0-9]{1,16}", fullmatch=True),
    campaign_id=words,
    namespace=words,
    kind=words | st.sampled_from(sorted(KINDS)),
    level=st.integers(1, 60),
    severity=words | st.sampled_from(SEVERITIES),
    at_us=st.integers(0, 4_000_000_000_000_000),
    n_posts=st.integers(0, 10**9),
    n_authors=st.integers(0, 10**9),
    n_recipients=st.integers(0, 10**9),
    reasons=st.dictionaries(words | st.sampled_from(sorted(REASONS)), anything, max_size=8),
)


@given(alerts, st.sampled_from(["open", "confirmed", "confirmed (3 new)"]))
def test_any_alert_makes_a_message_that_slack_takes(alert, status):
    told = message(Notice.of(alert, status))
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    blocks = Block.parse_all(told["blocks"])
    for block in blocks:
        block.validate_json()
    assert len(blocks) == 4 and len(blocks[0].text.text) <= HEADER_CHARS and len(blocks[1].fields) <= 10
    assert all(len(field.text) <= 2000 for field in blocks[1].fields)


@given(alerts, st.text(min_size=6, max_size=40))
def test_no_word_of_the_reasons_or_the_kind_is_told(alert, secret):
    marked = f"⟦{secret}⟧"
    named = dict.fromkeys(REASONS, marked) | {marked: 1, "nested": {"by": [marked, {marked: marked}]}}
    notice = Notice.of(
        replace(alert, namespace="listing", campaign_id="c", kind=marked, severity=marked, reasons=named)
    )
    told = json.dumps([message(notice), {f.name: str(getattr(notice, f.name)) for f in fields(notice)}])
    assert json.dumps(marked)[1:-1] not in told
