"""Posts out of what people decided, and ordinary posts by authors of whom nothing speaks."""

from __future__ import annotations

import pytest
from tests.unit.spam.test_drift import said
from tests.unit.spam.written import NOW, post, posts

from semsearch.errors import UsageError
from semsearch.records import Alert, Decision, Member, Post, Report
from semsearch.settings import SpamSettings
from semsearch.spam.decided import decided_posts, known_campaigns, ruled
from semsearch.spam.drafts.sampling import sample
from semsearch.store.campaigns import CampaignStore, Step
from semsearch.store.database import Store
from semsearch.store.decisions import Decisions
from semsearch.store.journal import Journal
from semsearch.store.reports import Reports
from semsearch.store.times import to_us
from semsearch.store.verdicts import Verdicts

TWO = SpamSettings(sample=4, least=2)


def decide(store: Store, kind: str, subject: str, *covered: Post, **detail: str) -> Decision:
    members = tuple((each.post_id, each.revision or 0) for each in covered)
    about = {"namespace": "listing", **detail} if kind in ("confirm", "dismiss", "merge") else {}
    return Decisions(store).append(Decision(0, NOW, "민지", kind, subject, members, detail=about))[0]


def joined(store: Store, seq: int, campaign_id: str, of: Post, *, alert: bool = False) -> None:
    member = Member(seq, campaign_id, of.post_id, 0, of.author_id, to_us(of.created_at), "leader", 1.0)
    alerts = [Alert(f"x{seq}", campaign_id, of.namespace, "campaign", 1, "low", seq, 3, 3, 0)] if alert else []
    CampaignStore(store).commit(Step(of.namespace, seq, "e", "p", [member], alerts))


def ids(given) -> list[str]:
    return sorted(each.post_id for each in given)


def test_cases_are_ruled_by_decisions_in_force(store: Store) -> None:
    one, two, three = posts(1, 2, 3)
    Journal(store).append([one, two, three])
    decide(store, "confirm", "a1", one, campaign="c1")
    decide(store, "confirm", "a1", two, campaign="c1")
    decide(store, "dismiss", "v2", three)
    gone = decide(store, "confirm", "a3", three)
    decide(store, "undo", str(gone.decision_id))
    found = ruled(store)
    assert [(each.subject, each.confirmed, ids(each.posts)) for each in found] == [
        ("a1", True, ["p1", "p2"]),
        ("v2", False, ["p3"]),
    ]
    assert ruled(store, "chat") == []


def test_of_a_post_in_two_cases_the_later_decision_holds(store: Store) -> None:
    Journal(store).append(posts(1, 2))
    decide(store, "confirm", "a1", *posts(1, 2))
    decide(store, "dismiss", "a2", post(2))
    assert [ids(each.posts) for each in ruled(store)] == [["p1"], ["p2"]]


def test_a_post_of_another_namespace_is_not_what_was_decided_on(store: Store) -> None:
    Journal(store).append([post(1), post(1, "hello", namespace="chat")])
    decide(store, "confirm", "a1", post(1))
    assert [each.namespace for each in ruled(store)[0].posts] == ["listing"]


def test_an_edit_is_not_what_was_decided_on(store: Store) -> None:
    Journal(store).append([post(1), post(1, "edited")])
    decide(store, "confirm", "a1", post(1))
    assert [each.text for each in ruled(store)[0].posts] == [post(1).text]


def test_ordinary_authors_are_those_of_whom_nothing_speaks(store: Store) -> None:
    """Span p10 to p30. p11: alert; p12: flagged; p13: report; p14: dismissed, so it goes first; p15: allowed;
    p16: nothing, p17: called ordinary, p40 came with the last. p9 and p31 are outside, p18 is by the author of p10."""
    sellers = [post(10), post(30)]
    own = [post(n) for n in (9, *range(11, 18), 31)] + [post(18, author="u10"), post(19, "  ")]
    own.append(post(40, at=sellers[-1].created_at))
    Journal(store).append([*sellers, *own, post(20, namespace="chat")])
    joined(store, 4, "c4", post(11), alert=True)
    joined(store, 9, "c9", post(16))
    Verdicts(store).keep([said(post(12), True), said(post(17), False), said(post(16), None)])
    Reports(store).add([Report("u13", NOW, "report", "user report")])
    decide(store, "dismiss", "a2", post(14))
    decide(store, "allow", "u15")
    decide(store, "confirm", "a1", *sellers, campaign="c1")
    found = decided_posts(store, "listing", TWO, seed=0)
    assert ids(found.sellers) == ["p10", "p30"]
    assert ids(found.ordinary) == ["p14", "p16", "p17", "p40"]
    assert found.dismissed == {"p14"}
    assert found.campaigns == {"p10": "c1", "p30": "c1", "p14": "a2", "p16": "c9"}
    assert found.n_cases == 1


def test_what_a_profile_was_wrong_about_is_what_the_next_one_reads(store: Store) -> None:
    """p11 and p12 were flagged and dismissed; p13 was as well, by an author of whom another post was confirmed."""
    Journal(store).append([*posts(10, 11, 12, *range(14, 30)), post(13, author="u10"), post(30)])
    decide(store, "confirm", "a1", post(10))
    decide(store, "confirm", "a2", post(30))
    for number in (11, 12, 13):
        decide(store, "dismiss", f"v{number}", post(number, author="u10" if number == 13 else None))
    given = decided_posts(store, "listing", TWO, seed=0)
    assert given.dismissed == {"p11", "p12"}
    drawn = sample(given.ordinary, given.sellers, TWO, seed=0, campaigns=given.campaigns, first=given.dismissed)
    assert ids(drawn.behind.sample.ordinary) == ["p11", "p12"]


def test_a_profile_that_was_taken_back_makes_nobody_suspect(store: Store) -> None:
    Journal(store).append(posts(10, 11, 12))
    decide(store, "confirm", "a1", *posts(10, 12))
    Verdicts(store).keep([said(post(11), True, "gone")])
    assert ids(decided_posts(store, "listing", TWO, seed=0).ordinary) == []
    taken = Decisions(store).append(Decision(0, NOW, "민지", "approve", "gone"))[0]
    assert ids(decided_posts(store, "listing", TWO, seed=0).ordinary) == []
    decide(store, "undo", str(taken.decision_id))
    assert ids(decided_posts(store, "listing", TWO, seed=0).ordinary) == ["p11"]


def test_no_more_ordinary_posts_are_held_than_are_needed_whatever_the_seed(store: Store) -> None:
    """20 for each of a sample of 4."""
    sellers = [post(1000), post(1200)]
    Journal(store).append([*sellers, *posts(*range(1001, 1120))])
    decide(store, "confirm", "a1", *sellers)
    one, two = (decided_posts(store, "listing", TWO, seed=seed).ordinary for seed in (1, 2))
    assert len(one) == len(two) == 80
    assert ids(one) != ids(two)
    assert decided_posts(store, "listing", TWO, seed=1).ordinary == one


def test_a_confirmed_campaign_is_one_post_of_the_sample_and_so_is_each_flagged_post(store: Store) -> None:
    Journal(store).append(posts(*range(10, 30)))
    decide(store, "confirm", "a1", *posts(10, 11, 12), campaign="c1")
    decide(store, "confirm", "a2", *posts(13, 14), campaign="c2")
    for number in (28, 29):
        decide(store, "confirm", f"v{number}", post(number), campaign="")
    decide(store, "merge", "c2", into="c1")
    given = decided_posts(store, "listing", TWO, seed=0)
    drawn = sample(given.ordinary, given.sellers, TWO, seed=0, campaigns=given.campaigns)
    assert (drawn.sellers.n_given, drawn.sellers.n_usable) == (7, 3)
    assert {"p28", "p29"} < set(ids(drawn.behind.sample.sellers))


def test_allowed_authors_are_no_sellers_and_nothing_confirmed_is_told(store: Store) -> None:
    Journal(store).append(posts(10, 11))
    decide(store, "dismiss", "a1", post(11))
    with pytest.raises(UsageError, match="Nobody has confirmed"):
        decided_posts(store, "listing", TWO, seed=0)
    decide(store, "confirm", "a2", post(10))
    assert ids(decided_posts(store, "listing", TWO, seed=0).sellers) == ["p10"]
    decide(store, "allow", "u10")
    with pytest.raises(UsageError, match="Nobody has confirmed"):
        decided_posts(store, "listing", TWO, seed=0)


def test_posts_of_a_file_are_found_in_the_journal_with_their_campaigns(store: Store) -> None:
    Journal(store).append([post(1), post(2), post(3, namespace="chat")])
    joined(store, 1, "c1", post(1))
    joined(store, 3, "c3", post(3, namespace="chat"))
    decide(store, "merge", "c1", into="c0")
    assert known_campaigns(store, "listing", posts(1, 2, 3, 4)) == {"p1": "c0"}
