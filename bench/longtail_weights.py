"""The weights of the chance of failure, fitted on markets that nothing is measured on, written to failing.json.

    python -m bench.longtail weights [--seeds 900 901 902 903] [--keep DIR] [--write]

Truth and queries as in bench/longtail_failing.py. Beside them the queries that more than 50 living items fit, which
fail when fewer than half of their first 20 dense hits fit: much of what is asked is wide, and what was engaged for a
wide query is rarely among the first 100, however good they are. Two logistic regressions: one over all predictors on
queries that somebody engaged something for, one over those that need no log on all queries, so that it also serves a
market without a log. They have an L2 penalty and no weight below 0: a predictor is turned so that higher means failing,
and where a made market says the opposite, another market would be told the wrong thing. Each market counts alike. What
is not known takes the mean. Without --write only the table of weights and the area of each market by the weights of the
others are printed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from bench.longtail_failing import truth_table, wide_table
from bench.longtail_scores import over_seeds
from bench.longtail_worlds import add_options, world
from numpy.typing import NDArray
from scipy.optimize import minimize

import semsearch.longtail
from semsearch.evaluation.separation import auc
from semsearch.longtail.failing import REACH, Weights
from semsearch.longtail.predictors import PREDICTORS

SEEDS = (900, 901, 902, 903)
PENALTY = 3e-3
"""Half of the squared weights counts so much against the mean log loss, for standardised predictors."""
LEAST = 0.02
"""A smaller weight than this (log odds a standard deviation) is left out of the file."""
PATH = Path(str(semsearch.longtail.__path__[0])) / "failing.json"
BARE = ("low_top", "scattered")
"""Bare cosines: how high they are is a matter of the model, so that they tell nothing of another one."""
Floats = NDArray[np.float64]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, SEEDS)
    parser.add_argument("--write", action="store_true", help="write failing.json")
    options = parser.parse_args(arguments)
    tables = [_table(options, seed) for seed in options.seeds]
    models: dict[str, Any] = {}
    for name, wanted in (("engaged", _all()), ("alone", _without_log())):
        chosen = [table.filter("engaged") if name == "engaged" else table for table in tables]
        left_out = [_left_out(chosen, at, wanted) for at in range(len(chosen))]
        models[name] = fitted(chosen, wanted)
        print(f"\n{name}: AUC of each market by the weights of the others {over_seeds(left_out)}")
        for row in sorted(models[name]["predictors"], key=lambda row: -abs(row["weight"])):
            print(f"  {row['weight']:+.3f}  {row['name']}")
    seeds, size = " ".join(map(str, options.seeds)), f"{options.items:,} items, {options.searches:,} searches"
    told = {"fitted_on": f"simulated Korean markets, seeds {seeds}, {size}; python -m bench.longtail weights"}
    if options.write:
        PATH.write_text(json.dumps(told | models, indent=1) + "\n", encoding="utf-8")


def _all() -> list[str]:
    return [predictor.name for predictor in PREDICTORS if predictor.name not in BARE]


def _without_log() -> list[str]:
    needing = {predictor.name for predictor in PREDICTORS if predictor.needs_log}
    return [name for name in _all() if name not in needing]


def _table(options: argparse.Namespace, seed: int) -> pl.DataFrame:
    """The queries of one market, from the folder of the worlds where they are there."""
    path = options.keep / f"table-{options.items}-{options.searches}-{seed}.parquet" if options.keep else None
    if path and path.is_file():
        return pl.read_parquet(path)
    made = world(options, seed)
    table = pl.concat([truth_table(made), wide_table(made)])
    if path:
        table.write_parquet(path)
    print(f"# seed {seed}: {table.height:,} queries, {table['failing'].mean():.1%} fail", flush=True)
    return table


def fitted(tables: Sequence[pl.DataFrame], names: Sequence[str]) -> dict[str, Any]:
    """One entry of failing.json."""
    every = pl.concat([table.select("failing", *names, pl.lit(1.0 / table.height).alias("share")) for table in tables])
    values = every.select(pl.col(names).cast(pl.Float64).fill_null(float("nan"))).to_numpy()
    means, scales = np.nanmean(values, axis=0), np.maximum(np.nanstd(values, axis=0), 1e-9)
    known = np.clip(np.nan_to_num((values - means) / scales), -REACH, REACH)
    shares = every["share"].to_numpy() / len(tables)
    intercept, coefficients = _logistic(known, every["failing"].to_numpy(), shares)
    rows = [
        {
            "name": name,
            "mean": round(float(mean), 6),
            "scale": round(float(scale), 6),
            "weight": round(float(weight), 4),
        }
        for name, mean, scale, weight in zip(names, means, scales, coefficients, strict=True)
        if weight >= LEAST
    ]
    return {"intercept": round(intercept, 4), "predictors": rows}


def _logistic(values: Floats, failing: NDArray[np.bool_], shares: Floats) -> tuple[float, Floats]:
    """Intercept and weights, none below 0, of least mean log loss plus penalty; `shares` sum to 1."""
    signs = np.where(failing, 1.0, -1.0)

    def loss(at: Floats) -> tuple[float, Floats]:
        margin = signs * (at[0] + values @ at[1:])
        pull = -signs * shares / (1.0 + np.exp(margin))
        value = float(shares @ np.logaddexp(0.0, -margin)) + PENALTY / 2 * float(at[1:] @ at[1:])
        return value, np.concatenate([[pull.sum()], values.T @ pull + PENALTY * at[1:]])

    n = values.shape[1]
    found = minimize(loss, np.zeros(n + 1), jac=True, method="L-BFGS-B", bounds=[(None, None), *[(0.0, None)] * n])
    return float(found.x[0]), found.x[1:]


def _left_out(tables: Sequence[pl.DataFrame], at: int, names: Sequence[str]) -> float:
    """Area on one market by the weights of all others."""
    others = [table for i, table in enumerate(tables) if i != at]
    if not others:
        return float("nan")
    table = tables[at]
    values = {name: table[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in names}
    return auc(Weights.of(fitted(others, names)).chances(values), table["failing"].to_numpy())
