"""Ordinary business: counts by hour that can be added up in the head."""

from __future__ import annotations

import pytest

from semsearch.campaigns.growing.baseline import HOUR_US, Baseline

START = 400_000 * HOUR_US


def hours(counts, category=None, days=14.0):
    """A baseline that saw `counts[i]` posts in hour i, evenly spread."""
    baseline = Baseline(days)
    for hour, n_posts in enumerate(counts):
        for i in range(n_posts):
            baseline.saw(START + hour * HOUR_US + i * HOUR_US // n_posts, category)
    return baseline


def span(since_h, until_h):
    return START + int(since_h * HOUR_US), START + int(until_h * HOUR_US)


def test_a_busy_hour_is_more_business_than_a_quiet_one() -> None:
    baseline = hours([5, 10, 30, 20, 1])
    # As seen from hour 4: hours 1, 2 and 3 are finished (the first is left out) and brought 20 on average.
    assert baseline.business(*span(2, 4), None) == (50 / 20, 10 / 20)
    assert baseline.business(*span(3, 4), None) == (20 / 20, 40 / 20)


def test_only_finished_hours_count_as_they_were() -> None:
    quiet, busy = hours([5, 10, 10, 10, 1]), hours([5, 10, 10, 10, 500])
    # Hour 4 is not finished: half of what hour 3 brought is taken for its first half.
    assert quiet.business(*span(3.5, 4.5), None) == busy.business(*span(3.5, 4.5), None) == (1.0, 2.5)


def test_the_unfinished_hour_brings_what_it_brought_a_day_before() -> None:
    day = [10] * 24
    day[3] = 40
    baseline = hours([10, *day[1:], *day[:3], 1])
    window, _ = baseline.business(*span(27, 28 - 1e-9), None)
    mean = (22 * 10 + 40 + 30) / 26
    assert window == pytest.approx(40 / mean)


def test_the_same_hour_of_the_week_goes_before_the_day() -> None:
    counts = [10] * 168
    counts[5] = 70
    baseline = hours([*counts, 10, 10, 10, 10, 10, 1])
    window, _ = baseline.business(*span(173, 174 - 1e-9), None)
    mean = (171 * 10 + 70) / 172
    assert window == pytest.approx(70 / mean)


def test_without_a_finished_hour_the_clock_counts() -> None:
    assert hours([50]).business(*span(0, 0.5), None) == (0.5, 0.0)
    assert hours([50, 50]).business(*span(0.5, 1.5), None) == (1.0, 0.0)


def test_a_thin_category_is_judged_by_the_whole() -> None:
    baseline = hours([100, 100, 100, 300, 1], category="가구")
    for _ in range(3):
        baseline.saw(START + HOUR_US, "책")
    assert baseline.business(*span(3, 4), "책") == baseline.business(*span(3, 4), None)
    assert baseline.business(*span(3, 4), "가구")[0] == pytest.approx(3 * 300 / 500)


def test_late_posts_are_counted_where_they_belong() -> None:
    in_order, late = hours([5, 10, 20, 30, 1]), hours([5, 10, 0, 30, 1])
    for i in range(20):
        late.saw(START + 2 * HOUR_US + i, None)
    for at in ((1, 2), (2, 3), (1.5, 3.5), (2.5, 4.5)):
        assert late.business(*span(*at), None) == in_order.business(*span(*at), None)


def test_what_is_out_of_reach_is_dropped_and_posts_there_are_left_out() -> None:
    baseline = hours([7] * 60, days=1)
    assert baseline.since_us == START + (59 - 24) * HOUR_US
    baseline.take_changed()
    baseline.saw(START + 10 * HOUR_US, None)
    assert baseline.take_changed() == {}
    # 24 kept hours, the first left out: 35 is the first, 36 to 58 are finished.
    assert baseline.business(*span(58, 59), None) == (1.0, 22.0)


def test_changes_are_whole_counts_and_told_once() -> None:
    baseline = hours([2, 3], category="책")
    assert baseline.take_changed() == {(START, "책"): 2, (START + HOUR_US, "책"): 3}
    baseline.saw(START, "책")
    baseline.saw(START + HOUR_US, None)
    assert baseline.take_changed() == {(START, "책"): 3, (START + HOUR_US, ""): 1}
    assert baseline.take_changed() == {}


def test_stored_counts_give_the_same_baseline() -> None:
    seen, put = hours([5, 10, 20, 30, 4]), Baseline(14)
    for (hour_us, category), n_posts in sorted(seen.take_changed().items()):
        put.put(hour_us, category, n_posts)
    for baseline in (seen, put):
        baseline.saw(START + 5 * HOUR_US, None)
    for at in ((1, 2), (2.5, 4.5), (4.5, 5.5)):
        assert put.business(*span(*at), None) == seen.business(*span(*at), None)
