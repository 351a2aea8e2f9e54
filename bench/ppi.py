"""Do intervals from few labels of people and many of a machine hold what they say? Coverage, width, plans.

    python -m bench.ppi [--data DIR] [--repetitions N] [--processes N] [--only coverage|strata|hard|plan|raters]

Queries are redrawn from the per-query figures of plain BM25 on chorus (61 queries with a relevant item: many ones, some
zeros); without the data from a stated mixture of the same shape. People judge n of them, the machine 10 n more. Judges:
good repeats people's value with chance 0.8 and else draws another query's, so that the correlation is 0.8 in the same
range of values; biased is good and then says 1 so often that its mean is 0.15 too high; useless draws another query's
value always. Rows of strata: of 1,200 queries people judge 70, drawn as `label sample` draws them. Hard rows:
values of 1 and a few of 0, and a machine that is blind in a band. Simulated: real are the values (but of hard rows),
drawn are queries and judges. Last, how chorus's raters agree.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from bench.baselines import english_words, plain_bm25
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from semsearch.evaluation.evaluate import evaluate
from semsearch.evaluation.intervals import Interval, student, t_quantile, wilson
from semsearch.evaluation.labels.agreement import among
from semsearch.evaluation.labels.draws import weights
from semsearch.evaluation.labels.planning import Expected, expected_of, queries_for
from semsearch.evaluation.labels.powered import MINIMUM, powered_mean, worth
from semsearch.evaluation.reading import read_judgements
from semsearch.evaluation.runs import Run
from semsearch.review.labelling.strata import draw as draw_strata
from semsearch.store.labels.draws import Draw, Frame

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "chorus"
METRICS = ("ndcg@10", "precision@10", "ndcg@10/judged")
JUDGES = ("good", "biased", "useless")
SIZES = (MINIMUM, 60)
TIMES = 10
BIAS = 0.15
KEPT = 0.8
FRAME, STRATIFIED = 1_200, 70
TIES = {"mild": 0.3, "strong": 0.8}
"""Correlation of a query's value, as a normal score, with what decides its place in each dimension of the strata."""
SHARES = {
    "band": (0.5, 0.15, 0.35),
    "category": (0.08, 0.3, 0.04, 0.2, 0.12, 0.02, 0.16, 0.08),
    "region": (0.1, 0.8, 0.1),
    "intent": (0.25, 0.6, 0.15),
}
"""Of queries, from bad values to good ones where the tie is strong."""
PILOT, POOL = MINIMUM, 1_000
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--repetitions", type=int, default=2_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", choices=("coverage", "strata", "hard", "plan", "raters"))
    given = parser.parse_args()
    print(f"# load {os.getloadavg()[0]:.1f}, {given.repetitions:,} repetitions")
    start = time.perf_counter()
    values = chorus_values(given.data) if (given.data / "items.jsonl.gz").exists() else stated_mixture()
    for metric, each in values.items():
        print(f"# {metric}: {len(each)} values, mean {each.mean():.3f}, deviation {each.std():.3f}, "
              f"{np.mean(each == 0):.0%} zeros, {np.mean(each > 0.999):.0%} ones")  # fmt: skip
    with get_context("spawn").Pool(given.processes) as pool:
        if given.only in (None, "coverage"):
            coverage(values, given.repetitions, pool.imap)
        if given.only in (None, "strata"):
            strata(values[METRICS[0]], given.repetitions, pool.imap)
        if given.only in (None, "hard"):
            hard(given.repetitions, pool.imap)
        if given.only in (None, "plan"):
            plans(values["ndcg@10"], given.repetitions // 4, pool.imap)
    if given.only in (None, "raters") and (given.data / "ratings.csv").exists():
        raters(given.data / "ratings.csv")
    print(f"\n# {time.perf_counter() - start:.0f} s")


# --- values of queries ----------------------------------------------------------------------


def chorus_values(data: Path) -> dict[str, Floats]:
    """Per-query figures of plain BM25 by people's final grades, over queries with a relevant item."""
    with gzip.open(data / "items.jsonl.gz", "rt", encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    texts = [f"{item['title']} {item['body']} {item.get('brand') or ''}" for item in items]
    rank = plain_bm25([item["item_id"] for item in items], texts, english_words())
    qrels, queries = read_judgements(data / "ratings.csv", "final")
    assert queries is not None
    run = Run.of({query: rank(text, 1_000) for query, text in queries.texts.items()}, "bm25")
    found = evaluate(run, qrels, METRICS).values
    return {metric: each[~np.isnan(each)] for metric, each in found.items()}


def stated_mixture() -> dict[str, Floats]:
    """Without the data: 46 % ones, 10 % zeros, the rest spread over 0.15 … 0.97."""
    mixture = np.concatenate([np.ones(28), np.zeros(6), np.linspace(0.15, 0.97, 27)])
    return dict.fromkeys(METRICS, mixture)


@dataclass(frozen=True)
class Drawn:
    human: Floats
    machine: Floats
    others: Floats
    weights: Floats | None
    truth: float


def draw(values: Floats, n: int, rest: int, judge: str, way: str, seed: int) -> Drawn:
    """People's values, the machine's and the others' of fresh queries.

    `way` is plain, uneven, batches, gaps, or one of TIES or of HARD.
    """
    rng = np.random.default_rng([seed, 1])  # another stream than that of the resamples
    if way in HARD:
        return HARD[way](n, rest, judge, rng)
    total = n + rest
    human, other = rng.choice(values, total), rng.choice(values, total)
    machine = judged(judge, human, other, rng, float(values.mean()))
    truth = float(values.mean())
    if way == "gaps":  # a fifth has no relevant item; the machine sees most of these, and some that are none
        none = rng.random(total) < 0.2
        human = np.where(none, math.nan, human)
        machine = np.where(none ^ (rng.random(total) < 0.1), math.nan, machine)
    if way in ("plain", "gaps"):
        return Drawn(human[:n], machine[:n], machine[n:], None, truth)
    if way in TIES:
        return picked_of(by_strata(human, n, TIES[way], rng), human, machine, truth)
    # Half of people's queries come from a band in which more go badly, about two fifths of all: they stand for less.
    badly = (human < values.mean()) ^ (rng.random(total) < 0.25)
    stands = in_turn(badly, [(n // 2, n // 2)] if way == "uneven" else [(n // 4, n // 4), (n // 3, n // 6)], rng)
    return picked_of(stands, human, machine, truth)


def judged(judge: str, human: Floats, other: Floats, rng: np.random.Generator, mean: float) -> Floats:
    """What a machine says; `other` is what it says where it is wrong."""
    machine = other if judge == "useless" else np.where(rng.random(len(human)) < KEPT, human, other)
    if judge == "biased":
        machine = np.where(rng.random(len(human)) < BIAS / (1 - mean), 1.0, machine)
    return machine


def near_1(n: int, rest: int, judge: str, rng: np.random.Generator, *, alike: bool) -> Drawn:
    """Values of 1 and 10 % of 0: among all, or only in a half of which a third of people's queries are."""
    total = n + rest
    weak = np.arange(total) < total // 2
    human = np.where((weak | alike) & (rng.random(total) < 0.1), 0.0, 1.0)
    truth = 0.9 if alike else 0.95
    machine = judged(judge, human, rng.permutation(human), rng, truth)
    if alike:
        order = rng.permutation(total)
        return Drawn(human[order[:n]], machine[order[:n]], machine[order[n:]], None, truth)
    return picked_of(of_two(weak, (n // 3, n - n // 3), rng), human, machine, truth)


def blind(n: int, rest: int, judge: str, rng: np.random.Generator) -> Drawn:
    """Two bands, 0.3 and 0.8; of 60 % of the weak one the machine says that nothing is relevant, people do not."""
    total = n + rest
    weak = rng.random(total) < 0.5
    human = np.clip(rng.normal(np.where(weak, 0.3, 0.8), 0.08), 0.0, 1.0)
    machine = judged(judge, human, rng.permutation(human), rng, 0.55)
    machine = np.where(weak & (rng.random(total) < 0.6), math.nan, machine)
    return picked_of(of_two(weak, (n // 2, n // 2), rng), human, machine, 0.55)


def of_two(weak: NDArray[np.bool_], sizes: tuple[int, int], rng: np.random.Generator) -> dict[int, float]:
    """Query to what it stands for: so many of each band."""
    bands = zip((weak, ~weak), sizes, strict=True)
    return {
        int(query): np.count_nonzero(band) / size
        for band, size in bands
        for query in rng.choice(np.flatnonzero(band), size, replace=False)
    }


HARD: dict[str, Callable[[int, int, str, np.random.Generator], Drawn]] = {
    "near 1": partial(near_1, alike=True),
    "near 1 in strata": partial(near_1, alike=False),
    "blind in a band": blind,
}
"""Values that an interval has a hard time with."""


def picked_of(stands: dict[int, float], human: Floats, machine: Floats, truth: float) -> Drawn:
    picked = np.asarray(list(stands))
    left = np.setdiff1d(np.arange(len(human)), picked)
    return Drawn(human[picked], machine[picked], machine[left], np.asarray(list(stands.values())), truth)


def by_strata(human: Floats, n: int, tie: float, rng: np.random.Generator) -> dict[int, float]:
    """Query to what it stands for: drawn as `label sample` does, of strata that tell good from bad, more or less."""
    ranks = np.argsort(np.argsort(human + rng.random(len(human)) * 1e-9))
    scores = ndtri((ranks + 0.5) / len(human))
    places = []
    for shares in SHARES.values():
        each = tie * scores + math.sqrt(1 - tie**2) * rng.standard_normal(len(human))
        places.append(np.searchsorted(np.cumsum(shares)[:-1], ndtr(each)))
    rows = zip(*(place.tolist() for place in places), strict=True)
    drawn = draw_strata({str(query): tuple(map(str, row)) for query, row in enumerate(rows)}, n, rng)
    return {int(query): 1 / chance for query, chance in drawn.probabilities.items()}


def in_turn(badly: NDArray[np.bool_], sizes: list[tuple[int, int]], rng: np.random.Generator) -> dict[int, float]:
    """Query to what it stands for: batches of so many of both bands, each from what those before it left."""
    batches: dict[str, Draw] = {}
    left = [rng.permutation(np.flatnonzero(band)).tolist() for band in (badly, ~badly)]
    for number, both in enumerate(sizes):
        chances = {str(query): size / len(band) for size, band in zip(both, left, strict=True) for query in band[:size]}
        before = {name: len(batch.chances) for name, batch in batches.items()}
        batches[f"{number}"] = Draw(chances, Frame(len(badly), "all", before))
        left = [band[size:] for size, band in zip(both, left, strict=True)]
    judged = {query: {name: chance} for name, batch in batches.items() for query, chance in batch.chances.items()}
    found = weights(judged, {str(query) for query in range(len(badly))}, batches)
    return {int(query): stands for query, stands in found.items()}


# --- coverage -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    values: Floats
    n: int
    judge: str
    way: str


def coverage(values: dict[str, Floats], repetitions: int, spread: Callable[..., object]) -> None:
    """Rows of the product's interval, then of what else was tried on the same draws."""
    print(f"\ncoverage at nominal 95 %, with Wilson's interval; width over that of people's t interval (simulated)\n"
          f"{'':34}{'covers':>8}{'95 %':>14}{'below':>7}{'above':>7}{'width':>7}{'λ':>6}{'people':>8}"
          f"{'| t':>7}{'ppi z':>7}{'λ t':>7}{'cross t':>8}")  # fmt: skip
    for metric in METRICS:
        for n in SIZES if metric == METRICS[0] else SIZES[:1]:
            for judge in JUDGES:
                if values[metric].mean() + BIAS < 1 or judge != "biased":  # no mean can be above 1
                    row(f"{metric}, n {n}, {judge}", Case(values[metric], n, judge, "plain"), repetitions, spread)
    ways = (("uneven", "drawn unevenly"), ("batches", "two batches, unevenly"), ("gaps", "a fifth do not count"))
    for way, told in ways:
        for judge in JUDGES:
            row(f"{told}, n 60, {judge}", Case(values[METRICS[0]], 60, judge, way), repetitions, spread)


def strata(values: Floats, repetitions: int, spread: Callable[..., object]) -> None:
    """Rows of queries that `label sample` would draw, and what they are worth."""
    print(f"\nstrata: {FRAME:,} queries by {' x '.join(SHARES)}, drawn as the root of their sizes, nDCG@10 (simulated)")
    for way in TIES:
        stands = [draw(values, STRATIFIED, FRAME - STRATIFIED, "good", way, seed).weights for seed in range(200)]
        worths = [worth(np.ones(STRATIFIED), each) for each in stands if each is not None]
        apart = np.median([max(each) / min(each) for each in stands if each is not None])
        print(f"{way} ties: {STRATIFIED} are worth {min(worths):.0f} to {max(worths):.0f}, in the middle "
              f"{np.median(worths):.0f}; the heaviest weighs {apart:.0f} times the lightest")  # fmt: skip
        for judge in JUDGES:
            row(f"{way} ties, n {STRATIFIED}, {judge}", Case(values, STRATIFIED, judge, way), repetitions, spread)


def hard(repetitions: int, spread: Callable[..., object]) -> None:
    """Rows of values that are nearly all 1, where a machine cannot be too kind, and of one that is blind in a band."""
    print("\nhard values (simulated)")
    for way, n in (("near 1", 60), ("near 1 in strata", 90), ("blind in a band", 120)):
        for judge in ("good", "useless"):
            row(f"{way}, n {n}, {judge}", Case(np.empty(0), n, judge, way), repetitions, spread)


def row(name: str, case: Case, repetitions: int, spread: Callable[..., object]) -> None:
    done = np.asarray(list(spread(partial(one, case), range(repetitions), chunksize=50)))  # type: ignore[call-overload]
    truth, (low, high) = done[0, 0], (done[:, 1], done[:, 2])
    covered = int(np.count_nonzero((low <= truth) & (truth <= high)))
    bound = wilson(covered, repetitions)
    cells = [(i, np.mean((done[:, i] <= truth) & (truth <= done[:, i + 1]))) for i in range(4, 14, 2)]
    people, *others = ("–" if np.isnan(done[0, i]) else f"{share:.1%}" for i, share in cells)
    alone = (done[:, 7] - done[:, 6]).mean()
    print(f"{name:34}{covered / repetitions:>8.1%}{bound.low:>8.1%}–{bound.high:.1%}{np.mean(truth < low):>7.1%}"
          f"{np.mean(truth > high):>7.1%}{(high - low).mean() / alone:>7.2f}{done[:, 3].mean():>6.2f}{people:>8}"
          f"{others[0]:>7}{others[1]:>7}{others[2]:>7}{others[3]:>8}", flush=True)  # fmt: skip


def one(case: Case, seed: int) -> list[float]:
    """Truth, ends, λ; then ends of people's bootstrap-t, and of all that was tried."""
    rest = FRAME - case.n if case.way in TIES else TIMES * case.n
    drawn = draw(case.values, case.n, rest, case.judge, case.way, seed)
    found = powered_mean(
        drawn.human, drawn.machine, drawn.others, weights=drawn.weights, seed=seed, minimum=MINIMUM // 2
    )
    tried = [found.human_only, *rivals(drawn)]
    return [drawn.truth, found.low, found.high, found.lam, *(end for each in tried for end in (each.low, each.high))]


def rivals(drawn: Drawn) -> list[Interval]:
    """People's t interval, ppi-python's normal one, and t intervals of a plain and a cross-fitted λ."""
    if drawn.weights is not None or np.isnan(drawn.human).any():
        counting = drawn.human[~np.isnan(drawn.human)]
        return [student(counting), *[Interval(math.nan, math.nan)] * 3]
    human, machine, others = drawn.human, drawn.machine, drawn.others
    return [student(human), library_interval(drawn), lam_t(human, machine, others), cross_t(human, machine, others)]


def library_interval(drawn: Drawn) -> Interval:
    from ppi_py import ppi_mean_ci

    low, high = ppi_mean_ci(drawn.human, drawn.machine, drawn.others, alpha=0.05)
    return Interval(float(np.squeeze(low)), float(np.squeeze(high)))


def lam_of(human: Floats, machine: Floats, others: Floats) -> float:
    variance = np.append(machine, others).var(ddof=1)
    covariance = np.cov(human, machine, bias=True)[0, 1]
    return float(np.clip(covariance / ((1 + len(human) / len(others)) * variance), 0, 1)) if variance else 0.0


def lam_t(human: Floats, machine: Floats, others: Floats) -> Interval:
    lam = lam_of(human, machine, others)
    return t_around(human - lam * machine, lam * others, spent=2)


def cross_t(human: Floats, machine: Floats, others: Floats, folds: int = 5) -> Interval:
    """λ of each fold from the other four."""
    fold = np.arange(len(human)) % folds
    lams = np.asarray([lam_of(human[fold != f], machine[fold != f], others) for f in range(folds)])[fold]
    return t_around(human - lams * machine, float(lams.mean()) * others, spent=1)


def t_around(rectified: Floats, others: Floats, spent: int) -> Interval:
    n = len(rectified)
    error = math.sqrt(rectified.var(ddof=spent) / n + others.var(ddof=1) / len(others))
    half = t_quantile(0.975, n - spent) * error
    mean = float(rectified.mean() + others.mean())
    return Interval(mean - half, mean + half)


# --- plans ----------------------------------------------------------------------------------


def plans(values: Floats, repetitions: int, spread: Callable[..., object]) -> None:
    """Does the planned number of queries reach the wished width? From true figures, and from few judged queries."""
    print(f"\nplans, ndcg@10, {POOL:,} queries that the machine judges, {repetitions:,} repetitions (simulated)\n"
          f"{'':40}{'queries':>9}{'mean width':>12}{'≤ wished':>10}{'≤ 1.1 × wished':>16}")  # fmt: skip
    for judge in ("good", "useless"):
        for wished in (0.14, 0.10, 0.07):
            for source in ("true figures", f"{PILOT} judged", f"{PILOT} judged, to be safe"):
                work = partial(planned, values, judge, wished, source)
                done = np.asarray(list(spread(work, range(repetitions), chunksize=20)))  # type: ignore[call-overload]
                widths = done[:, 1]
                print(f"{f'{judge}, {wished}, {source}':40}{np.median(done[:, 0]):>9,.0f}{widths.mean():>12.4f}"
                      f"{np.mean(widths <= wished):>10.0%}{np.mean(widths <= 1.1 * wished):>16.0%}",
                      flush=True)  # fmt: skip


def planned(values: Floats, judge: str, wished: float, source: str, seed: int) -> tuple[float, float]:
    """The planned number of queries, all where these do not suffice, and the width that as many fresh ones give."""
    expected = Expected(float(values.std()), KEPT if judge == "good" else 0.0, POOL)
    if source != "true figures":
        pilot = draw(values, PILOT, POOL - PILOT, judge, "plain", 1_000_000 + seed)
        so_far = powered_mean(pilot.human, pilot.machine, pilot.others, seed=seed)
        expected = expected_of(pilot.human, pilot.machine, pilot.others, so_far)
    plan = queries_for(wished, expected)
    n = (plan.cautious if "safe" in source else plan.queries) or POOL
    drawn = draw(values, n, POOL - n, judge, "plain", seed)
    found = powered_mean(drawn.human, drawn.machine, drawn.others, seed=seed)
    return n, found.high - found.low


# --- raters ---------------------------------------------------------------------------------


def raters(path: Path) -> None:
    """How chorus's three raters agree with each other; `final` is made of them and is no fourth one."""
    import krippendorff
    from sklearn.metrics import cohen_kappa_score

    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    raw = np.asarray([[float(row[f"rater_{i}"] or math.nan) for row in rows] for i in (1, 2, 3)])
    mapped = np.select([raw == 0, raw == 3, ~np.isnan(raw)], [0.0, 2.0, 1.0], math.nan)
    queries = [row["query"] for row in rows]
    print(
        f"\nchorus, three raters, {len(rows):,} pairs of {len(set(queries))} queries; 95 % over queries."
        "\nThe middle is nearly empty, so weighted and plain agreement are mostly about 'relevant or not'."
    )
    for name, ratings, grades in (("raw 0–3", raw, (0.0, 1.0, 2.0, 3.0)), ("0, 1, 2", mapped, (0.0, 1.0, 2.0))):
        found = among(ratings, queries, seed=0, categories=grades)
        shares = ", ".join(f"{g:g}: {np.mean(ratings[~np.isnan(ratings)] == g):.1%}" for g in grades)
        print(f"{name:10} ratings by grade {shares}")
        for told, each in (("quadratic κ", found.weighted_kappa), ("κ", found.kappa), ("ordinal α", found.alpha)):
            print(f"{'':10} {told:14}{each.value:.4f} [{each.low:.4f}, {each.high:.4f}]")
        duos = [ratings[[a, b]][:, ~np.isnan(ratings[a] + ratings[b])].astype(int) for a, b in ((0, 1), (0, 2), (1, 2))]
        theirs = [cohen_kappa_score(*duo, weights="quadratic") for duo in duos]
        shared = [duo.shape[1] for duo in duos]
        other = krippendorff.alpha(reliability_data=ratings, level_of_measurement="ordinal")
        print(f"{'':10} by scikit-learn, quadratic κ {np.average(theirs, weights=shared):.4f}; "
              f"by krippendorff, α {other:.4f}")  # fmt: skip


if __name__ == "__main__":
    main()
