"""Cuts in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.training.log.split import split, split_at

START = datetime(2026, 1, 1, tzinfo=UTC)


def asked(*seconds: int) -> pl.DataFrame:
    times = [START + timedelta(seconds=s) for s in seconds]
    return pl.DataFrame({"asked_at": times}, schema={"asked_at": pl.Datetime("us", "UTC")}).with_row_index("n")


def sizes(parts) -> tuple[int, int, int]:
    return len(parts.train), len(parts.validation), len(parts.test)


def test_the_last_tenth_is_test_and_the_tenth_before_it_validation():
    parts = split(asked(*range(20)), 0.1, 0.1)
    assert sizes(parts) == (16, 2, 2)
    assert parts.at == (START + timedelta(seconds=16), START + timedelta(seconds=18))
    assert parts.test["n"].to_list() == [18, 19]


def test_one_moment_is_never_cut():
    parts = split(asked(0, 1, 2, 3, 4, 5, 9, 9, 9, 9), 0.2, 0.2)
    assert sizes(parts) == (6, 0, 4)


@pytest.mark.parametrize("seconds", [(), (5,), (5, 5, 5, 5, 5, 5)])
def test_what_cannot_be_cut_is_all_train(seconds):
    parts = split(asked(*seconds), 0.25, 0.25)
    assert sizes(parts) == (len(seconds), 0, 0)
    assert parts.at[0] == parts.at[1]


def test_the_first_moment_stays_in_train_when_most_share_it():
    assert sizes(split(asked(*[0] * 9, 1), 0.4, 0.4)) == (9, 0, 1)


def test_given_moments_cut_and_must_be_in_order():
    at = START + timedelta(seconds=1), START + timedelta(seconds=3)
    assert sizes(split_at(asked(0, 1, 2, 3, 4), at)) == (1, 2, 2)
    with pytest.raises(UsageError, match="before validation"):
        split_at(asked(0), at[::-1])


@pytest.mark.parametrize("shares", [(0.5, 0.5), (-0.1, 0.1)])
def test_shares_must_leave_something_to_train_on(shares):
    with pytest.raises(UsageError, match="nothing to train on"):
        split(asked(0), *shares)


@given(st.lists(st.integers(0, 30), max_size=40), st.floats(0, 0.49), st.floats(0, 0.49))
def test_parts_are_in_order_and_lose_nothing(seconds, validation, test):
    frame = asked(*seconds)
    parts = split(frame, validation, test)
    assert sum(sizes(parts)) == len(frame)
    assert len(parts.train) or not len(frame)
    first, second = parts.at
    assert all(t < first for t in parts.train["asked_at"])
    assert all(first <= t < second for t in parts.validation["asked_at"])
    assert all(t >= second for t in parts.test["asked_at"])
