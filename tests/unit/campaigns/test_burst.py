"""The tail against the exact negative binomial, summed term by term."""

from __future__ import annotations

from math import exp, lgamma, log

import pytest

from semsearch.campaigns.growing.burst import surprise


def tail(k, size, mean):
    """P(X ≥ k) of a negative binomial, exactly."""
    p = mean / (mean + size)
    return sum(
        exp(lgamma(n + size) - lgamma(size) - lgamma(n + 1) + n * log(p) + size * log(1 - p))
        for n in range(k, k + 4000)
    )


def test_expectation_is_the_earlier_rate() -> None:
    assert surprise(5, 2.0, 20, 10.0).expected == pytest.approx(20.5 * 2 / 10)


@pytest.mark.parametrize(("k", "window", "n_before", "before"), [(6, 1, 0, 48), (15, 24, 3, 96), (40, 1, 300, 100)])
def test_the_bound_is_above_the_exact_tail_and_not_far(k, window, n_before, before) -> None:
    found = surprise(k, window, n_before, before)
    exact = tail(k, min(0.5 + n_before, 10), (0.5 + n_before) * window / before)
    assert exact <= found.p_value <= 30 * exact


def test_nothing_is_surprising_without_a_past_or_below_expectation() -> None:
    assert surprise(1000, 1.0, 0, 0.0).p_value == 1.0
    assert surprise(1000, 1.0, 0, 0.0).expected is None
    assert surprise(10, 1.0, 100, 10.0).p_value == 1.0


def test_no_business_in_the_window_is_no_division_by_zero() -> None:
    assert surprise(3, 0.0, 0, 10.0).p_value == 0.0


def test_much_past_does_not_make_it_sure() -> None:
    # 50 where 25 are usual: Poisson would say 1e-5; honest clusters come in waves.
    assert surprise(50, 1.0, 25_000, 1000.0).p_value > 0.01
