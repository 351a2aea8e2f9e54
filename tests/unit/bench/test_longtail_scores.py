"""What a bench says of failing queries must itself be right."""

import math

import numpy as np
from bench.longtail_scores import aucs, best_single, lowest_third, over_seeds, resampled

NAN = float("nan")


def area(failing, values):
    return aucs(np.array(failing, bool), {"a": np.array(values, float)})["a"]


def test_what_is_not_known_says_nothing():
    assert area([1, 0], [NAN, NAN]) == 0.5
    # the unknown one takes the median, 2: it wins over 1, ties with 2, loses to 3
    assert area([1, 0, 0, 0], [NAN, 1, 2, 3]) == 0.5


def test_without_one_side_there_is_no_area():
    assert math.isnan(area([1, 1], [0, 1]))
    assert math.isnan(area([0, 0], [0, 1]))


def test_resamples_are_paired_and_lie_around_the_area():
    rng = np.random.default_rng(0)
    failing = np.arange(60) < 20
    values = failing + rng.normal(0, 1, 60)
    table = {"a": values, "same": values * 2, "constant": np.zeros(60)}
    draws, whole = resampled(failing, table, seed=1, resamples=400), aucs(failing, table)
    assert np.array_equal(draws["a"], draws["same"])
    assert (draws["constant"] == 0.5).all()
    assert abs(draws["a"].mean() - whole["a"]) < 0.02
    assert draws["a"].std() > 0.02


def test_resamples_of_one_failing_query():
    draws = resampled(np.array([True, False, False]), {"a": np.array([1.0, 0.0, 2.0])}, seed=0, resamples=50)
    assert set(np.unique(draws["a"])) <= {0.0, 0.5, 1.0} | set(np.linspace(0, 1, 13))


def test_best_single_is_the_best_on_the_same_data():
    assert best_single({"a": 0.6, "b": NAN, "c": 0.7}, ("a", "b", "c")) == "c"
    assert best_single({"a": 0.6, "b": 0.5, "c": 0.9}, ("a", "b")) == "a"


def test_over_seeds():
    # mean 2, sd 1, n 3: t(0.975, 2) = 4.303, half = 4.303 / √3 = 2.484
    assert over_seeds([1.0, 2.0, 3.0]) == "2.000 [-0.484, 4.484]"
    assert over_seeds([1.0, NAN, 2.0, 3.0], sign=True) == "+2.000 [-0.484, +4.484] (3 of 4 seeds)"
    assert over_seeds([]) == "-"


def test_lowest_third_takes_ties():
    assert lowest_third(np.array([1.0, 2.0, 3.0])).tolist() == [True, False, False]
    assert lowest_third(np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])).sum() == 3
