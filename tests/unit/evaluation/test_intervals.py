"""Intervals against published and closed-form values; the sign-flip test against enumeration."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest

from semsearch.evaluation.intervals import LARGE_SAMPLE, bootstrap_mean, poisson, student, wilson
from semsearch.evaluation.significance import sign_flip_test


def test_bootstrap_of_two_values_is_the_binomial():
    """Two values 0 and 1: a resample's mean is 0, 1/2 or 1 with 1/4, 1/2, 1/4, so 95 % spans 0 to 1."""
    interval = bootstrap_mean(np.array([0.0, 1.0]), seed=0)[0]
    assert (interval.low, interval.high) == (0.0, 1.0)


def test_bootstrap_of_equal_values_is_a_point():
    interval = bootstrap_mean(np.full(9, 0.3), seed=0)[0]
    assert interval.low == pytest.approx(0.3) and interval.high == pytest.approx(0.3)


def test_bootstrap_ends_are_near_the_normal_ones_for_many_values():
    values = np.random.default_rng(1).normal(size=2000)
    error = values.std() / math.sqrt(2000)
    interval = bootstrap_mean(values, seed=0)[0]
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_the_limit_for_large_samples_joins_the_drawn_ends():
    """Rare large values, the skewed case: the computed ends against 100,000 resamples drawn by their counts."""
    large = np.array([3.1, 4.7, 5.9, 7.3, 8.6, 10.3, 11.9, 13.7, 15.2, 17.1])
    values = np.concatenate([np.zeros(LARGE_SAMPLE - 30), np.repeat(large, 3)])
    computed = bootstrap_mean(values, seed=0)[0]
    shares = np.array([1 - 30 / LARGE_SAMPLE, *[3 / LARGE_SAMPLE] * 10])
    counts = np.random.default_rng(3).multinomial(LARGE_SAMPLE, shares, size=100_000)
    low, high = np.quantile(counts @ np.concatenate([[0.0], large]) / LARGE_SAMPLE, [0.025, 0.975])
    error = values.std() / math.sqrt(LARGE_SAMPLE)
    assert computed.low == pytest.approx(low, abs=0.03 * error)
    assert computed.high == pytest.approx(high, abs=0.03 * error)


def test_bootstrap_repeats_by_seed_and_columns_equal_single_ones():
    values = np.random.default_rng(4).random((50, 3))
    together = bootstrap_mean(values, seed=5)
    assert together == bootstrap_mean(values, seed=5)
    assert together != bootstrap_mean(values, seed=6)
    for column, interval in zip(values.T, together, strict=True):
        alone = bootstrap_mean(column, seed=5)[0]
        assert (alone.low, alone.high) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_bootstrap_covers_the_true_mean_about_95_times_of_100():
    rng = np.random.default_rng(6)
    covered = sum(
        i.low <= 0.5 <= i.high for i in (bootstrap_mean(rng.random(60), seed=s, resamples=2000)[0] for s in range(400))
    )
    assert 0.91 <= covered / 400 <= 0.98


def test_no_value_has_no_interval():
    assert math.isnan(bootstrap_mean(np.array([]), seed=0)[0].low)


def test_ten_thousand_resamples_are_quick():
    values = np.random.default_rng(0).random((1000, 9))
    start = time.process_time()
    bootstrap_mean(values, seed=0)
    assert time.process_time() - start < 2.0  # 0.1 s on an idle core


@pytest.mark.parametrize(("n", "t"), [(2, 12.7062), (3, 4.30265), (5, 2.77645), (11, 2.22814), (31, 2.04227)])
def test_student_equals_the_published_table(n, t):
    values = np.arange(n, dtype=float)
    error = values.std(ddof=1) / math.sqrt(n)
    interval = student(values)
    assert (interval.high - values.mean()) / error == pytest.approx(t, rel=1e-4)
    assert interval.low + interval.high == pytest.approx(2 * values.mean())
    assert student(values[:1]).high == math.inf


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (15, 148, 0.0624, 0.1605),
        (81, 263, 0.2553, 0.3662),
        (5, 5, 0.5655, 1.0),
    ],
)
def test_wilson_equals_published_values(successes, n, low, high):
    """Newcombe, Statistics in Medicine 1998, table I (method 3), and the closed form n / (n + z²) for all successes."""
    interval = wilson(successes, n)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_wilson_of_nothing_is_everything():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    with pytest.raises(ValueError, match="successes"):
        wilson(3, 2)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (10, 4.7954, 18.3904), (100, 81.3640, 121.6268)],
)
def test_poisson_equals_published_values(count, low, high):
    """Garwood 1936; the limits are chi-square quantiles."""
    interval = poisson(count)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_poisson_ends_have_the_tail_they_claim():
    interval = poisson(7)
    below = sum(math.exp(-interval.high) * interval.high**i / math.factorial(i) for i in range(8))
    above = 1 - sum(math.exp(-interval.low) * interval.low**i / math.factorial(i) for i in range(7))
    assert below == pytest.approx(0.025, abs=1e-9) and above == pytest.approx(0.025, abs=1e-9)


def enumerated(differences: np.ndarray) -> float:
    signs = np.array(list(itertools.product([1, -1], repeat=len(differences))))
    return float(np.mean(np.abs(signs @ differences) >= abs(differences.sum()) - 1e-12))


def test_sign_flip_enumerates_small_samples():
    differences = np.array([0.3, -0.1, 0.2, 0.25, 0.05])
    assert sign_flip_test(differences, seed=0) == enumerated(differences)


def test_sign_flip_samples_near_the_enumeration():
    differences = np.random.default_rng(0).normal(0.3, 1.0, 16)
    assert sign_flip_test(differences, seed=0) == pytest.approx(enumerated(differences), abs=0.02)


def test_sign_flip_ignores_equal_pairs_and_needs_a_difference():
    differences = np.array([0.3, -0.1, 0.2, 0.25, 0.05])
    assert sign_flip_test(np.concatenate([differences, np.zeros(50)]), seed=0) == enumerated(differences)
    assert sign_flip_test(np.zeros(10), seed=0) == 1.0


def test_sign_flip_limit_joins_the_samples():
    differences = np.random.default_rng(1).normal(0.025, 1.0, LARGE_SAMPLE)
    sampled = sign_flip_test(differences[:-1], seed=0, resamples=20_000)
    assert sign_flip_test(differences, seed=0) == pytest.approx(sampled, abs=0.015)


def test_sign_flip_is_never_zero_when_sampled():
    assert sign_flip_test(np.ones(100), seed=0, resamples=999) == 1 / 1000
