"""The rule of grades: every case of up to four facets, against the rule said a second time in other words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import combinations_with_replacement, permutations, product

import pytest

from semsearch.records import INTENTS, Facet
from semsearch.relevance.rubric import RUBRIC, Grade, core, grade

MET, NOT, UNKNOWN = True, False, None
KINDS = tuple(product(INTENTS, (MET, NOT, UNKNOWN)))


def facet(intent: str, met: bool | None, asked: str = "x") -> Facet:
    return Facet(intent, asked, met)


def facets(*kinds: tuple[str, bool | None]) -> list[Facet]:
    return [facet(intent, met, f"x{n}") for n, (intent, met) in enumerate(kinds)]


def table() -> list[tuple[tuple[str, bool | None], ...]]:
    """Every combination of up to four facets; their order is tested apart."""
    return [kinds for n in range(5) for kinds in combinations_with_replacement(KINDS, n)]


def ends(kinds: Sequence[tuple[str, bool | None]]) -> tuple[int, int] | None:
    """The rule by trying out: each unknown is taken for met and for not met, and the worlds are compared.

    A grade needs the core to be known, but for a 0 that no unknown can change.
    """
    if not kinds:
        return None
    highest = next(intent for intent in INTENTS if intent in {kind for kind, _ in kinds})
    n_missed = sum(met is NOT for intent, met in kinds if intent != highest)
    said_of_core = {met for intent, met in kinds if intent == highest}
    if NOT in said_of_core or n_missed >= 2:
        return 0, 0
    if UNKNOWN in said_of_core:
        return None
    worlds = product(*((met,) if met is not UNKNOWN else (MET, NOT) for _, met in kinds))
    grades = [{0: 2, 1: 1}.get(world.count(NOT), 0) for world in worlds]
    return min(grades), max(grades)


@pytest.mark.parametrize("n", range(5))
def test_truth_table(n: int):
    cases = [kinds for kinds in table() if len(kinds) == n]
    assert len(cases) == {0: 1, 1: 12, 2: 78, 3: 364, 4: 1365}[n]  # multisets of 12 kinds: C(11 + n, n)
    for kinds in cases:
        found, expected = grade(facets(*kinds)), ends(kinds)
        assert ((found.low, found.high) == expected) if expected else (found.low is found.high is None), (kinds, found)


def test_the_order_of_facets_does_not_matter():
    for kinds in (kinds for kinds in table() if len(kinds) == 3):
        found = {(each.low, each.high) for each in (grade(facets(*order)) for order in permutations(kinds))}
        assert len(found) == 1, kinds


@pytest.mark.parametrize(
    ("kinds", "low", "high", "why"),
    [
        ([], None, None, "no intent is typed"),
        ([("item", MET)], 2, 2, "all met"),
        ([("item", NOT)], 0, 0, "core not met: item x0"),
        ([("item", UNKNOWN)], None, None, "core cannot be told: item x0"),
        ([("item", MET), ("attribute", NOT)], 1, 1, "1 minor not met: attribute x1"),
        ([("item", MET), ("attribute", UNKNOWN)], 1, 2, "1 minor cannot be told: attribute x1"),
        (
            [("item", MET), ("attribute", UNKNOWN), ("attribute", UNKNOWN)],
            0,
            2,
            "2 minor cannot be told: attribute x1, attribute x2",
        ),
        (
            [("item", MET), ("attribute", NOT), ("attribute", UNKNOWN)],
            0,
            1,
            "1 minor not met: attribute x1; 1 minor cannot be told: attribute x2",
        ),
        (
            [("product", UNKNOWN), ("item", NOT), ("attribute", NOT)],
            0,
            0,
            "2 minor not met: item x1, attribute x2",
        ),
        ([("product", UNKNOWN), ("attribute", NOT)], None, None, "core cannot be told: product x0"),
        ([("product", MET), ("product", NOT)], 0, 0, "core not met: product x1"),
        ([("product", MET), ("product", UNKNOWN)], None, None, "core cannot be told: product x1"),
        ([("product", UNKNOWN), ("product", NOT), ("attribute", MET)], 0, 0, "core not met: product x1"),
        ([("attribute", MET), ("attribute", NOT)], 0, 0, "core not met: attribute x1"),
        ([("product", MET), *[("attribute", UNKNOWN)] * 4], 0, 2, ""),
    ],
)
def test_the_rules_one_by_one(kinds: list, low: int | None, high: int | None, why: str):
    found = grade(facets(*kinds))
    assert (found.low, found.high) == (low, high)
    assert found.why.startswith(why)
    assert found.gradeable is (low is not None)
    assert found.open is (low != high)


def test_the_highest_intent_present_is_core_and_all_of_it():
    given = facets(("attribute", MET), ("brand", MET), ("item", MET), ("brand", NOT))
    assert core(given) == (given[1], given[3])
    assert [core(facets((intent, MET), ("attribute", MET)))[0].intent for intent in INTENTS] == list(INTENTS)
    assert core([]) == ()


def test_an_intent_that_nobody_knows_is_no_attribute():
    with pytest.raises(ValueError, match="colour"):
        grade([facet("colour", MET)])


def test_a_grade_reads_as_people_write_it():
    assert [str(Grade(low, high, "")) for low, high in [(2, 2), (0, 1), (None, None)]] == ["2", "0–1", "ungradeable"]


def test_the_rule_changes_with_its_version_only():
    told = " ".join(str(grade(facets(*kinds))) for kinds in table())
    assert (RUBRIC, hashlib.sha256(told.encode()).hexdigest()[:16]) == ("1", "6a81b6255d79ceb9")


def test_a_facet_that_is_named_twice_is_one():
    missed = Facet("attribute", "red", False)
    assert grade([Facet("item", "shoes", True), missed, missed]) == grade([Facet("item", "shoes", True), missed])
