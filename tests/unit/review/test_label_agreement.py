"""How far people agree, from their labels: which labels count, and that the figures are the known ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import cohen_kappa_score
from tests.unit.store.labelled import label, machine

from semsearch.errors import MissingPart
from semsearch.records import Facet, Label
from semsearch.relevance.auditing.audit import Resampling, audit, shared
from semsearch.relevance.truths import truths_of
from semsearch.review.labelling.agreeing import people_agreement


def said(by: str, grades: str, **changed: Any) -> list[Label]:
    """Grades of items 0, 1, 2 … of six queries; a blank is none."""
    return [
        label(int(grade), by, query=f"q{n % 6}", item_id=str(n), **changed)
        for n, grade in enumerate(grades)
        if grade != " "
    ]


def test_figures_are_those_of_the_libraries() -> None:
    a, b, c = "2210021", "2110020", "22  1  "
    found = people_agreement([*said("a", a), *said("b", b), *said("c", c)], seed=1)
    assert [(duo.first, duo.second, duo.agreement.n) for duo in found.duos] == [
        ("a", "b", 7),
        ("a", "c", 3),
        ("b", "c", 3),
    ]
    one, two = list(map(int, a)), list(map(int, b))
    duo = found.duos[0].agreement
    assert duo.weighted_kappa.value == pytest.approx(cohen_kappa_score(one, two, weights="quadratic"))
    assert duo.kappa.value == pytest.approx(cohen_kappa_score(one, two))
    rows = [[float("nan") if grade == " " else int(grade) for grade in grades] for grades in (a, b, c)]
    alpha = krippendorff.alpha(reliability_data=rows, level_of_measurement="ordinal")
    assert found.together.alpha.value == pytest.approx(alpha)
    assert found.together.n == 7
    assert math.isnan(duo.weighted_kappa.low)  # six queries tell nothing of others


def test_only_the_newest_settled_labels_of_people_count() -> None:
    labels = [
        *said("a", "210210"),
        *said("b", "210210"),
        label(0, "a", query="q0", item_id="0", minute=-1),
        label(0, "c", query="q0", item_id="0", role="adjudication"),
        machine(0, query="q0", item_id="0"),
        label(0, "d", query="q0", item_id="0", grade_high=2),
        label(None, "d", query="q1", item_id="1"),
        label(1, "a", query="q9", item_id="9", shown=True),
    ]
    undone = label(0, "b", query="q9", item_id="9")
    labels += [undone, label(0, "b", query="q9", item_id="9", minute=1, retracts=undone.label_id)]
    found = people_agreement(labels, seed=1)
    assert found.annotators == ("a", "b")
    assert found.duos[0].agreement.n == 6
    assert found.together.weighted_kappa.value == 1
    assert (found.n_open, found.n_ungradeable, found.n_shown, found.n_changed) == (1, 1, 1, 0)


def test_different_versions_of_an_item_are_not_compared() -> None:
    labels = [*said("a", "210"), *said("b", "210")]
    labels += [label(2, "a", item_digest="old"), label(0, "b", item_digest="new")]
    found = people_agreement(labels, seed=1)
    assert (found.duos[0].agreement.n, found.n_changed) == (3, 1)
    assert found.duos[0].agreement.exact.value == 1


def test_different_rubrics_are_not_compared_and_told() -> None:
    old, new = [*said("a", "210", rubric="1"), *said("b", "210", rubric="1")], {"rubric": "2", "query": "q9"}
    apart = [label(2, "a", item_id="9", **new), label(0, "b", query="q9", item_id="9", rubric="1")]
    found = people_agreement([*old, *apart], seed=1)
    assert (found.duos[0].agreement.n, found.duos[0].agreement.exact.value) == (3, 1)
    assert (found.n_rubrics, found.n_changed, found.rubrics) == (1, 0, ("1",))
    both = people_agreement([*old, label(2, "a", **new), label(2, "b", **new)], seed=1)
    assert (both.n_rubrics, both.rubrics, both.together.n) == (0, ("1", "2"), 4)
    with pytest.raises(MissingPart, match="Of 1 there are grades by two, but"):
        people_agreement(apart, seed=1)


def test_grades_that_contradict_their_facets_are_counted() -> None:
    facets = (Facet("item", "desk", True),)
    labels = [*said("a", "210"), *said("b", "210")]
    labels += [label(0, "a", item_id="7", facets=facets, origin="direct"), label(2, "b", item_id="7", facets=facets)]
    assert people_agreement(labels, seed=1).n_contradicting == 1


def test_pairs_that_were_picked_count_only_where_none_was_drawn() -> None:
    drawn, picked = {"inclusion_probability": 0.5}, {"query": "q9"}
    labels = [*said("a", "210210", **drawn), *said("b", "210210", **drawn)]
    labels += [label(2, "a", item_id="9", **picked, **drawn), label(0, "b", item_id="9", **picked)]
    labels += [label(0, "a", query="q0", item_id="0", minute=1)]  # looked at again, as it differed from the machine
    found = people_agreement(labels, seed=1)
    assert (found.together.n, found.n_picked, found.together.weighted_kappa.value) == (6, 1, 1)
    alone = people_agreement(labels[-3:-1], seed=1)
    assert (alone.together.n, alone.n_picked) == (1, 0)


def test_pairs_that_are_lost_are_counted_as_pairs() -> None:
    labels = [*said("a", "210"), *said("b", "210"), *(label(None, "a", item_id=f"x{n}") for n in range(5))]
    labels += [label(1, "b", item_id="x0"), label(1, "b", item_id="x1", grade_high=2)]
    found = people_agreement(labels, seed=1)
    assert (found.n_ungradeable, found.n_open, found.n_lost, found.together.n) == (5, 1, 2, 3)


def test_the_ceiling_of_an_audit_is_what_people_agree_to() -> None:
    rng = np.random.default_rng(3)
    labels = [
        label(int(rng.integers(3)), by, query=f"q{n % 12}", item_id=str(n), inclusion_probability=0.5)
        for by in "abc"
        for n in rng.choice(40, 30, replace=False)
    ]
    labels += [label(0, by, query="q0", item_id="picked") for by in "ab"]
    found = people_agreement(labels, seed=1)
    audited = audit(shared(truths_of(labels).pairs, labels), labels, resampling=Resampling(seed=1))
    assert audited.ceiling
    assert (found.together, found.n_picked) == (audited.ceiling.people, audited.ceiling.n_picked)
    assert found.n_picked == 1
    assert found.together.weighted_kappa.low < found.together.weighted_kappa.high


def test_one_person_agrees_with_nobody() -> None:
    with pytest.raises(MissingPart, match="No pair was graded by two people") as error:
        people_agreement([*said("a", "210"), label(2, "b", item_id="other")], seed=1)
    assert error.value.next_step.startswith("Next: semsearch label session")


def test_the_raters_of_chorus_agree_as_the_libraries_say(shared_data: Path) -> None:
    ratings = pl.read_csv(shared_data / "chorus" / "ratings.csv", schema_overrides={"item_id": pl.String})
    scale = [0, 1, 1, 2]
    raters = ("rater_1", "rater_2")
    labels = [
        label(scale[row[rater]], rater, query=row["query"], item_id=row["item_id"])
        for row in ratings.iter_rows(named=True)
        for rater in raters
    ]
    found = people_agreement(labels, seed=1)
    columns = [[scale[rating] for rating in ratings[rater]] for rater in raters]
    assert found.together.alpha.value == pytest.approx(
        krippendorff.alpha(reliability_data=columns, level_of_measurement="ordinal")
    )
    kappas = {(duo.first, duo.second): duo.agreement.weighted_kappa.value for duo in found.duos}
    assert kappas["rater_1", "rater_2"] == pytest.approx(cohen_kappa_score(columns[0], columns[1], weights="quadratic"))
    assert {duo.agreement.n for duo in found.duos} == {1626}
    duo = found.duos[0].agreement
    assert 0.5 < duo.weighted_kappa.low < duo.weighted_kappa.value < duo.weighted_kappa.high < 1
