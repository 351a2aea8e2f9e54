"""The chance of failure, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semsearch.longtail.failing import REACH, FailingModel, Weights

ONE = Weights.of({"intercept": 0.0, "predictors": [{"name": "mismatch", "mean": 0.5, "scale": 0.25, "weight": 2.0}]})
NONE = Weights.of({"intercept": -1.0, "predictors": [{"name": "rare", "mean": 0.0, "scale": 1.0, "weight": 1.0}]})


def test_a_chance_is_the_logistic_of_weighted_deviations():
    chance = ONE.chances({"mismatch": np.array([0.75])})
    assert chance == pytest.approx([1 / (1 + math.exp(-2.0))])  # one deviation above the mean, weight 2


def test_what_is_not_known_moves_nothing():
    assert ONE.chances({"mismatch": np.array([math.nan])}) == pytest.approx([0.5])


def test_no_predictor_counts_for_more_than_its_reach():
    parts = ONE.parts({"mismatch": np.array([1e9, -1e9])})
    assert parts.ravel().tolist() == [2.0 * REACH, -2.0 * REACH]


def test_queries_with_engagements_are_judged_by_their_own_model():
    values = {"mismatch": np.array([0.75, 0.75]), "rare": np.array([1.0, 1.0])}
    chances = FailingModel(ONE, NONE).chances(values, np.array([True, False]))
    assert chances == pytest.approx([1 / (1 + math.exp(-2.0)), 0.5])


def test_no_query_has_no_chance():
    assert ONE.chances({"mismatch": np.zeros(0)}).shape == (0,)
