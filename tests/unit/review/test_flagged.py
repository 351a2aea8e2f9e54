"""A flagged post as a case of its own: listed, shown, decided on, undone, exported, taken over by an alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.review.conftest import Market
from tests.unit.review.said import said_of, say

from semsearch.errors import UsageError
from semsearch.records import Alert, Decision, Member, Post
from semsearch.review import deciding
from semsearch.review.authors import author, export
from semsearch.review.cases import Case, Cases
from semsearch.review.showing import shown
from semsearch.store.campaigns import Step
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BY = {"by": "민지", "now": NOW}


def single(market: Market, post_id: str = "x1", text: str = "매장 정리 사은품 증정", author_id: str = "u9") -> None:
    market.journal.append([Post("listing", post_id, author_id, NOW - timedelta(minutes=30), text)])
    market.n += 1


def cases_of(market: Market) -> list[Case]:
    cases = Cases(market.store, NOW)
    return [cases.case(each) for each in cases.flagged()]


def one(market: Market) -> Case:
    (case,) = cases_of(market)
    return case


def test_a_flagged_post_that_is_in_no_alert_is_a_case(market: Market) -> None:
    single(market)
    say(market.store, "x1")
    say(market.store, "p0")  # of campaign c1, which has an alert
    say(market.store, "p6")  # of c3, which has none
    first, second = cases_of(market)
    assert [(case.members[0].post_id, case.campaign_id) for case in (first, second)] == [("p6", "c3"), ("x1", "")]
    alert = second.alert
    assert (alert.kind, alert.severity, alert.n_posts, alert.namespace) == ("verdict", "low", 1, "listing")
    assert alert.alert_id[0] == "v" and len(alert.alert_id) == 13 and int(alert.alert_id[1:], 16)
    assert Cases(market.store, NOW).of(alert.alert_id) == second
    assert [each.alert.alert_id for each in Cases(market.store, NOW).all()] == ["a2", "a1"]


def test_only_what_stands_in_the_journal_is_flagged(market: Market) -> None:
    single(market)
    say(market.store, "x1", is_spam=False)
    said_of(market.store, Post("listing", "x1", "u9", NOW, "another text"))
    said_of(market.store, Post("chat", "x1", "u9", NOW, "매장 정리 사은품 증정"))
    assert cases_of(market) == []


@pytest.mark.parametrize(
    ("answers", "flagged"),
    [
        ([(True, "h1", 0), (False, "h2", 1)], False),
        ([(False, "h1", 0), (True, "h2", 1)], True),
        ([(True, "h1", 0), (None, "h2", 1)], True),
        ([(True, "h1", 0), (False, "h2", 0)], False),
    ],
)
def test_a_later_answer_takes_the_place_of_an_earlier_one(market: Market, answers: list, flagged: bool) -> None:
    for is_spam, prompt_hash, day in answers:
        say(market.store, "p6", is_spam, prompt_hash=prompt_hash, at=NOW + timedelta(days=day))
        say(market.store, "p0", is_spam, prompt_hash=prompt_hash, at=NOW + timedelta(days=day))
    assert bool(cases_of(market)) is flagged
    assert Cases(market.store, NOW).flags.judged(["c1"])[1].flagged is flagged


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ([{}], "low"),
        ([{}, {"profile_id": "pB"}], "medium"),
        ([{"instructed": True}], "medium"),
        ([{}, {"model": "n"}], "low"),
    ],
)
def test_two_profiles_or_an_attempt_to_instruct_lift_a_post(market: Market, more: list, severity: str) -> None:
    for each in more:
        say(market.store, "p6", **each)
    assert one(market).alert.severity == severity


def test_a_text_that_came_back_is_one_case_of_its_newest_revision(market: Market) -> None:
    for day, text in enumerate(("가", "나", "가")):
        at = NOW - timedelta(days=3 - day)
        market.journal.append([Post("listing", "x1", "u9", at, text)])
    say(market.store, "x1")
    assert (one(market).members[0].revision, len(Journal(market.store).find("x1"))) == (2, 3)


def test_what_a_withdrawn_profile_flagged_is_off_the_list(market: Market) -> None:
    say(market.store, "p6")
    about = {"namespace": "listing", "name": "sellers", "prompt": "h", "text": "t"}
    Decisions(market.store).append(Decision(0, NOW, "민지", "approve", "pA", detail=about))
    Decisions(market.store).append(Decision(0, NOW, "민지", "approve", "pB", detail=about))
    assert len(cases_of(market)) == 1  # a newer profile takes no verdict back
    deciding.undo(market.store, "1", **BY)
    assert cases_of(market) == []


def test_it_is_decided_on_by_name_and_undone(market: Market) -> None:
    single(market)
    say(market.store, "x1")
    name = one(market).alert.alert_id
    with pytest.raises(UsageError, match="name of the person"):
        deciding.decide(market.store, name, "confirm", by="", now=NOW)
    (made,) = deciding.decide(market.store, name, "confirm", **BY, reason="상점")
    assert (made.subject, made.members, dict(made.detail)) == (name, (("x1", 0),), {"namespace": "listing"})
    assert one(market).told == "confirmed"
    assert deciding.decide(market.store, name, "confirm", **BY) == ()
    assert [(row.author_id, row.alert_id, row.campaign_id) for row in export(market.store, NOW).rows] == [
        ("u9", name, "")
    ]
    assert Decisions(market.store).rulings(NOW).confirmed_authors == {"u9"}
    deciding.undo(market.store, name, **BY)
    assert (one(market).told, export(market.store, NOW).rows) == ("open", ())


def test_it_can_be_snoozed_and_is_no_campaign(market: Market) -> None:
    single(market)
    say(market.store, "x1")
    name = one(market).alert.alert_id
    deciding.decide(market.store, name, "snooze", **BY, until=NOW + timedelta(days=1))
    assert one(market).told == "snoozed"
    assert Decisions(market.store).rulings(NOW).snoozed == {}
    with pytest.raises(UsageError, match="single post"):
        deciding.decide(market.store, name, "dismiss", **BY, remember=True)


def test_a_later_alert_takes_it_over(market: Market) -> None:
    say(market.store, "p6")
    name = one(market).alert.alert_id
    deciding.decide(market.store, name, "confirm", **BY)
    alert = Alert("a3", "c3", "listing", "campaign", 1, "low", 3, 2, 2, 0, {"text": "grew"})
    market.campaigns.commit(Step("listing", market.n, "e", "p", alerts=[alert]))
    assert cases_of(market) == []
    taken = Cases(market.store, NOW).of(name)
    assert (taken.status, taken.campaign_id) == ("merged", "c3")
    with pytest.raises(UsageError, match="in campaign c3, which has an alert"):
        deciding.decide(market.store, name, "dismiss", **BY)
    assert [row.author_id for row in export(market.store, NOW).rows] == ["u0"]  # what was decided holds
    deciding.undo(market.store, name, **BY)
    assert export(market.store, NOW).rows == ()


def test_posts_that_a_person_moves_follow_their_campaign(market: Market) -> None:
    say(market.store, "p6")
    deciding.merge(market.store, "c3", "c1", **BY)
    assert cases_of(market) == []
    deciding.split(market.store, "c1", ["p6"], **BY)
    assert one(market).members[0].post_id == "p6"


def test_it_is_shown_with_all_that_was_said(market: Market) -> None:
    single(market)
    verdict = say(market.store, "x1")
    other = say(market.store, "x1", None, profile_id="pB", cause="refused")
    found = shown(market.store, one(market).alert.alert_id, NOW)
    assert [post.text for post in found.posts.values()] == ["매장 정리 사은품 증정"]
    assert (found.verdicts, found.judged.told) == ({9: [verdict, other]}, "spam 1/1")
    assert [each.alert_id for each in found.raises] == [found.case.alert.alert_id]


def test_a_decision_on_what_is_flagged_no_longer_is_found_by_its_id(market: Market) -> None:
    single(market)
    say(market.store, "x1")
    name = one(market).alert.alert_id
    deciding.decide(market.store, name, "confirm", **BY)
    say(market.store, "x1", is_spam=False)
    assert cases_of(market) == []
    found = shown(market.store, name, NOW)
    assert (found.case.told, found.case.members[0].post_id) == ("confirmed", "x1")
    assert found.case.alert.alert_id == name
    with pytest.raises(UsageError, match="no alert 'v000'"):
        Cases(market.store, NOW).of("v000")


def test_an_author_is_shown_with_verdicts_reports_and_flagged_posts(market: Market) -> None:
    single(market)
    verdict = say(market.store, "x1")
    found = author(market.store, "u9", NOW)
    assert (found.verdicts, found.reports) == ((verdict,), ())
    assert [case.alert.kind for case in found.cases] == ["verdict"]
    said_of(market.store, Post("listing", "z", "elsewhere", NOW, "text"))
    assert author(market.store, "elsewhere", NOW).posts == ()


def test_a_member_carries_what_a_post_says(market: Market) -> None:
    post = Post("chat", "m1", "u9", NOW, "입금 먼저", recipient_id="r1", category="a > b")
    market.journal.append([post])
    say(market.store, "m1", namespace="chat")
    member = one(market).members[0]
    assert member == Member(9, "", "m1", 0, "u9", member.at_us, "verdict", 1.0, recipient_id="r1", category="a > b")
    assert one(market).alert.n_recipients == 1
