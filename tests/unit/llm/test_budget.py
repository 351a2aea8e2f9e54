"""Money of calls: whole billionths, worst cases that hold, and a cap that no order of events passes."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.llm.budget import FREE, Budget, Rate, Spent, most_tokens_in, most_tokens_out
from semsearch.settings import PriceSettings

MINI = Rate.of(PriceSettings(input=0.4, output=1.6))


def test_a_price_is_exact_billionths_of_a_dollar_a_token() -> None:
    assert Rate(Fraction(400), Fraction(1600)) == MINI
    assert MINI.cost(1_000_000, 1_000_000) == 2_000_000_000  # 0.4 + 1.6 dollars
    assert Rate.of(PriceSettings(input=0.0375, output=0.1)).input == Fraction(75, 2)


def test_part_of_a_billionth_is_rounded_up() -> None:
    rate = Rate.of(PriceSettings(input=0.0375, output=0))
    assert [rate.cost(n, 0) for n in (0, 1, 2, 3)] == [0, 38, 75, 113]


def test_nothing_is_charged_only_when_both_prices_are_zero() -> None:
    assert FREE.free
    assert not MINI.free
    assert not Rate.of(PriceSettings(input=0, output=0.1)).free


def test_the_worst_case_counts_bytes_role_and_template_of_each_message() -> None:
    said = [{"role": "system", "content": "abc"}, {"role": "user", "content": "가나"}]
    assert most_tokens_in(said, None) == (6 + 3 + 16) + (4 + 6 + 16) + 16
    assert most_tokens_in(said, {"a": 1}) == most_tokens_in(said, None) + len('{"a": 1}') + 16


def test_the_limit_of_output_is_that_of_the_parameters() -> None:
    assert most_tokens_out({"max_tokens": 7, "temperature": 0}) == 7
    assert most_tokens_out({"max_tokens": 7, "max_completion_tokens": 9}) == 9
    assert most_tokens_out({"temperature": 0}) is None


@pytest.mark.parametrize(("cap", "nusd"), [(0.1, 100_000_000), (1e-9, 1), (0.0, None), (float("inf"), None)])
def test_a_cap_is_whole_billionths_and_zero_is_none(cap: float, nusd: int | None) -> None:
    assert Budget.of(cap).cap_nusd == nusd


def test_without_a_cap_only_what_was_spent_is_counted() -> None:
    async def run() -> None:
        await budget.reserve(10**15)
        budget.settle(10**15, 3)

    budget = Budget.of(0)
    asyncio.run(run())
    assert budget.spent_nusd == 3


def test_the_next_call_waits_for_those_in_flight_and_takes_what_they_leave() -> None:
    async def run() -> list[str]:
        budget = Budget(100)
        await budget.reserve(60)
        second = asyncio.create_task(budget.reserve(60))
        await asyncio.sleep(0)
        told = [str(second.done())]
        budget.settle(60, 40)
        await second
        told.append(str(budget.spent_nusd))
        third = asyncio.create_task(budget.reserve(1))
        await asyncio.sleep(0)
        budget.settle(60, 60)
        with pytest.raises(Spent):
            await third
        return told

    assert asyncio.run(run()) == ["False", "40"]


def test_a_call_that_just_fits_is_made_and_one_that_never_can_is_not() -> None:
    async def run() -> None:
        budget = Budget(100)
        with pytest.raises(Spent):
            await budget.reserve(101)
        await budget.reserve(100)
        budget.settle(100, 100)
        await budget.reserve(0)

    asyncio.run(run())


@given(
    st.integers(0, 500),
    st.lists(st.tuples(st.integers(0, 200), st.floats(0, 1), st.integers(0, 5)), max_size=30),
    st.integers(1, 8),
)
def test_no_order_of_calls_passes_the_cap(cap: int, calls: list[tuple[int, float, int]], n_workers: int) -> None:
    """Each call has a worst case, a share of it that it costs, and steps that it takes."""

    async def run() -> Budget:
        budget = Budget(cap)
        waiting = list(calls)

        async def work() -> None:
            while waiting:
                worst, share, n_steps = waiting.pop()
                try:
                    await budget.reserve(worst)
                except Spent:
                    return
                for _ in range(n_steps):
                    await asyncio.sleep(0)
                budget.settle(worst, int(worst * share))
                assert budget.spent_nusd <= cap

        await asyncio.wait_for(asyncio.gather(*(work() for _ in range(n_workers))), 5)
        return budget

    assert asyncio.run(run()).spent_nusd <= cap
