import csv
import math
import tracemalloc
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau
from scipy.stats import t as student
from sklearn.metrics import cohen_kappa_score

from semsearch.errors import UsageError
from semsearch.evaluation.intervals import resampled_means, resampled_times
from semsearch.evaluation.labels.agreement import (
    agree,
    alpha,
    among,
    confusion,
    constant,
    coverage,
    kappa,
    kappa_at_worst,
    weighted_kappa,
)
from semsearch.evaluation.labels.grade_tables import FEWEST, Resampler, at_worst, exact_of, kappa_of
from semsearch.evaluation.labels.system_order import system_order, tau

krippendorff = pytest.importorskip("krippendorff")
RATINGS = Path(__file__).resolve().parents[4] / "shared" / "data" / "chorus" / "ratings.csv"
NAN = math.nan
GRADES = st.sampled_from([0.0, 1.0, 2.0])
OPEN = st.sampled_from([0.0, 1.0, 2.0, NAN])


def floats(*values):
    return np.asarray(values, np.float64)


def test_by_hand():
    # observed 3 of 4 equal; expected (2·1 + 1·2 + 1·1) / 16 = 5 / 16; κ = (3/4 - 5/16) / (11/16)
    first, second = floats(0, 0, 1, 2), floats(0, 1, 1, 2)
    assert kappa(first, second) == pytest.approx((3 / 4 - 5 / 16) / (11 / 16))
    # quadratic: observed cost 1; expected Σ row·column·cost / 4 = (2·2·1 + 2·1·4 + 1·1·1 + 1·1·1 + 1·1·4 + 1·2·1) / 4
    assert weighted_kappa(first, second) == pytest.approx(1 - 1 / (20 / 4))
    assert confusion(first, second).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


@given(st.lists(st.tuples(GRADES, GRADES), min_size=2, max_size=40))
def test_kappas_equal_those_of_scikit_learn(pairs):
    first, second = np.asarray(pairs).T
    if len({*first, *second}) == 1:
        assert math.isnan(kappa(first, second))
        return
    for ours, weights in ((kappa, None), (weighted_kappa, "quadratic")):
        theirs = cohen_kappa_score(first.astype(int), second.astype(int), labels=[0, 1, 2], weights=weights)
        assert ours(first, second) == pytest.approx(theirs, abs=1e-12)


@given(st.lists(st.tuples(OPEN, OPEN, OPEN), min_size=2, max_size=30), st.sampled_from(["nominal", "ordinal"]))
def test_alpha_equals_that_of_krippendorff(units, level):
    ratings = np.asarray(units).T
    shared = ratings[:, (~np.isnan(ratings)).sum(axis=0) >= 2]
    if len(set(shared[~np.isnan(shared)])) < 2:
        assert math.isnan(alpha(ratings, level))
        return
    theirs = krippendorff.alpha(reliability_data=shared, level_of_measurement=level, value_domain=[0.0, 1.0, 2.0])
    assert alpha(ratings, level) == pytest.approx(theirs, abs=1e-12)


def test_a_grade_that_there_is_none_of_is_refused():
    with pytest.raises(UsageError, match="A grade is 3; it must be one of 0, 1, 2") as refused:
        kappa(floats(0, 3), floats(0, 2))
    assert "Next: semsearch" in str(refused.value)


def test_open_pairs_are_left_out_and_counted_apart():
    first, second = floats(0, NAN, 1, 2, NAN), floats(0, 1, NAN, 2, NAN)
    found = coverage(first, second)
    assert (found.both, found.only_first, found.only_second, found.neither) == (2, 1, 1, 1)
    assert found.share == pytest.approx(2 / 3)
    assert kappa(first, second) == 1.0
    assert math.isnan(coverage(floats(NAN), floats(1)).share)


def test_a_constant_predictor_has_kappa_zero_however_often_it_is_right():
    people = floats(2, 2, 2, 2, 2, 2, 2, 2, 0, 1, NAN)
    found = agree(people, constant(people), ["q"] * 11, seed=0, resamples=50)
    assert constant(people).tolist() == [2.0] * 11
    assert found.kappa.value == found.weighted_kappa.value == 0
    assert found.exact.value == pytest.approx(0.8)


def with_t(values, value, n):
    """t's interval with the spread of resamples [m] of n queries, on Fisher's z: of a figure from -1 to 1, by hand."""
    spread = np.arctanh(np.clip(values, -0.9995, 0.9995)).std() * math.sqrt(n / (n - 1))
    half = student.ppf(0.975, n - 1) * spread
    return np.tanh([np.arctanh(value) - half, np.arctanh(value) + half])


CELLS = st.lists(st.lists(st.integers(0, 8), min_size=4, max_size=4), min_size=3, max_size=3)


@given(CELLS, st.integers(0, 2), st.integers(0, 2), st.sampled_from([0.5, 1.0]))
def test_silence_in_place_of_any_answer_never_raises_a_figure(cells, row, column, part):
    """Of any table with two grades of people's: whichever answer is taken back, whole or at one of its two ends."""
    table = np.asarray(cells, float)
    table[row, column] += part
    if np.count_nonzero(table.sum(axis=1)) < 2:
        return
    silent = table.copy()
    silent[row, column] -= part
    silent[row, 3] += part
    for measure in (
        lambda found: kappa_of(found, quadratic=True),
        lambda found: kappa_of(found, quadratic=False),
        exact_of,
    ):
        assert at_worst(measure)(silent) <= at_worst(measure)(table) + 1e-12
        assert at_worst(measure)(table) <= measure(table[:, :3] + table[:, 3:] / 3) + 1e-12  # any way to complete it


def test_the_least_that_silence_can_mean_by_hand():
    """People say 0, 0, 2, 2, the machine 0, 2 and nothing of one of each: worst is that both are wrong."""
    first, second = floats(0, 0, 2, 2), floats(0, NAN, 2, NAN)
    found = kappa_at_worst(first, second, list("abcd"), seed=0)
    ways = [weighted_kappa(first, floats(0, one, 2, other)) for one in (0, 1, 2) for other in (0, 1, 2)]
    assert found.value == pytest.approx(min(ways)) == pytest.approx(0.0)
    assert math.isnan(found.low)
    answered = kappa_at_worst(first, floats(0, 1, 2, 2), list("abcd"), seed=0)
    assert answered.value == pytest.approx(weighted_kappa(first, floats(0, 1, 2, 2)))
    weighted = kappa_at_worst(first, second, list("abcd"), seed=0, weights=floats(3, 1, 3, 1))
    assert weighted.value == pytest.approx(
        weighted_kappa(floats(0, 0, 0, 0, 2, 2, 2, 2), floats(0, 0, 0, 2, 2, 2, 2, 0))
    )


def test_whole_queries_are_resampled():
    """Six queries are all right and six all wrong: of a resample k of 12 are right, as of 12 coins."""
    first = np.tile(floats(0, 2), 12)
    second = floats(*[0, 2] * 6, *[2, 0] * 6)
    found = agree(first, second, np.repeat(list("abcdefghijkl"), 2), seed=0, resamples=40_000)
    assert (found.n, found.n_queries) == (24, 12)
    coins = np.repeat(np.arange(13), [math.comb(12, k) for k in range(13)])
    kappas = 2 * coins / 12 - 1
    ends = with_t(kappas, 0, 12)
    assert (found.kappa.value, found.exact.value) == pytest.approx((0.0, 0.5))
    assert (found.kappa.low, found.kappa.high) == pytest.approx(ends, abs=0.01)
    assert (found.exact.low, found.exact.high) == pytest.approx((ends + 1) / 2, abs=0.005)


@pytest.mark.parametrize("bounds", [None, (-1.0, 1.0), (0.0, 1.0)])
def test_the_interval_of_a_mean_is_ts(bounds):
    """On queries whose values differ little, z is a straight line: mean and standard error, as in any textbook."""
    values = 0.5 + np.random.default_rng(0).normal(0, 0.01, (10, 1, 1))
    found = Resampler(0, 40_000)(values, lambda sums: sums[..., 0, 0] / 10, bounds)
    half = student.ppf(0.975, 9) * values.std(ddof=1) / math.sqrt(10)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=3e-4)


@pytest.mark.parametrize(("n", "bounded"), [(FEWEST - 1, False), (FEWEST, True)])
def test_below_so_many_queries_there_is_no_interval(n: int, bounded: bool):
    found = agree(np.tile(floats(0, 2, 2), n), np.tile(floats(0, 2, 0), n), np.repeat(np.arange(n), 3), seed=0)
    assert found.kappa.value == pytest.approx(kappa(floats(0, 2, 2), floats(0, 2, 0)))
    assert (math.isnan(found.kappa.low), math.isnan(found.alpha.high)) == (True, True)  # all queries say the same
    mixed = agree(
        np.tile(floats(0, 2, 2), n), floats(*[0, 2, 0] * (n - 1), 0, 2, 2), np.repeat(np.arange(n), 3), seed=0
    )
    assert (not math.isnan(mixed.kappa.low), not math.isnan(mixed.alpha.high)) == (bounded, bounded)


@pytest.mark.parametrize("n", [3, 8])
def test_a_share_that_is_the_same_in_all_queries_has_wilsons_interval(n: int):
    told = np.tile(floats(0, 2), n)
    found = agree(told, told, np.repeat(np.arange(n), 2), seed=0, resamples=50).exact
    z2 = 1.959964**2  # of n of n the lower end is n / (n + z²)
    assert (found.value, found.low, found.high) == (1.0, pytest.approx(n / (n + z2), rel=1e-5), 1.0)


def test_more_pairs_of_the_same_queries_do_not_narrow_the_interval():
    rng = np.random.default_rng(3)
    first = rng.integers(0, 3, 60).astype(float)
    second = np.where(rng.random(60) < 0.6, first, 1.0)
    queries = np.repeat(np.arange(20), 3)
    once = agree(first, second, queries, seed=1, resamples=500)
    thrice = agree(np.tile(first, 3), np.tile(second, 3), np.tile(queries, 3), seed=1, resamples=500)
    assert thrice.weighted_kappa == once.weighted_kappa
    assert once.weighted_kappa.low < once.weighted_kappa.value < once.weighted_kappa.high


def test_order_of_pairs_changes_nothing():
    rng = np.random.default_rng(5)
    first, second = rng.integers(0, 3, (2, 40)).astype(float)
    queries, order = np.repeat(np.arange(8), 5), rng.permutation(40)
    one = agree(first, second, queries, seed=2, resamples=200)
    other = agree(first[order], second[order], queries[order], seed=2, resamples=200)
    assert other.alpha == one.alpha
    assert other.kappa == one.kappa


def test_weights_are_pairs_that_stand_for_several():
    first, second, queries = floats(0, 0, 2, 2), floats(0, 2, 2, 2), ["a", "b", "c", "d"]
    weighted = agree(first, second, queries, weights=floats(1, 3, 1, 1), seed=0, resamples=50)
    repeated = agree(floats(0, 0, 0, 0, 2, 2), floats(0, 2, 2, 2, 2, 2), list("abbbcd"), seed=0, resamples=50)
    assert weighted.kappa.value == pytest.approx(repeated.kappa.value)
    assert weighted.exact.value == pytest.approx(0.5)
    assert weighted.confusion.sum() == pytest.approx(4)


def test_resamples_in_which_nothing_can_be_said_are_counted():
    told = floats(*[0] * 11, 2)
    found = agree(told, told, list("abcdefghijkl"), seed=0, resamples=1000)
    assert found.kappa.value == 1.0
    assert math.isnan(found.kappa.low)  # nobody differed once: nothing says how far that goes
    assert 300 < found.kappa.n_undefined < 405  # the one 2 is not drawn: (11/12)^12 = 35 % of the time
    nothing = agree(floats(NAN), floats(1), ["a"], seed=0, resamples=10)
    assert nothing.n == nothing.n_queries == 0
    assert math.isnan(nothing.kappa.value) and math.isnan(nothing.kappa.low)


def test_among_raters_is_the_mean_over_pairs_of_raters():
    ratings = np.asarray([[0, 1, 2, 2, 0, NAN], [0, 1, 2, 1, 0, 1], [0, 2, 2, NAN, 1, 1]], float)
    found = among(ratings, list("aabbcc"), seed=0, resamples=100)
    duos = [(0, 1, 5), (0, 2, 4), (1, 2, 5)]
    expected = sum(weighted_kappa(ratings[a], ratings[b]) * n for a, b, n in duos) / 14
    assert found.weighted_kappa.value == pytest.approx(expected)
    assert found.alpha.value == pytest.approx(alpha(ratings))
    assert (found.n, found.n_queries, found.n_raters) == (6, 3, 3)


def test_the_interval_among_raters_is_that_of_whole_queries_drawn_again():
    rng = np.random.default_rng(3)
    ratings = rng.integers(0, 3, (4, 120)).astype(float)
    ratings[rng.random((4, 120)) < 0.4] = NAN
    queries = np.arange(120) % 12
    found = among(ratings, queries, seed=5, resamples=60)
    shared = (~np.isnan(ratings)).sum(axis=0) >= 2
    told, queries = ratings[:, shared], queries[shared]
    values = []
    for times in resampled_times(12, 5, 60).T:
        units = np.concatenate([np.tile(np.flatnonzero(queries == query), n) for query, n in enumerate(times)])
        drawn = told[:, units]
        duos = [(drawn[a], drawn[b], (~np.isnan(drawn[a] + drawn[b])).sum()) for a, b in combinations(range(4), 2)]
        values.append(sum(weighted_kappa(a, b) * n for a, b, n in duos) / sum(n for _, _, n in duos))
    ends = with_t(np.asarray(values), found.weighted_kappa.value, 12)
    assert (found.weighted_kappa.low, found.weighted_kappa.high) == pytest.approx(ends)


def test_resamples_are_the_same_as_times_and_as_means():
    columns = np.random.default_rng(0).random((9, 2))
    times = resampled_times(9, 1, 20_000)
    assert times.sum(axis=0).tolist() == [9] * 20_000
    assert times.T.astype(float) @ columns / 9 == pytest.approx(resampled_means(columns, 1, 20_000))


def test_many_raters_fit_into_memory():
    ratings = np.full((40, 800), NAN)
    for pair, (a, b) in enumerate(list(combinations(range(40), 2)) + [(0, 1)] * 20):
        ratings[[a, b], pair] = [0, pair % 3]
    tracemalloc.start()
    assert among(ratings, np.arange(800) // 2, seed=0, resamples=500).n_raters == 40
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15e6  # a cube of queries, duos and cells has 780 * 400 * 9 floats: 22 MB, and its resamples 28 MB


def test_among_raters_who_share_nothing():
    found = among(np.asarray([[0, NAN], [NAN, 1]], float), ["a", "b"], seed=0, resamples=10)
    assert (found.n, found.n_raters) == (0, 0)
    assert math.isnan(found.kappa.value)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=8))
def test_tau_equals_that_of_scipy(pairs):
    people, machine = np.asarray(pairs, float).T
    assert tau(people, machine) == pytest.approx(kendalltau(people, machine).statistic, nan_ok=True)


def test_systems_in_the_same_and_in_the_reverse_order():
    people = np.tile([[0.1, 0.2, 0.1], [0.5, 0.4, NAN], [0.9, 0.8, 0.7]], 6)
    same, reverse = (system_order(people, machine, seed=0, resamples=50) for machine in (people / 2 + 0.3, -people))
    assert (same.tau.value, same.n_queries, same.n_apart_by_people, same.n_apart_by_machine) == (1.0, 12, 12, 12)
    assert math.isnan(same.tau.low) and math.isnan(same.tau.high), "no resample differs, which is no certainty"
    assert same.by_people == pytest.approx((0.15, 0.45, 0.85))
    assert reverse.tau.value == -1.0
    assert math.isnan(system_order(people, people * 0, seed=0, resamples=50).tau.value)


def test_an_order_that_rests_on_single_queries_has_no_interval():
    """Of 34 queries people tell the systems apart in one and the machine in another: few resamples have both."""
    people, machine = np.full((2, 34), 0.5), np.full((2, 34), 0.5)
    people[1, 3] = machine[1, 20] = 0.9
    one = system_order(people, machine, seed=0, resamples=1000)
    assert (one.tau.value, one.n_queries, one.n_apart_by_people, one.n_apart_by_machine) == (1.0, 34, 1, 1)
    assert math.isnan(one.tau.low) and math.isnan(one.tau.high)
    # P(both are drawn) = 1 - 2 (33/34)^34 + (32/34)^34 = 0.4025
    assert 1 - one.tau.n_undefined / 1000 == pytest.approx(0.4025, abs=0.05)
    machine[0, 21] = machine[0, 22] = machine[1, 23] = machine[1, 24] = 0.7
    some = system_order(people, machine, seed=0, resamples=1000)
    assert some.n_apart_by_machine == 5 and math.isnan(some.tau.low), "both orders are drawn, and many resamples none"
    people[1, 3:13], people[0, 20:26], machine[1, 3:13] = 0.8, 0.77, 0.8
    many = system_order(people, machine, seed=0, resamples=1000)
    assert many.tau.low < many.tau.value == many.tau.high == 1.0 and many.n_apart_by_people == 16


@pytest.mark.skipif(not RATINGS.exists(), reason="the public data is not here")
def test_chorus_raters_as_the_libraries_have_them():
    with RATINGS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    raw = np.asarray([[float(row[f"rater_{i}"] or NAN) for row in rows] for i in (1, 2, 3)])
    mapped = np.select([raw == 0, raw == 3, ~np.isnan(raw)], [0.0, 2.0, 1.0], NAN)
    for ratings, grades in ((raw, (0.0, 1.0, 2.0, 3.0)), (mapped, (0.0, 1.0, 2.0))):
        theirs = krippendorff.alpha(reliability_data=ratings, level_of_measurement="ordinal")
        assert alpha(ratings, categories=grades) == pytest.approx(theirs, abs=1e-12)
        for a, b in ((0, 1), (0, 2), (1, 2)):
            both = ~np.isnan(ratings[a] + ratings[b])
            told = cohen_kappa_score(ratings[a][both].astype(int), ratings[b][both].astype(int), weights="quadratic")
            assert weighted_kappa(ratings[a], ratings[b], grades) == pytest.approx(told, abs=1e-12)
    queries = [row["query"] for row in rows]
    found = among(mapped, queries, seed=0)
    assert (found.n, found.n_queries, found.n_raters) == (1626, 76, 3)
    duos = [agree(mapped[a], mapped[b], queries, seed=0, resamples=2000) for a, b in ((0, 1), (0, 2), (1, 2))]
    for told in (found.alpha, found.weighted_kappa, *(each.weighted_kappa for each in duos)):
        assert told.low < told.value < told.high
    assert found.weighted_kappa.value == pytest.approx(np.mean([each.weighted_kappa.value for each in duos]))
