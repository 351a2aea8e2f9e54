"""The review list: one order of alerts and flagged posts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.review.conftest import Market
from tests.unit.review.said import say

from semsearch.errors import UsageError
from semsearch.records import Alert, Member, Post
from semsearch.review import deciding
from semsearch.review.cases import Cases
from semsearch.review.ranking import Judged, judged, review_list
from semsearch.store.campaigns import Step
from semsearch.store.flagged import Said
from semsearch.store.times import to_us

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BY = {"by": "민지", "now": NOW}


def listed(market: Market, **wanted: str) -> list[str]:
    """Alert ids; of a flagged post its post_id."""
    found = review_list(Cases(market.store, NOW), **wanted)
    assert found.n == len(found.lines)
    return [
        each.case.members[0].post_id if each.case.alert.kind == "verdict" else each.case.alert.alert_id
        for each in found.lines
    ]


def told(market: Market) -> dict[str, str]:
    return {each.case.alert.alert_id: each.judged.told for each in review_list(Cases(market.store, NOW)).lines}


def write(market: Market, *minutes: int) -> None:
    """Posts x1, x2 … in no campaign, so many minutes before NOW."""
    market.journal.append([Post("listing", f"x{n}", "u9", NOW - timedelta(minutes=n), f"글 {n}") for n in minutes])


def test_newest_first_when_nothing_was_said(market: Market) -> None:
    assert listed(market) == ["a2", "a1"]


def test_open_ones_first_then_joined_ones_then_the_rest(market: Market) -> None:
    write(market, 1, 2)
    say(market.store, "x1")
    say(market.store, "x2")
    assert listed(market) == ["x1", "x2", "a2", "a1"]
    deciding.decide(market.store, "a1", "dismiss", **BY)
    deciding.decide(market.store, "a2", "confirm", **BY)
    assert listed(market) == ["x1", "x2", "a2", "a1"]
    market.n += 2
    market.join("c1")
    assert listed(market) == ["x1", "x2", "a1", "a2"]


def test_severity_counts_one_more_where_verdicts_flag_half_of_the_judged(market: Market) -> None:
    say(market.store, "p0")
    say(market.store, "p1", is_spam=False)
    say(market.store, "p2", is_spam=None)
    assert (listed(market), told(market)["a1"]) == (["a1", "a2"], "spam 2/3, 1 by reference")
    say(market.store, "p2", is_spam=False)
    assert (listed(market), told(market)["a1"]) == (["a2", "a1"], "spam 1/3")


def test_a_post_that_tries_to_instruct_is_listed_whatever_was_said(market: Market) -> None:
    write(market, 1, 2)
    say(market.store, "x1", is_spam=False, instructed=True)
    say(market.store, "x2", is_spam=False)
    found = review_list(Cases(market.store, NOW)).lines
    posts = {one.case.members[0].post_id: one for one in found if one.case.alert.kind == "verdict"}
    assert list(posts) == ["x1"] and posts["x1"].case.alert.severity == "medium"
    assert (posts["x1"].judged.told, posts["x1"].case.alert.reasons["profiles"]) == ("spam 0/1, instructs", [])
    assert "tries to instruct" in posts["x1"].case.alert.reasons["text"]


def test_a_member_that_tries_to_instruct_lifts_its_alert(market: Market) -> None:
    say(market.store, "p1", is_spam=False, instructed=True)
    assert (listed(market), told(market)["a1"]) == (["a1", "a2"], "spam 0/1, instructs")


def test_a_member_that_makes_the_model_abstain_lifts_its_alert(market: Market) -> None:
    say(market.store, "p1", is_spam=None, instructed=True)
    assert (listed(market), told(market)["a1"]) == (["a1", "a2"], "instructs")
    say(market.store, "p0", is_spam=False)
    assert (listed(market), told(market)["a1"]) == (["a1", "a2"], "spam 0/3, 2 by reference, instructs")


def test_an_abstention_on_a_post_that_instructs_is_no_verdict(market: Market) -> None:
    write(market, 1)
    say(market.store, "x1", is_spam=None, instructed=True)
    found = review_list(Cases(market.store, NOW)).lines[0]
    assert (found.case.alert.severity, found.judged.told) == ("medium", "instructs")
    say(market.store, "x1", is_spam=False, profile_id="pB", instructed=True)
    assert review_list(Cases(market.store, NOW)).lines[0].judged.told == "spam 0/1, instructs"


def test_flagged_posts_stand_by_severity_and_time(market: Market) -> None:
    write(market, 1, 2, 3)
    say(market.store, "x1")
    say(market.store, "x2", instructed=True)
    say(market.store, "x3")
    say(market.store, "x3", profile_id="pB")
    high = Alert("a1", "c1", "listing", "campaign", 2, "high", 2, 9, 9, 0, {"text": "grew"})
    market.campaigns.commit(Step("listing", market.n, "e", "p", alerts=[high]))
    assert listed(market) == ["a1", "x2", "x3", "x1", "a2"]
    assert listed(market, severity="medium") == ["x2", "x3"]
    assert listed(market, namespace="chat") == []


def test_a_dismissed_post_is_off_the_list_until_it_is_asked_for(market: Market) -> None:
    write(market, 1)
    say(market.store, "x1")
    name = review_list(Cases(market.store, NOW)).lines[0].case.alert.alert_id
    deciding.decide(market.store, name, "dismiss", **BY)
    deciding.decide(market.store, "a1", "dismiss", **BY)
    assert listed(market) == ["a2", "a1"]
    assert listed(market, status="dismissed") == ["x1", "a1"]
    assert listed(market, status="open") == ["a2"]
    with pytest.raises(UsageError, match="no status 'spam'"):
        listed(market, status="spam")


def test_the_first_lines_are_those_of_the_whole_list(market: Market) -> None:
    write(market, *range(1, 6))
    for n in range(1, 6):
        say(market.store, f"x{n}", instructed=n % 2 == 0)
    cases = Cases(market.store, NOW)
    whole, part = review_list(cases), review_list(cases, most=3)
    assert (part.lines, part.n, whole.n) == (whole.lines[:3], 7, 7)


def test_the_leader_speaks_for_members_that_nobody_judged() -> None:
    first = Member(1, "c1", "p1", 0, "u", to_us(NOW), "shingles", 0.9)
    members = (first, replace(first, seq=2, net="leader"), replace(first, seq=3), replace(first, seq=4))
    flags, clear = Said(flagged=True, instructed=False), Said(flagged=False, instructed=False)
    assert judged(members, {2: flags, 3: clear}) == Judged(2, 1, 2, 2)
    assert judged(members, {2: flags, 3: clear}).told == "spam 3/4, 2 by reference"
    assert judged(members, {1: flags}) == Judged(1, 1)
    assert judged(members, {2: clear, 1: flags}) == Judged(2, 1, 2, 0)
    silent = Said(flagged=None, instructed=True)
    assert judged(members, {2: silent, 3: clear}) == Judged(1, 0, 0, 0, instructed=True)
    assert (judged((), {}), judged(members, {}).told, Judged().lifts) == (Judged(), "", False)
