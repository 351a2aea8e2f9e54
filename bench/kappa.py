"""From how many queries on do intervals of κ, exact agreement and differences of κ hold what they say?

    python -m bench.kappa [--repetitions N] [--queries N ...]

Simulated: queries of ten pairs, people's grades, and a judge whose mistakes differ from query to query. Worlds:
`even` (a quarter of all answers wrong), `skewed` (queries of few or many 2s), `rare` (one in fourteen, most in a few
queries). A row counts the samples in which the interval of `agree` held the figure of 60,000 queries; those without
an interval count as missed. `gap` is of two such judges, the second somewhat worse, on the same queries.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from semsearch.evaluation.intervals import wilson
from semsearch.evaluation.labels.agreement import GRADES, agree
from semsearch.evaluation.labels.grade_tables import Estimate, Resampler, kappa_of, pair_tables, summed

Floats = NDArray[np.float64]
PAIRS, MANY, RESAMPLES = 10, 60_000, 1_000
WORLDS = ("even", "skewed", "rare")


def draw(world: str, n: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Grades [n, PAIRS] by people, by a judge, and by one that is wrong in 8 % more of the pairs."""
    if world == "even":
        people = rng.choice(GRADES, (n, PAIRS), p=[0.4, 0.2, 0.4])
        wrong = np.clip(0.25 + rng.normal(0, 0.25, n), 0, 1)
    else:
        twos = rng.beta(0.6, 1.2, n) if world == "skewed" else rng.random(n)
        middle = np.where(rng.random((n, PAIRS)) < 0.1, 1.0, 0.0)
        people = np.where(rng.random((n, PAIRS)) < twos[:, None], 2.0, middle)
        wrong = np.full(n, 0.12) if world == "skewed" else rng.beta(0.3, 4, n)

    def judge(wrong: Floats) -> Floats:
        guesses = rng.choice(GRADES, (n, PAIRS))
        return np.where(rng.random((n, PAIRS)) < wrong[:, None], guesses, people)

    return people, judge(wrong), judge(np.clip(wrong + 0.08, 0, 1))


def figures(world: str, n: int, rng: np.random.Generator, resamples: int = RESAMPLES) -> dict[str, Estimate]:
    """Weighted κ, exact agreement and the paired difference of two weighted κ of one sample."""
    people, first, second = (each.ravel() for each in draw(world, n, rng))
    queries = np.repeat(np.arange(n), PAIRS)
    told = agree(people, first, queries, seed=0, resamples=resamples)
    both = np.stack([summed(pair_tables(people, each, GRADES), queries) for each in (first, second)], axis=1)
    less: Callable[[Floats], Floats] = lambda found: -np.diff(kappa_of(found, quadratic=True), axis=-1)[..., 0]  # noqa: E731
    gap = Resampler(0, resamples)(both, less)
    return {"weighted κ": told.weighted_kappa, "exact": told.exact, "gap": gap}


def main() -> None:
    """Print a row a world, figure and number of queries."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=1_000)
    parser.add_argument("--queries", type=int, nargs="*", default=[10, 12, 20, 60])
    given = parser.parse_args()
    for world in WORLDS:
        rng = np.random.default_rng(1)
        truth = {name: each.value for name, each in figures(world, MANY, rng, 1).items()}
        for n in given.queries:
            held, widths = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0.0)
            for _ in range(given.repetitions):
                for name, told in figures(world, n, rng).items():
                    held[name] += told.low <= truth[name] <= told.high
                    widths[name] += float(np.nan_to_num(told.high - told.low)) / given.repetitions
            for name, times in held.items():
                ends = wilson(times, given.repetitions)
                print(
                    f"{world:7} {n:3} queries  {name:11} {truth[name]:6.3f}  held {times / given.repetitions:.1%} "
                    f"[{ends.low:.1%}, {ends.high:.1%}], width {widths[name]:.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
