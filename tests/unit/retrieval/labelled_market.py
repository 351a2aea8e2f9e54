"""Labels of people and of a model, for figures from both."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from semsearch.evaluation.queries import Queries, query_id_of
from semsearch.evaluation.runs import Run
from semsearch.records import Label

START = datetime(2026, 5, 1, tzinfo=UTC)
ITEMS = ("a", "b", "c", "d")


def label(query, item, grade, source="person", high=None, chance=0.2, **more):
    grades = {"grade_low": int(grade), "grade_high": int(grade if high is None else high)}
    return Label(
        query=query, item_id=item, source=source, by="minji" if source == "person" else "judge",
        origin="direct" if source == "person" else "facets",
        rubric="r1", at=START, inclusion_probability=chance, batch="b", prompt_hash="p" if source == "model" else "",
        **grades, **more,
    )  # fmt: skip


def market(n_people=60, n_all=200, seed=0, chance=0.2):
    """A run of four items a query, a judge that is wrong on every fifth pair, people on the first queries."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([0, 1, 2], (n_all, 4), p=[0.5, 0.2, 0.3])
    guess = np.where(rng.random((n_all, 4)) < 0.2, rng.integers(0, 3, (n_all, 4)), truth)
    labels = [
        label(f"query {q}", item, int(guess[q, i]), "model") for q in range(n_all) for i, item in enumerate(ITEMS)
    ]
    labels += [
        label(f"query {q}", item, int(truth[q, i]), chance=chance)
        for q in range(n_people)
        for i, item in enumerate(ITEMS)
    ]
    run = Run.of({query_id_of(f"query {q}"): [(item, 4.0 - i) for i, item in enumerate(ITEMS)] for q in range(n_all)})
    return run, labels, truth


def precision(truth):
    """By hand: relevant share of four, over queries with a relevant item."""
    counts = (truth >= 1).sum(axis=1)
    return (counts / 4)[counts > 0]


def unseen():
    """A run of a and b, and d of which nobody can tell: nDCG falls when it may be a 2."""
    _, labels, _ = market(n_people=80)
    opened = [replace(each, grade_low=0, grade_high=2) if each.item_id == "d" else each for each in labels]
    names = {query_id_of(f"query {q}"): f"query {q}" for q in range(200)}
    run = Run.of({query_id: [("a", 2.0), ("b", 1.0)] for query_id in names})
    return run, opened, Queries(names, {"band": dict.fromkeys(names, "all")})
