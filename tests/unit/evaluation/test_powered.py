import math
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.errors import MissingExtra, UsageError
from semsearch.evaluation.labels import powered
from semsearch.evaluation.labels.planning import Expected, expected_of, queries_for, width_at
from semsearch.evaluation.labels.powered import MINIMUM, powered_mean

pytest.importorskip("ppi_py")


def queries(seed, n=60, rest=500, kept=0.8):
    """Values piled up at 0 and 1, and a machine that repeats a share of them and guesses the others."""
    rng = np.random.default_rng(seed)
    total = n + rest
    values = np.clip(rng.normal(0.7, 0.5, total), 0, 1)
    machine = np.where(rng.random(total) < kept, values, rng.permutation(values))
    return values[:n], machine[:n], machine[n:], values.mean()


@given(st.integers(0, 10_000), st.booleans(), st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_estimate_that_is_redrawn_is_that_of_ppi_python(seed, weighted, some_do_not_count):
    human, machine, others, _ = queries(seed)
    rng = np.random.default_rng(seed)
    if some_do_not_count:
        human[rng.random(60) < 0.2], machine[rng.random(60) < 0.1] = math.nan, math.nan
    scale = rng.uniform(0.5, 4, 60) if weighted else np.ones(60)
    scale *= 60 / scale.sum()
    fit = powered._fit(powered._sample(human, machine, others, scale))
    lam = float(fit.lam) if weighted else None  # None: the library tunes it
    assert float(fit.mean) == pytest.approx(powered._library_mean(human, machine, others, scale, lam), abs=1e-9)


def test_lambda_is_the_smaller_one_of_those_with_and_without_weights():
    """The library's own of weighed queries is larger here, or smaller, as the heavy ones agree with the machine."""
    human, machine, others, _ = queries(14)
    for weights in (np.repeat([1.0, 2.0], 30), np.repeat([2.0, 1.0], 30)):
        scale = weights / weights.mean()
        uneven, alike = (powered_mean(human, machine, others, weights=each, seed=0) for each in (weights, None))
        tuned, at_it = (powered._library_mean(human, machine, others, scale, lam) for lam in (None, uneven.lam))
        assert uneven.mean == pytest.approx(at_it)
        assert uneven.lam <= alike.lam + 0.02
        library = (tuned - uneven.human_mean) / (at_it - uneven.human_mean) * uneven.lam  # means are linear in λ
        assert uneven.lam <= library + 1e-6
        assert uneven.lam == pytest.approx(min(library, alike.lam), abs=0.02)


def test_lambda_tells_a_good_machine_from_a_useless_one():
    good, useless = (powered_mean(*queries(1, kept=kept)[:3], seed=0) for kept in (0.9, 0.0))
    assert good.lam > 0.7 > 0.3 > useless.lam
    width, alone = (useless.high - useless.low, useless.human_only.high - useless.human_only.low)
    assert width < 1.1 * alone
    assert good.high - good.low < 0.7 * (good.human_only.high - good.human_only.low)


def test_a_bias_of_the_machine_is_taken_out():
    human, machine, others, _ = queries(2, kept=1.0)
    plain = powered_mean(human, machine * 0.5, others * 0.5, seed=0)
    shifted = powered_mean(human, machine * 0.5 + 0.4, others * 0.5 + 0.4, seed=0)
    assert shifted.mean == pytest.approx(plain.mean)
    assert (shifted.low, shifted.high) == pytest.approx((plain.low, plain.high))


def test_without_other_queries_it_is_the_mean_of_people():
    human, machine, _, _ = queries(3)
    found = powered_mean(human, machine, np.empty(0), seed=0)
    assert found.mean == pytest.approx(human.mean())
    assert (found.low, found.high) == (found.human_only.low, found.human_only.high)
    assert math.isnan(found.lam), "no λ changes anything"
    weights = np.repeat([1.0, 2.0], [len(human) // 2, len(human) - len(human) // 2])
    uneven = powered_mean(human, machine, np.empty(0), weights=weights, seed=0)
    assert uneven.lam > 0 and uneven.mean != uneven.human_mean, "what all of them are the machine tells evenly"


def test_queries_that_do_not_count_are_decided_by_people():
    """Where the machine says nothing of any use, the mean is over those that people count."""
    human, machine, others, _ = queries(4)
    human[:5] = math.nan
    found = powered_mean(human, machine * 0 + 0.5, others * 0 + 0.5, seed=0)
    assert found.mean == pytest.approx(found.human_mean) == pytest.approx(human[5:].mean())
    assert (found.n_human, found.lam) == (55, 0.0)


def test_too_few_say_how_many_more():
    human, machine, others, _ = queries(5, n=MINIMUM - 3)
    with pytest.raises(UsageError, match=r"judged 47 queries .* needs 50: 3 more") as refused:
        powered_mean(human, machine, others, seed=0)
    assert "Next: semsearch label session BATCH --by NAME" in str(refused.value)
    assert "semsearch label sample BATCH --run RUN --size 3" in str(refused.value)
    counted, same, others, _ = queries(5, n=MINIMUM + 1)
    counted[:2] = math.nan
    with pytest.raises(UsageError, match="49 queries"):
        powered_mean(counted, same, others, seed=0)


def test_too_few_that_count_tell_those_in_which_people_call_nothing_relevant():
    """2 of 70 count: 48 more of such are 48 · 70 / 2 queries, or all 70 count as 0."""
    human, machine, others, _ = queries(5, n=70)
    human[2:], human[:2] = math.nan, 1.0
    with pytest.raises(UsageError, match=r"judged 2 queries .* needs 50: 48 more\. They judged 68 others") as refused:
        powered_mean(human, machine, others, seed=0)
    told = str(refused.value)
    assert "only with --all-queries" in told and "about 1,680 more queries make 48 that count" in told
    assert "Next: semsearch evaluate run --labels --all-queries, or" in told and "--size 1680" in told
    with pytest.raises(UsageError, match=r"judged 0 queries .* 50 more") as refused:
        powered_mean(human[2:42], machine[2:42], others, seed=0)
    assert "Next: semsearch label session BATCH --by NAME" in str(refused.value), "40 do not suffice either way"


def test_values_that_are_all_the_same_give_an_interval_and_no_point():
    """All 50 are 1: with a share q of others, that has the chance (1 - q)^50, which is 2.5 % at q = 0.071."""
    found = powered_mean(np.ones(50), np.ones(50), np.full(500, 0.5), seed=0)
    assert (found.mean, found.high, found.method, found.lam) == (1.0, 1.0, "bounded", 0.0)
    assert found.low == pytest.approx(0.025 ** (1 / 50), abs=0.004)
    weighed = powered_mean(np.ones(60), np.ones(60), np.ones(9), weights=np.repeat([1.0, 2.0], 30), seed=0)
    assert weighed.low == pytest.approx(0.025 ** (1 / 54), abs=0.004), "90² / 150 = 54 drawn alike"
    human, weights = np.repeat([0.0, 1.0], 30), np.repeat([1.0, 3.0], 30)
    apart = powered_mean(human, human, human, weights=weights, seed=0, minimum=40, bounded=True)
    assert apart.low < 0.75 < apart.high and apart.low > 0.5


def test_any_values_have_bounds_that_a_plain_interval_of_them_lies_within():
    human, machine, others, _ = queries(12)
    plain, wide = (powered_mean(human, machine, others, seed=0, bounded=each) for each in (False, True))
    assert (wide.method, wide.lam, wide.mean) == ("bounded", 0.0, plain.human_mean)
    assert wide.low < plain.human_only.low + 0.01 and plain.human_only.high - 0.01 < wide.high
    assert wide.high - wide.low < 1.4 * (plain.human_only.high - plain.human_only.low)


def test_the_ends_stay_within_0_and_1_and_repeat_by_seed():
    human, machine, others, _ = queries(6, n=50)
    human[:] = np.where(np.arange(50) < 45, 1.0, 0.2)
    found = powered_mean(human, machine, others, seed=3)
    assert 0 <= found.low < found.mean < found.high <= 1
    assert powered_mean(human, machine, others, seed=3) == found


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ppi_py", None)
    with pytest.raises(MissingExtra, match="'labels' extra"):
        powered_mean(*queries(7)[:3], seed=0)


def test_warnings_are_as_before():
    """ppi-python silences all warnings of a process when it is imported."""
    before = list(warnings.filters)
    powered_mean(*queries(8)[:3], seed=0)
    assert warnings.filters == before


# --- queries that are drawn unevenly ---------------------------------------------------------


def test_queries_of_like_weights_are_grouped_and_few_join_their_neighbours():
    assert powered._groups(np.repeat([1.0, 2.0, 3.0], [25, 3, 20])) == (25, 23)
    assert powered._groups(np.repeat([3.0, 1.0, 2.0], [2, 3, 9])) == (14,)
    assert powered._groups(np.ones(60)) == (60,)


def test_the_error_by_hand():
    """λ is 1. Deviations from people's mean of 1/2: theirs ±1/2, the machine's 0, 0, -1/2, -1/2, at the others 0 and
    three of -1/2. The machine's mean over all 8 is -5/16, over people's four -1/4. A query moves the estimate by
    d - (m + 1/4) + 4/8 (m + 5/16): twice 13/32, twice -11/32, whose variance 9/64 is divided by 4 - 2 degrees of
    freedom. The others add (4/8)² × 3/64 / (4 - 1)."""
    values = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.5, 0.5, 0.0, 0.0]), np.array([0.5, 0.0, 0.0, 0.0])
    fit = powered._fit(powered._sample(*values, np.ones(4)))
    assert (float(fit.lam), float(fit.mean)) == (1.0, pytest.approx(0.5 - 5 / 16 + 1 / 4))
    assert float(fit.error) == pytest.approx(math.sqrt(9 / 64 / 2 + 3 / 64 / 4 / 3))


def test_the_error_is_that_of_ppi_python_up_to_degrees_of_freedom():
    """λ of the mean over all n + N is λ N / (n + N) of ppi-python's, whose variances are by n: 60 / 58 at most."""
    from ppi_py import ppi_mean_ci

    for seed, kept in ((1, 0.9), (2, 0.5)):
        human, machine, others, _ = queries(seed, rest=90, kept=kept)
        fit = powered._fit(powered._sample(human, machine, others, np.ones(60)))
        low, high = ppi_mean_ci(human, machine, others, alpha=0.05, lam=float(fit.lam) * 90 / 150)
        theirs = float((high - low)[0]) / 2 / 1.959964
        assert theirs < float(fit.error) < theirs * math.sqrt(60 / 58)


def test_what_is_redrawn_is_what_a_plain_loop_redraws():
    """Weights stay with their queries, and those of like weights are redrawn among themselves."""
    human, machine, others, _ = queries(13, rest=120)
    human[30:] *= 0.4
    scale = np.repeat([1.5, 0.5], 30)
    drawn = powered._fit(powered._redrawn(powered._sample(human, machine, others, scale), others, 0, 1_999))
    rng, means = np.random.default_rng(1), []
    for _ in range(600):
        rows = np.concatenate([rng.integers(0, 30, 30), rng.integers(30, 60, 30)])
        rest = others[rng.integers(0, 120, 120)]
        lam = float(powered._fit(powered._sample(human[rows], machine[rows], rest, scale[rows])).lam)
        means.append(powered._library_mean(human[rows], machine[rows], rest, scale[rows], lam))
    assert drawn.mean.mean() == pytest.approx(np.mean(means), abs=0.006)
    assert drawn.mean.std() == pytest.approx(np.std(means), rel=0.1)
    whole = powered._fit(powered._sample(human, machine, others, scale))
    assert float(whole.error) == pytest.approx(np.std(means), rel=0.1)


def test_the_error_is_that_within_groups_by_hand():
    """Weights 1/2 and 3/2 to their mean. The first group differs by 1/4 from the mean, weighed, the second not at all:
    (20/40)² × (1/16) / 19, and 38/37 for the degrees of freedom."""
    human = np.concatenate([np.tile([0.0, 1.0], 10), np.full(20, 0.5)])
    sample = powered._sample(human, np.full(40, 0.5), np.full(100, 0.5), np.repeat([1.0, 3.0], 20))
    fit = powered._fit(sample)
    assert float(fit.human_error) == pytest.approx(math.sqrt(0.25 / 16 / 19 * 38 / 37))
    assert float(powered._among_all(fit, sample).human_error) == pytest.approx(float(fit.human_error))


def test_how_many_of_all_are_of_a_group_is_chance_by_hand():
    """Groups of 1/4 and 3/4 of all, 0 and 1: nothing varies within, and 3/4 × 1/4 / 140 among all 140."""
    human = np.repeat([0.0, 1.0], 20)
    sample = powered._sample(human, np.full(40, 0.5), np.full(100, 0.5), np.repeat([1.0, 3.0], 20))
    fit = powered._fit(sample)
    assert float(fit.human_error) == pytest.approx(0)
    assert float(powered._among_all(fit, sample).human_error) == pytest.approx(math.sqrt(0.1875 / 140))


def test_what_is_redrawn_are_queries_with_their_weights():
    """All weights differ, so those of a group are alike and not the same."""
    human = np.linspace(0.1, 1.0, 60)
    sample = powered._sample(human, human, human, human * 2)
    assert sample.groups == (20, 20, 20)
    drawn = powered._redrawn(sample, human, 0, 50)
    assert drawn.weights == pytest.approx(drawn.human * 2)


def test_what_the_machine_explains_of_the_chance_among_all_is_by_its_own_counts():
    """Groups of 1/4 and 3/4 of all, 0.2 and 0.8 by people: -0.45 and 0.15 from the mean of 0.65. The machine says the
    same, but counts only half of the first group: -0.225 and 0.15, which is -0.28125 and 0.09375 from their mean."""
    human = np.repeat([0.2, 0.8], 20)
    machine = np.where(np.arange(40) < 10, math.nan, human)
    others = np.repeat([math.nan, 0.2, 0.8], [12, 13, 75])
    sample = powered._sample(human, machine, others, np.repeat([0.5, 1.5], 20))
    fit = powered._fit(sample)
    found = powered._among_all(fit, sample)
    own, same = (0.25 * a**2 + 0.75 * b**2 for a, b in ((0.45, 0.15), (0.28125, 0.09375)))
    lam = float(fit.lam)
    assert lam > 0.5
    assert float(found.human_error**2 - fit.human_error**2) == pytest.approx(own / 140)
    assert float(found.error**2 - fit.error**2) == pytest.approx((own - lam**2 * same) / 140)


def test_an_interval_of_strata_is_no_narrower_than_the_chance_of_how_many_there_are_of_each():
    """Hardly anything varies within: what is left is 0.0675 / 140, as above; a machine that sees all of it knows it."""
    human = np.repeat([0.2, 0.8], 20) + np.tile([0.01, -0.01], 20)
    weights = np.repeat([1.0, 3.0], 20)
    others = np.repeat([0.2, 0.8], [25, 75])
    given = {"weights": weights, "seed": 0, "minimum": 30}
    blind = powered_mean(human, np.full(40, 0.5), others * 0 + 0.5, **given)
    least = 2 * 1.96 * math.sqrt(0.0675 / 140)
    for each in (blind, blind.human_only):
        assert 0.95 * least < each.high - each.low < 1.3 * least


def test_queries_of_very_unlike_weights_are_worth_fewer():
    """40 of weight 1 and 20 of weight 4: 120² / (40 + 320) = 40, so 10 more of 60/40 each."""
    human, machine, others, _ = queries(11)
    weights = np.repeat([1.0, 4.0], [40, 20])
    with pytest.raises(UsageError, match=r"60 queries .* worth 40 drawn alike.* needs 50: about 15 more"):
        powered_mean(human, machine, others, weights=weights, seed=0)
    assert powered.worth(human, weights) == pytest.approx(40)
    human[:] = np.where(np.arange(60) < 5, math.nan, human)
    assert powered.worth(human, None) == 55


def test_strata_that_tell_good_from_bad_make_the_interval_narrower_and_their_order_does_not_matter():
    human, machine, others, _ = queries(10, kept=0.3)
    order = np.argsort(human)
    weights = np.repeat([1.0, 1.5], 30)
    apart, mixed = (
        powered_mean(human[of], machine[of], others, weights=weights, seed=0) for of in (order, np.arange(60))
    )
    assert apart.high - apart.low < 0.8 * (mixed.high - mixed.low)
    back = powered_mean(human[order][::-1], machine[order][::-1], others, weights=weights[::-1], seed=0)
    assert (back.mean, back.high - back.low) == pytest.approx((apart.mean, apart.high - apart.low), rel=0.05)


# --- planning -------------------------------------------------------------------------------


def test_the_width_by_hand():
    """0.3² × ((1 - 0.64) / 100 + 0.64 / 1000) = 0.0003816; t of 98 is 1.9845; 5 % more for 5 / 100."""
    assert width_at(100, Expected(0.3, 0.8, 1000)) == pytest.approx(2 * 1.9845 * math.sqrt(0.0003816) * 1.05, rel=1e-4)


def test_the_planned_queries_are_the_fewest_that_reach_the_width():
    expected = Expected(0.33, 0.8, 1000, n_judged=50)
    plan = queries_for(0.1, expected)
    assert width_at(plan.queries, expected) <= 0.1 < width_at(plan.queries - 1, expected)
    assert plan.more == plan.queries - 50
    assert plan.people_alone > 2 * plan.queries
    half = queries_for(0.1, Expected(0.33, 0.8, 1000, counting=0.5))
    assert half.queries > 2 * plan.queries - 2


def test_a_plan_from_few_queries_says_what_is_safe():
    """40 judged: deviation × (1 + 0.8416 / √78), and r = tanh(atanh 0.8 - 0.8416 / √37)."""
    plan = queries_for(0.1, Expected(0.33, 0.8, 1000, n_judged=40))
    worse = Expected(0.33 * (1 + 0.8416 / 78**0.5), math.tanh(math.atanh(0.8) - 0.8416 / 37**0.5), 1000)
    assert plan.queries < plan.cautious == queries_for(0.1, worse).queries
    assert queries_for(0.1, Expected(0.33, 0.8, 1000)).cautious == plan.queries


def test_a_useless_machine_saves_nothing_and_a_wide_interval_takes_the_minimum():
    plan = queries_for(0.1, Expected(0.33, -0.4, 5000))
    assert plan.queries == plan.people_alone
    assert queries_for(0.9, Expected(0.33, 0.8, 5000)).queries == MINIMUM


def test_a_width_that_not_even_all_queries_reach():
    plan = queries_for(0.02, Expected(0.33, 0.8, 300))
    assert (plan.queries, plan.more) == (None, None)
    assert plan.reached > 0.02 and plan.people_alone is None
    assert queries_for(0.1, Expected(0.33, 0.9, 150)).people_alone is None, "180 would do, of a machine's 150"


def test_what_is_expected_comes_from_what_is_judged():
    human, machine, others, _ = queries(9)
    human[:10] = math.nan
    told = expected_of(human, machine, others, None)
    assert told.deviation == pytest.approx(human[10:].std(ddof=1))
    assert told.correlation == pytest.approx(np.corrcoef(human[10:], machine[10:])[0, 1])
    assert (told.n_queries, told.counting, told.n_judged) == (560, pytest.approx(50 / 60), 60)
    so_far = powered_mean(human, machine, others, seed=0)
    found = expected_of(human, machine, others, so_far)
    assert width_at(50, found) == pytest.approx(so_far.high - so_far.low)
    with pytest.raises(UsageError, match="from 10"):
        expected_of(human[:9], machine[:9], others, None)
