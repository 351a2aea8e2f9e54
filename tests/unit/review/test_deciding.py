"""What people decide: statuses, coverage, splits and merges, authors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.review.conftest import Market

from semsearch.errors import UsageError
from semsearch.records import Member, Post
from semsearch.review import deciding
from semsearch.review.authors import author, export
from semsearch.review.cases import Case, Cases, filtered
from semsearch.review.showing import shown
from semsearch.store.campaigns import Step
from semsearch.store.decisions import Decisions

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SOON = NOW + timedelta(days=3)
BY = {"by": "민지", "now": NOW}


def case(market: Market, alert_id: str = "a1", now: datetime = NOW) -> Case:
    return Cases(market.store, now).of(alert_id)


def told(market: Market, now: datetime = NOW) -> dict[str, str]:
    return {each.alert.alert_id: each.told for each in Cases(market.store, now).all()}


def ids(members: tuple[Member, ...] | list[Member]) -> list[str]:
    return [member.post_id for member in members]


def test_a_decision_covers_the_members_as_they_are(market: Market) -> None:
    (made,) = deciding.decide(market.store, "a1", "confirm", **BY, reason="번호가 같다")
    assert (made.members, made.by, made.reason) == ((("p0", 0), ("p1", 0), ("p2", 0)), "민지", "번호가 같다")
    assert told(market) == {"a1": "confirmed", "a2": "open"}
    late = market.join("c1")
    assert told(market)["a1"] == "confirmed (1 new)"
    assert ids(case(market).new) == [late]
    (more,) = deciding.decide(market.store, "a1", "confirm", **BY)
    assert (len(more.members), told(market)["a1"]) == (4, "confirmed")


def test_what_stands_for_all_adds_nothing(market: Market) -> None:
    deciding.decide(market.store, "a1", "dismiss", **BY)
    assert deciding.decide(market.store, "a1", "dismiss", **BY) == ()
    assert Decisions(market.store).version() == 1
    assert len(deciding.decide(market.store, "a1", "confirm", **BY)) == 1


def test_a_snooze_ends_and_what_stood_before_stands_again(market: Market) -> None:
    deciding.decide(market.store, "a1", "confirm", **BY)
    deciding.decide(market.store, "a1", "snooze", **BY, until=SOON)
    assert told(market)["a1"] == "snoozed"
    assert Decisions(market.store).rulings(NOW).snoozed == {"c1": SOON}
    assert told(market, SOON)["a1"] == "confirmed"
    assert Decisions(market.store).rulings(SOON).snoozed == {}


def test_undo_takes_back_the_last_decision_and_can_be_undone(market: Market) -> None:
    deciding.decide(market.store, "a1", "confirm", **BY)
    deciding.decide(market.store, "a1", "dismiss", **BY)
    made, old = deciding.undo(market.store, "a1", **BY, reason="verwechselt")
    assert ((made.kind, made.subject), old.kind, told(market)["a1"]) == (("undo", "2"), "dismiss", "confirmed")
    with pytest.raises(UsageError, match="undone by 민지 \\(decision 3\\)") as refused:
        deciding.undo(market.store, "2", **BY)
    assert "alerts undo 3" in refused.value.next_step
    deciding.undo(market.store, "3", **BY)
    assert told(market)["a1"] == "dismissed"
    with pytest.raises(UsageError, match="no decision 9; the last one is 4"):
        deciding.undo(market.store, "9", **BY)
    with pytest.raises(UsageError, match="Nobody has decided on a2"):
        deciding.undo(market.store, "a2", **BY)


def test_a_remembered_dismissal_is_benign_until_it_is_undone(market: Market) -> None:
    dismissed, benign = deciding.decide(market.store, "a1", "dismiss", **BY, until=SOON, remember=True, reason="이사")
    assert (dismissed.until, benign.until, benign.reason) == (None, SOON, "이사")
    assert Decisions(market.store).rulings(NOW).benign == {"c1": SOON}
    deciding.undo(market.store, "1", **BY)
    assert Decisions(market.store).rulings(NOW).benign == {}
    assert told(market)["a1"] == "open"


def test_a_split_makes_a_campaign_and_takes_all_revisions(market: Market) -> None:
    market.journal.append([Post("listing", "p1", "u1", NOW, "edited")])
    edited = Member(9, "c1", "p1", 1, "u1", 0, "shingles", 0.9)
    market.campaigns.commit(Step("listing", 9, "e", "p", [edited]))
    made = deciding.split(market.store, "c1", ["p1"], **BY)
    new = made.detail["to"]
    assert made.members == (("p1", 0), ("p1", 1))
    assert new not in ("c1", "c2", "c3")
    cases = Cases(market.store, NOW)
    assert (ids(cases.members("listing", "c1")), ids(cases.members("listing", new))) == (["p0", "p2"], ["p1", "p1"])
    assert Decisions(market.store).rulings(NOW).moved == {("p1", 0): new, ("p1", 1): new}
    assert ids(case(market).members) == ["p0", "p2"]
    deciding.undo(market.store, str(made.decision_id), **BY)
    assert ids(case(market).members) == ["p0", "p1", "p2", "p1"]


def test_a_split_of_a_split_and_of_a_merge_finds_its_posts(market: Market) -> None:
    deciding.merge(market.store, "c2", "c1", **BY)
    first = deciding.split(market.store, "c2", ["p0", "p4"], **BY).detail["to"]
    second = deciding.split(market.store, first, ["p4"], **BY).detail["to"]
    cases = Cases(market.store, NOW)
    assert ids(cases.members("listing", "c1")) == ["p1", "p2", "p3", "p5"]
    assert (ids(cases.members("listing", first)), ids(cases.members("listing", second))) == (["p0"], ["p4"])
    assert len({first, second, "c1", "c2", "c3"}) == 5


def test_a_merge_joins_members_and_the_other_alert_speaks_for_both(market: Market) -> None:
    deciding.decide(market.store, "a2", "confirm", **BY)
    deciding.merge(market.store, "c1", "c2", **BY)
    assert told(market) == {"a1": "merged", "a2": "confirmed (3 new)"}
    with pytest.raises(UsageError, match="part of c2 since decision 2"):
        deciding.decide(market.store, "a1", "confirm", **BY)
    with pytest.raises(UsageError, match="one campaign already"):
        deciding.merge(market.store, "c2", "c1", **BY)
    deciding.merge(market.store, "c2", "c3", **BY)
    assert told(market) == {"a1": "open", "a2": "confirmed (5 new)"}
    assert Decisions(market.store).rulings(NOW).merged == {"c1": "c3", "c2": "c3"}


def test_a_leader_made_by_hand_leaves_its_campaign(market: Market) -> None:
    made = deciding.lead(market.store, "p1", **BY)
    found = Decisions(market.store).rulings(NOW)
    assert found.led == {"p1": made.detail["to"]}
    assert ids(case(market).members) == ["p0", "p2"]
    with pytest.raises(UsageError, match="leads"):
        deciding.lead(market.store, "p1", **BY)
    market.journal.append([Post("chat", "p2", "u", NOW, "x")])
    with pytest.raises(UsageError, match="Several namespaces"):
        deciding.lead(market.store, "p2", **BY)
    assert deciding.lead(market.store, "p2", **BY, namespace="chat").detail["namespace"] == "chat"


def test_confirmed_authors_are_those_of_covered_posts(market: Market) -> None:
    deciding.decide(market.store, "a1", "confirm", **BY, reason="광고")
    market.join("c1", "late")
    rows = export(market.store, NOW).rows
    assert [(row.author_id, row.decision_id, row.alert_id, row.n_posts) for row in rows] == [
        ("u0", 1, "a1", 1), ("u1", 1, "a1", 1), ("u2", 1, "a1", 1),
    ]  # fmt: skip
    assert (rows[0].by, rows[0].reason, rows[0].campaign_id) == ("민지", "광고", "c1")
    deciding.allow(market.store, "u1", **BY, reason="shop", until=SOON)
    found = export(market.store, NOW)
    assert ([row.author_id for row in found.rows], found.allowed) == (["u0", "u2"], ("u1",))
    assert len(export(market.store, SOON).rows) == 3
    deciding.undo(market.store, "1", **BY)
    assert export(market.store, NOW).rows == ()


def test_an_author_is_shown_with_campaigns_and_decisions(market: Market) -> None:
    deciding.decide(market.store, "a1", "confirm", **BY)
    deciding.decide(market.store, "a2", "dismiss", **BY)
    deciding.undo(market.store, "a2", **BY)
    deciding.allow(market.store, "u0", **BY, reason="shop")
    found = author(market.store, "u0", NOW)
    assert [each.post.post_id for each in found.posts] == ["p0", "p3", "p6"]
    assert list(found.campaigns.values()) == ["c1", "c2", "c3"]
    assert [each.alert.alert_id for each in found.cases] == ["a2", "a1"]
    assert [each.decision_id for each in found.decisions] == [1, 2, 3, 4]
    assert [each.decision_id for each in found.confirmed] == [1]
    assert found.allowed is not None
    assert found.allowed.decision_id == 4
    with pytest.raises(UsageError, match="no author 'nobody'"):
        author(market.store, "nobody", NOW)


def test_an_alert_is_shown_with_its_posts_and_what_was_decided(market: Market) -> None:
    deciding.decide(market.store, "a1", "confirm", **BY)
    deciding.undo(market.store, "1", **BY)
    deciding.merge(market.store, "c3", "c1", **BY)
    found = shown(market.store, "a1", NOW)
    assert [found.posts[each.seq].text for each in found.case.members] == [f"text {n}" for n in (0, 1, 2, 6, 7)]
    assert [each.decision_id for each in found.decisions] == [1, 2, 3]
    assert [each.level for each in found.raises] == [1]


def test_statuses_filter(market: Market) -> None:
    deciding.decide(market.store, "a1", "confirm", **BY)
    cases = Cases(market.store, NOW).all()
    assert [each.alert.alert_id for each in filtered(cases, "open")] == ["a2"]
    assert filtered(cases, "new") == []
    market.join("c1")
    assert [each.alert.alert_id for each in filtered(Cases(market.store, NOW).all(), "new")] == ["a1"]
    with pytest.raises(UsageError, match="no status 'spam'"):
        filtered(cases, "spam")


@pytest.mark.parametrize(
    ("verdict", "more", "said"),
    [
        ("spam", {}, "no verdict 'spam'"),
        ("confirm", {"by": " "}, "name of the person"),
        ("confirm", {"by": "\ud83d"}, "no UTF-8"),
        ("snooze", {}, "needs an end"),
        ("snooze", {"until": NOW}, "is over already"),
        ("confirm", {"until": SOON}, "has no end"),
        ("dismiss", {"until": SOON}, "only with --remember"),
        ("confirm", {"remember": True}, "--remember is for dismiss"),
        ("dismiss", {"remember": True, "until": NOW}, "is over already"),
    ],
)
def test_what_is_no_decision_is_refused(market: Market, verdict: str, more: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        deciding.decide(market.store, "a1", verdict, **(BY | more))
    assert refused.value.next_step.startswith("Next: ")
    assert Decisions(market.store).version() == 0


def test_unknown_ids_name_their_neighbours(market: Market) -> None:
    with pytest.raises(UsageError, match="no alert 'a11'\\. Did you mean a1"):
        deciding.decide(market.store, "a11", "confirm", **BY)
    with pytest.raises(UsageError, match="no campaign 'c9'"):
        deciding.merge(market.store, "c1", "c9", **BY)
    with pytest.raises(UsageError, match="no post of c1 with the id 'p7'"):
        deciding.split(market.store, "c1", ["p0", "p7"], **BY)
    with pytest.raises(UsageError, match="all of its posts"):
        deciding.split(market.store, "c1", ["p0", "p1", "p2"], **BY)
    with pytest.raises(UsageError, match="no post 'p99'"):
        deciding.lead(market.store, "p99", **BY)
    with pytest.raises(UsageError, match="needs a reason"):
        deciding.allow(market.store, "u1", **BY, reason=" ")
    with pytest.raises(UsageError, match="name of the person"):
        deciding.undo(market.store, "1", by="", now=NOW)


def test_namespaces_are_never_merged(market: Market) -> None:
    market.campaigns.commit(Step("chat", 9, "e", "p", [Member(9, "c9", "p0", 0, "u9", 0, "leader", 1.0)]))
    with pytest.raises(UsageError, match="never mixed"):
        deciding.merge(market.store, "c9", "c1", **BY)
    deciding.split(market.store, "c1", ["p0"], **BY)
    assert ids(Cases(market.store, NOW).members("chat", "c9")) == ["p0"]
