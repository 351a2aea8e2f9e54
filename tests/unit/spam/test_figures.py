"""Figures of judges against counts that can be made by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.evaluation.intervals import wilson
from semsearch.spam.worth.figures import ABSTAINED, NO, YES, Estimate, Figures, figures, share

SAID = {"y": YES, "n": NO, "-": ABSTAINED}


def judged(truth: str, floods: str = "", **said: str):
    """`truth` of s (spam) and o (ordinary), answers of y, n and -; a letter a post."""
    told = {name: np.array([SAID[each] for each in answers], np.int8) for name, answers in said.items()}
    groups = np.array([ord(each) for each in floods] if floods else range(len(truth)), np.int64)
    return figures(np.array([each == "s" for each in truth]), told, groups, seed=1, resamples=2_000)


def one(truth: str, said: str, floods: str = "") -> Figures:
    return judged(truth, floods, a=said)[0][0]


def test_an_abstention_is_counted_apart():
    """Of 4 spam: 2 named, 1 missed, 1 abstained; of 4 ordinary: 1 named, 2 not, 1 abstained."""
    found = one("ssssoooo", "yyn-ynn-")
    assert (found.n, found.n_spam, found.n_floods) == (8, 4, 8)
    assert (found.precision.value, found.precision.n) == (2 / 3, 3)
    assert (found.recall.value, found.recall.n) == (2 / 3, 3)
    assert (found.false_alarms.value, found.false_alarms.n) == (1 / 3, 3)
    assert (found.coverage.value, found.coverage.n) == (6 / 8, 8)
    assert (found.found.value, found.found.n) == (2 / 4, 4)
    assert found.f1.value == pytest.approx(2 / 3)
    assert (found.precision.low, found.precision.high) == (wilson(2, 3).low, wilson(2, 3).high)


def test_a_judge_that_keeps_silent_has_no_precision_and_finds_nothing():
    found = one("sso", "---")
    assert (found.precision.value, found.recall.value, found.f1) == (None, None, Estimate(None, None, None))
    assert (found.coverage.value, found.found.value) == (0.0, 0.0)
    assert (found.precision.low, found.precision.high) == (0.0, 1.0)


def test_a_judge_that_says_no_to_spam_has_an_f1_of_zero_and_no_precision():
    found = one("ss", "nn")
    assert (found.precision.value, found.recall.value, found.f1.value) == (None, 0.0, 0.0)


def test_what_is_always_right_has_a_point_for_f1():
    assert one("ssoo", "yynn").f1 == Estimate(1.0, 1.0, 1.0)


def test_a_flood_is_one_piece_of_evidence():
    """Two floods of spam, one named and one missed: a resample holds one of them twice with a chance of a half."""
    truth, said = "s" * 40, "y" * 20 + "n" * 20
    alone, flooded = one(truth, said).f1, one(truth, said, "a" * 20 + "b" * 20).f1
    assert alone.value == flooded.value == pytest.approx(2 / 3)
    assert (flooded.low, flooded.high) == (0.0, 1.0)
    assert 0.4 < alone.low < 0.6 < 0.7 < alone.high < 0.85


def test_one_flood_alone_has_no_interval():
    assert one("ss", "yn", "aa").f1 == Estimate(pytest.approx(2 / 3), None, None)


def test_bootstrap_of_two_posts_is_the_binomial():
    """One named and one missed: a resample has F1 1, 2/3 or 0 with 1/4, 1/2, 1/4, so 95 % spans 0 to 1."""
    found = one("ss", "yn").f1
    assert (found.low, found.high) == (0.0, 1.0)


def test_differences_are_over_the_posts_that_both_answered():
    """Both answered posts 1, 2, 4: precision 1/2 beside 1, recall 1/2 beside 1/2; of F1 1/2 beside 2/3."""
    _, found = judged("sssoo", ours="yn-yn", rival="ynyn-")
    by_figure = {each.figure: each for each in found}
    assert {each.n for each in found} == {3} and {each.n_spam for each in found} == {2}
    assert by_figure["precision"].difference.value == pytest.approx(1 / 2 - 1)
    assert by_figure["recall"].difference.value == 0
    assert by_figure["f1"].difference.value == pytest.approx(1 / 2 - 2 / 3)
    assert (found[0].judge, found[0].rival) == ("ours", "rival")


def test_a_judge_does_not_differ_from_itself():
    _, found = judged("ssooso", ours="yynyn-", rival="yynyn-", silent="------")
    mine = [each.difference for each in found if each.rival == "rival"]
    assert mine == [Estimate(0.0, 0.0, 0.0)] * 3
    assert [each.difference for each in found if each.rival == "silent"] == [Estimate(None, None, None)] * 3


def test_paired_differences_are_narrower_than_the_figures_they_come_from():
    """The rival misses one post more, whatever else is drawn: F1 itself varies far more than the difference."""
    truth, ours = "s" * 60 + "o" * 60, ("y" * 30 + "n" * 30) * 2
    (mine, _), found = judged(truth, ours=ours, rival="n" + ours[1:])
    gap = found[2].difference
    assert 0 <= gap.low <= gap.value <= gap.high
    assert gap.high - gap.low < (mine.f1.high - mine.f1.low) / 4


def test_a_share_of_nothing_is_unknown():
    assert (share(0, 0).value, share(0, 0).low, share(0, 0).high) == (None, 0.0, 1.0)


POSTS = st.lists(st.tuples(st.sampled_from("so"), st.sampled_from("yn-"), st.sampled_from("abcdef")), min_size=1)


@settings(max_examples=40)
@given(POSTS, st.randoms(use_true_random=False))
def test_the_order_of_posts_changes_no_figure(posts, random):
    mixed = random.sample(posts, len(posts))
    assert one(*map("".join, zip(*posts, strict=True))) == one(*map("".join, zip(*mixed, strict=True)))


@settings(max_examples=40)
@given(POSTS)
def test_counts_add_up_and_ends_enclose(posts):
    truth, said, floods = map("".join, zip(*posts, strict=True))
    found = one(truth, said, floods)
    assert found.recall.n + found.false_alarms.n == found.coverage.n_right == len(said) - said.count("-")
    assert found.precision.n_right == found.recall.n_right == found.found.n_right
    for each in (found.precision, found.recall, found.coverage, found.found, found.false_alarms):
        assert each.value is None or 0 <= each.low <= each.value <= each.high <= 1
    if found.f1.value is not None and found.f1.low is not None:
        assert 0 <= found.f1.low <= found.f1.high <= 1


def test_many_posts_cost_little():
    """10,000 resamples of 50,000 posts: floods are drawn by their kinds, not one by one."""
    truth = "so" * 25_000
    begun = time.process_time()
    judged(truth, ours="yynn" * 12_500, rival="ynny" * 12_500)
    assert time.process_time() - begun < 2
