"""How likely the model does not understand a query: a logistic model over the predictors.

Its weights were fitted on simulated markets with their truth (bench/longtail_weights.py) and are shipped frozen in
failing.json: one set for queries that somebody engaged something for, and one without predictors that need a log,
fitted on all queries, for all others. Failing means that what was meant is not among the first 100 dense hits; for
queries that very many items fit, that fewer than half of the first 20 fit. What a predictor does not know (NaN) moves
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsearch.errors import SemsearchError

Floats = NDArray[np.float64]
REACH = 4.0
"""A predictor counts for no more than this many standard deviations."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One logistic model: log odds = intercept + Σ weight · (value − mean) / scale."""

    names: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Weights:
        """From the data of one entry in failing.json."""
        rows: Sequence[Mapping[str, Any]] = document["predictors"]
        means, scales, weights = (tuple(float(row[part]) for row in rows) for part in ("mean", "scale", "weight"))
        return cls(tuple(row["name"] for row in rows), means, scales, weights, float(document["intercept"]))

    def parts(self, values: Mapping[str, Floats]) -> Floats:
        """What each predictor adds to the log odds of each query, [n, len(names)]; 0 for one that is not known."""
        table = np.column_stack([np.asarray(values[name], np.float64) for name in self.names])
        known = np.clip((table - np.array(self.means)) / np.array(self.scales), -REACH, REACH)
        parts: Floats = np.where(np.isnan(known), 0.0, known) * np.array(self.weights)
        return parts

    def chances(self, values: Mapping[str, Floats]) -> Floats:
        """Chance of failure of each query, [n], 0 to 1."""
        chances: Floats = 1.0 / (1.0 + np.exp(-(self.intercept + self.parts(values).sum(axis=1))))
        return chances


@dataclass(frozen=True, slots=True)
class FailingModel:
    """Both models."""

    engaged: Weights
    """For queries with engagements in the log."""
    alone: Weights
    """For all others; reads only predictors that need no log."""

    def chances(self, values: Mapping[str, Floats], engaged: NDArray[np.bool_]) -> Floats:
        """Chance of failure, [n]; `engaged` [n] says which queries somebody engaged something for."""
        chances: Floats = np.where(engaged, self.engaged.chances(values), self.alone.chances(values))
        return chances


@cache
def shipped() -> FailingModel:
    """The model that comes with semsearch. Raises SemsearchError when its file is not what it should be."""
    path = files("semsearch.longtail") / "failing.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return FailingModel(Weights.of(document["engaged"]), Weights.of(document["alone"]))
    except (OSError, ValueError, LookupError) as error:
        raise SemsearchError(f"failing.json cannot be read ({error}).", "Next: install semsearch again") from error
