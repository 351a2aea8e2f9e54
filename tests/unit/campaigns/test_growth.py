"""Growth of single campaigns, by counts that can be made in the head."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from semsearch.campaigns.growing.growth import Arrival, Growth
from semsearch.campaigns.growing.ladder import Rung
from semsearch.campaigns.ties import shared, telling
from semsearch.records import Rulings
from semsearch.settings import CampaignSettings

HOUR, MINUTE, DAY = 3_600_000_000, 60_000_000, 86_400_000_000
START = 400_000 * HOUR
POLICY = CampaignSettings(
    burst_hours=(1, 24),
    drip_days=14,
    floor=6,
    floor_plain=15,
    floor_author=20,
    floor_recipients=12,
    chance=1e-6,
)
NONE = Rulings()


class Stream:
    """A namespace with ten unique posts an hour, in which campaigns grow."""

    def __init__(self, days=3, policy=POLICY):
        self.growth = Growth(policy)
        self.seq = 0
        for hour in range(days * 24):
            for i in range(10):
                self.growth.saw(START + hour * HOUR + i * 6 * MINUTE, None)
        self.now = START + days * DAY

    def post(self, campaign="c", author=None, at=None, rulings=NONE, **marks):
        self.seq += 1
        self.now = self.now + MINUTE if at is None else at
        given = {"recipient_id": None, "category": None, "counts": True, "disguised": False, "contact": False}
        arrival = Arrival(self.seq, self.now, author or f"author{self.seq}", **(given | marks))
        self.growth.saw(self.now, None)
        return self.growth.joined(campaign, [arrival], rulings)

    def posts(self, n, step=MINUTE, **kwargs):
        """What `n` posts raised: (how manieth, the raise)."""
        return [(i + 1, r) for i in range(n) if (r := self.post(at=self.now + step, **kwargs))]


def test_marked_posts_of_many_authors_raise_at_the_floor_and_at_each_doubling() -> None:
    raises = Stream().posts(40, contact=True)
    assert [(n, r.level, r.kind, r.n_posts, r.n_authors) for n, r in raises] == [
        (6, 1, "campaign", 6, 6),
        (12, 2, "campaign", 12, 12),
        (24, 3, "campaign", 24, 24),
    ]
    assert [r.severity for _, r in raises] == ["low", "low", "medium"]
    assert raises[0][1].reasons["text"] == "6 posts by 6 authors in 1 h; 0.0 expected; 6 with a contact"


def test_disguise_and_size_are_severity() -> None:
    severities = [r.severity for _, r in Stream().posts(100, disguised=True)]
    assert severities == ["medium", "medium", "high", "high", "high"]
    assert Stream().posts(60, contact=True)[-1][1].severity == "medium"
    assert Stream().posts(100, contact=True)[-1][1].severity == "high"


def test_without_signs_the_floor_is_higher() -> None:
    (n, first), *_ = Stream().posts(20)
    assert (n, first.kind, first.severity, first.reasons["marked"]) == (15, "campaign", "low", False)


@pytest.mark.parametrize(
    ("net", "contact", "tells"),
    [
        ("shingles", "phone", False),
        ("embedding", "", False),
        ("leader", "business", False),
        ("contact", "phone", True),
        ("skeleton", "messenger", True),
        ("leader", "virtual_phone", True),
        ("shingles", shared("phone"), True),
    ],
)
def test_an_own_phone_number_does_not_tell(net, contact, tells) -> None:
    assert telling(net, contact) is tells


def test_two_marked_posts_among_many_are_no_sign() -> None:
    stream = Stream()
    assert stream.posts(2, disguised=True) == []
    assert stream.posts(10) == []


def test_a_steady_template_is_no_burst_and_a_burst_inside_it_is_one() -> None:
    stream = Stream(days=0)
    assert stream.posts(24 * 5 * 5, step=12 * MINUTE) == []
    (n, found), *_ = stream.posts(60, step=MINUTE // 2)
    assert n > 15 and found.reasons["expected"] > 4


def test_nothing_plain_is_raised_in_the_first_hours_of_a_stream() -> None:
    assert Stream(days=0).posts(300, step=MINUTE) == []


def test_marked_posts_are_raised_in_the_first_hours_too() -> None:
    assert [n for n, _ in Stream(days=0).posts(10, disguised=True)] == [6]


def test_a_slow_marked_campaign_is_a_drip() -> None:
    ((n, found),) = Stream().posts(8, step=30 * HOUR, contact=True)
    assert (n, found.kind, found.reasons["window_h"]) == (6, "drip", 336.0)


def test_what_left_the_long_window_does_not_count() -> None:
    assert Stream().posts(30, step=68 * HOUR, contact=True) == []
    assert Stream().posts(6, step=67 * HOUR, contact=True) != []


def test_further_posts_of_an_author_weigh_a_quarter() -> None:
    stream = Stream()
    # Three authors: 3 whole posts and, each, up to four more at a quarter: 3 + 3 × 4/4 = 6.
    raises = [r for _ in range(5) for author in "abc" if (r := stream.post(author=author, contact=True))]
    assert [(r.n_posts, r.n_authors, r.reasons["excess"]) for r in raises] == [(15, 3, 6.0)]


def test_a_few_accounts_taking_turns_raise_at_twice_the_floor() -> None:
    stream = Stream(policy=POLICY.model_copy(update={"floor_plain": 300.0}))
    # Eight authors: 8 whole posts, then a quarter each; 12 are two floors of 6: 8 + 16 / 4.
    raises = [(n, r) for n in range(30) if (r := stream.post(author=f"a{n % 8}"))]
    assert [(n + 1, r.reasons["floor"], r.reasons["marked"]) for n, r in raises] == [(24, 12.0, False)]
    slowly = Stream(policy=POLICY.model_copy(update={"floor_plain": 300.0}))
    assert not any(slowly.post(author=f"a{n % 8}", at=slowly.now + HOUR) for n in range(30))


def test_one_author_again_and_again_is_a_repost() -> None:
    raises = Stream().posts(44, author="a")
    assert [(n, r.kind, r.level, r.n_authors) for n, r in raises] == [(20, "repost", 1, 1), (40, "repost", 2, 1)]


def test_an_author_in_disguise_is_told_sooner_one_with_a_contact_is_not() -> None:
    assert [(n, r.kind, r.severity) for n, r in Stream().posts(19, author="a", disguised=True)] == [
        (12, "repost", "medium")
    ]
    assert Stream().posts(19, author="a", contact=True) == []


def test_one_author_to_many_is_recipients_and_to_one_is_not() -> None:
    stream = Stream()
    ((n, found),) = [(i + 1, r) for i in range(14) if (r := stream.post(author="a", recipient_id=f"r{i}"))]
    assert (n, found.kind, found.n_recipients) == (12, "recipients", 12)
    assert "12 posts to 12 recipients by 1 author" in found.reasons["text"]
    assert [r.kind for _, r in Stream().posts(25, author="a", recipient_id="r")] == ["repost"]


def test_a_shop_that_always_did_so_is_no_repost() -> None:
    stream = Stream(days=0)
    # One post an hour of a shop, in a namespace of seven an hour, for a week: told on the first day, never after.
    raises = []
    for _ in range(24 * 7):
        raises.append(stream.post(author="shop", at=stream.now + HOUR))
        for _ in range(6):
            stream.growth.saw(stream.now, None)
    assert [r.level for r in raises if r] == [1]


def test_an_author_is_found_among_many_honest_ones() -> None:
    stream = Stream(days=0)
    assert stream.posts(24 * 4, step=HOUR) == []
    raises = stream.posts(25, author="a")
    assert [(r.kind, r.level) for _, r in raises] == [("repost", 1)]


def test_many_join_what_one_began() -> None:
    stream = Stream()
    assert [r.kind for _, r in stream.posts(20, author="a", contact=True)] == ["repost"]
    # The author's twenty posts weigh 2; four others make 6.
    assert [(n, r.kind, r.level) for n, r in stream.posts(6, contact=True)] == [(4, "campaign", 2)]


@pytest.mark.parametrize("ruled", ["benign", "snoozed"])
def test_ruled_campaigns_are_silent_until_it_ends(ruled) -> None:
    stream = Stream()
    until = datetime.fromtimestamp((stream.now + 30 * MINUTE) / 1e6, UTC)
    ((n, found), *_) = stream.posts(40, contact=True, rulings=Rulings(**{ruled: {"c": until}}))
    assert (n, found.level, found.n_posts) == (30, 1, 30)
    assert Stream().posts(40, contact=True, rulings=Rulings(**{ruled: {"c": None}})) == []


def test_allowed_posts_do_not_count() -> None:
    stream = Stream()
    assert stream.posts(20, contact=True, counts=False) == []
    assert [n for n, _ in stream.posts(6, contact=True)] == [6]


def test_a_confirmed_author_lowers_the_floor() -> None:
    stream = Stream()
    assert stream.posts(6) == []
    assert stream.post(author="bad", rulings=Rulings(confirmed_authors=frozenset({"bad"}))).reasons["marked"]


def test_late_posts_count_in_the_windows_that_they_are_in() -> None:
    stream = Stream()
    end = stream.now
    for i in range(5):
        assert stream.post(at=end - i * 2 * HOUR, contact=True) is None
    found = stream.post(at=end - 12 * HOUR, contact=True)
    assert (found.n_posts, found.reasons["window_h"]) == (6, 24.0)


def test_posts_before_the_long_window_do_not_count() -> None:
    stream = Stream(days=20)
    for _ in range(20):
        assert stream.post(at=START + 2 * DAY, contact=True) is None


def test_equal_times_are_fine() -> None:
    assert [n for n, _ in Stream().posts(12, step=0, contact=True)] == [6, 12]


def test_time_running_backwards_is_fine() -> None:
    assert [n for n, _ in Stream().posts(12, step=-MINUTE, contact=True)] == [6, 12]


def test_the_leader_comes_with_the_second_post() -> None:
    stream = Stream()
    two = [Arrival(i, stream.now + i, f"x{i}", None, None, counts=True, disguised=False, contact=True) for i in (1, 2)]
    assert stream.growth.joined("c", two, NONE) is None
    assert [n for n, _ in stream.posts(4, contact=True)] == [4]


def test_dead_campaigns_are_dropped() -> None:
    stream = Stream()
    for i in range(100):
        stream.post(f"c{i}")
    assert len(stream.growth) == 100
    stream.post("later", at=stream.now + 15 * DAY)
    assert len(stream.growth) == 1


def test_forgetting_does_not_reach_into_the_long_window() -> None:
    stream = Stream()
    stream.posts(5, contact=True)
    stream.growth.forget(stream.now + 30 * DAY)
    assert stream.post(contact=True).level == 1


def test_a_restored_rung_is_not_raised_twice() -> None:
    stream = Stream()
    members = [
        Arrival(i, stream.now + i, f"x{i}", None, None, counts=True, disguised=False, contact=True) for i in range(11)
    ]
    rungs = {"c": Rung(1, 6.0, 0.0, stream.now)}
    stream.growth = Growth.restore(POLICY, stream.growth.volumes(), {"c": members}, rungs)
    assert stream.post(contact=True).level == 2
    assert stream.posts(5, contact=True) == []
