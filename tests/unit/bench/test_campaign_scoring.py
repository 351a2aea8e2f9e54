"""What a bench says of detectors must itself be right."""

import polars as pl
import pytest
from bench.campaign_scoring import Pairs, Raised, pair_counts, pooled, score

N = 24


def truth(kinds, campaign="c1"):
    """One post a row; those of kind campaign are one campaign, all others are each alone, reposts one group."""
    return pl.DataFrame(
        {
            "post_id": [str(i) for i in range(len(kinds))],
            "campaign": [campaign if k == "campaign" else None for k in kinds],
            "family": ["prices"] * len(kinds),
            "strength": [0] * len(kinds),
            "speed": ["fast"] * len(kinds),
            "group": [k if k in ("campaign", "repost") else str(i) for i, k in enumerate(kinds)],
            "kind": kinds,
        }
    )


def one(clusters, alerts, kinds=("campaign",) * N, known=None):
    return score(truth(list(kinds)), range(len(kinds)), clusters, alerts, known)


def test_alert_at_the_fifth_post():
    given = one(["x"] * N, [Raised("x", 4)])
    assert [c.alerted_at for c in given.campaigns] == [5]
    assert given.early == 1 and given.false == () and given.pairs.f1 == 1


@pytest.mark.parametrize(("at", "early"), [(18, True), (19, False)])
def test_before_its_20th_post(at, early):
    assert one(["x"] * N, [Raised("x", at)]).campaigns[0].early is early


def test_half_of_its_posts_must_be_covered():
    half = ["x" if i % 2 else None for i in range(N)]
    assert one(half, [Raised("x", 5)]).campaigns[0].alerted_at == 6
    third = ["x" if i % 3 == 2 else None for i in range(N)]
    assert one(third, [Raised("x", 5)]).campaigns[0].alerted_at is None


def test_two_clusters_together_cover_it():
    assert one(["x", "y"] * (N // 2), [Raised("x", 4), Raised("y", 9)]).campaigns[0].alerted_at == 5
    thirds = ["x", "y", "z"] * (N // 3)
    assert one(thirds, [Raised("x", 6), Raised("y", 7)]).campaigns[0].alerted_at == 8


def test_what_becomes_known_later_counts_later():
    known = [10] * 11 + list(range(11, N))
    assert one(["x"] * N, [Raised("x", 10)], known=known).campaigns[0].alerted_at == 11
    never = [99] * N
    assert one(["x"] * N, [Raised("x", 10)], known=never).campaigns[0].alerted_at == N


def test_mostly_honest_clusters_count_for_nothing_and_are_false():
    kinds = ["benign"] * 30 + ["campaign"] * N
    given = one(["x"] * len(kinds), [Raised("x", 40), Raised("x", 50)], kinds)
    assert given.false == ("benign",) and given.n_alerts == 1
    assert given.campaigns[0].alerted_at is None
    assert given.false_a_day == pytest.approx(100_000 / 54)


def test_members_after_the_alert_do_not_make_it_false():
    kinds = ["campaign"] * N + ["benign"] * 100
    assert one(["x"] * len(kinds), [Raised("x", 10)], kinds).false == ()


@pytest.mark.parametrize(("kind", "false"), [("repost", ()), ("campaign", ("repost",))])
def test_reposts_are_right_as_reposts_only(kind, false):
    assert one(["x"] * 5, [Raised("x", 4, kind)], ["repost"] * 5).false == false


def test_kind_repost_on_others_is_false():
    assert one(["x"] * 5, [Raised("x", 4, "repost")], ["viral"] * 5).false == ("viral",)


def test_pairs():
    assert pair_counts(["a", "a", "a", None], [1, 1, 2, 2]) == Pairs(both=1, joined=3, alike=2)
    assert Pairs(1, 3, 2).f1 == pytest.approx(0.4)


def test_small_campaigns_are_not_judged():
    assert one(["x"] * 19, [Raised("x", 4)], ["campaign"] * 19).campaigns == ()


def test_pooled():
    a, b = one(["x"] * N, [Raised("x", 4)]), one([None] * N, [])
    both = pooled([a, b])
    assert (both.n_posts, both.early, both.median) == (2 * N, 0.5, float("inf"))
    assert both.pairs.recall == 0.5 and both.f1s == (1.0, 0.0)
